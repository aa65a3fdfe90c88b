# SPDX-License-Identifier: MIT
"""Scripts, put together at random: values of every kind in both directions, calls that are right and wrong, the
libraries with arguments that fit and that do not. """
import hashlib

from rdb_parts import length, raw_text, with_checksum

KEYS = [b"s1", b"s2", b"l1", b"n1", b"none"]

TEXTS = ["''", "'a'", "'10'", "'x y'", "'ERR x'", "'-MY x'", "'\\r\\n'", "'\\0'", "'1e3'", "'caf\\195\\169'"]
NUMBERS = ["0", "1", "-1", "3.7", "-3.7", "2^53", "1e15", "1e300", "0/0", "1/0", "-1/0", "7354202801775748", "0x1f",
           "255", "65536", "-129", "1.5", "0.1"]
PLAIN = ["nil", "true", "false", "{}", "KEYS", "ARGV", "KEYS[1]", "ARGV[2]", "#ARGV", "_VERSION", "cjson.null"]
# Whose reply depends on nothing but what these scripts do.
COMMANDS = ["'get'", "'set'", "'incr'", "'lpush'", "'rpop'", "'lrange'", "'llen'", "'del'", "'exists'", "'type'",
            "'append'", "'strlen'", "'getrange'", "'ping'", "'echo'", "'GET'", "'nosuch'", "'multi'", "'config'",
            "'rpoplpush'", "'expire'", "'persist'", "'setnx'", "'mget'", "'mset'", "'setrange'", "'getset'"]
FORMATS = ["'b'", "'B'", "'h'", "'>H'", "'<i4'", "'>I8'", "'d'", "'f'", "'s'", "'c3'", "'c0'", "'bc0'", "'!4bi'", "'x'",
           "'i33'", "'q'", "'!3b'", "'>I2 I2'", "'l'", "''", "'i3'"]


