#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who is told what without asking: messages, events of keys, invalidations, and commands that are held. The same steps
on redis-server and on Sluice, compared after each, as blocking.py does it.

    tests/compat/pushes.py [--scenarios N] [--seed S] [--server PATH] [--all]
"""
import contextlib
import sys

import blocking
import pushes_scenarios


LENGTH_MAX = 100  # no scenario has a longer list, stream or text


class Side(blocking.Side):
    """Knows the connections' numbers, which commands may name."""

    def __init__(self, server, protocol):
        with contextlib.closing(server.client()) as client:  # a scenario cut short may have left a pause
            client.ask("CLIENT", "UNPAUSE")
        self.pass_by_small_numbers(server)
        super().__init__(server, protocol)
        self.control.ask("CONFIG", "SET", "notify-keyspace-events", "")
        self.numbers = {blocking.named(who): self.number_of(who) for who in range(blocking.CONNECTIONS)}

    @staticmethod
    def pass_by_small_numbers(server):
        """So that no length is taken for the number of a connection."""
        number = 0
        while number <= LENGTH_MAX:
            with contextlib.closing(server.client()) as client:
                number = int(client.ask("CLIENT", "ID").value)

    def number_of(self, who):
        return self.clients[who].ask("CLIENT", "ID").value.decode()

    def step(self, who, commands):
        if commands is not None:
            commands = [[word.format(**self.numbers) for word in words] for words in commands]
        super().step(who, commands)
        if commands is None:
            self.numbers[blocking.named(who)] = self.number_of(who)

    def replies_of(self, who):
        # Numbers of connections differ from server to server.
        mine = set(self.numbers.values())
        return [" ".join("<number>" if word.lstrip(":") in mine and word.startswith(":") else word
                         for word in reply.split(" ")) for reply in super().replies_of(who)]


if __name__ == "__main__":
    sys.exit(blocking.main(__doc__, pushes_scenarios.SCENARIOS, pushes_scenarios.random_scenario, Side))
