# SPDX-License-Identifier: BSD-2-Clause
"""What is told, in the asker's language; a case code that is mistyped; a bounce that is pasted."""
import os
import pathlib
import re

import pytest

from support import place
from support.smtp_client import Client
from support.web import Web, give_rights
from support.world import World

ANN, TO = "ann@a.example", "never-one@sink.example"
MESSAGES = f"{place.SOURCE}/milter/answer/messages"
PEOPLE = {"ann": ("--role", "sender", "--address", ANN),
          "bob": ("--role", "sender", "--address", "bob@b.example"), "desk": ("--role", "desk")}
GERMAN = {"Accept-Language": "fr, de-AT;q=0.8, en;q=0.5"}
REPLY = "550-5.1.1 The user does not exist.\r\n550 5.1.1 user unknown\r\n"
LINE = ("Nov 22 10:00:01 mx1 postfix/smtp[12]: 4bXyZ1234Zz: to=<bob@x.example>, relay=mx.x.example[192.0.2.1]:25, "
        "delay=1, delays=0/0/1/0, dsn=4.2.2, status=deferred (host mx.x.example[192.0.2.1] said: 452 4.2.2 over quota "
        "(in reply to RCPT TO command))\n")
BOUNCE = """From: MAILER-DAEMON@mx.x.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.x.example

Final-Recipient: rfc822; {to}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no

--b
Content-Type: text/rfc822-headers

Message-ID: <{message_id}>

--b--
"""
LETTER = "From: a@a.example\r\nTo: b@b.example\r\nSubject: lunch\r\n\r\nAt noon?\r\n"


class Desk:
    def __init__(self, world):
        self.world = world
        give_rights(world.cli, world.redis, ("waybill-web", "secret"))
        self.web = Web(world.daemon, ("waybill-web", "secret"), messages_directory=MESSAGES).start()
        self.tokens = {}
        for name, words in PEOPLE.items():
            done = world.cli.run("token", "add", "--name", name, "--expires", "1d", *words)
            self.tokens[name] = done.stdout.strip()
        self.message_id = f"words-{os.getpid()}@shop.example"
        client = Client(world.postfix.port)
        client.send(ANN, [TO], self.message_id)
        client.quit()
        self.mail = world.wait_for_states(self.message_id, {TO: "failed"})
        self.code = self.mail["trace_id"]

    def ask(self, who, path, **others):
        return self.web.ask("/api/v1/" + path, self.tokens[who], **others)

    def explain(self, text, who="desk", **headers):
        answer = self.ask(who, "explain", method="POST", body=text.encode(), headers=headers)
        assert answer.status == 200, answer.body
        return answer.json()


@pytest.fixture(name="desk", scope="module")
def a_help_desk():
    with World(daemon={"own_sources": ["127.0.0.0/8"], "messages_directory": MESSAGES}) as world:
        desk = Desk(world)
        yield desk
        assert desk.web.stop() == 0, desk.web.log_text()


def test_the_language_that_is_asked_for_is_told_and_named(desk):
    english, german = (desk.ask("desk", f"waybills/{desk.code}", headers=headers)
                       for headers in ({"Accept-Language": "fr"}, GERMAN))
    assert (english.headers["Content-Language"], german.headers["Content-Language"]) == ("en", "de")
    for answer in (english, german):
        assert "Accept-Language" in answer.headers["Vary"]
    assert english.headers["ETag"] != german.headers["ETag"]
    one, other = (answer.json()["recipients"][0] for answer in (english, german))
    assert one["verdict"]["what"].startswith("refused for good by ")
    assert other["verdict"]["what"].startswith("endgültig abgelehnt von ")
    assert one["verdict"]["why"] == "there is no such mailbox"
    assert other["verdict"]["why"] == "dieses Postfach gibt es nicht"
    assert one["delay"]["sentence"].startswith("It took ") and other["delay"]["sentence"].startswith("Es hat ")
    for key in ("state", "reason", "hardness", "rule", "status"):
        assert one[key] == other[key]
    told = desk.ask("desk", "search", q=f"message-id:none@{TO.split('@')[1]}", headers=GERMAN).json()
    assert re.fullmatch("mx.example: (nur Milter|Milter und Log), seit .*", told["page"]["coverage"][0]), told


