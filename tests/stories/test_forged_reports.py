# SPDX-License-Identifier: BSD-2-Clause
"""Reports that are not what they say. They are shown, as claims, and change nothing: neither a state
nor what the event streams tell."""
import itertools
import os

import pytest

from support import place
from support.reports import bounce, new_key, reports_on
from support.smtp_client import Client
from support.world import World

SENDER = "sender@shop.example"
numbers = itertools.count(1)


@pytest.fixture(name="world", scope="module")
def world_that_stamps():
    base = place.new_directory("story")
    with World(base=base, postfix={"relay_domains": "shop.example"}, daemon={"stamp_envid": "yes", "key_file": new_key(f"{base}/key")}) as world:
        yield world


class Sent:
    """A mail of ours that was delivered, with all that a forger could want to know."""

    def __init__(self, world):
        self.world = world
        self.message_id = f"forged-{next(numbers)}-{os.getpid()}@shop.example"
        self.to = f"ok-{next(numbers)}@next.example"
        client = Client(world.postfix.port)
        client.send(SENDER, [self.to], self.message_id)
        client.quit()
        self.waybill = world.wait_for_states(self.message_id, {self.to: "delivered"})
        self.queue_id = self.waybill["queue_id"]
        self.token = next(fact["envid"] for fact in world.facts(self.queue_id) if "envid" in fact)
        self.events = self.events_now()

    def events_now(self):
        number = self.world.number_of(self.queue_id)
        return [event for event in self.world.events() if number in event.values()]

    def is_untouched(self, client=None):
        """A claim about it has come in, and changed nothing."""
        claims = place.wait_until(lambda: reports_on(self.world, self.waybill), 30,
                                  "the claim is in the record", 0.2)
        assert client is None or any(claim["ip"] == client for claim in claims), claims
        self.world.wait_until_queue_is_empty()
        assert self.world.states(self.message_id) == {self.to: "delivered"}
        assert self.events_now() == self.events
        assert "claimed" in self.world.cli.text("show", self.waybill["trace_id"])


FORGER = "192.0.2.66"


def send_from(world, mail, name="mx.evil.example", address=FORGER):
    """A whole mail from a stranger, as if it were a bounce."""
    client = Client(world.postfix.port)
    client.say(f"XCLIENT NAME={name} ADDR={address} PORT=4711", 220)
    client.say(f"EHLO {name}", 250)
    client.say("MAIL FROM:<>", 250)
    client.say(f"RCPT TO:<{SENDER}>", 250)
    client.say("DATA", 354)
    client.write(mail.replace("\n", "\r\n").encode() + b"\r\n")
    client.say(".", 250)
    client.quit()


def test_a_local_user_can_write_a_bounce_but_not_make_it_true(world):
    sent = Sent(world)
    world.postfix.sendmail("<>", [SENDER], bounce(
        sent.to, queue_id=sent.queue_id, message_id=sent.message_id, reporting="mx.example",
        token=sent.token))
    sent.is_untouched("127.0.0.1")


def test_the_right_message_id_proves_nothing(world):
    sent = Sent(world)
    send_from(world, bounce(sent.to, message_id=sent.message_id))
    sent.is_untouched(FORGER)


def test_the_right_queue_id_proves_nothing(world):
    sent = Sent(world)
    send_from(world, bounce(sent.to, queue_id=sent.queue_id, reporting="mx.example"))
    sent.is_untouched(FORGER)


def test_a_token_of_another_mail_proves_nothing(world):
    sent, other = Sent(world), Sent(world)
    send_from(world, bounce(sent.to, token=other.token, queue_id=sent.queue_id,
                            message_id=sent.message_id, reporting="mx.example"),
              name="mx.next.example")
    # It is a claim about the mail of its token, which has no such recipient.
    other.is_untouched()
    assert world.states(sent.message_id) == {sent.to: "delivered"}
    assert sent.events_now() == sent.events


def test_a_token_that_is_not_ours_proves_nothing(world):
    sent = Sent(world)
    wrong = sent.token[:-1] + ("A" if sent.token[-1] != "A" else "B")
    send_from(world, bounce(sent.to, token=wrong, message_id=sent.message_id), name="mx.next.example")
    sent.is_untouched()
    assert all("token" not in claim for claim in reports_on(world, sent.waybill))


def test_the_right_token_with_a_foreign_recipient_proves_nothing(world):
    sent = Sent(world)
    send_from(world, bounce("stranger@next.example", token=sent.token), name="mx.next.example")
    sent.is_untouched(FORGER)


def test_token_and_recipient_from_a_wrong_client_prove_nothing(world):
    sent = Sent(world)
    send_from(world, bounce(sent.to, token=sent.token, message_id=sent.message_id))
    sent.is_untouched(FORGER)


def test_a_name_that_is_not_confirmed_proves_nothing(world):
    sent = Sent(world)
    send_from(world, bounce(sent.to, token=sent.token), name="[UNAVAILABLE]")
    sent.is_untouched(FORGER)


def test_a_genuine_report_that_is_replayed_changes_nothing(world):
    sent = Sent(world)
    genuine = bounce(sent.to, token=sent.token, message_id=sent.message_id)
    send_from(world, genuine, name="mx.next.example", address="192.0.2.25")
    world.wait_for_states(sent.message_id, {sent.to: "failed"})
    before, page = sent.events_now(), world.cli.show(sent.waybill["trace_id"])
    send_from(world, genuine)
    place.wait_until(lambda: len(world.cli.trace("--from", "<>", "--client", FORGER)) > 0, 30,
                     "the replay is traced")
    world.wait_until_queue_is_empty()
    assert world.states(sent.message_id) == {sent.to: "failed"}
    assert sent.events_now() == before
    assert world.cli.show(sent.waybill["trace_id"])["recipients"] == page["recipients"]


def test_a_replay_of_another_mails_report_changes_nothing(world):
    """A genuine bounce of one mail, with the names of another written into it."""
    sent, other = Sent(world), Sent(world)
    send_from(world, bounce(other.to, token=sent.token, message_id=sent.message_id,
                            queue_id=sent.queue_id, reporting="mx.example"), name="mx.next.example")
    sent.is_untouched()
    assert world.states(other.message_id) == {other.to: "delivered"}
