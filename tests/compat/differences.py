# SPDX-License-Identifier: MIT
"""What may differ between Sluice and Debian's redis-server 7.0: first what varies by nature (masks), then the
table of what we answer differently on purpose, each row with its reason and as narrow as it can be.

What must stay true: a row says which commands, what Redis answers and what we answer; a difference that fits
no row is a failure. A row that nothing needs any more is taken out. """
import collections
import re

import collection_masks
import debug_masks
import stream_masks
from resp import Reply

CLOCK_ID = re.compile(rb"^1\d{12}-\d+$")
TIME_LEFT_SLACK_MS = 60_000

# --- What varies by nature


def masked(words, reply):
    """The reply without what no two servers share: clock readings, connection numbers, versions."""
    if reply is None:
        return None
    name = words[0].upper()
    second = words[1].upper() if len(words) > 1 else b""
    if name == b"CLIENT" and second in (b"LIST", b"INFO") and reply.kind in "$=":
        return Reply(reply.kind, b"<clients>")
    if name == b"CLIENT" and second == b"ID" and reply.kind == ":":
        return Reply(":", b"<number>")
    if name == b"LOLWUT" and reply.kind in "$=":
        return Reply(reply.kind, b"<drawing>")
    if name == b"HELLO" and reply.kind in "*%":
        return masked_hello(reply)
    if name == b"KEYS" and reply.kind == "*":
        return in_order(reply)
    if name == b"SCAN" and reply.kind == "*" and len(reply.value) == 2:
        return Reply("*", [reply.value[0], in_order(reply.value[1])])
    if name == b"RANDOMKEY" and reply.kind == "$" and reply.value is not None:
        return Reply("$", b"<key>")
    if name == b"DUMP" and reply.kind == "$" and reply.value is not None:
        return Reply("$", b"<payload>")
    if name == b"OBJECT" and second == b"IDLETIME" and reply.kind == ":":
        return Reply(":", b"<seconds>")
    if name == b"DEBUG":
        return debug_masks.masked(words, reply)
    if name == b"FUNCTION" and second == b"DUMP" and reply.kind == "$":
        return Reply("$", b"<%d bytes>" % len(reply.value))  # Redis dumps in the order of its hash tables
    if name == b"FUNCTION" and second == b"LIST" and reply.kind == "*":
        return maps_in_order(reply)  # Redis lists in the order of its hash tables
    return masked_ids(collection_masks.masked(words, stream_masks.masked(words, reply)))


def in_order(reply):
    return Reply(reply.kind, sorted(reply.value, key=lambda item: item.value))


def maps_in_order(reply):
    """With all arrays of maps sorted: of libraries, and in each of functions."""
    if not isinstance(reply.value, list):
        return reply
    items = [maps_in_order(item) for item in reply.value]
    if items and all(isinstance(item.value, list) for item in items):
        items.sort(key=repr)
    return Reply(reply.kind, items)


def masked_hello(reply):
    items = list(reply.value)
    for at in range(0, len(items) - 1, 2):
        if items[at].value in (b"version", b"id"):
            items[at + 1] = Reply(items[at + 1].kind, b"<varies>")
    return Reply(reply.kind, items)


def masked_ids(reply):
    kind, value = reply
    if isinstance(value, list):
        return Reply(kind, [masked_ids(item) for item in value])
    if kind == "$" and value is not None and len(value) < 40 and CLOCK_ID.match(value):
        return Reply("$", b"<id>")
    return reply


def close_times(words, oracle, ours):
    """Times of lifetimes that began at about the same time."""
    name = words[0].upper()
    if name not in (b"TTL", b"PTTL", b"EXPIRETIME", b"PEXPIRETIME") or oracle.kind != ":" or ours.kind != ":":
        return False
    a, b = int(oracle.value), int(ours.value)
    slack = TIME_LEFT_SLACK_MS if name[:1] == b"P" else TIME_LEFT_SLACK_MS // 1000
    return a >= 0 and b >= 0 and abs(a - b) <= slack


# --- What we answer differently on purpose

