# SPDX-License-Identifier: BSD-2-Clause
"""A mail that goes on under another queue id of the same host is followed to its end, and nobody
but our own log leads there."""
import os
import pwd
import signal
import socket
import time

import pytest

from support import place
from support.cli import states
from support.content_filter import ContentFilter
from support.daemon import Daemon
from support.private_postfix import PrivatePostfix
from support.second_milter import SecondMilter
from support.sink import Sink
from support.smtp_client import Client, Reply
from support.world import World


def send(world, recipient, message_id, sender="shop@shop.example"):
    client = Client(world.postfix.port)
    queue_id, _ = client.send(sender, [recipient], message_id)
    client.quit()
    return queue_id


def shown(world, wanted, option, name, but=None):
    """The first mail of this name, other than `but`, that has these states, with all that `show` tells."""
    def look():
        return next((found for found in world.cli.trace(option, name)
                     if found["trace_id"] != but and states(found) == wanted), None)
    return world.cli.show(place.wait_until(look, 30, f"{name} is {wanted}")["trace_id"])


def by_queue_id(world, queue_id, wanted):
    return shown(world, wanted, "--queue-id", queue_id)


def settled(world, message_id, wanted):
    return shown(world, wanted, "--message-id", message_id)


def second_pass(world, message_id, first, wanted):
    """The mail behind the filter, or on the other host."""
    return shown(world, wanted, "--message-id", message_id, but=first["trace_id"])


def test_a_local_forward_is_followed_to_its_end(world):
    send(world, "list@mx.example", "forward@shop.example")
    after = settled(world, "forward@shop.example", {"ok-list@sink.example": "delivered"})
    mail = settled(world, "forward@shop.example", {"list@mx.example": "expanded"})
    step, = mail["chain"]
    assert (step["way"], step["recipient"], step["step_before"]) == ("forward", "list@mx.example", None)
    assert step["trace_id"] == after["trace_id"]
    assert [to["state"] for to in step["recipients"]] == ["delivered"]
    assert mail["came_from"] is None and not mail["chain_bounded"]
    assert after["came_from"]["trace_id"] == mail["trace_id"]
    assert after["chain"] == []
    page = world.cli.text("show", mail["trace_id"])
    assert f"forwarded here, went on as {after['queue_id']} ({after['trace_id']}), and there:" in page
    assert f"before: {mail['trace_id']}, forwarded here" in world.cli.text("show", after["trace_id"])


def test_a_virtual_alias_ends_where_it_went(world):
    send(world, "team@alias.example", "team@shop.example")
    mail = settled(world, "team@shop.example", {
        "team@alias.example": "expanded", "team1@sink.example": "delivered",
        "team2@sink.example": "delivered"})
    assert mail["chain"] == []


# ---- the administrator's hand ----


def put_off(world, recipient, message_id):
    """A mail that waits in the queue, since its next server is away."""
    world.sink.stop()
    queue_id = send(world, recipient, message_id)
    by_queue_id(world, queue_id, {recipient: "delayed"})
    return queue_id


def test_a_requeued_mail_is_followed_to_its_new_queue_id(world):
    recipient = "ok-requeued@sink.example"
    queue_id = put_off(world, recipient, "requeue@shop.example")
    world.postfix.command("postsuper", "-r", queue_id)
    world.sink.start()
    old = by_queue_id(world, queue_id, {recipient: "expanded"})
    new = settled(world, "requeue@shop.example", {recipient: "delivered"})
    assert new["queue_id"] != queue_id
    old = world.cli.show(old["trace_id"])
    step, = old["chain"]
    assert (step["way"], step["trace_id"]) == ("requeue", new["trace_id"])
    assert states(step) == {recipient: "delivered"} and old["finished"]
    assert (new["came_from"]["way"], new["came_from"]["trace_id"]) == ("requeue", old["trace_id"])
    page = world.cli.text("show", old["trace_id"])
    assert "ent on under another queue id" in page
    assert f"put through the queue anew, went on as {new['queue_id']} ({new['trace_id']})" in page
    assert "SINK" in page.rpartition("and there:")[2]


