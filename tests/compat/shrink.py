# SPDX-License-Identifier: MIT
"""Makes a failing sequence shorter: leaves out halves, quarters, ..., single items as long as it still
fails."""


def shrunk(items, fails, tries_max):
    """`fails(items)` must be true at the start; at most `tries_max` more sequences are tried."""
    tries, size = 0, max(1, len(items) // 2)
    while tries < tries_max:
        at, shorter = 0, False
        while at < len(items) and tries < tries_max:
            candidate = items[:at] + items[at + size:]
            tries += 1
            if fails(candidate):
                items, shorter = candidate, True
            else:
                at += size
        if size == 1 and not shorter:
            break
        size = max(1, size // 2)
    return items