def makers(g):
    pick = g.random.choice

    def text():
        return pick(TEXTS)

    def number():
        return pick(NUMBERS)

    def key():
        return "'%s'" % pick(KEYS).decode()

    def value(depth=0):
        chance = g.random.random()
        if chance < 0.22:
            return text()
        if chance < 0.44:
            return number()
        if chance < 0.58 or depth > 2:
            return pick(PLAIN)
        if chance < 0.70:
            return "{%s}" % ", ".join(value(depth + 1) for _ in range(g.random.randrange(5)))
        if chance < 0.80:
            return pick(["{ok=%s}", "{err=%s}", "{double=%s}", "{big_number=%s}", "{map={a=%s}}", "{set={[%s]=true}}",
                         "{[1]=%s, [3]=1}", "{a=%s}"]) % argument()
        return expression(depth + 1)

    def argument():
        word = pick([text, number, key])()
        # An error that repeats one of these is cut or trimmed in Redis.
        return word if "\\0" not in word and "\\r" not in word else "'0'"

    def call(depth=0):
        function = pick(["redis.call", "redis.call", "redis.pcall"])
        words = [pick(COMMANDS), key()] + [argument() for _ in range(g.random.randrange(3))]
        if g.chance(0.05):
            words = words[:g.random.randrange(2)]
        if g.chance(0.04):
            words.append(pick(["nil", "true", "{}"]))
        return "%s(%s)" % (function, ", ".join(words))

    def library(depth=0):
        return pick([
            lambda: "cjson.encode(%s)" % pick([text(), "{1,2,{a='b'}}", "{}", "1.5", "true", "cjson.null", "12345678901234",
                                               "{[1]='x'}", "print", "{a={1,{2}}}"]),
            lambda: "cjson.decode(%s)" % pick(["'[1,2,{\"a\":null}]'", "'{\"k\":[]}'", "'1'", "'\"x\"'", "'['", "''",
                                               "'{\"a\":1e5}'", "'tru'", "'[1,]'"]),
            lambda: "cmsgpack.pack(%s)" % ", ".join(value(3) for _ in range(g.random.randrange(3))),
            lambda: "cmsgpack.unpack(%s)" % pick(["'\\1'", "'\\146\\1\\2'", "'\\129\\161a\\1'", "'\\192'", "'\\195'",
                                                  "'\\146\\1'", "'\\202\\63\\192\\0\\0'", "''", "'\\161a\\161b'",
                                                  "'\\208\\128'", "'\\205\\1\\0'", "cmsgpack.pack({1,'x',{y=2}})",
                                                  "string.rep('\\145', 40) .. '\\1'", "string.rep('\\145', 40)"]),
            lambda: "{cmsgpack.unpack_one('\\1\\2\\3', %s)}" % pick(["0", "1", "3", "4", "-1"]),
            lambda: "{cmsgpack.unpack_limit('\\1\\2\\3', %s, %s)}" % (pick(["0", "1", "5", "-1"]), pick(["0", "2", "9"])),
            lambda: "struct.pack(%s, %s)" % (pick(FORMATS), pick(["1", "-2", "'abc'", "300", "1.5", "'ab\\0c'", "2, 3"])),
            lambda: "{struct.unpack(%s, %s)}" % (pick(FORMATS), pick(["'abcdefgh'", "'\\3abc'", "'\\255\\254'", "''",
                                                                     "'ab\\0cd'", "'abcdefgh', 3", "'ab', 0"])),
            lambda: "struct.size(%s)" % pick(FORMATS),
            lambda: "bit.%s(%s, %s)" % (pick(["band", "bor", "bxor", "lshift", "rshift", "arshift", "rol"]),
                                        pick(["255", "-1", "4294967295", "2^40", "1.5"]), pick(["1", "15", "33", "-1"])),
            lambda: "bit.tohex(%s)" % pick(["255", "-1", "1, 4", "10, -3"]),
            lambda: "redis.sha1hex(%s)" % pick([text(), "1", "", "'a', 'b'"]),
            lambda: "redis.%s(%s)" % (pick(["status_reply", "error_reply"]), pick([text(), "", "1", "'a b', 1"])),
            lambda: "string.format(%s)" % pick(["'%d|%s|%5.2f', 3, 'x', 1.25", "'%q', 'a\\nb'", "'%x', 255", "'%d', 'x'",
                                                "'%c', 65", "'%06d', 42", "'%%'"]),
            lambda: "{string.find(%s)}" % pick(["'hello', 'l+'", "'a.b', '.', 1, true", "'x', '(y)'", "'abc', '[a'"]),
            lambda: "{string.gsub('hello', %s)}" % pick(["'l', 'L'", "'.', '%0%0'", "'(h)(e)', '%2%1'", "'', '-'"]),
            lambda: "table.concat({1, 'a', 2.5}, %s)" % pick(["','", "''", "'-', 2", "',', 2, 9"]),
            lambda: "{unpack({1, 2, 3}, %s)}" % pick(["2", "1, 2", "3, 1", "1, 9000"]),
            lambda: "math.%s" % pick(["floor(3.7)", "max(1, 5)", "huge > 1", "pi", "fmod(7, 3)", "random(0)", "abs('x')"]),
            lambda: "{pcall(%s)}" % pick(["error, 'x'", "error, {err='x'}", "redis.call, 'incr', 'l1'", "tonumber, {}"]),
            lambda: "{tostring(%s), tonumber(%s)}" % (number(), text()),
            lambda: "select(%s, 'a', 'b')" % pick(["1", "2", "-1", "'#'", "0"]),
            lambda: "type(%s)" % pick(["redis.call('type', 's1')", "{}", "nil", "redis.pcall('incr', 'l1')"]),
            lambda: "loadstring(%s)" % pick(["'return 1'", "'x ='", "''"]) + pick(["", "()"]),
        ])()

    def expression(depth=0):
        return pick([call, call, library])(depth)

    def statement():
        return pick([
            lambda: "redis.call('set', %s, %s)" % (key(), pick([text, number])()),
            lambda: "local x = %s" % expression(),
            lambda: "redis.pcall('del', %s)" % key(),
            lambda: "for i = 1, 3 do redis.call('rpush', 'l1', i) end",
            lambda: "if redis.call('exists', %s) == 1 then return %s end" % (key(), value()),
            lambda: "redis.setresp(%s)" % pick(["2", "3", "3", "4"]),
            lambda: "error(%s)" % pick([text(), "{err='MY x'}", "'y', 0", "'z', 2", "true", "false", "nil"]),
            lambda: "undefined = 1", lambda: "local y = undefined", lambda: "string.x = 1",
            lambda: "ARGV[1] = 'changed'", lambda: "local function f(n) return n end",
            lambda: "redis.call('lpush', %s, %s)" % (key(), text()),
            lambda: "assert(%s)" % value(2),
        ])()

    def script():
        lines = [statement() for _ in range(g.random.randrange(4))]
        if g.chance(0.9):
            lines.append("return " + value())
        body = pick(["\n", " "]).join(lines)
        if g.chance(0.03):
            body = pick([body[:len(body) // 2], body + ")", "#!lua\n" + body, "#!lua flags=no-writes\n" + body,
                         "#!lua flags=nosuch\n" + body, "#!lua", "#!x\n" + body])
        return body.encode()

    def arguments():
        count = g.random.randrange(3)
        words = [pick(KEYS) for _ in range(count)] + [pick([b"v", b"1", b"", b"x y"]) for _ in range(g.random.randrange(3))]
        number = b"%d" % count if not g.chance(0.04) else pick([b"-1", b"x", b"9", b""])
        return [number] + words

    recent = [b"return 1"]

    def eval_script():
        source = script()
        recent.append(source)
        del recent[:-20]
        return [pick([b"EVAL", b"EVAL", b"EVAL", b"eval", b"EVAL_RO"]), source] + arguments()

    def evalsha():
        sha = hashlib.sha1(pick(recent)).hexdigest().encode()
        return [pick([b"EVALSHA", b"evalsha", b"EVALSHA_RO"]), pick([sha, sha, sha.upper(), b"x", b"0" * 40])] + arguments()

    def keep():
        return pick([[b"SCRIPT", b"LOAD", pick(recent)], [b"SCRIPT", b"LOAD", b"return ("],
                     [b"SCRIPT", b"EXISTS", hashlib.sha1(pick(recent)).hexdigest().encode(), b"x"],
                     [b"SCRIPT", b"FLUSH", pick([b"SYNC", b"ASYNC", b"x"])], [b"SCRIPT", b"KILL"], [b"SCRIPT", b"NOSUCH"],
                     [b"SCRIPT", b"EXISTS"]])

    def function(name):
        return pick([
            "redis.register_function('%s', function(keys, args) return %s end)",
            "redis.register_function{function_name='%s', callback=function(keys, args) return %s end}",
            "redis.register_function{function_name='%s', callback=function(keys, args) return %s end, "
            "flags={'no-writes'}, description='d'}"]) % (name, value(1))

    def library_code():
        name = pick(["a", "b", "c_1", "a-b", ""])
        # At most one that another library may have: which one is told depends on the order of hash tables.
        code = function(pick(["f", "g", "h", "x-y"]))
        if g.chance(0.4):
            code += "\n" + function("of_" + name)
        extra = pick(["", "", "", "\nlocal x = 1", "\nlocal t = nil + 1", "\nx = 1", "\nredis.call('get', 'x')"])
        return ("#!lua name=%s\n%s%s" % (name, code, extra)).encode()

    def payload():
        """Of FUNCTION DUMP, mostly."""
        parts = [pick([b"\xf5"] * 6 + [b"\xf6", b"\x00"]) + raw_text(library_code()) for _ in range(g.random.randrange(3))]
        version = pick([10, 10, 10, 9, 99]).to_bytes(2, "little")
        whole = with_checksum(b"".join(parts) + pick([b""] * 8 + [b"\xf5" + length(9)]) + version)
        return pick([whole] * 9 + [whole[:-1], b"", b"x"])

    def functions():
        return pick([
            lambda: [b"FUNCTION", b"RESTORE", payload()] + pick([[], [], [b"APPEND"], [b"replace"], [b"FLUSH"], [b"x"],
                                                                 [b"FLUSH", b"x"]]),
            lambda: [b"FUNCTION", b"DUMP"] + pick([[], [], [], [b"x"]]),
            lambda: [b"FUNCTION", b"LOAD", library_code()],
            lambda: [b"FUNCTION", b"LOAD", b"REPLACE", library_code()],
            lambda: [pick([b"FCALL", b"FCALL", b"FCALL_RO"]), pick([b"f", b"g", b"h", b"F", b"none"])] + arguments(),
            lambda: [pick([b"FCALL", b"FCALL", b"FCALL_RO"]), pick([b"f", b"g", b"h", b"F", b"none"])] + arguments(),
            lambda: [b"FUNCTION", b"DELETE", pick([b"a", b"b", b"c_1", b"none"])],
            lambda: [b"FUNCTION", b"LIST", b"LIBRARYNAME", pick([b"a", b"none"]), b"WITHCODE"],
            lambda: pick([[b"FUNCTION", b"STATS"], [b"FUNCTION", b"FLUSH"], [b"FUNCTION", b"FLUSH", b"x"],
                          [b"FUNCTION", b"KILL"], [b"FUNCTION", b"NOSUCH"], [b"FUNCTION", b"LOAD", b"x"],
                          [b"FUNCTION", b"LOAD", b"y", b"x"], [b"FUNCTION", b"LIST", b"x"],
                          [b"FUNCTION", b"LIST", b"LIBRARYNAME"]]),
        ])()

    def around():
        return pick([[b"SET", pick(KEYS), pick([b"1", b"x"])], [b"LPUSH", b"l1", b"a", b"b"], [b"DEL", pick(KEYS)],
                     [b"GET", pick(KEYS)], [b"LRANGE", b"l1", b"0", b"-1"]])

    return [eval_script] * 8 + [evalsha, keep, functions, functions, around, around]


def defuse(words, generator):
    return words