def test_the_command_tells_the_same_words(desk):
    cli = desk.world.cli
    shown = cli.text("show", "--language", "de", desk.code)
    assert "Endgültig abgelehnt von " in shown and "dieses Postfach gibt es nicht" in shown
    assert "Zu tun (Absender): " in shown and "To do (" not in shown
    *mails, _ = cli.objects("trace", "--language", "de", f"message-id:{desk.message_id}")
    assert mails[0]["recipients"][0]["verdict"]["why"] == "dieses Postfach gibt es nicht"
    away = cli.run("show", "--language", "xx", desk.code)
    assert away.returncode == 0 and "going on in English" in away.stderr
    assert away.stderr.count("\n") == 1 and "Refused for good by " in away.stdout


def swapped(code):
    """Two neighbours that differ, the other way round."""
    at = next(at for at in range(len(code) - 1)
              if code[at] != code[at + 1] and "-" not in code[at:at + 2])
    return code[:at] + code[at + 1] + code[at] + code[at + 2:]


def test_a_mistyped_code_is_called_so_and_the_near_ones_are_named(desk):
    other = "B" if desk.code[-3] != "B" else "C"
    wrongs = (desk.code[:-3] + other + desk.code[-2:], swapped(desk.code), desk.code[:-1], desk.code + "7",
              desk.code[:5] + "U" + desk.code[6:])
    for wrong in wrongs:
        for who, found in (("desk", [desk.code]), ("ann", [desk.code]), ("bob", [])):
            answer = desk.ask(who, f"waybills/{wrong}")
            assert answer.status == 404 and answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["detail"] == "This case code has a mistyped character."
            assert answer.json()["suggestions"] == found, (who, wrong)
        shown = desk.world.cli.run("show", wrong)
        assert shown.returncode == 1 and f"did you mean {desk.code}?" in shown.stderr, shown.stderr
    for none in ("4mGprq", "no-code-at-all", "251121576320300412"):
        answer = desk.ask("desk", f"waybills/{none}")
        assert answer.status == 404 and "suggestions" not in answer.json(), none


def test_a_reply_and_a_line_of_a_log_are_explained(desk):
    told = desk.explain(REPLY)
    assert (told["kind"], told["dialect"], told["mail"], told["file"]) == ("bounce", "reply", None, None)
    assert [(one["recipient"], one["reason"], one["action"], one["code"]) for one in told["bounces"]] == \
        [("", "userunknown", "failed", 550)]
    told = desk.explain("nobody wrote this header\n" + LINE, **GERMAN)
    assert told["dialect"] == "log"
    one, = told["bounces"]
    assert (one["recipient"], one["reason"], one["action"], one["status"], one["remote"]) == \
        ("bob@x.example", "mailboxfull", "delayed", "4.2.2", "mx.x.example")
    assert one["why"] == "das Postfach ist voll"
    told = desk.explain(LETTER, **GERMAN)
    assert told["kind"] == "other" and told["bounces"] == [] and told["meaning"].startswith("Hier steht nichts")


def test_a_bounce_is_explained_as_by_the_command_and_leads_to_the_mail_of_whom_it_is_for(desk):
    path = pathlib.Path(place.SOURCE, "tests/golden/reports/base64-status-part.eml")
    cli = desk.world.cli
    told = desk.explain(path.read_text(encoding="utf-8"))
    by_command, = cli.objects("explain", path)
    assert {**by_command, "file": None, "mail": told["mail"]} == told
    bounce = BOUNCE.format(to=TO, message_id=desk.message_id)
    mail = {"ann": desk.code, "desk": desk.code, "bob": None}
    for who, code in mail.items():
        told = desk.explain(bounce, who)
        assert told["bounces"][0]["recipient"] == TO, told
        assert (told["mail"] or {}).get("trace_id") == code, (who, told)


def test_bad_input_is_one_line(desk):
    for body, status in ((b"", 400), (b" \r\n", 400), (b"x" * (1 << 20), 200), (b"x" * ((1 << 20) + 1), 413)):
        answer = desk.ask("desk", "explain", method="POST", body=body)
        assert answer.status == status, (len(body), answer.body[:200])
        if status != 200:
            assert re.fullmatch(r"[^\n]+", answer.json()["detail"])
    announced = desk.web.raw(b"POST /api/v1/explain HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                             b"%s\r\nContent-Length: 2097152\r\n\r\n" % desk.tokens["desk"].encode(), 10)
    assert announced.startswith(b"HTTP/1.1 413 "), announced
    for body in (b"\0" * 1000, b"\xff\xfe" * 5000, b"550 " * 5000, LINE.encode() * 3000,
                 b"\n" * 100000 + b"550 5.1.1 no"):
        assert desk.ask("desk", "explain", method="POST", body=body).status == 200
    assert desk.web.ask("/api/v1/explain", method="POST", body=b"550 no").status == 401
