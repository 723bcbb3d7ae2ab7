# SPDX-License-Identifier: BSD-2-Clause
"""Sendmail asks our milter by the m4 file of the package: what the milter is shown, what only the log
tells, and that mail flows without it. Skipped, with the reason, where Sendmail cannot be had."""
import itertools
import json
import os
import subprocess

import pytest

from support import place
from support.cli import Cli
from support.private_sendmail import PrivateSendmail
from support.second_milter import SecondMilter
from support.smtp_client import Client
from support.world import World

SENDER = "sender@shop.example"
M4 = f"{place.BUILD}/packaging/mta/waybill.m4"
SUBMISSION, SECOND = place.free_port(), place.free_port()
LINES = (f"DAEMON_OPTIONS(`Name=MSA, Port={SUBMISSION}, Addr=127.0.0.1, Family=inet, M=E')dnl\n"
         "define(`confWAYBILL_SOCKET', `unix:/mnt/milter/{milter}')dnl\n"
         f"include(`{M4}')dnl\n"
         f"INPUT_MAIL_FILTER(`second', `S=inet:{SECOND}@127.0.0.1, T=C:3s;S:3s;R:10s;E:20s')dnl")
numbers = itertools.count(1)


@pytest.fixture(name="world", scope="module")
def world_with_our_m4():
    second = SecondMilter(SECOND).start()
    try:
        with World(mta=PrivateSendmail, postfix={"lines": LINES}) as world:
            yield world
    finally:
        second.stop()


def send(world, *recipients, port=None):
    """Send one mail to those that are taken; returns (Message-ID, codes of the RCPTs)."""
    message_id = f"filter-{next(numbers)}-{os.getpid()}@shop.example"
    client = Client(port or world.postfix.port)
    codes = client.begin(SENDER, recipients)
    if 250 in codes:
        client.end(message_id)
    client.quit()
    return message_id, codes


def witnesses(world, queue_id, kind):
    """Who told facts of this kind, by recipient."""
    return {(fact.get("to"), fact["witness"]) for fact in world.facts(queue_id) if fact["kind"] == kind}


def attach(base, listen, mc):
    """What `waybill attach sendmail` says of the .cf that was made of this .mc."""
    with open(f"{base}/waybill.conf", "w", encoding="ascii") as file:
        file.write(f'listen = "{listen}"\n')
    return Cli(f"{base}/waybill.conf").run("attach", "sendmail", "--mc", mc)


def test_the_filter_of_the_package_stands_first_and_lets_mail_pass(world, place_of_story):
    cf = place.read_log(f"{world.postfix.base}/sendmail.cf")
    assert "\nO InputMailFilters=waybill, second\n" in cf
    assert "\nXwaybill, S=unix:/mnt/milter/waybill.sock, F=, T=C:3s;S:3s;R:3s;E:20s\n" in cf
    done = attach(place_of_story, "unix:/mnt/milter/waybill.sock", f"{world.postfix.base}/sendmail.mc")
    assert done.returncode == 0 and "Nothing to do" in done.stdout, done
    done = attach(place_of_story, f"inet:{SECOND}@localhost", f"{world.postfix.base}/sendmail.mc")
    assert done.returncode == 1 and "as filter 2" in done.stdout, done


def test_the_default_of_the_m4_file_is_that_of_the_configuration(place_of_story):
    done = subprocess.run(["m4"], input="define(`INPUT_MAIL_FILTER', `$1 $2')dnl\n"
                          f"include(`{M4}')dnl\n", text=True, check=True, capture_output=True)
    text = subprocess.run([f"{place.BUILD}/waybilld", "--print-config"], text=True, check=True,
                          capture_output=True).stdout
    socket = done.stdout.split("S=")[1].split(",")[0]
    assert socket in text.replace("# ", "").replace("\n", " "), socket


