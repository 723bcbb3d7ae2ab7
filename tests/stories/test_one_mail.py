# SPDX-License-Identifier: BSD-2-Clause
"""One mail after the other, from its first RCPT to its end, as `waybill` tells it."""
import itertools
import os

import pytest

from support import place
from support.smtp_client import Client

SENDER = "sender@shop.example"
numbers = itertools.count(1)


def new_id():
    return f"story-{next(numbers)}-{os.getpid()}@shop.example"


def send(world, *recipients, **more):
    """Send one mail; returns its Message-ID."""
    message_id = new_id()
    client = Client(world.postfix.port)
    client.send(SENDER, recipients, message_id, **more)
    client.quit()
    return message_id


def one(waybill, address):
    """The recipient of that address."""
    return next(to for to in waybill["recipients"] if to["recipient"] == address)


def kinds(world, waybill):
    """What happened, in order: ["mail", "rcpt", ...]"""
    return [fact["kind"] for fact in world.cli.show(waybill["trace_id"])["timeline"]]


def test_a_delivered_mail_tells_who_took_it(world):
    message_id = send(world, "ok-ann@sink.example", subject="Grüße\t=?utf-8?q?x?=")
    waybill = world.wait_for_states(message_id, {"ok-ann@sink.example": "delivered"})
    assert waybill["sender"] == SENDER
    assert waybill["message_id"] == f"<{message_id}>"
    to = one(waybill, "ok-ann@sink.example")
    assert to["delivered_to"] == "next_hop"
    assert "queued as SINK" in to["response"]
    assert to["status"] == "2.0.0"


def test_a_mailbox_is_told_from_a_next_hop(world):
    message_id = send(world, "ann@box.example")
    waybill = world.wait_for_states(message_id, {"ann@box.example": "delivered"})
    assert one(waybill, "ann@box.example")["delivered_to"] == "mailbox"


def test_a_delay_stays_visible_after_the_delivery(world):
    to = f"later-{next(numbers)}@sink.example"
    message_id = send(world, to)
    waybill = world.wait_for_states(message_id, {to: "delivered"})
    assert one(waybill, to)["attempts"] == 2
    seen = kinds(world, waybill)
    assert seen.index("delayed") < seen.index("delivered")
    page = world.cli.text("show", waybill["trace_id"])
    assert page.index("milter  sender ") < page.index("put off by") < page.index(" taken by")
    assert "the mail waited because" in page, page


def test_a_mail_that_is_still_tried_is_delayed(world):
    message_id = send(world, "busy-1@sink.example")
    waybill = world.wait_for_states(message_id, {"busy-1@sink.example": "delayed"})
    assert "busy, come again" in one(waybill, "busy-1@sink.example")["response"]
    queue_id = waybill["queue_id"]
    world.postfix.command("postsuper", "-d", queue_id)
    world.wait_for_states(message_id, {"busy-1@sink.example": "canceled"})


def test_a_bounce_names_the_words_of_the_other_side(world):
    message_id = send(world, "never-carl@sink.example")
    waybill = world.wait_for_states(message_id, {"never-carl@sink.example": "failed"})
    to = one(waybill, "never-carl@sink.example")
    assert to["status"] == "5.1.1"
    assert "no such user here" in to["response"]


def test_words_that_imitate_a_log_line_give_no_false_verdict(world):
    message_id = send(world, "lies@sink.example")
    waybill = world.wait_for_states(message_id, {"lies@sink.example": "failed"})
    assert one(waybill, "lies@sink.example")["next_queue_id"] is None
    page = world.cli.text("show", waybill["trace_id"])
    assert "\x1b" not in page


def test_two_recipients_have_two_fates(world):
    message_id = send(world, "ok-dora@sink.example", "full-emil@sink.example")
    world.wait_for_states(message_id, {"ok-dora@sink.example": "delivered",
                                       "full-emil@sink.example": "failed"})


def test_a_refused_recipient_stands_beside_a_taken_one(world):
    message_id = new_id()
    client = Client(world.postfix.port)
    assert client.begin(SENDER, ["refused@sink.example", "ok-1@sink.example",
                                 "nouser@box.example"]) == [550, 250, 550]
    client.end(message_id)
    client.quit()
    waybill = world.wait_for_states(message_id, {
        "refused@sink.example": "rejected", "ok-1@sink.example": "delivered",
        "nouser@box.example": "rejected"})
    assert "we do not take mail" in one(waybill, "refused@sink.example")["response"]
    assert one(waybill, "nouser@box.example")["status"] == "5.1.1"