def test_a_hold_ends_with_its_release(world):
    recipient = "ok-held@sink.example"
    queue_manager = place.wait_until(lambda: world.postfix.pid_of("qmgr"), 10, "qmgr runs")
    os.kill(queue_manager, signal.SIGSTOP)  # or the first attempt comes at once
    try:
        queue_id = send(world, recipient, "hold@shop.example")
        world.postfix.command("postsuper", "-h", queue_id)
        by_queue_id(world, queue_id, {recipient: "held"})
        world.postfix.command("postsuper", "-H", queue_id)
        by_queue_id(world, queue_id, {recipient: "accepted"})
        time.sleep(1.1)  # the log counts seconds
    finally:
        os.kill(queue_manager, signal.SIGCONT)
    mail = by_queue_id(world, queue_id, {recipient: "delivered"})
    kinds = [fact["kind"] for fact in mail["timeline"]]
    assert kinds.index("held") < kinds.index("released") < kinds.index("delivered"), kinds
    assert mail["chain"] == [] and mail["finished"]


def test_a_mail_that_was_tried_before_its_hold_waits_again(world):
    recipient = "ok-tried@sink.example"
    queue_id = put_off(world, recipient, "tried@shop.example")
    world.postfix.command("postsuper", "-h", queue_id)
    by_queue_id(world, queue_id, {recipient: "held"})
    world.postfix.command("postsuper", "-H", queue_id)
    by_queue_id(world, queue_id, {recipient: "delayed"})
    world.sink.start()
    assert by_queue_id(world, queue_id, {recipient: "delivered"})["finished"]


def test_a_deleted_mail_was_canceled(world):
    recipient = "ok-canceled@sink.example"
    queue_id = put_off(world, recipient, "cancel@shop.example")
    world.postfix.command("postsuper", "-d", queue_id)
    world.sink.start()
    mail = by_queue_id(world, queue_id, {recipient: "canceled"})
    assert mail["finished"] and mail["chain"] == []


# ---- aliases and .forward ----


def finished(world, message_id, count):
    """All mails of this Message-ID, `count` of them, when they are at their end."""
    def look():
        found = world.cli.trace("--message-id", message_id)
        return found if len(found) == count and all(mail["finished"] for mail in found) else None
    return place.wait_until(look, 30, f"the {count} mails of {message_id} are finished")


@pytest.fixture(scope="module", name="aliased")
def _aliased():
    """A local user with a mailbox and a forward file, aliases of all kinds."""
    world = World()
    base = world.postfix.base
    user = pwd.getpwnam("nobody")
    for folder in ("forward", "spool"):
        os.makedirs(f"{base}/{folder}", 0o755)
        os.chown(f"{base}/{folder}", user.pw_uid, user.pw_gid)
    with open(f"{base}/forward/nobody", "w", encoding="ascii") as file:
        file.write("\\nobody\nok-fwd@sink.example\n")
    os.chown(f"{base}/forward/nobody", user.pw_uid, user.pw_gid)
    world.postfix.set(
        forward_path=f"{base}/forward/$user", home_mailbox="", mail_spool_directory=f"{base}/spool/",
        allow_mail_to_files="alias,forward", allow_mail_to_commands="alias,forward",
        local_recipient_maps="", default_privs="nobody")
    aliases = {
        "both": "nobody2, ok-both@sink.example", "nobody2": "/dev/null",
        "command": '"|cat >/dev/null"', "partly": '/dev/null, "|exit 67"', "failing": '"|exit 67"', "nested": "both, ok-nest@sink.example",
        "half": "/dev/null, never-half@sink.example",
        "ghost": "nosuchuser-here", "loop": "loop"}
    with open(f"{base}/conf/aliases", "w", encoding="ascii") as file:
        file.writelines(f"{name} {target}\n" for name, target in aliases.items())
    with open(f"{base}/conf/virtual", "w", encoding="ascii") as file:
        file.write("many@alias.example ok-m@sink.example, never-m@sink.example, ann@box.example\n"
                   "one@alias.example never-o@sink.example\n"
                   "deep@alias.example many@alias.example, command@mx.example\n"
                   "self@alias.example self@alias.example, ok-s@sink.example\n")
    with world:
        yield world


MANY = {"ok-m@sink.example": "delivered", "never-m@sink.example": "failed",
        "ann@box.example": "delivered"}


