<?php
// SPDX-License-Identifier: MIT
require __DIR__ . '/symfony_jobs.php';

use Symfony\Component\Messenger\Envelope;
use Symfony\Component\Messenger\Stamp\DelayStamp;
use Symfony\Component\Messenger\Stamp\RedeliveryStamp;

$jobs = transport('jobs');
$seen = [];

// A connection that was lost is not made anew by the transport; a new process would.
function add(array $words): string
{
    global $jobs;
    $stamps = $words['delay'] ? [new DelayStamp($words['delay'])] : [];
    try {
        $jobs->send(new Envelope(new Job($words['id'], $words['kind']), $stamps));
    } catch (Throwable $fault) {
        $jobs = transport('jobs');
        throw $fault;
    }

    return $words['id'];
}

// Takes what is in the transport of the failed ones, and remembers it.
function dead(): array
{
    global $seen;
    $transport = transport('dead');
    foreach ($transport->get() as $envelope) {
        $seen[$envelope->getMessage()->id] = $envelope->last(RedeliveryStamp::class)?->getRetryCount();
        $transport->ack($envelope);
    }

    return array_keys($seen);
}

function management(): array
{
    global $seen;
    $other = transport('other');
    $other->setup();
    foreach (['m1', 'm2', 'm3'] as $id) {
        $other->send(new Envelope(new Job($id, 'ok')));
    }
    $other->send(new Envelope(new Job('later', 'ok'), [new DelayStamp(3600000)]));
    $got = [];
    while ($envelopes = $other->get()) {
        $got[] = $envelopes[0]->getMessage()->id;
        count($got) === 1 ? $other->reject($envelopes[0]) : $other->ack($envelopes[0]);
    }

    return ['got' => $got, 'retries' => $seen];
}

serve([
    'hello' => fn () => version('php-symfony-redis-messenger'),
    'add' => 'add',
    'dead' => fn () => dead(),
    'management' => fn () => management(),
]);
