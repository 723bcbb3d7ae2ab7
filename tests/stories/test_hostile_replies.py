# SPDX-License-Identifier: BSD-2-Clause
"""The next mail server answers 2,000 times with words that imitate the log: no verdict is false."""
import collections
import json

from support import place
from support.hostile_sink import HostileSink
from support.smtp_client import send_many
from support.cli import states
from support.world import World

from conftest import scaled

AT_RCPT, AT_DATA, IN_A_MAIL = scaled(1700, 200), scaled(300, 40), 50
# Each hostile answer is asked for once.
PATIENCE = {"minimal_backoff_time": "1h", "maximal_backoff_time": "2h", "queue_run_delay": "1h"}


def mails_to_send():
    """(sender, recipients, Message-ID); each mail to many has one that takes it, too."""
    many = [([f"rcpt-{number}@sink.example" for number in range(first, first + IN_A_MAIL)]
             + [f"ok-{first}@sink.example"], f"rcpt-{first}@shop.example")
            for first in range(0, AT_RCPT, IN_A_MAIL)]
    one = [([f"data-{number}@sink.example"], f"data-{number}@shop.example") for number in range(AT_DATA)]
    return [("sender@shop.example", *mail) for mail in many + one]


def queued(world):
    """(recipients that Postfix still tries, is it still busy?)"""
    mails = [json.loads(line) for line in world.postfix.command("postqueue", "-j").split("\n") if line]
    return ({to["address"] for mail in mails for to in mail["recipients"]},
            any(mail["queue_name"] != "deferred" for mail in mails))


def wait_for_postfix(world):
    """Until it made up its mind on all; returns whom it still tries."""
    place.wait_until(lambda: len(world.sink.truth) == AT_RCPT + AT_DATA and not queued(world)[1], 120,
                     "Postfix has tried all", 0.5)
    return queued(world)[0]


def test_no_reply_makes_a_false_verdict():
    mails = mails_to_send()
    with World(sink=HostileSink, postfix=PATIENCE) as world:
        _, failed = send_many(world.postfix.port, mails, sessions=4)
        assert failed == []
        still_tried = wait_for_postfix(world)
        truth = {to: "delivered" if to.startswith("ok-") else "delayed" if to in still_tried else "failed"
                 for _, recipients, _ in mails for to in recipients}
        # What Postfix did is what the sink said: else it is another story than ours.
        assert {to: truth[to] for to in world.sink.truth} == world.sink.truth
        place.wait_until_rests(world.outcomes)
        traced = world.wait_until_traced([mail[2] for mail in mails])
        told = {message_id: states(waybill) for message_id, waybill in traced.items()}
        false = {to: (state, truth.get(to)) for mail in told.values() for to, state in mail.items()
                 if state != truth.get(to)}
        assert false == {}
        assert told == {message_id: {to: truth[to] for to in recipients} for _, recipients, message_id in mails}
        print(collections.Counter(truth.values()))
