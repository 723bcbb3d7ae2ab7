# SPDX-License-Identifier: BSD-2-Clause
"""Redis freezes, then dies, while mails flow: the mails do not notice, and nothing is forgotten."""
import time

import pytest

from support.smtp_client import percentile, send_many
from support.world import World

from conftest import scaled

MAILS = scaled(500, 100)
SLOWEST_MS = 50  # the milter's answer to the end of a message, 99th percentile


@pytest.fixture(name="tapped")
def world_with_tap():
    with World(tap=True) as world:
        yield world


def mails(first, last):
    return [("shop@shop.example", [f"ok-{number}@sink.example"], f"away-{number}@shop.example")
            for number in range(first, last)]


def test_a_frozen_and_then_dead_redis_costs_no_mail_and_no_trace(tapped):
    world = tapped
    world.redis.freeze()
    sent, failed = send_many(world.postfix.port, mails(0, MAILS // 2))
    world.redis.kill()
    more, more_failed = send_many(world.postfix.port, mails(MAILS // 2, MAILS))
    assert failed + more_failed == [], "Postfix said no to a mail"
    assert len(sent + more) == MAILS

    answers = [seconds * 1000 for _, seconds in world.tap.answered]
    print(f"EOM answered by the milter: {len(answers)} times, p50 {percentile(answers, .5):.1f} ms,"
          f" p99 {percentile(answers, .99):.1f} ms, worst {max(answers):.1f} ms")
    assert len(answers) >= MAILS
    assert percentile(answers, 0.99) < SLOWEST_MS

    world.redis.start()
    found = world.wait_until_traced([message_id for message_id, _, _ in sent + more])
    world.wait_until_queue_is_empty()
    for message_id, waybill in found.items():
        number = message_id.split("-")[1].split("@")[0]
        world.wait_for_states(message_id, {f"ok-{number}@sink.example": "delivered"}) \
            if waybill["state"] != "delivered" else None
    assert set(world.outcomes().values()) == {1}


def test_the_log_tells_once_that_the_store_is_away_and_once_that_it_is_back(tapped):
    world = tapped
    world.redis.kill()
    before = len(world.daemon.log_text())
    sent, _ = send_many(world.postfix.port, mails(0, 40))
    world.daemon.wait_for_log("the store cannot be reached", after=before)
    time.sleep(5)  # some more attempts
    world.redis.start()
    world.wait_until_traced([message_id for message_id, _, _ in sent])
    told = world.daemon.wait_for_log("the store takes facts again", after=before)
    assert told.count("the store cannot be reached") == 1, told
    assert told.count("the store takes facts again") == 1, told


def test_the_command_says_that_the_store_cannot_be_reached(tapped):
    tapped.redis.kill()
    done = tapped.cli.run("trace")
    assert done.returncode == 3
    assert str(tapped.redis.port) in done.stderr