@pytest.mark.parametrize("recipient,wanted,forwarded", [
    ("many@alias.example", {"many@alias.example": "expanded", **MANY}, None),
    ("one@alias.example", {"one@alias.example": "expanded", "never-o@sink.example": "failed"}, None),
    ("deep@alias.example", {"deep@alias.example": "expanded", **MANY,
                            "command@mx.example": "delivered"}, None),
    ("self@alias.example", {"self@alias.example": "failed", "ok-s@sink.example": "delivered"}, None),
    # a copy stays in the mailbox, another goes on
    ("nobody@mx.example", {"nobody@mx.example": "delivered"}, {"ok-fwd@sink.example": "delivered"}),
    ("both@mx.example", {"both@mx.example": "expanded", "nobody2@mx.example": "delivered"},
     {"ok-both@sink.example": "delivered"}),
    ("nested@mx.example", {"nested@mx.example": "expanded", "nobody2@mx.example": "delivered"},
     {"ok-both@sink.example": "delivered", "ok-nest@sink.example": "delivered"}),
    ("half@mx.example", {"half@mx.example": "delivered"}, {"never-half@sink.example": "failed"}),
    ("command@mx.example", {"command@mx.example": "delivered"}, None),
    ("failing@mx.example", {"failing@mx.example": "failed"}, None),
    ("partly@mx.example", {"partly@mx.example": "failed"}, None),
    ("ghost@mx.example", {"ghost@mx.example": "expanded", "nosuchuser-here@mx.example": "failed"}, None),
    ("loop@mx.example", {"loop@mx.example": "failed"}, None),
])
def test_aliases_and_forwards_end_truly(aliased, recipient, wanted, forwarded):
    message_id = f"alias-{recipient.replace('@', '-')}@shop.example"
    queue_id = send(aliased, recipient, message_id)
    mails = finished(aliased, message_id, 1 if forwarded is None else 2)
    mail = next(found for found in mails if found["queue_id"] == queue_id)
    assert states(mail) == wanted
    steps = [step for step in aliased.cli.show(mail["trace_id"])["chain"] if step["way"] != "report"]
    assert [(step["way"], states(step)) for step in steps] == (
        [("forward", forwarded)] if forwarded else [])


# ---- words that lie ----


class Liar(Sink):
    """Says that it queued each mail as `name`; the truth while it has none."""
    name = ""

    async def _data(self, reader, writer, sender, recipients):
        words = await super()._data(reader, writer, sender, recipients)
        return b"250 2.0.0 Ok: queued as %s\r\n" % self.name.encode() if self.name else words


@pytest.fixture(scope="module", name="lied")
def _lied():
    lied = World(sink=Liar)
    lied.postfix.set(mynetworks="127.0.0.0/8 192.0.2.66/32")
    with lied:
        yield lied


def stranger(world, recipient, message_id, address="192.0.2.66", name="mx.example"):
    """A mail that a client elsewhere hands in; returns its queue id."""
    client = Client(world.postfix.port)
    client.say(f"XCLIENT NAME={name} ADDR={address} PORT=4711", 220)
    client.say("EHLO client.example", 250)
    queue_id, _ = client.send("shop@shop.example", [recipient], message_id)
    client.quit()
    return queue_id


def lie(world, name, recipient, message_id):
    """Send a mail; the next server says that it is now called `name`, as a mail that is known is, and
    nobody believes it."""
    before = [mail["trace_id"] for mail in traced(world, name)]
    world.sink.name = name
    try:
        queue_id = send(world, recipient, message_id)
        mail = by_queue_id(world, queue_id, {recipient: "delivered"})
    finally:
        world.sink.name = ""
    assert f"took it as {name}" in world.cli.text("show", mail["trace_id"])
    assert mail["chain"] == []
    for other in before:
        assert world.cli.show(other)["came_from"] is None


def traced(world, queue_id):
    return place.wait_until(lambda: world.cli.trace("--queue-id", queue_id), 30, f"{queue_id} is known")


def test_a_lie_about_a_mail_of_another_recipient_leads_nowhere(lied):
    other = send(lied, "ann@box.example", "lie-1@shop.example")
    lie(lied, other, "ok-liar1@sink.example", "lie-1@shop.example")


