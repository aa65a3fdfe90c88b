# SPDX-License-Identifier: MIT
"""What must be true after the main job: of every file, every message, every dead letter, and of the
jitter."""
import collections
import os

from job_rules import ATTEMPTS_MAX, POLICY, QUEUE, backoff_ms, is_poison, poison_reason

FIELDS = [b"dlq.source", b"dlq.group", b"dlq.id", b"dlq.reason", b"dlq.error", b"dlq.attempts", b"dlq.deliveries",
          b"dlq.added", b"dlq.first", b"dlq.last", b"dlq.consumer", b"dlq.redriven", b"payload"]
# The clock of a stamp is read once per loop turn, the worker's when it sends: so much may they be apart.
CLOCK_SLACK_MS = 30
PROBES = 200


class Disagreement(Exception):
    pass


def expect(truth, text):
    if not truth:
        raise Disagreement(text)


def split(handle):
    message, _, delivery = handle.rpartition(":")
    return message, int(delivery)


class Story:
    """All journals, by message."""

    def __init__(self, journals, victim):
        self.given = collections.defaultdict(dict)  # message -> delivery -> (worker, note)
        self.acks = collections.defaultdict(list)
        self.nacks = {}                             # (message, delivery) -> note
        self.computed = []
        self.held_by_victim = set()
        for worker, notes in journals.items():
            for note in notes:
                if note["what"] == "hangs" and worker == victim:
                    self.held_by_victim = {split(handle)[0] for handle in note["holds"]}
                if "handle" not in note:
                    continue
                message, delivery = split(note["handle"])
                if note["what"] == "given":
                    expect(delivery not in self.given[message], f"{note['handle']} was given twice")
                    self.given[message][delivery] = (worker, note)
                elif note["what"] == "acked":
                    self.acks[message].append((delivery, note))
                elif note["what"] == "nacked":
                    self.nacks[message, delivery] = note
                elif note["what"] == "computed":
                    self.computed.append(note)


def check(checksums, journals, victim, dead):
    """Numbers to print. Raises Disagreement."""
    story = Story(journals, victim)
    path_of = {message: os.fsencode(note["path"]) for message, deliveries in story.given.items()
               for _, note in deliveries.values()}
    expect(len(path_of) == len(set(path_of.values())) == len(checksums),
           f"{len(checksums)} files, but {len(path_of)} messages for {len(set(path_of.values()))} files")
    expect(len(story.held_by_victim) > 0, "the killed worker held nothing")
    lost_acks = check_acks(story, path_of)
    check_checksums(story, checksums, path_of, lost_acks)
    check_dead(story, path_of, dead)
    check_backoff(story)

    again = [message for message, deliveries in story.given.items() if len(deliveries) > 1]
    after_worker = [message for message in again if message in story.held_by_victim]
    lapsed = [(message, delivery) for message in again for delivery, (worker, _) in story.given[message].items()
              if delivery < max(story.given[message]) and worker != victim and (message, delivery) not in story.nacks]
    expect(len(after_worker) > 0, "nothing of what the killed worker held was given to another")
    attempts = sum(len(deliveries) for deliveries in story.given.values())
    reconnects = [note for notes in journals.values() for note in notes if note["what"] == "reconnect"]
    expect(reconnects, "no worker noticed that the server was killed")
    silent = [note for note in reconnects if "TimeoutError" in note["fault"]]
    expect(not silent, f"a worker got no reply: {silent}")
    return [f"{attempts} attempts", f"{attempts - len(story.given)} retries", f"{len(dead)} dead",
            f"{len(after_worker)} given again after the worker's death",
            f"{len(lapsed)} after the server's or a late lease", f"{len(lost_acks)} answers to acks lost"]


def check_acks(story, path_of):
    """At most one ack per message is answered 1, and then nobody has it again. Returns whose answer got lost
    with the server: acked, but told only that it is gone."""
    lost = set()
    for message, path in path_of.items():
        done = [delivery for delivery, note in story.acks[message] if note["answer"] == 1]
        expect(len(done) <= 1, f"{message} was acked {len(done)} times")
        if done:
            expect(max(story.given[message]) == done[0], f"{message} was given again after its ack :{done[0]} counted")
        elif not is_poison(path):
            gone = [note for _, note in story.acks[message] if note["answer"] == -1 and note["broke"]]
            expect(gone, f"{message} ({path!r}) was never acked: {story.acks[message]}")
            lost.add(message)
    return lost


def check_checksums(story, checksums, path_of, lost_acks):
    right = set()
    for note in story.computed:
        path = os.fsencode(note["path"])
        expect(note["checksum"] == checksums[path], f"{path!r} has the checksum {checksums[path]}, not {note}")
        right.add(path)
    acked = {path_of[message] for message, acks in story.acks.items() if any(note["answer"] == 1 for _, note in acks)}
    acked |= {path_of[message] for message in lost_acks}
    good = {path for path in checksums if not is_poison(path)}
    expect(acked == good, f"acked and good files differ: {sorted(acked ^ good)[:5]}")
    expect(right == good, f"computed and good files differ: {sorted(right ^ good)[:5]}")


