<?php
// SPDX-License-Identifier: MIT
//
// What the worker of Laravel's queue and its producer share; in an application it is config/queue.php.

require_once __DIR__ . '/adapter.php';
require_once 'Illuminate/Queue/autoload.php';
require_once 'Illuminate/Redis/autoload.php';
require_once 'Illuminate/Events/autoload.php';
require_once 'Ramsey/Uuid/autoload.php';

use Illuminate\Container\Container;
use Illuminate\Queue\Capsule\Manager;
use Illuminate\Redis\RedisManager;

class JobHandler
{
    public function fire($job, array $data): void
    {
        work($data['id'], $data['kind']);
        $job->delete();
    }

    public function failed(array $data, Throwable $fault): void
    {
        note('dead', $data['id']);
    }
}

// A job whose worker has died is taken back when it was reserved for retry_after seconds.
function queues(): Manager
{
    $container = Container::getInstance();
    $connection = ['host' => '127.0.0.1', 'port' => server_port(), 'database' => 0];
    $container->instance('redis', new RedisManager($container, 'phpredis', ['default' => $connection]));
    $manager = new Manager($container);
    $manager->addConnection(['driver' => 'redis', 'connection' => 'default', 'queue' => 'jobs', 'retry_after' => 4,
        'block_for' => 1]);

    return $manager;
}
