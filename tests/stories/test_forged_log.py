# SPDX-License-Identifier: BSD-2-Clause
"""A local user writes lines that look like Postfix's into the log: from a real systemd journal they
change nothing. What journald drops, because too much came at once, is told as a gap.

(In a file that syslog writes such lines cannot be told from real ones; waybilld(8) says so.)"""
import pytest

from support import journald, place
from support.cli import states
from support.smtp_client import Client
from support.world import World

from test_one_mail import new_id

pytestmark = pytest.mark.skipif(not journald.can_run(), reason="no systemd-journald")
BUSY = "busy-ann@sink.example"


@pytest.fixture(name="world", scope="module")
def world_with_journald():
    with World(journal=journald.Journald) as world:
        yield world


def wait_for_state(world, message_id, state):
    place.wait_until(lambda: states(world.cli.one(message_id)) == {BUSY: state}, 20,
                     f"{BUSY} is {state}")


def put_off(world):
    """A mail that is put off by the next server; returns (Message-ID, queue id)."""
    message_id = new_id()
    client = Client(world.postfix.port)
    queue_id, _ = client.send("sender@shop.example", [BUSY], message_id)
    client.quit()
    wait_for_state(world, message_id, "delayed")
    return message_id, queue_id


def lies(queue_id):
    """(program, words) that would end the mail."""
    return (("postfix/smtp", f"{queue_id}: to=<{BUSY}>, relay=sink.example[127.0.0.1]:25, delay=0.1, "
                             "delays=0/0/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 Ok)"),
            ("postfix/qmgr", f"{queue_id}: removed"))


def kinds(world, queue_id):
    """What the log's witness told of the mail."""
    return {fact["kind"] for fact in world.facts(queue_id) if fact["witness"] == "l"}


def wait_until_read(world):
    """Until all that was written up to now was read: a mail later is there too."""
    put_off(world)


def test_lines_of_another_user_change_nothing(world):
    message_id, queue_id = put_off(world)
    for user in ("nobody", "daemon"):
        for tag, words in lies(queue_id):
            world.feed.logger(user, tag, words)
    wait_until_read(world)
    assert kinds(world, queue_id).isdisjoint({"delivered", "removed"})
    assert states(world.cli.one(message_id)) == {BUSY: "delayed"}


@pytest.mark.skipif(not journald.can_make_units(), reason="no cgroups to make a unit in")
def test_a_user_within_postfixs_unit_changes_nothing(world):
    """As a command out of somebody's .forward would."""
    message_id, queue_id = put_off(world)
    with journald.Unit("postfix@story.service") as unit:
        for tag, words in lies(queue_id):
            unit.run("nobody", f"logger --socket {world.feed.socket} -t {tag} -- '{words}'")
    wait_until_read(world)
    assert kinds(world, queue_id).isdisjoint({"delivered", "removed"})
    assert states(world.cli.one(message_id)) == {BUSY: "delayed"}


@pytest.mark.parametrize("user", ["root", "postfix"])
def test_the_same_lines_of_the_mail_server_itself_count(world, user):
    message_id, queue_id = put_off(world)
    for tag, words in lies(queue_id):
        world.feed.logger(user, tag, words)
    wait_for_state(world, message_id, "delivered")


@pytest.mark.skipif(not journald.can_make_units(), reason="no cgroups to make a unit in")
def test_what_journald_drops_is_a_gap(world):
    # One writer, which is there as long as journald may look up whose cgroup it is in: the words of
    # one that is gone by then belong to no unit, and end no suppression.
    flood = (f"(seq {40 * world.feed.BURST} | sed 's/^/connect from client/'; sleep {world.feed.INTERVAL + 1};"
             f"echo quiet; sleep 1) | logger --socket {world.feed.socket} -t postfix/smtpd")
    with journald.Unit("other.service") as unit:
        unit.run("root", flood.replace("postfix/smtpd", "other"))
    wait_until_read(world)
    assert not any("suppressed" in gap for gap in world.gaps("log").values())
    with journald.Unit("postfix@story.service") as unit:
        unit.run("root", flood)
    place.wait_until(lambda: any("suppressed" in gap for gap in world.gaps("log").values()), 20,
                     "the gap is known")
    told = world.cli.run("stats").stdout
    print(told)
    assert "dropped lines, says journald" in told
