# SPDX-License-Identifier: MIT
"""A producer of the main job that is an ordinary redis-py client: LPUSHes the lines of its standard input.

    python3 job_producer.py PORT QUEUE < paths
"""
import sys

import redis

BATCH = 50


def main():
    port, queue = int(sys.argv[1]), sys.argv[2]
    paths = [path for path in sys.stdin.buffer.read().split(b"\n") if path]
    client = redis.Redis(port=port)
    for at in range(0, len(paths), BATCH):
        with client.pipeline(transaction=False) as pipeline:
            for path in paths[at:at + BATCH]:
                pipeline.lpush(queue, path)
            pipeline.execute()
    print(len(paths))


if __name__ == "__main__":
    main()
