# SPDX-License-Identifier: MIT
"""RESP2 and RESP3 as a client sees them, for the Python tests: requests out, replies in, replies as one line
of text.

A decoder of our own, because a client library hides what these tests compare: null bulk or null array, map or
flat array, simple string or bulk.

What must stay true: the decoder is strict. Bytes that are no reply raise ProtocolFault; nothing is guessed.
"""
import collections
import select
import socket
import time

# kind is the type byte as text ("+", "-", ":", "$", "*", "_", "%", "~", ">", ",", "#", "(", "="); value is
# bytes for scalars, a list of replies for aggregates (a map's keys and values in turn), None for the nulls
# "$-1", "*-1", "_".
Reply = collections.namedtuple("Reply", "kind value")

AGGREGATES = "*%~>"
SCALARS = "+-:,#("
BLOBS = "$="


class ProtocolFault(Exception):
    """The server sent something that is no reply."""


class Closed(Exception):
    """The server has closed the connection."""


class TimedOut(Exception):
    """No reply within the time given."""


def encode(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        parts.append(b"$%d\r\n%b\r\n" % (len(word), word))
    return b"".join(parts)


def to_bytes(word):
    if isinstance(word, bytes):
        return word
    return str(word).encode()


class _Incomplete(Exception):
    pass


class Decoder:
    """feed() bytes as they come, next() gives a reply or None if the next one is not complete."""

    def __init__(self):
        self.buffer = bytearray()
        self.at = 0

    def feed(self, data):
        if self.at > 65536:
            del self.buffer[:self.at]
            self.at = 0
        self.buffer += data

    def rest(self):
        return bytes(self.buffer[self.at:])

    def next(self):
        try:
            reply, self.at = self._reply(self.at)
            return reply
        except _Incomplete:
            return None

    def _line(self, at):
        end = self.buffer.find(b"\r\n", at)
        if end < 0:
            raise _Incomplete
        return bytes(self.buffer[at:end]), end + 2

    def _reply(self, at):
        if at >= len(self.buffer):
            raise _Incomplete
        kind = chr(self.buffer[at])
        line, at = self._line(at + 1)
        if kind in SCALARS:
            if b"\n" in line or b"\r" in line:
                raise ProtocolFault(f"line end inside {kind}{line!r}")
            return Reply(kind, line), at
        if kind == "_":
            if line:
                raise ProtocolFault(f"null with text: {line!r}")
            return Reply("_", None), at
        if kind not in AGGREGATES and kind not in BLOBS:
            raise ProtocolFault(f"not a reply: {kind!r}{line!r}")
        try:
            size = int(line)
        except ValueError:
            raise ProtocolFault(f"not a length: {kind}{line!r}") from None
        if size == -1 and kind in "$*":
            return Reply(kind, None), at
        if size < 0 or str(size).encode() != line:
            raise ProtocolFault(f"not a length: {kind}{line!r}")
        if kind in BLOBS:
            if len(self.buffer) < at + size + 2:
                raise _Incomplete
            if self.buffer[at + size:at + size + 2] != b"\r\n":
                raise ProtocolFault("bulk without its line end")
            return Reply(kind, bytes(self.buffer[at:at + size])), at + size + 2
        items = []
        for _ in range(2 * size if kind == "%" else size):
            item, at = self._reply(at)
            items.append(item)
        return Reply(kind, items), at


def quote(data):
    """Bytes as a quoted word, escaped so that it is one line of ASCII."""
    out = []
    for byte in data:
        char = chr(byte)
        if char in "\"\\":
            out.append("\\" + char)
        elif char == "\r":
            out.append("\\r")
        elif char == "\n":
            out.append("\\n")
        elif 32 <= byte < 127:
            out.append(char)
        else:
            out.append(f"\\x{byte:02x}")
    return '"' + "".join(out) + '"'


def show(reply):
    """A reply as one line: `:1`, `+OK`, `*2 "q" "x"`, `$-1`, `%1 "proto" :3`."""
    if reply is None:
        return "(nothing)"
    kind, value = reply
    if value is None:
        return {"$": "$-1", "*": "*-1", "_": "_"}[kind]
    if kind in AGGREGATES:
        size = len(value) // 2 if kind == "%" else len(value)
        return " ".join([f"{kind}{size}"] + [show(item) for item in value])
    if kind == "$":
        return quote(value)
    if kind == "=":
        return "=" + quote(value)
    if kind in ":,#(":
        return kind + value.decode(errors="replace")
    return kind + quote(value)


def show_words(words):
    return " ".join(quote(word) if not word or any(b <= 32 or b >= 127 or b in b"\"'\\" for b in word)
                    else word.decode() for word in words)


class Client:
    """One connection. Every wait is bounded."""

    def __init__(self, port, timeout=10.0):
        self.timeout = timeout
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.decoder = Decoder()

    def send(self, *words):
        self.send_raw(encode([to_bytes(word) for word in words]))

    def send_raw(self, data):
        self.socket.settimeout(self.timeout)
        self.socket.sendall(data)

    def receive(self, timeout=None):
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            reply = self.decoder.next()
            if reply is not None:
                return reply
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimedOut(f"no reply; so far {self.decoder.rest()!r}")
            self._read(left)

    def poll(self):
        """What has arrived by now: a reply, or None. Raises Closed at the end of the stream."""
        while True:
            reply = self.decoder.next()
            if reply is not None:
                return reply
            if not select.select([self.socket], [], [], 0)[0]:
                return None
            self._read(0.001)

    def ask(self, *words, timeout=None):
        self.send(*words)
        return self.receive(timeout)

    def read_to_end(self, timeout=5.0):
        """All bytes until the server closes."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimedOut("the connection was not closed")
                self._read(left)
        except Closed:
            return self.decoder.rest()

    def close(self):
        self.socket.close()

    def _read(self, timeout):
        self.socket.settimeout(timeout)
        try:
            data = self.socket.recv(1 << 18)
        except TimeoutError:
            return
        except ConnectionError:
            raise Closed from None
        if not data:
            raise Closed
        self.decoder.feed(data)
