# SPDX-License-Identifier: BSD-2-Clause
"""A real Sendmail instead of Postfix: the milter and the log join by queue id, and `waybill` tells the
truth of each mail. Skipped, with the reason, where its packages cannot be had."""
import itertools
import os

import pytest

from support import place
from support.cli import states
from support.private_sendmail import PrivateSendmail
from support.smtp_client import Client
from support.world import World

SENDER = "sender@shop.example"
numbers = itertools.count(1)


@pytest.fixture(name="world", scope="module")
def world_with_sendmail():
    with World(mta=PrivateSendmail) as world:
        yield world


def send(world, *recipients, parameters="", to_parameters=""):
    """Send one mail to those that are taken; returns (Message-ID, codes of the RCPTs)."""
    message_id = f"sendmail-{next(numbers)}-{os.getpid()}@shop.example"
    client = Client(world.postfix.port)
    client.say(f"MAIL FROM:<{SENDER}>{parameters}", 250)
    codes = [client.say(f"RCPT TO:<{to}>{to_parameters}")[0] for to in recipients]
    if 250 in codes:
        client.end(message_id)
    client.quit()
    return message_id, codes


def timeline(world, waybill):
    return world.cli.show(waybill["trace_id"])["timeline"]


def one(waybill, address):
    return next(to for to in waybill["recipients"] if to["recipient"] == address)


def not_understood(world):
    """Lines that name a mail and were not read; a counter that is nought is not there."""
    counters = world.cli.objects("stats")[0]["counters"]
    assert counters["log_lines"] > 0, counters
    return counters.get("log_not_understood", 0)


def test_a_delivered_mail_is_one_waybill_of_milter_and_log(world):
    message_id, _ = send(world, "ok-1@sink.example")
    waybill = world.wait_for_states(message_id, {"ok-1@sink.example": "delivered"})
    facts = list(world.facts(waybill["queue_id"]))
    assert {fact["witness"] for fact in facts} == {"m", "l"}, facts
    assert waybill["sender"] == SENDER and waybill["finished"]
    delivered = next(fact for fact in facts if fact["kind"] == "delivered")
    assert delivered["next"].startswith("SINK") and delivered["relay"] == "127.0.0.1[127.0.0.1]"
    assert ("ok-1@sink.example", message_id) in world.sink.recipients()


def test_sendmail_says_how_long_the_next_server_took(world):
    message_id, _ = send(world, "slow-1@sink.example")
    waybill = world.wait_for_states(message_id, {"slow-1@sink.example": "delivered"})
    delay = world.cli.show(waybill["trace_id"])["recipients"][0]["delay"]
    assert delay["largest"] == "transfer" and delay["parts_ms"]["transfer"] >= 1000, delay


def test_each_of_several_recipients_has_his_own_fate(world):
    message_id, codes = send(world, "ok-2@sink.example", "never-2@sink.example",
                             "later-2@sink.example", "nouser@local.example",
                             "refused@local.example", "games@local.example")
    assert codes == [250, 250, 250, 550, 550, 250]
    waybill = world.wait_for_states(message_id, {
        "ok-2@sink.example": "delivered", "never-2@sink.example": "failed",
        "later-2@sink.example": "delivered", "nouser@local.example": "rejected",
        "refused@local.example": "rejected", "games@local.example": "delivered"})
    assert waybill["finished"]
    assert "no such user here" in one(waybill, "never-2@sink.example")["response"]
    assert one(waybill, "later-2@sink.example")["attempts"] == 2
    assert "User unknown" in one(waybill, "nouser@local.example")["response"]
    assert one(waybill, "never-2@sink.example")["reason"] == "userunknown"
    kinds = [fact["kind"] for fact in timeline(world, waybill)]
    assert kinds.count("notified") == 1 and kinds.count("delayed") == 1, kinds


def test_the_report_to_the_sender_is_followed(world):
    message_id, _ = send(world, "never-4@sink.example")
    waybill = world.wait_for_states(message_id, {"never-4@sink.example": "failed"})
    step, = place.wait_until(lambda: world.cli.show(waybill["trace_id"])["chain"], 20,
                             "the report is found", 0.3)
    assert step["way"] == "report" and states(step) == {SENDER: "delivered"}
    page = world.cli.text("show", waybill["trace_id"])
    assert "Our server sent the sender a report." in " ".join(page.split())
    assert f"reported to the sender, went on as {step['queue_id']}" in page


