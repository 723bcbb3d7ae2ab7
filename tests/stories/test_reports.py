# SPDX-License-Identifier: BSD-2-Clause
"""Reports that come in by the milter: those of our own Postfix, and one of another server that has
our envelope id to show."""
import itertools
import os
import time

import pytest

from support import place
from support.private_postfix import PrivatePostfix
from support.reports import new_key, reports_on
from support.smtp_client import Client
from support.world import World
from support.xclient_proxy import XclientProxy

SENDER = "sender@shop.example"
SOON = {"delay_warning_time": "1s"}
LARGE = {"message_size_limit": "40000000", "bounce_size_limit": "40000000"}
numbers = itertools.count(1)


def new_id():
    return f"report-{next(numbers)}-{os.getpid()}@shop.example"


def send(world, to, notify=None, parameters=""):
    """One mail to one recipient; returns its Message-ID."""
    message_id = new_id()
    client = Client(world.postfix.port)
    client.say(f"MAIL FROM:<{SENDER}>{parameters}", 250)
    client.say(f"RCPT TO:<{to}>" + (f" NOTIFY={notify}" if notify else ""), 250)
    client.end(message_id)
    client.quit()
    return message_id


def wait_for_report(world, message_id, kind, state, to):
    """Until the mail has a report of this kind about `to`, and is in this state; returns both."""
    waybill = world.wait_for_states(message_id, {to: state})
    found = place.wait_until(
        lambda: [fact for fact in reports_on(world, waybill) if fact["kind"] == kind], 30,
        f"a report says {kind} of <{message_id}>\n{world.daemon.log_text()[-2000:]}", 0.2)
    assert len(found) == 1, found
    return waybill, found[0]


def waybill_of_report(world, fact):
    """The waybill of the report itself."""
    queue_id = fact["bq"]
    found = [waybill for waybill in world.cli.trace("--from", "<>") if waybill["queue_id"] == queue_id]
    assert len(found) == 1, found
    return found[0]


def each_names_the_other(world, waybill, fact):
    """`waybill show` leads from the mail to the report, and back."""
    report = waybill_of_report(world, fact)
    place.wait_until(lambda: report["trace_id"] in world.cli.text("show", waybill["trace_id"]), 20,
                     "the mail's page names the report")
    place.wait_until(lambda: waybill["trace_id"] in world.cli.text("show", report["trace_id"]), 20,
                     "the report's page names the mail")


@pytest.fixture(name="with_log", scope="module")
def world_with_the_log():
    with World(postfix={**SOON, **LARGE}) as world:
        yield world


@pytest.fixture(name="without_log", scope="module")
def world_without_the_log():
    base = place.new_directory("story")
    empty = f"{base}/empty.log"
    with open(empty, "w", encoding="ascii"):
        pass
    with World(base=base, postfix={"internal_name": "INTERNAL", **SOON},
               daemon={"log_source": [empty], "internal_daemon_name": "INTERNAL"}) as world:
        yield world


@pytest.fixture(name="either", params=["with_log", "without_log"])
def with_the_log_or_without(request):
    """Where the log is not read, {daemon_name} is all that makes a report our own."""
    return request.getfixturevalue(request.param)


def side(world):
    return "internal" if world.postfix.internal_name else "local"


def test_a_bounce_says_why(either):
    to = f"never-{next(numbers)}@sink.example"
    waybill, fact = wait_for_report(either, send(either, to), "failed", "failed", to)
    assert fact["side"] == side(either)
    assert fact["reason"] == "userunknown"
    assert fact["dsn"] == "5.1.1"
    assert fact["to"] == to
    each_names_the_other(either, waybill, fact)


def test_a_bounce_that_returns_20_mb_is_read(with_log):
    to, message_id = f"never-{next(numbers)}@sink.example", new_id()
    client = Client(with_log.postfix.port)
    client.begin(SENDER, [to], " RET=FULL")
    client.end(message_id, text="So much to say, and nobody to hear it.\r\n" * 500_000)
    client.quit()
    waybill, fact = wait_for_report(with_log, message_id, "failed", "failed", to)
    assert fact["to"] == to
    size = place.wait_until(lambda: waybill_of_report(with_log, fact)["size"], 20, "the report is queued")
    assert int(size) > 20_000_000
    each_names_the_other(with_log, waybill, fact)


def test_a_delay_warning_is_read(either):
    to = f"busy-{next(numbers)}@sink.example"
    message_id = send(either, to)
    waybill, fact = wait_for_report(either, message_id, "delayed", "delayed", to)
    assert fact["action"] == "delayed"
    assert int(fact["until"]) > int(time.time() * 1000)
    each_names_the_other(either, waybill, fact)
    either.postfix.command("postsuper", "-d", waybill["queue_id"])


def test_a_success_report_is_read(either):
    message_id = send(either, "ann@box.example", notify="SUCCESS")
    waybill, fact = wait_for_report(either, message_id, "delivered", "delivered", "ann@box.example")
    assert fact["action"] == "delivered"
    each_names_the_other(either, waybill, fact)


def test_an_alias_is_told_expanded(with_log):
    message_id = send(with_log, "team@alias.example", notify="SUCCESS")
    waybill = with_log.wait_for_states(message_id, {
        "team@alias.example": "expanded", "team1@sink.example": "delivered",
        "team2@sink.example": "delivered"})
    fact = place.wait_until(lambda: reports_on(with_log, waybill), 30, "the report is read")[0]
    assert (fact["kind"], fact["to"]) == ("expanded", "team@alias.example")