def test_a_lie_about_a_mail_of_another_message_id_leads_nowhere(lied):
    other = send(lied, "ok-liar2@sink.example", "lie-2-other@shop.example")
    lie(lied, other, "ok-liar2@sink.example", "lie-2@shop.example")


def test_a_lie_about_a_mail_that_came_from_elsewhere_leads_nowhere(lied):
    """Though its client bears the name of this very host."""
    other = stranger(lied, "ok-liar3@sink.example", "lie-3@shop.example")
    lie(lied, other, "ok-liar3@sink.example", "lie-3@shop.example")


def test_a_lie_about_an_older_mail_leads_nowhere(lied):
    other = send(lied, "ok-liar4@sink.example", "lie-4@shop.example")
    time.sleep(6)  # clocks may differ by five seconds
    lie(lied, other, "ok-liar4@sink.example", "lie-4@shop.example")


def test_a_lie_of_a_server_elsewhere_leads_nowhere():
    """All fits but that the next server is not on this machine's loopback."""
    address = elsewhere()
    if address is None:
        pytest.skip("SKIPPED: this machine has no address but loopback")
    with World() as world:
        liar = Liar(place.free_port(), address).start()
        world.postfix.set(relayhost=f"[{address}]:{liar.port}")
        world.postfix.command("postfix", "reload")
        try:
            # the other mail comes in after the first, and before the lie, which takes two seconds
            queue_id = send(world, "slow-liar5@sink.example", "lie-5@shop.example")
            liar.name = send(world, "slow-liar5@sink.example", "lie-5@shop.example")
            mail = by_queue_id(world, queue_id, {"slow-liar5@sink.example": "delivered"})
        finally:
            liar.stop()
        assert f"took it as {liar.name}" in world.cli.text("show", mail["trace_id"])
        assert mail["chain"] == []
        other, = traced(world, liar.name)
        assert world.cli.show(other["trace_id"])["came_from"] is None


def elsewhere():
    """An address of this machine that is no loopback, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
            return probe.getsockname()[0]
        except OSError:
            return None


# ---- two hosts of ours ----


def give_names(postfix, names):
    """Names for this Postfix's daemons alone: they run in a root directory with a hosts file."""
    os.makedirs(f"{postfix.base}/queue/etc", exist_ok=True)
    with open(f"{postfix.base}/queue/etc/hosts", "w", encoding="ascii") as file:
        file.writelines(f"{address} {name}\n" for name, address in names.items())
    with open(f"{postfix.base}/queue/etc/nsswitch.conf", "w", encoding="ascii") as file:
        file.write("hosts: files\n")


class TwoHosts(World):
    """mx.example at 127.0.0.2 hands all to mx2.example at 127.0.0.3, which hands it to the sink. A
    daemon for each, one store."""
    NAMES = {"mx.example": "127.0.0.2", "mx2.example": "127.0.0.3"}

    def __init__(self, sender_name="mx.example"):
        super().__init__()
        self.daemon2 = Daemon(f"{self.base}/daemon2", self.redis.address, host="mx2.example",
                              log_source=[f"{self.base}/postfix2/log/mail.log"])
        self.postfix2 = PrivatePostfix(f"{self.base}/postfix2", self.sink.port,
                                       milter_socket=self.daemon2.socket, myhostname="mx2.example")
        port = place.free_port()
        self.postfix2.serve(f"127.0.0.3:{port} inet n - y - - smtpd")
        give_names(self.postfix2, {sender_name: "127.0.0.2"})
        give_names(self.postfix, self.NAMES)
        self.postfix.set(relayhost=f"[mx2.example]:{port}", smtp_bind_address="127.0.0.2")
        self.postfix.serve("relayed unix - - y - - smtp")
        self.postfix.set(default_transport="relayed")

    def start(self):
        super().start()
        self.daemon2.start()
        self.postfix2.start()
        return self

    def close(self):
        for part in (self.postfix2, self.daemon2):
            part.stop()
        super().close()


def two_hosts_mails(world, message_id):
    recipient = "ok-two@sink.example"
    queue_id = send(world, recipient, message_id)
    first = by_queue_id(world, queue_id, {recipient: "delivered"})
    return first, second_pass(world, message_id, first, {recipient: "delivered"})


