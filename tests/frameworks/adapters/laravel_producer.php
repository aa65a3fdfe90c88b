<?php
// SPDX-License-Identifier: MIT
require __DIR__ . '/laravel_jobs.php';

$queue = queues()->getConnection();

function add(array $words): string
{
    global $queue;
    $data = ['id' => $words['id'], 'kind' => $words['kind']];
    if ($words['delay']) {
        $queue->later((int) ceil($words['delay'] / 1000), JobHandler::class, $data);
    } else {
        $queue->push(JobHandler::class, $data);
    }

    return $words['id'];
}

function dead(): array
{
    $ids = array_map(fn ($one) => $one['id'], notes('dead'));
    sort($ids);

    return $ids;
}

function management(): array
{
    global $queue;
    $queue->bulk([JobHandler::class, JobHandler::class], ['id' => 'm', 'kind' => 'ok'], 'other');
    $queue->later(3600, JobHandler::class, ['id' => 'later', 'kind' => 'ok'], 'other');
    $said = ['size' => $queue->size('other')];
    $job = $queue->pop('other');
    $said['popped'] = [$job->payload()['data'], $job->attempts()];
    $job->release(60);
    $again = $queue->pop('other');
    $again->delete();
    $said['size2'] = $queue->size('other');
    $said['cleared'] = $queue->clear('other');

    return $said + ['left' => $queue->size('other')];
}

serve([
    'hello' => fn () => version('php-illuminate-queue'),
    'add' => 'add',
    'dead' => fn () => dead(),
    'management' => fn () => management(),
]);
