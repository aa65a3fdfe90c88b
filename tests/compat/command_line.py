# SPDX-License-Identifier: MIT
"""The options of the tests that send random commands of the families to both servers. """
import argparse
import os

import generate


def arguments(description, commands, commands_nightly, after_a_difference):
    """With the seed and the number of commands decided: options.seed, options.commands."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commands", type=int, default=commands)
    parser.add_argument("--nightly", action="store_true", help=f"{commands_nightly} commands")
    parser.add_argument("--seed", type=int, default=None, help="of the random commands; else drawn and printed")
    parser.add_argument("--family", choices=generate.FAMILIES, default=None, help="else a mixture of all")
    parser.add_argument("--server", default=None, help="else $SLUICE_SERVER or build/sluice-server")
    parser.add_argument("--all", action="store_true", help=f"go on after a difference{after_a_difference}")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = int.from_bytes(os.urandom(4), "big")
    if options.nightly:
        options.commands = commands_nightly
    return options