def test_an_alias_is_told_expanded_without_the_log(without_log):
    message_id = send(without_log, "team@alias.example", notify="SUCCESS")
    wait_for_report(without_log, message_id, "expanded", "expanded", "team@alias.example")


def test_an_address_beyond_ascii_is_found_in_its_report(either):
    to = f"never-δοκιμή{next(numbers)}@sink.example"
    message_id = send(either, to, parameters=" SMTPUTF8 BODY=8BITMIME")
    waybill, fact = wait_for_report(either, message_id, "failed", "failed", to)
    assert fact["to"] == to
    each_names_the_other(either, waybill, fact)


# ---- of another server ----

class Relayed:
    """Our Postfix sends all to a second one, which takes it and sends it to a third server, which
    may refuse it. The second one's bounce comes back to our smtpd; there its name is
    relay.next.example. Our own sender's mails end at our Postfix."""

    NAME, ADDRESS = "relay.next.example", "192.0.2.25"

    def __init__(self):
        base = place.new_directory("story")
        self.world = World(base=base, postfix={
            "relay_domains": "shop.example",
            "transport_maps": "inline:{ {shop.example = discard:} }",
            "sender_canonical_maps": "inline:{ {old@shop.example = new@shop.example} }",
            "sender_bcc_maps": "inline:{ {new@shop.example = ok-copy@next.example} }"},
                           daemon={"stamp_envid": "yes", "key_file": new_key(f"{base}/key")})
        ours = self.world.postfix
        self.way_back = XclientProxy(place.free_port(), ours.port, self.NAME, self.ADDRESS)
        self.second = PrivatePostfix(
            f"{base}/second", self.world.sink.port, name="second", myhostname=self.NAME,
            transport_maps=f"inline:{{ {{shop.example = smtp:[127.0.0.1]:{self.way_back.port}}} }}")
        ours.set(relayhost=f"[127.0.0.1]:{self.second.port}")

    def __enter__(self):
        try:
            self.way_back.start()
            self.second.start()
            self.world.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self.second.stop()
            self.way_back.stop()
        finally:
            self.world.close()


@pytest.fixture(name="relayed", scope="module")
def world_with_a_second_server():
    with Relayed() as relayed:
        yield relayed


def test_a_late_bounce_with_our_envelope_id_beats_delivered(relayed):
    world = relayed.world
    to = "never-bob@next.example"
    message_id = send(world, to)
    waybill, fact = wait_for_report(world, message_id, "failed", "failed", to)
    assert fact["side"] == "smtp" and fact["token"] == "1"
    assert (fact["client"], fact["ip"]) == (relayed.NAME, relayed.ADDRESS)
    kinds = [fact["kind"] for fact in world.cli.show(waybill["trace_id"])["timeline"]]
    assert "delivered" in kinds  # the log says that the second server took it
    assert "proved" in world.cli.text("show", waybill["trace_id"])
    assert any("delivery.failed" in event.values() for event in world.events())
    each_names_the_other(world, waybill, fact)


def test_a_mail_that_arrives_is_not_changed_by_its_envelope_id(relayed):
    world = relayed.world
    message_id = send(world, "ok-carl@sink.example")
    world.wait_for_states(message_id, {"ok-carl@sink.example": "delivered"})
    mail = place.wait_until(
        lambda: [mail for mail in world.sink.mails if mail["message_id"] == message_id], 20,
        "the third server has it")[0]
    assert mail["from"] == SENDER and mail["to"] == ["ok-carl@sink.example"]


@pytest.mark.parametrize("sender,parameters", [
    ('"a b"@shop.example', ""), ("jörg@shop.example", " SMTPUTF8"), ("", ""),
    ("o'neil+x=y@shop.example", ""), ("l" * 64 + "@" + "d" * 60 + ".shop.example", ""),
    ("alice%elsewhere@shop.example", "")])
def test_every_sender_arrives_as_it_was_given(relayed, sender, parameters):
    message_id = new_id()
    client = Client(relayed.world.postfix.port)
    client.send(sender, ["ok-dora@sink.example"], message_id, parameters=parameters)
    client.quit()
    mail = place.wait_until(
        lambda: [mail for mail in relayed.world.sink.mails if mail["message_id"] == message_id], 30,
        "the third server has it")[0]
    assert mail["from"] == sender


def test_what_postfix_does_with_a_sender_it_does_once(relayed):
    """The envelope id is put by naming the sender once more, as typed: maps apply to it again."""
    message_id = new_id()
    client = Client(relayed.world.postfix.port)
    client.send("old@shop.example", ["ok-emil@sink.example"], message_id)
    client.quit()
    relayed.world.wait_until_queue_is_empty()
    place.wait_until(lambda: relayed.second.queue() == 0, 30, "the second server's queue is empty")
    mails = [mail for mail in relayed.world.sink.mails if mail["message_id"] == message_id]
    assert {mail["from"] for mail in mails} == {"new@shop.example"}
    assert sorted(to for mail in mails for to in mail["to"]) == \
        ["ok-copy@next.example", "ok-emil@sink.example"]


def test_the_reports_are_counted(without_log):
    """Runs last, since it stops the daemon, which then writes its counters."""
    without_log.daemon.stop()
    counters = without_log.cli.objects("stats")[0]["counters"]
    assert counters["reports_bounces"] >= 5
    assert counters.get("reports_unread", 0) == counters.get("reports_partial", 0) == 0