def test_the_way_over_another_host_of_ours_is_followed():
    with TwoHosts() as world:
        first, second = two_hosts_mails(world, "two@shop.example")
        step, = world.cli.show(first["trace_id"])["chain"]
        assert (step["way"], step["trace_id"]) == ("relay", second["trace_id"])
        assert second["came_from"] == {"way": "relay", "trace_id": first["trace_id"],
                                       "waybill_id": first["waybill_id"]}
        assert "handed to our other host" in world.cli.text("show", first["trace_id"])


def test_a_host_that_is_called_otherwise_is_not_ours():
    with TwoHosts("mx.stranger.example") as world:
        first, second = two_hosts_mails(world, "three@shop.example")
        assert world.cli.show(first["trace_id"])["chain"] == []
        assert second["came_from"] is None


# ---- a milter behind ours ----


@pytest.fixture(scope="module", name="doubted")
def _doubted():
    world = World()
    milter = SecondMilter(place.free_port()).start()
    ours = f"{{ unix:{world.daemon.socket}, default_action=accept }}"
    world.postfix.set(smtpd_milters=f"{ours}, inet:127.0.0.1:{milter.port}")
    with world:
        yield world
    milter.stop()


def test_what_a_later_milter_refuses_at_the_end_was_rejected(doubted):
    with pytest.raises(Reply) as refused:
        send(doubted, "spam-2@sink.example", "second@shop.example")
    assert "a second opinion" in refused.value.text
    mail = settled(doubted, "second@shop.example", {"spam-2@sink.example": "rejected"})
    assert "a second opinion" in mail["recipients"][0]["response"]
    assert {fact["witness"] for fact in doubted.facts(mail["queue_id"])} == {"m", "l"}
    assert mail["finished"] and mail["chain"] == []


def test_a_recipient_that_a_later_milter_refuses_among_others_is_rejected(doubted):
    client = Client(doubted.postfix.port)
    assert client.begin("shop@shop.example", ["ok-3@sink.example", "nobody-3@sink.example"]) == [250, 550]
    client.end("third@shop.example")
    client.quit()
    settled(doubted, "third@shop.example",
            {"ok-3@sink.example": "delivered", "nobody-3@sink.example": "rejected"})


# ---- what the milter saw wrongly, or not ----


@pytest.fixture(scope="module", name="unseen")
def _unseen():
    """Cleanup sends some mails elsewhere, which looks like an abort; another port has no milter."""
    world = World()
    world.unseen_port = place.free_port()
    with open(f"{world.postfix.conf}/header_checks", "w", encoding="ascii") as file:
        file.write("/^Subject: elsewhere/ REDIRECT ok-there@sink.example\n")
    world.postfix.set(header_checks=f"regexp:{world.postfix.conf}/header_checks")
    world.postfix.serve(f"127.0.0.1:{world.unseen_port} inet n - n - - smtpd -o smtpd_milters=")
    with world:
        yield world


def test_an_abort_that_is_delivered_was_delivered(unseen):
    client = Client(unseen.postfix.port)
    queue_id, _ = client.send("shop@shop.example", ["ok-here@sink.example"], "abort@shop.example",
                              subject="elsewhere")
    client.quit()
    mail = by_queue_id(unseen, queue_id, {"ok-here@sink.example": "expanded",
                                          "ok-there@sink.example": "delivered"})
    assert "abandoned" in [fact["kind"] for fact in mail["timeline"]]
    assert mail["finished"] and len(unseen.cli.trace("--queue-id", queue_id)) == 1


def test_a_mail_that_never_met_the_milter_is_traced(unseen):
    client = Client(unseen.unseen_port)
    queue_id, _ = client.send("shop@shop.example", ["ok-7@sink.example", "never-7@sink.example"],
                              "unseen@shop.example")
    client.quit()
    mail = by_queue_id(unseen, queue_id, {"ok-7@sink.example": "delivered",
                                          "never-7@sink.example": "failed"})
    assert "m" not in {fact["witness"] for fact in unseen.facts(queue_id)}
    assert mail["sender"] == "shop@shop.example" and mail["finished"]


# ---- a content filter ----