def test_a_mail_with_no_accepted_recipient_is_found_once(world):
    sender = f"refused-{new_id()}"
    client = Client(world.postfix.port)
    assert client.begin(sender, ["refused@sink.example"]) == [550]
    client.quit()
    found = place.wait_until(lambda: world.cli.trace("--from", sender), 20, "the refusal is there")
    # The log says the same with NOQUEUE: it must not become a second waybill.
    world.wait_until_queue_is_empty()
    found = world.cli.trace("--from", sender)
    assert len(found) == 1
    assert [to["state"] for to in found[0]["recipients"]] == ["rejected"]


def leave_after_mail(client, sender):
    client.say(f"MAIL FROM:<{sender}>", 250)
    client.cut()


def leave_after_rcpt(client, sender):
    client.begin(sender, ["ok-gone@sink.example"])
    client.cut()


def leave_after_data(client, sender):
    client.begin(sender, ["ok-gone@sink.example"])
    client.say("DATA", 354)
    client.cut()


def leave_in_the_header(client, sender):
    client.begin(sender, ["ok-gone@sink.example"])
    client.say("DATA", 354)
    client.write(b"Subject: half a hea")
    client.cut()


def leave_in_the_body(client, sender):
    client.begin(sender, ["ok-gone@sink.example"])
    client.say("DATA", 354)
    client.write(b"Subject: all\r\n\r\n" + b"some of the body\r\n" * 5000)
    client.cut()


def begin_anew(client, sender):
    client.begin(sender, ["ok-gone@sink.example"])
    client.say("RSET", 250)
    client.quit()


def quit_before_data(client, sender):
    client.begin(sender, ["ok-gone@sink.example"])
    client.quit()


@pytest.mark.parametrize("leave", [leave_after_rcpt, leave_after_data, leave_in_the_header,
                                   leave_in_the_body, begin_anew, quit_before_data])
def test_a_client_that_goes_away_leaves_an_abandoned_mail(world, leave):
    sender = f"{leave.__name__}@shop.example"
    leave(Client(world.postfix.port), sender)
    found = place.wait_until(lambda: world.cli.trace("--from", sender), 30, "the mail is traced", 0.2)
    assert [(to["recipient"], to["state"]) for to in found[0]["recipients"]] == \
        [("ok-gone@sink.example", "abandoned")]
    assert found[0]["abandoned_in"]


def test_a_client_that_goes_away_after_mail_leaves_a_trace(world):
    sender = "leave_after_mail@shop.example"
    leave_after_mail(Client(world.postfix.port), sender)
    found = place.wait_until(lambda: world.cli.trace("--from", sender), 30, "the mail is traced", 0.2)
    assert found[0]["recipients"] == []
    assert found[0]["abandoned_in"]


def test_mails_of_one_session_share_nothing(world):
    client = Client(world.postfix.port)
    client.begin("first@shop.example", ["ok-left@sink.example"])
    client.say("RSET", 250)
    first, second = new_id(), new_id()
    client.send("second@shop.example", ["ok-2@sink.example"], first, subject="first")
    assert client.begin("third@shop.example", ["refused@sink.example", "ok-3@sink.example"]) == [550, 250]
    client.end(second, subject="second")
    client.quit()
    one_ = world.wait_for_states(first, {"ok-2@sink.example": "delivered"})
    two = world.wait_for_states(second, {"ok-3@sink.example": "delivered",
                                         "refused@sink.example": "rejected"})
    assert (one_["sender"], one_["subject"]) == ("second@shop.example", "first")
    assert (two["sender"], two["subject"]) == ("third@shop.example", "second")
    assert one_["trace_id"] != two["trace_id"]


def test_a_mail_handed_in_on_the_command_line_is_traced(world):
    message_id = new_id()
    world.postfix.sendmail("local@shop.example", ["ok-pickup@sink.example"],
                           f"Message-ID: <{message_id}>\nSubject: from a script\n\nHello.\n")
    waybill = world.wait_for_states(message_id, {"ok-pickup@sink.example": "delivered"})
    assert waybill["sender"] == "local@shop.example"


@pytest.mark.skipif(not place.have_ipv6(), reason="no IPv6 on this machine")
def test_an_ipv6_client_is_named_by_its_address(world):
    message_id = new_id()
    client = Client(world.postfix.port, host="::1")
    client.send(SENDER, ["ok-six@sink.example"], message_id)
    client.quit()
    waybill = world.wait_for_states(message_id, {"ok-six@sink.example": "delivered"})
    assert waybill["client"]["ip"] == "::1"


