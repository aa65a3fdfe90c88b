<?php
// SPDX-License-Identifier: MIT
require __DIR__ . '/symfony_jobs.php';

use Symfony\Component\EventDispatcher\EventDispatcher;
use Symfony\Component\Messenger\EventListener\DispatchPcntlSignalListener;
use Symfony\Component\Messenger\EventListener\SendFailedMessageForRetryListener;
use Symfony\Component\Messenger\EventListener\SendFailedMessageToFailureTransportListener;
use Symfony\Component\Messenger\EventListener\StopWorkerOnSigtermSignalListener;
use Symfony\Component\Messenger\Handler\HandlersLocator;
use Symfony\Component\Messenger\MessageBus;
use Symfony\Component\Messenger\Middleware\HandleMessageMiddleware;
use Symfony\Component\Messenger\Retry\MultiplierRetryStrategy;
use Symfony\Component\Messenger\Worker;

final class Locator implements Psr\Container\ContainerInterface
{
    public function __construct(private array $services)
    {
    }

    public function get($id)
    {
        return $this->services[$id];
    }

    public function has($id): bool
    {
        return isset($this->services[$id]);
    }
}

$jobs = transport('jobs');
$dispatcher = new EventDispatcher();
$retries = new Locator(['jobs' => new MultiplierRetryStrategy(2, 300, 2)]);
$dispatcher->addSubscriber(new SendFailedMessageForRetryListener(new Locator(['jobs' => $jobs]), $retries));
$dispatcher->addSubscriber(new SendFailedMessageToFailureTransportListener(new Locator(['jobs' => transport('dead')])));
$dispatcher->addSubscriber(new DispatchPcntlSignalListener());
$dispatcher->addSubscriber(new StopWorkerOnSigtermSignalListener());
$handlers = new HandlersLocator([Job::class => [fn (Job $job) => work($job->id, $job->kind)]]);
$bus = new MessageBus([new HandleMessageMiddleware($handlers)]);
(new Worker(['jobs' => $jobs], $bus, $dispatcher))->run(['sleep' => 20000]);