class FilteredWorld(World):
    """All mail that comes in goes through a filter, and from there in at another port, which our
    milter sees, too, or not."""

    def __init__(self, xforward, seen):
        super().__init__()
        port = place.free_port()
        self.filter = ContentFilter(place.free_port(), port, xforward)
        self.postfix.set(content_filter=f"smtp:[127.0.0.1]:{self.filter.port}",
                         smtp_send_xforward_command="yes" if xforward else "no")
        self.postfix.serve(f"127.0.0.1:{port} inet n - n - - smtpd -o content_filter="
                           " -o smtpd_authorized_xforward_hosts=127.0.0.0/8"
                           + ("" if seen else " -o smtpd_milters="))

    def start(self):
        self.filter.start()
        return super().start()

    def close(self):
        self.filter.stop()
        super().close()


@pytest.fixture(scope="module", name="filtered", params=[
    (True, True), (True, False), (False, True), (False, False)],
    ids=["xforward-seen", "xforward-unseen", "plain-seen", "plain-unseen"])
def _filtered(request):
    with FilteredWorld(*request.param) as filtered:
        yield filtered


def assert_two_passes(world, message_id, recipient, ends):
    queue_id = send(world, recipient, message_id)
    first = by_queue_id(world, queue_id, {recipient: "delivered"})
    second = second_pass(world, message_id, first, {recipient: ends})
    first = world.cli.show(first["trace_id"])
    step, *reports = first["chain"]
    assert (step["way"], step["step_before"]) == ("filter", None)
    assert [(report["way"], report["step_before"]) for report in reports] == (
        [("report", 0)] if ends == "failed" else [])
    assert (step["trace_id"], step["queue_id"]) == (second["trace_id"], second["queue_id"])
    assert states(step) == {recipient: ends}
    assert second["came_from"]["trace_id"] == first["trace_id"]
    assert second["came_from"]["way"] == "filter" and len(second["chain"]) == len(reports)
    rows = {row["trace_id"]: row["came_from"] for row in world.cli.trace("--message-id", message_id)}
    assert rows == {first["trace_id"]: None, second["trace_id"]: second["came_from"]}
    return first, second


def test_behind_a_filter_the_end_of_the_way_is_told(filtered):
    first, second = assert_two_passes(filtered, "pass@shop.example", "ok-f@sink.example", "delivered")
    page = filtered.cli.text("show", first["trace_id"])
    assert f"handed to our filter, went on as {second['queue_id']}" in page
    assert "which took it as SINK" in page
    table = filtered.cli.text("trace", "--message-id", "pass@shop.example")
    row, = (line for line in table.splitlines() if f" {second['trace_id']} " in line)
    assert f"(filter of {first['trace_id']}) " in row
    assert table.count("(filter of ") == 1


def test_what_fails_behind_a_filter_has_failed(filtered):
    first, _ = assert_two_passes(filtered, "fail@shop.example", "never-f@sink.example", "failed")
    page = filtered.cli.text("show", first["trace_id"])
    assert "refused for good" in page and "reported to the sender, went on as " in page


def test_a_filter_may_be_slow(filtered):
    assert_two_passes(filtered, "slow@shop.example", "late-f@sink.example", "delivered")


def test_a_filter_that_answers_first_is_known_by_what_it_passes_on(filtered):
    if filtered.filter.xforward:
        assert_two_passes(filtered, "apart@shop.example", "apart-f@sink.example", "delivered")
        return
    first = by_queue_id(filtered, send(filtered, "apart-f@sink.example", "apart@shop.example"),
                        {"apart-f@sink.example": "delivered"})
    second = second_pass(filtered, "apart@shop.example", first, {"apart-f@sink.example": "delivered"})
    assert filtered.cli.show(first["trace_id"])["chain"] == [], "nothing names the second pass"
    assert second["came_from"] is None


def test_what_a_filter_loses_is_not_made_up(filtered):
    first = by_queue_id(filtered, send(filtered, "lost-f@sink.example", "lost@shop.example"),
                        {"lost-f@sink.example": "delivered"})
    assert first["chain"] == []
    assert "took it as FILTER" in filtered.cli.text("show", first["trace_id"])
    assert len(filtered.cli.trace("--message-id", "lost@shop.example")) == 1
