# SPDX-License-Identifier: BSD-2-Clause
"""The same journal shipped twice changes nothing: records, indexes, states, answers, event ids."""
import re
import shutil

import pytest

from support import place
from support.private_redis import PrivateRedis
from support.smtp_client import Client
from support.world import World

RECIPIENTS = ("ok-ann@sink.example", "later-bob@sink.example", "never-carl@sink.example",
              "team@alias.example", "ann@box.example")
# What differs from run to run by its nature: who is alive, who counts, who claimed which number, who asked.
OWN_TIME = ("wb:audit:", "wb:beat:", "wb:node", "wb:count:", "wb:gap:", "wb:sheet:")


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


def ship(world, redis):
    """Ship the journal that was kept into this Redis. From the same directory each time: its name is
    part of what makes a node."""
    shutil.rmtree(world.daemon.state)
    world.copy(f"{world.base}/kept", world.daemon.state)
    world.daemon.configure(redis=redis.address)
    world.daemon.start()
    place.wait_until(lambda: redis.keys("wb:r:*"), 30, "something is shipped")
    place.wait_until_rests(lambda: without_own_time(redis.contents()))
    world.daemon.stop()


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


def events(entries):
    """Which events a stream tells; a reader drops those that come again."""
    return {tuple(entry) for entry in entries}


def assert_same(ours, theirs):
    assert set(ours) == set(theirs)
    for key, value in ours.items():
        if is_stream(key):
            assert events(value) == events(theirs[key]), key
        else:
            assert value == theirs[key], key


def test_a_journal_shipped_twice_changes_nothing(filled):
    world = filled
    ship(world, world.redis)
    once, answers = without_own_time(world.redis.contents()), world.answers()
    assert len(answers) >= len(RECIPIENTS)
    ship(world, world.redis)
    assert_same(once, without_own_time(world.redis.contents()))
    assert world.answers() == answers


def test_another_store_gets_the_same(filled):
    world = filled
    ship(world, world.redis)
    answers = world.answers()
    other = PrivateRedis(f"{world.base}/other-redis").start()
    try:
        ship(world, other)
        assert_same(*(without_own_time(redis.contents()) for redis in (world.redis, other)))
        assert world.answers() == answers
    finally:
        other.stop()
