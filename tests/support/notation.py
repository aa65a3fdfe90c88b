# SPDX-License-Identifier: MIT
"""Replies and requests as one line of text: what transcripts are written in (see tests/e2e/transcripts.py).

    parse('*2 $1 q "{id}:1"', patterns=True) -> Node      match(node, reply, names) -> bool, and binds names
"""
import collections
import re

from resp import AGGREGATES, Reply

# kind as in resp.Reply, or "any", "whatever", "range", or a LOOSE one; text for scalars, nodes for aggregates
Node = collections.namedtuple("Node", "kind text nodes patterns", defaults=(None, (), False))

NAME = re.compile(rb"\{([a-z_][a-z0-9_]*)\}")
LOOSE = ("has", "contains", "*members", "~members", "*pairs", "%pairs")
RANGE = re.compile(r"\{(-?\d+)\.\.(-?\d+)\}$")
ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "a": b"\a", "b": b"\b"}


class NotationFault(Exception):
    """The transcript itself is wrong."""


def quoted(text, at):
    """The bytes of the quoted word that begins at `at`, and where it ends."""
    quote, out = text[at], bytearray()
    at += 1
    while at < len(text):
        char = text[at]
        if char == quote:
            return bytes(out), at + 1
        if char == "\\" and at + 1 < len(text):
            if quote == '"' and text[at + 1] == "x":
                out += bytes.fromhex(text[at + 2:at + 4])
                at += 4
                continue
            out += ESCAPES.get(text[at + 1], text[at + 1].encode()) if quote == '"' else text[at + 1].encode()
            at += 2
            continue
        out += char.encode()
        at += 1
    raise NotationFault(f"a quote does not end: {text}")


def words_of(text):
    words, at = [], 0
    while at < len(text):
        if text[at] == " ":
            at += 1
        elif text[at] in "\"'":
            word, at = quoted(text, at)
            words.append(word)
        else:
            end = text.find(" ", at)
            end = len(text) if end < 0 else end
            words.append(text[at:end].encode())
            at = end
    return words


def substituted(word, names):
    return NAME.sub(lambda m: names.get(m[1].decode(), m[0]), word)


class _Parser:
    def __init__(self, text, patterns):
        self.text, self.at, self.patterns = text, 0, patterns

    def token(self):
        while self.at < len(self.text) and self.text[self.at] == " ":
            self.at += 1
        end = self.text.find(" ", self.at)
        end = len(self.text) if end < 0 else end
        word, self.at = self.text[self.at:end], end
        if not word:
            raise NotationFault(f"something is missing at the end: {self.text}")
        return word

    def more(self):
        return self.text[self.at:].strip() != ""

    def peek(self):
        rest = self.text[self.at:].lstrip(" ")
        return rest[:1], rest[1:2]

    def quoted(self):
        self.at = self.text.index('"', self.at)
        value, self.at = quoted(self.text, self.at)
        return value

    def node(self, outermost=False):
        kind, second = self.peek()
        if kind == '"':
            return Node("$", self.quoted(), patterns=self.patterns)
        if kind in "+-=" and second == '"':
            return Node(kind, self.quoted(), patterns=self.patterns)
        if kind in "+-" and outermost:
            text, self.at = self.text[self.at:].lstrip()[1:], len(self.text)
            return Node(kind, text.encode(), patterns=self.patterns)
        token = self.token()
        if token in ("$-1", "*-1", "_"):
            return Node(token[0])
        if self.patterns and token in LOOSE:  # what follows, to the end, is in it
            nodes = []
            while self.more():
                nodes.append(self.node())
            return Node(token, None, nodes)
        if self.patterns and token == "{*}":
            return Node("whatever")
        if self.patterns and kind == "{":
            return Node("any", token.encode())
        if self.patterns and kind == ":" and (between := RANGE.match(token[1:])):
            return Node("range", (int(between[1]), int(between[2])))
        if kind in "+-:,#(":
            return Node(kind, token[1:].encode(), patterns=self.patterns)
        size = int(token[1:]) if kind and kind in AGGREGATES + "$" and token[1:].isdigit() else None
        if size is None:
            raise NotationFault(f"not a reply: {token} in {self.text}")
        if kind == "$":
            value = self.text.encode()[self.at + 1:self.at + 1 + size]
            self.at += 1 + size
            return Node("$", value)
        return Node(kind, None, [self.node() for _ in range(2 * size if kind == "%" else size)])


