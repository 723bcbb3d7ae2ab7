# SPDX-License-Identifier: BSD-2-Clause
"""Who follows goes on where he was: behind far more events than the streams keep, and when there are
no streams any more; each outcome of each mail is told once."""
import collections
import json

import pytest

from support import place
from support.private_redis import PrivateRedis
from support.smtp_client import Client
from support.world import World

from test_one_mail import new_id, send

MAILS, RECIPIENTS, KEPT = 60, 60, 100


def small_nodes(base):
    """Redis trims whole nodes of a stream: with small ones it comes close to events_kept."""
    return PrivateRedis(base, "--stream-node-max-entries", "10")


@pytest.fixture(name="world", scope="module")
def running_world():
    with World(daemon={"events_kept": KEPT}, store=small_nodes) as world:
        yield world


def follow(world, *arguments, seconds=2):
    """The events, as told, and what was said beside them."""
    done = world.cli.run("follow", "--json", "--for", str(seconds), *arguments)
    assert done.returncode in (0, 1), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def place_of_now(world):
    words = world.cli.run("follow", "--for", "1").stderr
    [cursor] = [line.rsplit(" ", 1)[1] for line in words.splitlines() if "follow --after" in line]
    return cursor


def outcomes(events):
    """{(mail, recipient): outcomes}, of the mails; none may be told twice."""
    ids = collections.Counter(event["event_id"] for event in events)
    assert not [one for one, times in ids.items() if times > 1], "an event was told twice"
    seen = collections.Counter((event["trace_id"], event["recipient"]["recipient"], event["action"])
                               for event in events if event.get("recipient"))
    assert set(seen.values()) <= {1}
    return {(mail, to): action.removeprefix("delivery.") for mail, to, action in seen}


def traced(world):
    return {(mail["trace_id"], to["recipient"]): to["state"]
            for mail in world.cli.trace("--since", "-1h") for to in mail["recipients"]}


@pytest.fixture(name="before", scope="module")
def cursor_before_the_mails(world):
    """The place before all mails, which is trimmed away since."""
    cursor = place_of_now(world)
    client = Client(world.postfix.port)
    for _ in range(MAILS):
        codes = client.begin("shop@shop.example", [f"u{i}@sink.example" for i in range(RECIPIENTS)])
        assert set(codes) == {250}
        client.end(new_id())
    client.quit()
    world.wait_until_queue_is_empty()
    place.wait_until(lambda: list(traced(world).values()).count("delivered") == MAILS * RECIPIENTS, 30,
                     "all is delivered", 0.5)
    kept = sum(world.redis.ask("XLEN", key) for key in world.redis.keys("wb:ev:*"))
    assert kept * 1.5 < MAILS * RECIPIENTS, kept
    return cursor


def test_what_was_trimmed_is_told_from_the_records(world, before):
    events, words = follow(world, "--after", before)
    assert "waybill: fell behind: 3,6" in words and "were told from the records" in words
    assert outcomes(events) == traced(world)
    accepted = [event["trace_id"] for event in events if event["action"] == "message.accepted"]
    assert len(accepted) == len(set(accepted)) == MAILS

    to_now = place_of_now(world)
    message_id = send(world, "late@sink.example")
    world.wait_for_states(message_id, {"late@sink.example": "delivered"})
    events, words = follow(world, "--after", to_now)
    assert "fell behind" not in words
    assert sorted(event["action"] for event in events) == ["delivery.delivered", "message.accepted"]
    again, words = follow(world, "--after", events[0]["cursor"])
    assert [event["event_id"] for event in again] == [events[1]["event_id"]] and "fell" not in words


def test_streams_that_are_gone_are_told_from_the_records(world, before):
    world.redis.ask("DEL", *world.redis.keys("wb:ev:*"))
    message_id = send(world, "later@sink.example")
    world.wait_for_states(message_id, {"later@sink.example": "delivered"})
    events, words = follow(world, "--after", before)
    assert "fell behind (event streams are gone): 3,6" in words
    assert outcomes(events) == traced(world)


def test_what_is_no_cursor_is_refused_in_one_line(world):
    for wrong in ("L1", "nonsense", place_of_now(world)[:-1] + "x"):
        done = world.cli.run("follow", "--after", wrong)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("waybill: --after: this ") and done.stderr.count("\n") == 1
