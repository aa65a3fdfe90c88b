# SPDX-License-Identifier: MIT
"""What the worker and the producer on kombu's SimpleQueue share. """
from adapter import URL
from kombu import Connection

# A message whose worker died is handed out again after so long.
VISIBILITY_SECONDS = 4


def connect():
    return Connection(URL, transport_options={"visibility_timeout": VISIBILITY_SECONDS})