def test_words_that_imitate_the_log_fool_nobody(world):
    message_id, _ = send(world, "lies-3@sink.example")
    waybill = world.wait_for_states(message_id, {"lies-3@sink.example": "failed"})
    assert one(waybill, "lies-3@sink.example")["status"] == "5.1.1"


def test_a_mail_to_nobody_was_refused(world):
    message_id, codes = send(world, "nouser@local.example")
    assert codes == [550]
    found = place.wait_until(lambda: world.cli.trace("--to", "nouser@local.example", "--state", "rejected"),
                             20, "the refusal is traced", 0.3)
    assert all(message_id not in (waybill["message_id"] or "") for waybill in found)


def test_an_alias_is_expanded_and_its_members_are_named(world):
    message_id, _ = send(world, "list@local.example")
    waybill = world.wait_for_states(message_id, {
        "list@local.example": "expanded", "games": "delivered", "ok-list@sink.example": "delivered"})
    assert waybill["finished"]


def test_a_receipt_that_was_asked_for_is_no_failure(world):
    message_id, _ = send(world, "games@local.example", to_parameters=" NOTIFY=SUCCESS")
    waybill = world.wait_for_states(message_id, {"games@local.example": "delivered"})
    receipt = place.wait_until(
        lambda: [fact for fact in timeline(world, waybill) if fact["kind"] == "notified"], 20,
        "the receipt is told", 0.3)
    assert len(receipt) == 1
    notified = next(fact for fact in world.facts(waybill["queue_id"]) if fact["kind"] == "notified")
    assert notified["cause"] == "DSN: Return receipt"
    assert notified["next"] != waybill["queue_id"]


def test_nothing_of_the_log_was_left_unread(world):
    """Runs last of those that share a world, since it stops the daemon."""
    world.daemon.stop()
    assert not_understood(world) == 0


def test_a_server_that_was_away_gets_its_mail_in_the_end():
    with World(mta=PrivateSendmail) as world:
        world.sink.stop()
        message_id, _ = send(world, "ok-away@sink.example")
        waybill = world.wait_for_states(message_id, {"ok-away@sink.example": "delayed"})
        assert "refused" in one(waybill, "ok-away@sink.example")["response"]
        assert not waybill["finished"]
        world.sink.start()
        waybill = world.wait_for_states(message_id, {"ok-away@sink.example": "delivered"}, 60)
        assert waybill["finished"] and one(waybill, "ok-away@sink.example")["attempts"] > 1


def test_a_mail_that_is_given_up_has_expired():
    with World(mta=PrivateSendmail,
               postfix={"confTO_QUEUEWARN": "3s", "confTO_QUEUERETURN": "8s"}) as world:
        message_id, _ = send(world, "busy-1@sink.example", "ok-5@sink.example")
        waybill = world.wait_for_states(message_id, {"busy-1@sink.example": "expired",
                                                     "ok-5@sink.example": "delivered"}, 60)
        assert waybill["finished"]
        causes = [fact["cause"] for fact in world.facts(waybill["queue_id"])
                  if fact["kind"] == "notified"]
        assert sorted(cause.split(": ")[0] for cause in causes) == ["sender notify"] * 2
        assert waybill["message_id"] == f"<{message_id}>"


def test_a_log_that_tells_more_says_the_same():
    """At LogLevel 14 it names aliases and says when a mail is done, and shows every command."""
    with World(mta=PrivateSendmail, postfix={"log_level": 14}) as world:
        message_id, _ = send(world, "list@local.example", "later-6@sink.example")
        waybill = world.wait_for_states(message_id, {
            "list@local.example": "expanded", "games": "delivered",
            "ok-list@sink.example": "delivered", "later-6@sink.example": "delivered"})
        place.wait_until(lambda: "removed" in [fact["kind"] for fact in world.facts(waybill["queue_id"])],
                         20, "the mail is done", 0.3)
        world.daemon.stop()
        assert not_understood(world) == 0