def better_counts(words, oracle, ours):
    """XINFO's entries-read and lag: 7.0 is wrong or silent where a stream is empty, was trimmed past the group or has
    lost entries ahead of it; newer versions are not. tests/model/group_model_test.cc counts ours."""
    if oracle.kind != ours.kind:
        return False
    return (masked(words, stream_masks.without_counts(words, oracle))
            == masked(words, stream_masks.without_counts(words, ours)))


Difference = collections.namedtuple("Difference", "commands oracle ours when reason diverges")


def row(commands, oracle, ours, reason, when=lambda words: True, diverges=False):
    """`oracle` and `ours` are patterns of the whole reply as resp.show() prints it; `commands` "*" is any. `diverges`: one
    of the two has done what the other has refused, so that nothing can be compared any more."""
    return Difference({name.encode() for name in commands.split()}, re.compile(oracle, re.S), re.compile(ours, re.S),
                      when, reason, diverges)


def holds_zero_byte(words):
    return any(b"\0" in word for word in words)


def plain_number(word):
    return word.isdigit() and word == b"%d" % int(word)


def has_pair(first, second):
    """A condition: the two words stand one after the other."""
    return lambda words: (first, second) in zip([word.upper() for word in words], [word.upper() for word in words[1:]])


TABLE = [
    row("EVAL EVAL_RO EVALSHA EVALSHA_RO FCALL FCALL_RO", r".*,-nan.*|.*\"-nan\".*", r".*,nan.*|.*\"nan\".*",
        "a number that is none has no sign here, as in newer versions"),
    row("BLPOP BRPOP BLMOVE BRPOPLPUSH BLMPOP BZPOPMIN BZPOPMAX BZMPOP", r'-"ERR timeout is negative"', r'-"ERR timeout is out of range"',
        "an infinite or huge timeout is not negative; newer versions say so"),
    row("BLPOP BRPOP BLMOVE BRPOPLPUSH BLMPOP BZPOPMIN BZPOPMAX BZMPOP", r'-"ERR timeout is negative"', r'-"ERR timeout is not a float or out of range"',
        "1e400 is infinite for us, who read doubles", when=lambda words: b"1e400" in words),
    row("WAIT", r":0", r'-"ERR timeout is out of range"', "newer versions refuse a time that the clock does not reach",
        when=lambda words: words[2] == b"9223372036854775807"),
    row("LPOS", r".*", r'-"ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"',
        "newer versions refuse the one number that has no opposite", when=lambda words: b"-9223372036854775808" in words),
    row("EXEC", r'-"EXECABORT Transaction discarded because of: wrong number of arguments for \'exec\' command"',
        r'-"(EXECABORT Transaction discarded because of: invalid check condition syntax|ERR EXEC without MULTI)"',
        "an EXEC may have conditions (Valkey 9.2)", when=lambda words: len(words) > 1),
    row("XREAD", r'-"ERR Unbalanced XREAD list of streams: for each stream key an ID or \'\$\' must be specified\."',
        r'-"ERR Unbalanced \'xread\' list of streams: for each stream key an ID, \'\+\', or \'\$\' must be specified\."',
        "newer versions take the ID + (7.4) and name it"),
    row("XREADGROUP", r'-"ERR Unbalanced XREAD list of streams: for each stream key an ID or \'\$\' must be specified\."',
        r'-"ERR Unbalanced \'xreadgroup\' list of streams: for each stream key an ID or \'>\' must be specified\."',
        "newer versions name the command"),
    row("XREADGROUP", r'-"ERR Invalid stream ID specified as stream command argument"',
        r'-"(ERR The \+ ID is meaningless in the context of XREADGROUP.*|WRONGTYPE.*|NOGROUP.*)"',
        "the ID + is one of XREAD (7.4)", when=lambda words: b"+" in words),
    row("XREAD", r'-"ERR Invalid stream ID specified as stream command argument"', r"(\*-1|_|[*%].*|-\"WRONGTYPE.*|-\"ERR The > ID can be specified only.*)",
        "the ID + is the last entry (7.4)", when=lambda words: b"+" in words),
    row("XSETID", r'\+"OK"', r'-"ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"',
        "newer versions hold it against what was deleted (8.2)", diverges=True),
    row("COMMAND", r"\*.*", r'-"ERR Invalid arguments specified for command"',
        "Redis reads a number of keys up to its first letter, and so takes 1x for 1, and 01",
        when=lambda words: len(words) > 3 and words[2].upper() in (b"LMPOP", b"BLMPOP") and not plain_number(words[3])),
    row("CLIENT", r'-"ERR syntax error"', r".*", "there are more filters, and several at once (Valkey 8.1)",
        when=lambda words: len(words) > 2 and words[1].upper() in (b"LIST", b"KILL")),
    row("CONFIG", r'\+"OK"', r'-"ERR CONFIG SET failed .*"', "Redis cuts a value short at a zero byte", when=holds_zero_byte,
        diverges=True),
    row("DEBUG", r'-".*"', r'-".*"', "here an error never holds a zero byte", when=holds_zero_byte),
    row("DEBUG", r'-"ERR unknown subcommand or wrong number of arguments for .*"', r".*", "newer versions take one word more (7.2)",
        when=lambda words: len(words) > 3 and words[1].upper() in (b"OBJECT", b"HTSTATS", b"HTSTATS-KEY")),
    row("DEBUG", r'\+"Value .* encoding:(hashtable|quicklist) .*"', r'\+"Value .* encoding:listpack .*"',
        "newer versions keep a small set, and a short list, as one listpack (7.2)"),
    row("DEBUG", r'-"ERR Not a listpack encoded object\."', r'\+"Listpack structure printed on stdout"', "likewise"),
    row("DEBUG", r'\+"Quicklist structure printed on stdout"', r'-"ERR Not a quicklist encoded object\."', "likewise"),
    row("DEBUG", r'[$="].*', r'-"ERR The value stored at the specified key is not represented using an hash table"', "likewise",
        when=lambda words: words[1].upper() == b"HTSTATS-KEY"),
    row("ZUNION ZINTER ZUNIONSTORE ZINTERSTORE", r'-"ERR syntax error"', r".*", "there is another way to aggregate (8.8)",
        when=has_pair(b"AGGREGATE", b"COUNT"), diverges=True),
    row("OBJECT", r'"hashtable"', r'"listpack"', "newer versions keep a small set as one listpack (7.2)"),
    row("OBJECT", r'"skiplist"', r'"listpack"', "Redis's SORT makes a sorted set a skiplist for good"),
    row("OBJECT", r'"quicklist"', r'"listpack"', "newer versions keep a short list as one listpack (7.2)"),
    row("SORT SORT_RO", r'-"ERR One or more scores can\'t be converted into double"', r"\*.*",
        "Redis looks at an errno that an earlier command may have left behind",
        when=lambda words: b"STORE" not in [word.upper() for word in words]),
    row("OBJECT", r":(1|2|2147483647)", r":(1|2147483647)",
        "whether an integer is shared, or a queued command shares it, depends on how it came to be; we tell it from the value",
        when=lambda words: words[1].upper() == b"REFCOUNT"),
    row("OBJECT", r'"(raw|embstr|int)"', r'"(raw|embstr|int)"',
        "the encoding of a string depends on how it came to be; we tell it from the value"),
    row("DEBUG", r'\+"Value .* encoding:(raw|embstr|int) .*"', r'\+"Value .* encoding:(raw|embstr|int) .*"', "likewise"),
    row("DEBUG", r'\+"key_sds_len:.*"', r'-"ERR Not an sds encoded string\."', "likewise"),
    row("*", r'-"(ERR|NOGROUP) .*"', r'-"(ERR|NOGROUP) .*"',
        "Redis ends the text of an error at a zero byte that it repeats", when=holds_zero_byte),
]


def intended(words, oracle, ours, show):
    """The row that allows this difference, or None."""
    name = words[0].upper()
    for difference in TABLE:
        if (name in difference.commands or b"*" in difference.commands) and difference.oracle.fullmatch(show(oracle)) \
                and difference.ours.fullmatch(show(ours)) and difference.when(words):
            return difference
    return None
