#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes inputs for the session fuzzer of the transcripts in tests/e2e.

    tests/fuzz/seeds.py DIRECTORY

A file has some cases of one transcript: what each connection sends, without what it is answered. """
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "e2e"), str(HERE.parent / "support")]
from notation import words_of
from resp import quote, show_words
from transcripts import cases_of

STEPS = 60  # of a file, about: what is short is changed in more places
CLIENTS = "ABCDEFGH"
ENDLESS = "while true"  # a script that another client ends: there the target does not come to another client


def steps_of(case):
    for _, sign, name, text in case:
        if name not in CLIENTS or ENDLESS in text:
            continue
        if sign == ">":
            yield f"{name} {show_words(words_of(text))}"
        elif sign == ">>":
            yield f"{name}! {quote(b''.join(words_of(text)))[1:-1]}"
        elif sign == "?":
            yield f"{name} {show_words(words_of(text.rpartition(' => ')[0]))}"
        elif sign == "^":
            yield f"-{name}"


def directives_of(header):
    """`--a x --b y` as lines."""
    for directive in " ".join(header.get("options", [])).split("--")[1:]:
        yield f"@{directive.strip()}"


def files_of(path):
    header, cases = cases_of(path)
    steps = []
    for _, _, case in cases:
        if len(steps) > STEPS:
            yield [*directives_of(header), *steps]
            steps = []
        steps += (["A FLUSHALL"] if steps else []) + list(steps_of(case))
        steps += [f"-{name}" for name in sorted({name for _, _, name, _ in case} & set(CLIENTS))]
    yield [*directives_of(header), *steps]


def main():
    into = pathlib.Path(sys.argv[1])
    for path in sorted((HERE.parent / "e2e/transcripts").glob("*.txt")):
        for number, steps in enumerate(files_of(path)):
            (into / f"{path.stem}_{number}").write_text("\n".join(steps) + "\n")


if __name__ == "__main__":
    main()
