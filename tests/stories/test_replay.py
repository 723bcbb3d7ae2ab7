# SPDX-License-Identifier: BSD-2-Clause
"""The same journal shipped twice changes nothing: records, indexes, states, answers, event ids."""
import re
import shutil

import pytest

from support import place
from support.daemon import Daemon
from support.cli import Cli
from support.private_redis import PrivateRedis
from support.smtp_client import Client
from support.world import World

RECIPIENTS = ("ok-ann@sink.example", "later-bob@sink.example", "never-carl@sink.example",
              "team@alias.example", "ann@box.example")
# What differs from run to run by its nature: who is alive, who counts, who claimed which number.
OWN_TIME = ("wb:beat:", "wb:node", "wb:count:", "wb:gap:")


def fill(world):
    """Mails of all kinds while Redis is away, so that all of it waits in the journal."""
    client = Client(world.postfix.port)
    for number, to in enumerate(RECIPIENTS):
        client.send(f"shop{number}@shop.example", [to], f"replay-{number}@shop.example")
    client.begin("shop@shop.example", ["refused@sink.example", "ok-x@sink.example"])
    client.cut()
    client = Client(world.postfix.port)
    client.begin("shop@shop.example", ["refused@sink.example"])
    client.quit()
    world.wait_until_queue_is_empty()
    last = re.findall(r": (\w+): removed$", world.postfix.log_text(), re.MULTILINE)[-1]
    place.wait_until(lambda: world.journal_has(f" removed q={last}") or world.journal_has(f"q={last}"),
                     30, "the log is read to its end")


class Shipping:
    """One journal, shipped from a copy of the state directory into a Redis."""

    def __init__(self, world, redis, name):
        self.daemon = Daemon(f"{world.base}/{name}", redis.address, log_source=[world.postfix.log])
        shutil.rmtree(self.daemon.state)
        # cp -a: the daemon's user owns its state, and the copy must be his as well.
        world.copy(world.base + "/kept", self.daemon.state)
        self.cli, self.redis = Cli(self.daemon.conf), redis

    def run(self):
        self.daemon.start()
        place.wait_until(lambda: self.redis.keys("wb:r:*"), 30, "something is shipped")
        place.wait_until_rests(lambda: without_own_time(self.redis.contents()))
        self.daemon.stop()


def without_own_time(contents):
    return {key: value for key, value in contents.items() if not key.startswith(OWN_TIME)}


def is_stream(key):
    return key.startswith("wb:ev:")


@pytest.fixture(name="filled")
def world_with_full_journal():
    with World() as world:
        world.redis.kill()
        fill(world)
        world.daemon.stop()
        world.copy(world.daemon.state, world.base + "/kept")
        world.redis.start()
        yield world


def test_a_journal_shipped_twice_changes_nothing(filled):
    world = filled
    Shipping(world, world.redis, "first").run()
    once = without_own_time(world.redis.contents())
    cli = Cli(world.daemon.conf)
    trace_once = cli.trace()
    assert len(trace_once) >= len(RECIPIENTS)

    Shipping(world, world.redis, "second").run()
    twice = without_own_time(world.redis.contents())
    assert set(once) == set(twice)
    for key, value in once.items():
        if is_stream(key):
            assert events(value) == events(twice[key]), key
        else:
            assert value == twice[key], key
    assert cli.trace() == trace_once
    for waybill in trace_once:
        assert cli.show(waybill["trace_id"])


def events(entries):
    """Which events a stream tells; a reader drops those that come again."""
    return {tuple(entry) for entry in entries}


def test_another_store_gets_the_same(filled):
    world = filled
    Shipping(world, world.redis, "first").run()
    other = PrivateRedis(f"{world.base}/other-redis").start()
    try:
        second = Shipping(world, other, "second")
        second.run()
        ours, theirs = (without_own_time(redis.contents()) for redis in (world.redis, other))
        assert ours.keys() == theirs.keys()
        for key, value in ours.items():
            if is_stream(key):
                assert events(value) == events(theirs[key]), key
            else:
                assert value == theirs[key], key
        assert Cli(world.daemon.conf).trace() == second.cli.trace()
    finally:
        other.stop()
