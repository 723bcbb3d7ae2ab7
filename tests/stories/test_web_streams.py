# SPDX-License-Identifier: BSD-2-Clause
"""Answers of any length: an export tells what the command tells, and who follows the events is told each once,
while it happens, and nothing that is not for him."""
import csv
import io
import json
import os
import re
import time

import pytest

from support import place
from support.events import Events
from support.smtp_client import Client
from support.web import Web, give_rights
from support.world import World

ANN, BOB = "ann@a.example", "bob@b.example"
USER = ("waybill-web", "secret")
PEOPLE = {
    "ann": ("--role", "sender", "--address", ANN),
    "desk": ("--role", "desk"),
    "other": ("--role", "desk", "--domain", "other.example"),
    "admin": ("--role", "admin"),
}
ALL = "since:-1h"


class Desk:
    def __init__(self, world):
        self.world, self.sent = world, 0
        give_rights(world.cli, world.redis, USER)
        self.web = Web(world.daemon, USER, web_rate=0).start()
        self.tokens = {name: self.token(name, *words) for name, words in PEOPLE.items()}
        self.mails = [self.mail(ANN, "ok-1@sink.example", "ok-2@other.example"), self.mail(BOB, "ok-3@sink.example"),
                      self.mail(ANN, "never-4@sink.example", subject="=HYPERLINK(\"http://x\",\"y\")"),
                      self.mail("=1+1@b.example", "+5@sink.example")]

    def token(self, name, *words):
        done = self.world.cli.run("token", "add", "--name", name, "--expires", "1d", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def send(self, sender, *recipients, **more):
        self.sent += 1
        message_id = f"stream-{self.sent}-{os.getpid()}@shop.example"
        client = Client(self.world.postfix.port)
        client.send(sender, recipients, message_id, **more)
        client.quit()
        return message_id

    def mail(self, sender, *recipients, **more):
        """One that has come to its end."""
        states = {to: "failed" if to.startswith("never") else "delivered" for to in recipients}
        return self.world.wait_for_states(self.send(sender, *recipients, **more), states)["trace_id"]

    def export(self, who, **arguments):
        answer = self.web.ask("/api/v1/export", self.tokens[who], **arguments)
        assert answer.status == 200, answer.body
        return answer

    def follow(self, who, after=None, **arguments):
        return Events(self.web, self.tokens[who], after, **arguments)


@pytest.fixture(name="desk", scope="module")
def a_help_desk():
    with World(daemon={"own_sources": ["127.0.0.0/8"]}) as world:
        desk = Desk(world)
        yield desk
        assert desk.web.stop() == 0, desk.web.log_text()


def without_moments(mail):
    for recipient in mail.get("recipients", []):
        recipient.pop("delay", None)
    return mail


def objects(text):
    return [without_moments(json.loads(line)) for line in text.splitlines()]


def rows(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def test_an_export_is_what_the_command_prints(desk):
    answer = desk.export("admin", q=ALL, **{"as": "csv"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert re.fullmatch(r'attachment; filename="waybill-20\d{6}\.csv"', answer.headers["Content-Disposition"])
    assert answer.body.decode() == desk.world.cli.run("trace", ALL, "--csv", "--limit", "10000").stdout.replace("\n", "\r\n")
    assert len(rows(answer.body.decode())) >= 6
    lines = desk.export("admin", q=ALL, **{"as": "jsonl"}).body.decode()
    *mails, page = objects(lines)
    *expected, last = objects(desk.world.cli.run("trace", ALL, "--json", "--limit", "10000").stdout)
    assert mails == expected and len(mails) >= 4
    assert {key: page[key] for key in ("object", "count", "next", "bounded", "incomplete")} == \
        {key: last[key] for key in ("object", "count", "next", "bounded", "incomplete")}


def test_each_exports_what_is_for_him_alone(desk):
    *mails, page = objects(desk.export("ann", q=ALL, **{"as": "jsonl"}).body.decode())
    assert {mail["trace_id"] for mail in mails} == {desk.mails[0], desk.mails[2]} and page["count"] == 2
    *mails, page = objects(desk.export("other", q=ALL, **{"as": "jsonl"}).body.decode())
    assert [[to["recipient"] for to in mail["recipients"]] for mail in mails] == [["ok-2@other.example"]]
    told = rows(desk.export("other", q=ALL).body.decode())
    assert [row[5] for row in told[1:]] == ["ok-2@other.example"] and "sink.example" not in str(told)


def test_no_cell_is_a_formula_and_what_is_more_is_told(desk):
    head, *told = rows(desk.export("admin", q=ALL).body.decode())
    cells = [dict(zip(head, row)) for row in told]
    assert "'=HYPERLINK(\"http://x\",\"y\")" in {row["subject"] for row in cells}
    assert {"'=1+1@b.example"} <= {row["sender"] for row in cells}
    assert {"'+5@sink.example"} <= {row["recipient"] for row in cells}
    assert not [cell for row in told for cell in row if cell[:1] in ("=", "+", "-", "@")]
    first = rows(desk.export("admin", q=ALL + " limit:1").body.decode())
    assert first[-1][0].startswith("# There are more; go on with after=") and len(first[-1]) == 1
    rest = rows(desk.export("admin", q=ALL, after=first[-1][0].rpartition("=")[2]).body.decode())
    assert sorted(first[1:-1] + rest[1:]) == sorted(told)


def test_an_export_stands_in_the_audit_twice_and_what_is_wrong_is_refused(desk):
    desk.export("desk", q="to:@audited.example")
    entries = [(entry["what"], entry["count"]) for entry in desk.world.cli.objects("audit", "--since", "-1h")
               if entry["about"] == "to:@audited.example"]
    assert sorted(entries) == [("export", 0), ("exported", 0)]
    entries = {(entry["what"], entry["about"], entry["count"]) for entry in desk.world.cli.objects("audit", "--since", "-1h")}
    assert ("exported", ALL, 4) in entries and ("exported", ALL, 2) in entries
    head = desk.web.ask("/api/v1/export", desk.tokens["ann"], method="HEAD", q=ALL)
    assert head.status == 200 and "filename" in head.headers["Content-Disposition"] and head.body == b""
    for wrong in ({"as": "xml"}, {"q": "state:faild"}, {"after": "x"}, {"limit": "1"}):
        answer = desk.web.ask("/api/v1/export", desk.tokens["admin"], **wrong)
        assert answer.status == 400 and answer.headers["Content-Type"] == "application/problem+json", wrong
    assert desk.web.ask("/api/v1/export").status == 401


def test_a_mail_is_told_from_its_first_moment_to_its_end_and_as_follow_tells_it(desk):
    with desk.follow("admin") as stream:
        assert stream.headers["Content-Type"] == "text/event-stream" and stream.headers["X-Accel-Buffering"] == "no"
        begun = stream.place
        to = f"later-{os.getpid()}@sink.example"
        code = desk.mail(ANN, to)
        stream.wait_for(3)
        assert stream.told(code) == [("message.accepted", None), ("delivery.delayed", to), ("delivery.delivered", to)]
        assert all(place_ == data["cursor"] and name == data["action"] for name, place_, data in stream.events)
        told = [without_time(data) for _, _, data in stream.events]
    done = desk.world.cli.run("follow", "--json", "--for", "1", "--after", begun)
    for line, event in zip(done.stdout.splitlines(), told, strict=True):
        assert without_time(json.loads(line)) == event


def without_time(event):
    """Without what depends on when it is told; a place has the time up to which all was told in it."""
    event = {key: value for key, value in event.items() if key != "cursor"}
    for key in ("delay", "attempts", "last_attempt_time"):
        (event["recipient"] or {}).pop(key, None)
    return event


def test_who_comes_back_misses_nothing_and_is_told_nothing_twice(desk):
    with desk.follow("admin") as stream:
        first = desk.mail(BOB, "ok-10@sink.example")
        place.wait_until(lambda: len(stream.told(first)) == 2, 20, "the first mail is told")
        cursor, both = stream.place, stream.told(first)
        # a log that counts whole seconds may have its end told first
        assert sorted(both, key=lambda told: told[0]) == [("delivery.delivered", "ok-10@sink.example"), ("message.accepted", None)]
        between = next(where for _, where, data in stream.events if data.get("trace_id") == first)
    second = desk.mail(BOB, "ok-11@sink.example")
    with desk.follow("admin", cursor) as stream:
        third = desk.mail(BOB, "ok-12@sink.example")
        stream.wait_for(4)
        assert [len(stream.told(code)) for code in (first, second, third)] == [0, 2, 2]
        assert len({data["event_id"] for _, _, data in stream.events}) == 4
    with desk.follow("admin", after=between) as stream:  # the argument, as a page has it at its begin
        stream.wait_for(5)
        assert stream.told(first) == both[1:]
    for wrong in (cursor[:-1] + ("A" if cursor[-1] != "A" else "B"), "nonsense", "L1"):
        answer = desk.web.ask("/api/v1/events", desk.tokens["admin"], after=wrong)
        assert answer.status == 400 and answer.headers["Content-Type"] == "application/problem+json", wrong
    assert desk.web.ask("/api/v1/events", desk.tokens["ann"], headers={"Last-Event-ID": "x"}).status == 400


def test_each_is_told_what_he_may_see_and_asked_for(desk):
    late = f"later-x{os.getpid()}@sink.example"
    with desk.follow("ann") as ann, desk.follow("other") as other, desk.follow("desk", q=f"to:{late}") as asked, \
            desk.follow("desk", q="state:delivered") as delivered:
        bob = desk.mail(BOB, late, "ok-20@other.example")
        own = desk.mail(ANN, "ok-21@sink.example")
        delivered.wait_for(3)
        ann.wait_for(2)
        other.wait_for(2)
        asked.wait_for(3)
        assert ann.told() == [("message.accepted", None), ("delivery.delivered", "ok-21@sink.example")]
        assert other.told() == [("message.accepted", None), ("delivery.delivered", "ok-20@other.example")]
        assert late not in str(other.events) and {data["sequence"] for *_, data in other.events} == {None}
        assert [to for _, to in asked.told()] == [None, late, late] and asked.told() == asked.told(bob)
        assert sorted(to for _, to in delivered.told()) == sorted([late, "ok-20@other.example", "ok-21@sink.example"])
    with desk.follow("ann", id=own) as stream:
        desk.mail(ANN, "ok-22@sink.example")
        time.sleep(1)
        assert not stream.told()
    foreign = desk.web.ask("/api/v1/events", desk.tokens["ann"], id=bob)
    missing = desk.web.ask("/api/v1/events", desk.tokens["ann"], id="251121576320300412")
    assert foreign.status == missing.status == 404 and foreign.body == missing.body


def test_a_revoked_token_ends_its_streams(desk):
    token = desk.token("gone", "--role", "admin")
    with Events(desk.web, token) as stream:
        desk.world.cli.run("token", "revoke", "gone")
        place.wait_until(lambda: stream.ended, 12, "the stream ends", 0.1)
        assert stream.ended == "whole"


def test_too_many_are_told_so_and_places_are_free_again(desk):
    streams = []
    try:
        for _ in range(16):
            streams.append(desk.follow("desk"))
            assert streams[-1].status == 200
        more = desk.follow("desk")
        assert more.status == 503 and more.headers["Retry-After"] and more.problem["detail"].count("\n") == 0
        with desk.follow("admin") as other:
            assert other.status == 200
    finally:
        for stream in streams:
            stream.close()
    place.wait_until(lambda: desk.web.ask("/api/v1/events", desk.tokens["desk"], method="HEAD").status == 200, 6,
                     "a place is free", 0.2)
    assert desk.web.ask("/api/v1/search", desk.tokens["desk"]).status == 200


def test_a_store_that_comes_back_is_followed_on(desk):
    with desk.follow("admin") as stream:
        before = desk.mail(BOB, "ok-30@sink.example")
        stream.wait_for(2)
        desk.world.redis.stop()
        place.wait_until(lambda: stream.named("trace.lost"), 15, "it is told that the store is away", 0.1)
        desk.world.redis.start()
        give_rights(desk.world.cli, desk.world.redis, USER)
        after = desk.mail(BOB, "ok-31@sink.example")
        stream.wait_for(4)
        assert [data["lost"] for data in stream.named("trace.lost")] == [True, False]
        assert [len(stream.told(code)) for code in (before, after)] == [2, 2]
        ids = [data["event_id"] for *_, data in stream.events if "event_id" in data]
        assert len(set(ids)) == len(ids) and not stream.ended, stream.events