def test_client_and_login_are_those_of_the_session(world):
    message_id = new_id()
    client = Client(world.postfix.port)
    client.say("XCLIENT NAME=laptop.shop.example ADDR=192.0.2.77 PORT=4711 LOGIN=ann HELO=laptop", 220)
    client.say("EHLO laptop.shop.example", 250)
    client.begin(SENDER, ["ann@box.example"])
    client.end(message_id)
    client.quit()
    waybill = world.wait_for_states(message_id, {"ann@box.example": "delivered"})
    assert waybill["client"]["ip"] == "192.0.2.77"
    assert waybill["client"]["name"] == "laptop.shop.example"
    assert waybill["client"]["auth_user"] == "ann"
    assert [found["trace_id"] for found in world.cli.trace("--login", "ann")] == [waybill["trace_id"]]
    assert [found["trace_id"] for found in world.cli.trace("--client", "192.0.2.77")] == [waybill["trace_id"]]


def test_addresses_beyond_ascii_are_found(world):
    message_id = new_id()
    client = Client(world.postfix.port)
    client.send("jörg@shop.example", ["ok-δοκιμή@sink.example"], message_id,
                parameters=" SMTPUTF8 BODY=8BITMIME")
    client.quit()
    waybill = world.wait_for_states(message_id, {"ok-δοκιμή@sink.example": "delivered"})
    assert waybill["sender"] == "jörg@shop.example"
    assert [found["trace_id"] for found in world.cli.trace("--from", "jörg@shop.example")] == [waybill["trace_id"]]


def test_a_virtual_alias_names_its_members(world):
    message_id = send(world, "team@alias.example")
    waybill = world.wait_for_states(message_id, {
        "team@alias.example": "expanded", "team1@sink.example": "delivered",
        "team2@sink.example": "delivered"})
    assert one(waybill, "team1@sink.example")["original_recipient"] == "team@alias.example"
    assert [found["trace_id"] for found in world.cli.trace("--to", "team@alias.example")] == [waybill["trace_id"]]


def test_a_local_alias_goes_on_under_another_queue_id(world):
    message_id = send(world, "list@mx.example")
    place.wait_until(lambda: len(world.cli.trace("--message-id", message_id)) == 2, 30,
                     "the mail and its forward are traced", 0.3)
    place.wait_until(
        lambda: sorted(to["state"] for found in world.cli.trace("--message-id", message_id)
                       for to in found["recipients"]) == ["delivered", "expanded"],
        30, "one expanded, one delivered", 0.3)


def test_the_two_mails_of_one_message_id_stay_two(world):
    message_id = new_id()
    client = Client(world.postfix.port)
    client.send(SENDER, ["ok-a@sink.example"], message_id)
    client.send(SENDER, ["ok-b@sink.example"], message_id)
    client.quit()
    place.wait_until(lambda: len(world.cli.trace("--message-id", message_id, "--state", "delivered")) == 2,
                     30, "both are delivered", 0.3)


def test_the_exit_codes_are_those_of_the_manual(world):
    assert world.cli.run("trace", "--from", "nobody@nowhere.example").returncode == 1
    assert world.cli.run("trace", "--no-such-flag").returncode == 2
    assert world.cli.run("show", "77XH-339H-SXC1-E").returncode == 1
    assert world.cli.run("--no-such-flag").returncode == 2


def test_csv_holds_a_line_for_each_recipient(world):
    message_id = send(world, "ok-x@sink.example", "ok-y@sink.example")
    world.wait_for_states(message_id, {"ok-x@sink.example": "delivered",
                                       "ok-y@sink.example": "delivered"})
    lines = world.cli.text("trace", "--csv", "--message-id", message_id).splitlines()
    assert len(lines) == 3 and "ok-x@sink.example" in lines[1] + lines[2]


def test_nothing_was_left_unread(world):
    """Runs last, since it stops the daemon, which then writes its counters: of all lines about a mail
    in these stories only the one that nobody can understand was not understood."""
    with open(world.postfix.log, "a", encoding="ascii") as log:
        log.write("Nov 22 00:00:00 mx postfix/smtp[1]: 4jX96n0PV4z8WNF: to=<cut@sink.example, relay\n")
    message_id = send(world, "ok-last@sink.example")
    world.wait_for_states(message_id, {"ok-last@sink.example": "delivered"})
    world.daemon.stop()
    assert world.cli.objects("stats")[0]["counters"]["log_not_understood"] == 1
