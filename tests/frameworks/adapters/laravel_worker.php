<?php
// SPDX-License-Identifier: MIT
require __DIR__ . '/laravel_jobs.php';

use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Events\Dispatcher;
use Illuminate\Queue\Worker;
use Illuminate\Queue\WorkerOptions;

final class Reporter implements ExceptionHandler
{
    public function report(Throwable $fault)
    {
        fwrite(STDERR, get_class($fault) . ': ' . $fault->getMessage() . "\n");
    }

    public function shouldReport(Throwable $fault)
    {
        return true;
    }

    public function render($request, Throwable $fault)
    {
    }

    public function renderForConsole($output, Throwable $fault)
    {
    }
}

$worker = new Worker(queues()->getQueueManager(), new Dispatcher(), new Reporter(), fn () => false);
$options = new WorkerOptions();
$options->maxTries = 3;
$options->backoff = 1;
$options->sleep = 0;
exit($worker->daemon('default', 'jobs', $options));