def check_dead(story, path_of, dead):
    poison = {message for message, path in path_of.items() if is_poison(path)}
    expect(len(poison) > 0, "there is no poison among the files")
    seen = set()
    for entry in dead:
        words = [word.value for word in entry.value[1].value]
        names, values = words[0::2], words[1::2]
        expect(names == FIELDS, f"fields of a dead letter: {names}")
        letter = dict(zip(names, values))
        message = letter[b"dlq.id"].decode()
        expect(message in poison, f"{message} ({letter[b'payload']!r}) is dead, but no poison")
        expect(message not in seen, f"{message} is dead twice")
        seen.add(message)
        check_letter(story, message, letter, path_of[message])
    expect(seen == poison, f"poison that is not dead: {sorted(poison - seen)[:5]}")


def check_letter(story, message, letter, path):
    last = max(story.given[message])
    # Who held it last died, or the answer to its nack did: then the lease may have ended it.
    last_worker, _ = story.given[message][last]
    told = story.nacks.get((message, last), {"answer": None})
    errors = {poison_reason(path).encode()} if told["answer"] == 1 else {poison_reason(path).encode(), b"lease-expired"}
    expect(letter[b"payload"] == path, f"{message}: payload {letter[b'payload']!r}")
    expect(letter[b"dlq.source"] == QUEUE.encode() and letter[b"dlq.group"] == b"", f"{message}: {letter}")
    expect(letter[b"dlq.reason"] == b"maxattempts", f"{message}: {letter}")
    expect(letter[b"dlq.error"] in errors, f"{message}: dlq.error is none of {errors}: {letter}")
    expect(letter[b"dlq.attempts"] == b"%d" % ATTEMPTS_MAX, f"{message}: {letter}")
    # A hand-out whose reply died with the server is in nobody's journal.
    expect(int(letter[b"dlq.deliveries"]) == ATTEMPTS_MAX, f"{message}: {letter}")
    expect(letter[b"dlq.consumer"] == last_worker.encode() or int(letter[b"dlq.deliveries"]) > last, f"{message}: {letter}")
    expect(letter[b"dlq.redriven"] == b"0", f"{message}: {letter}")
    added, first, final = (int(letter[name]) for name in (b"dlq.added", b"dlq.first", b"dlq.last"))
    expect(added <= first < final, f"{message}: {letter}")


def check_backoff(story):
    """No retry came sooner than the policy's backoff less its jitter."""
    for (message, delivery), note in story.nacks.items():
        if note["answer"] != 1 or delivery + 1 not in story.given[message]:
            continue
        attempts = story.given[message][delivery][1]["attempts"] + 1
        shortest, _ = backoff_ms(attempts)
        waited = story.given[message][delivery + 1][1]["at"] - note["sent"]
        expect(waited >= shortest - CLOCK_SLACK_MS,
               f"{message}: attempt {attempts} failed and came again after {waited:.0f} ms, not {shortest} at least")


def check_jitter(client):
    """The first retries of many queues are spread over the jitter. Exact: a transaction has one time, so what
    QINFO tells within it is the delay that the nack has drawn."""
    queues = [f"probe-{number}" for number in range(PROBES)]
    for queue in queues:
        client.send("QPOLICY", queue, *POLICY, "LEASE", 600_000)
        client.send("LPUSH", queue, "probe")
        client.send("QRESERVE", "1", queue)
    replies = [client.receive() for _ in range(3 * PROBES)]
    handles = [reply.value[0].value[1].value for reply in replies[2::3]]
    client.send("MULTI")
    for queue, handle in zip(queues, handles):
        client.send("QNACK", queue, "FAIL", "IDS", 1, handle)
        client.send("QINFO", queue)
    client.send("EXEC")
    replies = [client.receive() for _ in range(2 * PROBES + 2)][-1].value
    delays = []
    for info in replies[1::2]:
        words = [word.value for word in info.value]
        delays.append(int(words[words.index(b"next-due-ms") + 1]))
    client.ask("DEL", *queues)
    shortest, longest = backoff_ms(1)
    expect(shortest <= min(delays) and max(delays) <= longest,
           f"backoffs of {min(delays)}..{max(delays)} ms, not {shortest}..{longest}")
    # Of 200 even draws from 51 values, fewer than 40 different ones is as good as impossible.
    expect(len(set(delays)) >= PROBES // 5, f"the delays are not spread: {sorted(set(delays))}")
    return [f"{PROBES} first backoffs spread over {min(delays)}..{max(delays)} ms, {len(set(delays))} different"]
