# SPDX-License-Identifier: BSD-2-Clause
"""Who follows goes on where he was: behind far more events than the streams keep, and when there are
no streams any more; each outcome of each mail is told once."""
import collections
import json
import re
import signal
import subprocess

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


def follow(world, cursor, until):
    """Go on there, until these words are said or so many events are told; then Ctrl-C. The events,
    what was said beside them, and where to go on, if he fell behind."""
    told, said = f"{world.base}/told", f"{world.base}/said"
    with open(told, "w+", encoding="utf-8") as out, open(said, "w+", encoding="utf-8") as words:
        with subprocess.Popen([f"{place.BUILD}/waybill", "-c", world.daemon.conf, "follow", "--json",
                               *(["--after", cursor] if cursor else [])], stdout=out, stderr=words,
                              stdin=subprocess.DEVNULL) as process:
            try:
                place.wait_until(lambda: until(read(told), read(said)), 20, "follow tells")
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(20)
    assert process.returncode in (0, 1), read(said)
    goes_on = re.findall("waybill: go on with: waybill follow --after (.*)\n", read(said))
    return [json.loads(line) for line in read(told).splitlines()], read(said), "".join(goes_on)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def until_rebuilt(_, words):
    return "from the records" in words


def place_of_now(world):
    words = world.cli.run("follow", "--for", "1").stderr
    return re.findall("follow --after (.*)\n", words)[0]


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
    events, words, cursor = follow(world, before, until_rebuilt)
    missing = MAILS * (RECIPIENTS + 1) - len(events)  # in streams that were not trimmed
    if missing > 0:
        events += follow(world, cursor, lambda told, _: told.count("\n") >= missing)[0]
    assert "waybill: fell behind: 3," in words and "were told from the records" in words
    assert outcomes(events) == traced(world)
    accepted = [event["trace_id"] for event in events if event["action"] == "message.accepted"]
    assert len(accepted) == len(set(accepted)) == MAILS


def test_who_did_not_fall_behind_goes_on_live(world, before):
    *_, cursor = follow(world, before, until_rebuilt)
    message_id = send(world, "late@sink.example")
    mail = world.wait_for_states(message_id, {"late@sink.example": "delivered"})["trace_id"]
    events, words, _ = follow(world, cursor, lambda told, _: told.count(mail) == 2)
    assert outcomes(events).items() <= traced(world).items() and "fell behind" not in words
    first, last = [event for event in events if event["trace_id"] == mail]
    assert {first["action"], last["action"]} == {"message.accepted", "delivery.delivered"}
    assert last == events[-1]
    again, words, _ = follow(world, events[-2]["cursor"], lambda told, _: mail in told)
    assert again == [last] and "fell behind" not in words


def test_streams_that_are_gone_are_told_from_the_records(world, before):
    *_, cursor = follow(world, before, until_rebuilt)
    known = traced(world)
    message_id = send(world, "later@sink.example")
    world.wait_for_states(message_id, {"later@sink.example": "delivered"})
    world.redis.ask("DEL", *world.redis.keys("wb:ev:*"))
    events, words, _ = follow(world, cursor, until_rebuilt)
    assert "fell behind (event streams are gone): " in words
    told, now = outcomes(events), traced(world)
    assert told.items() <= now.items()  # also those of the minute before
    assert set(told) >= set(now) - set(known) and len(now) == len(known) + 1


def test_what_is_no_cursor_is_refused_in_one_line(world, before):
    for wrong in ("L1", "nonsense", before[:-1] + "x"):
        done = world.cli.run("follow", "--after", wrong)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("waybill: --after: this ") and done.stderr.count("\n") == 1
