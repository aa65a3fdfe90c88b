<?php
// SPDX-License-Identifier: MIT
//
// What the adapters in PHP share; play.py says what is agreed on.

const LOOK_MICROSECONDS = 20000;

final class JobFailed extends Exception
{
}

function play_file(string $name): string
{
    return getenv('PLAY_DIRECTORY') . '/' . $name;
}

function server_port(): int
{
    return parse_url(getenv('REDIS_URL'), PHP_URL_PORT);
}

function version(string $package): string
{
    return shell_exec("dpkg-query --show --showformat '\${Version}' $package") . ', phpredis ' . phpversion('redis');
}

function note(string $what, string $id): void
{
    $line = json_encode(['what' => $what, 'id' => $id, 'at' => (int) (microtime(true) * 1000), 'pid' => getmypid()]);
    file_put_contents(play_file('journal'), $line . "\n", FILE_APPEND);
}

function notes(string $what): array
{
    $lines = explode("\n", file_get_contents(play_file('journal')));
    array_pop($lines);
    $notes = array_map(fn ($line) => json_decode($line, true), $lines);

    return array_values(array_filter($notes, fn ($one) => $one['what'] === $what));
}

function work(string $id, string $kind): string
{
    note('start', $id);
    while ($kind === 'hold' && !file_exists(play_file('release'))) {
        clearstatcache();
        usleep(LOOK_MICROSECONDS);
    }
    $starts = count(array_filter(notes('start'), fn ($one) => $one['id'] === $id));
    if ($kind === 'poison' || ($kind === 'flaky' && $starts < 3)) {
        throw new JobFailed("$id fails");
    }
    note('done', $id);

    return "did $id";
}

// Answers requests until there are no more. One at a time, in order.
function serve(array $requests): void
{
    while (($line = fgets(STDIN)) !== false) {
        $words = json_decode($line, true);
        try {
            $answer = ['got' => $requests[$words['do']]($words)];
        } catch (Throwable $fault) {
            $answer = ['error' => (string) $fault];
        }
        fwrite(STDOUT, json_encode($answer) . "\n");
    }
}
