# SPDX-License-Identifier: MIT
"""A process that notes what it does in a journal, a line of JSON for each thing. """
import json
import pathlib
import subprocess

from waiting import Failed

END_SECONDS = 30


class Journaled:
    """`command(journal)` gives the words that start it; they name the journal, a file of its own in `directory`."""

    def __init__(self, label, directory, command):
        self.label, self.journal = label, pathlib.Path(directory) / f"{label}.jsonl"
        self.journal.touch()
        self.process = subprocess.Popen(command(str(self.journal)))

    def notes(self):
        # Only whole lines: the last one may still be being written.
        text = self.journal.read_text()
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]

    def hangs(self):
        return any(note["what"] == "hangs" for note in self.notes())

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def end(self):
        self.process.terminate()
        if self.process.wait(END_SECONDS) != 0:
            raise Failed(f"{self.label} ended with {self.process.returncode}")