def test_attach_shows_the_line_its_place_and_edits_nothing(place_of_story):
    mc, cf = f"{place_of_story}/my.mc", f"{place_of_story}/my.cf"
    with open(mc, "w", encoding="ascii") as file:
        file.write("OSTYPE(`linux')dnl\ndnl INPUT_MAIL_FILTER(`old', `')\n"
                   "INPUT_MAIL_FILTER(`clam', `S=inet:8893@localhost')dnl\nMAILER(`smtp')dnl\n")
    with open(cf, "w", encoding="ascii") as file:
        file.write("V10/Berkeley\nDZ8.17.1\nO InputMailFilters=clam\nXclam, S=inet:8893@localhost\n")
    before = place.read_log(mc)
    done = attach(place_of_story, "unix:/run/waybill/milter/milter.sock", mc)
    assert done.returncode == 1, done
    for words in ("does not ask waybilld",
                  "INPUT_MAIL_FILTER(`waybill', `S=unix:/run/waybill/milter/milter.sock, F=, "
                  "T=C:3s;S:3s;R:3s;E:20s')dnl",
                  "Put it before line 3, which is\n\n  INPUT_MAIL_FILTER(`clam'"):
        assert words in done.stdout, words
    assert place.read_log(mc) == before
    done = Cli(f"{place_of_story}/waybill.conf").run("attach", "sendmail", "--mc", mc, "--json")
    change, = json.loads(done.stdout)["changes"]
    assert change["kind"] == "by_hand"
    os.unlink(cf)
    assert attach(place_of_story, "inet:1@localhost", mc).returncode == 3


def test_the_milter_is_shown_recipients_and_unknown_users_but_no_refusal_of_a_ruleset(world):
    message_id, codes = send(world, "ok-1@sink.example", "nouser@local.example",
                             "refused@local.example", "games@local.example")
    assert codes == [250, 550, 550, 250]
    waybill = world.wait_for_states(message_id, {
        "ok-1@sink.example": "delivered", "nouser@local.example": "rejected",
        "refused@local.example": "rejected", "games@local.example": "delivered"})
    queue_id = waybill["queue_id"]
    assert witnesses(world, queue_id, "rcpt") == {("ok-1@sink.example", "m"), ("games@local.example", "m")}
    refused = witnesses(world, queue_id, "refused")
    assert ("nouser@local.example", "m") in refused
    assert ("refused@local.example", "l") in refused and ("refused@local.example", "m") not in refused


def test_the_queue_id_is_known_from_the_first_command_of_a_mail(world):
    client = Client(world.postfix.port)
    client.say("MAIL FROM:<gone@shop.example>", 250)
    client.quit()
    found = place.wait_until(lambda: world.cli.trace("--from", "gone@shop.example"), 20, "it is traced", 0.2)
    assert len(found) == 1 and found[0]["queue_id"], found
    assert f" {found[0]['queue_id']}: from=<gone@shop.example>" in world.postfix.log_text()


def test_the_daemon_that_took_a_mail_is_told_by_its_name(world):
    for port, name in ((world.postfix.port, "MTA"), (SUBMISSION, "MSA")):
        message_id, _ = send(world, "ok-2@sink.example", port=port)
        waybill = world.wait_for_states(message_id, {"ok-2@sink.example": "delivered"})
        mail = next(fact for fact in world.facts(waybill["queue_id"])
                    if fact["kind"] == "mail" and fact["witness"] == "m")
        assert mail["daemon"] == name and mail["dport"] == str(port), mail


def test_what_a_milter_behind_us_refuses_is_told_by_the_log(world):
    client = Client(world.postfix.port)
    assert client.begin(SENDER, ["spam@sink.example"]) == [250]
    client.say("DATA", 354)
    code, words = client.say("Message-ID: <filter-spam@shop.example>\r\n\r\nHello.\r\n.")
    assert code == 550 and "a second opinion" in words
    client.quit()
    waybill = world.wait_for_states("filter-spam@shop.example", {"spam@sink.example": "rejected"})
    assert "a second opinion" in waybill["recipients"][0]["response"]
    assert ("filter-spam@shop.example") in world.seen_by_milter()


def test_a_report_of_sendmail_passes_no_milter_and_is_told_by_the_log(world):
    message_id, _ = send(world, "never-1@sink.example")
    waybill = world.wait_for_states(message_id, {"never-1@sink.example": "failed"})
    step, = place.wait_until(lambda: world.cli.show(waybill["trace_id"])["chain"], 20,
                             "the report is found", 0.3)
    assert step["way"] == "report"
    assert {fact["witness"] for fact in world.facts(step["queue_id"])} == {"l"}


def test_mail_flows_while_the_milter_is_away(world):
    world.daemon.stop()
    message_id, codes = send(world, "ok-3@sink.example")
    assert codes == [250]
    place.wait_until(lambda: ("ok-3@sink.example", message_id) in world.sink.recipients(), 20,
                     "the mail is at the sink")
    world.daemon.start()
    world.wait_for_states(message_id, {"ok-3@sink.example": "delivered"})
    assert message_id not in world.seen_by_milter()
    message_id, _ = send(world, "ok-4@sink.example")
    world.wait_for_states(message_id, {"ok-4@sink.example": "delivered"})
    place.wait_until(lambda: message_id in world.seen_by_milter(), 20, "the milter is asked again")
