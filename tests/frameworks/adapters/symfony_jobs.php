<?php
// SPDX-License-Identifier: MIT
//
// What the Symfony Messenger worker and its producer share; in an application it is config/packages/messenger.yaml.

require_once __DIR__ . '/adapter.php';
require_once 'Symfony/Component/Messenger/autoload.php';
require_once 'Symfony/Component/Messenger/Bridge/Redis/autoload.php';
require_once 'Symfony/Component/EventDispatcher/autoload.php';

use Symfony\Component\Messenger\Bridge\Redis\Transport\RedisTransportFactory;
use Symfony\Component\Messenger\Transport\Serialization\PhpSerializer;

final class Job
{
    public function __construct(public string $id, public string $kind)
    {
    }
}

// A message whose worker has died is claimed when it is redeliver_timeout seconds old, every claim_interval ms.
function transport(string $stream): Symfony\Component\Messenger\Transport\TransportInterface
{
    $options = ['redeliver_timeout' => 4, 'claim_interval' => 1000, 'delete_after_ack' => true];

    return (new RedisTransportFactory())->createTransport(getenv('REDIS_URL') . "/$stream", $options, new PhpSerializer());
}