def parse(text, patterns):
    parser = _Parser(text, patterns)
    node = parser.node(outermost=True)
    if parser.more():
        raise NotationFault(f"too much at the end: {text[parser.at:]}")
    return node


def text_matches(node, value, names, search=False):
    """Whether the bytes are as the node says; binds the names in it that are new."""
    if not node.patterns and not search:
        return node.text == value
    pattern, at, new = b"", 0, []
    for hit in NAME.finditer(node.text):
        name = hit[1].decode()
        pattern += re.escape(node.text[at:hit.start()])
        at = hit.end()
        if name == "_":
            pattern += rb".*?" if not search else rb"[^\s]*"
        elif name in names:
            pattern += re.escape(names[name])
        elif name in new:
            pattern += b"(?P=" + name.encode() + b")"
        else:
            pattern += b"(?P<" + name.encode() + (rb">.+?)" if not search else rb">[^\s]+)")
            new.append(name)
    pattern += re.escape(node.text[at:])
    compiled = re.compile(pattern, re.S)
    found = compiled.search(value) if search else compiled.fullmatch(value)
    if found is None:
        return False
    names.update({name: found[name] for name in new})
    return True


def match(node, reply, names):
    if node.kind == "whatever":
        return True
    if node.kind == "any":
        return reply.value is not None and not isinstance(reply.value, list) and text_matches(
            node._replace(patterns=True), reply.value, names)
    if node.kind == "range":
        return reply.kind == ":" and node.text[0] <= int(reply.value) <= node.text[1]
    if node.kind in ("*members", "~members"):
        return reply.kind == node.kind[0] and reply.value is not None and same_items(
            [[item] for item in node.nodes], [[item] for item in reply.value], names)
    if node.kind in ("*pairs", "%pairs"):
        return reply.kind == node.kind[0] and reply.value is not None and same_items(
            paired(node.nodes), paired(reply.value), names)
    if node.kind == "has":
        return has(node.nodes, reply, names)
    if node.kind == "contains":
        text = text_of(reply)
        return text is not None and all(text_matches(part, text, names, search=True) for part in node.nodes)
    if node.kind != reply.kind or (reply.value is None) != (node.text is None and not is_aggregate(node)):
        return False
    if reply.value is None:
        return True
    if isinstance(reply.value, list):
        return is_aggregate(node) and len(node.nodes) == len(reply.value) and all(
            match(part, item, names) for part, item in zip(node.nodes, reply.value))
    return text_matches(node, reply.value, names)


def text_of(reply):
    """Of a text, or of an array of texts, a line each."""
    if reply.kind in "*~" and reply.value is not None and all(item.kind in "$+" for item in reply.value):
        return b"\n".join(item.value or b"" for item in reply.value)
    return reply.value if reply.kind in "$=" else None


def is_aggregate(node):
    return isinstance(node.nodes, list)


def paired(items):
    return [items[at:at + 2] for at in range(0, len(items), 2)]


def same_items(wanted, got, names):
    """Whether each item that is wanted is there, in whatever order, and no other."""
    left = list(got)
    for nodes in wanted:
        found = next((each for each in left if len(each) == len(nodes) and all(
            match(node, item, names) for node, item in zip(nodes, each))), None)
        if found is None:
            return False
        left.remove(found)
    return not left


def has(nodes, reply, names):
    if reply.kind not in "%*" or not isinstance(reply.value, list):
        return False
    pairs = dict(zip([item.value if isinstance(item, Reply) else None for item in reply.value[::2]], reply.value[1::2]))
    return all(key.text in pairs and match(value, pairs[key.text], names) for key, value in zip(nodes[::2], nodes[1::2]))
