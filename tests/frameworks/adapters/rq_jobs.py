# SPDX-License-Identifier: MIT
"""What the RQ worker imports to run a job. """
from adapter import work


def job(name, kind="ok"):
    return work(name, kind)
