# SPDX-License-Identifier: BSD-2-Clause
"""The HTTP API: mails through a real Postfix, asked about by people who may see different things."""
import os
import pathlib
import re
import time

import pytest

from support import place
from support.smtp_client import Client
from support.web import Web, give_rights
from support.world import World

ANN, BOB = "ann@a.example", "bob@b.example"
TO = {"ann": ["ok-one@sink.example", "ok-two@sink.example"], "bob": ["ok-three@other.example"]}
USER = ("waybill-web", "secret")
PEOPLE = {
    "ann": ("--role", "sender", "--address", ANN),
    "bob": ("--role", "sender", "--address", BOB),
    "desk": ("--role", "desk"),
    "other": ("--role", "desk", "--domain", "other.example", "--subjects"),
    "admin": ("--role", "admin"),
}


def routes():
    """The rows of the table of routes: (path, least role)."""
    text = pathlib.Path(place.SOURCE, "milter/answer/http/routes.c").read_text(encoding="utf-8")
    return re.findall(r'^    \{"GET", "(/[^"]*)", (\w+),', text, re.MULTILINE)


class Desk:
    def __init__(self, world):
        self.world = world
        give_rights(world.cli, world.redis, USER)
        self.web = Web(world.daemon, USER).start()
        self.tokens = {name: self.token(name, *words) for name, words in PEOPLE.items()}
        self.mails = {}
        for name, sender in (("ann", ANN), ("bob", BOB)):
            message_id = f"{name}-{os.getpid()}@shop.example"
            client = Client(world.postfix.port)
            client.send(sender, TO[name], message_id)
            client.quit()
            self.mails[name] = world.wait_for_states(message_id, {to: "delivered" for to in TO[name]})
        place.wait_until(lambda: all("removed" in str(world.cli.show(mail["trace_id"]))
                                     for mail in self.mails.values()), 20, "both are removed")

    def token(self, name, *words):
        done = self.world.cli.run("token", "add", "--name", name, "--expires", "1d", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def ask(self, who, path, **arguments):
        return self.web.ask(path, self.tokens[who], **arguments)

    def found(self, who, **arguments):
        answer = self.ask(who, "/api/v1/search", **arguments)
        assert answer.status == 200, answer.body
        return {mail["trace_id"]: sorted(to["recipient"] for to in mail["recipients"])
                for mail in answer.json()["waybills"]}


@pytest.fixture(name="desk", scope="module")
def a_help_desk():
    with World(daemon={"own_sources": ["127.0.0.0/8"]}) as world:
        desk = Desk(world)
        yield desk
        assert desk.web.stop() == 0, desk.web.log_text()


def without_moments(mail):
    """What is computed anew with each answer: how long it took until now."""
    for recipient in mail["recipients"]:
        recipient.pop("delay", None)
    return mail


def test_the_api_gives_the_answer_of_the_command(desk):
    cli, asked = desk.world.cli, "to:@sink.example,@other.example since:-1h"
    *mails, page = cli.objects("trace", asked)
    answer = desk.ask("admin", "/api/v1/search", q=asked)
    assert answer.headers["Content-Type"] == "application/json"
    found = answer.json()
    assert [without_moments(mail) for mail in found["waybills"]] == [without_moments(mail) for mail in mails]
    assert len(mails) == 2
    assert {key: found["page"][key] for key in ("object", "count", "next", "bounded")} == \
        {key: page[key] for key in ("object", "count", "next", "bounded")}
    for mail in mails:
        shown = desk.ask("admin", f"/api/v1/waybills/{mail['trace_id']}").json()
        assert without_moments(shown) == without_moments(cli.show(mail["trace_id"]))
        assert desk.ask("admin", f"/api/v1/waybills/{mail['waybill_id']}").status == 200


def test_each_finds_and_opens_what_is_for_him_alone(desk):
    ann, bob = (desk.mails[name]["trace_id"] for name in ("ann", "bob"))
    sees = {"ann": {ann: TO["ann"]}, "bob": {bob: TO["bob"]}, "other": {bob: TO["bob"]},
            "desk": {ann: TO["ann"], bob: TO["bob"]}, "admin": {ann: TO["ann"], bob: TO["bob"]}}
    missing = desk.ask("admin", "/api/v1/waybills/251121576320300412")
    assert missing.status == 404 and missing.headers["Content-Type"] == "application/problem+json"
    for who, expected in sees.items():
        assert desk.found(who) == expected, who
        assert desk.found(who, q=f"from:{ANN}") == {k: v for k, v in expected.items() if k == ann}, who
        for code in (ann, bob):
            answer = desk.ask(who, f"/api/v1/waybills/{code}")
            if code in expected:
                assert answer.status == 200 and answer.json()["trace_id"] == code, (who, code)
                continue
            assert (answer.status, answer.body) == (missing.status, missing.body), (who, code)
            assert dict(answer.headers, Date="") == dict(missing.headers, Date="")


def test_counts_are_of_what_one_may_see_and_those_of_the_command(desk):
    asked = "to:@sink.example,@other.example since:-1h"
    *groups, sums = desk.world.cli.objects("stats", "--by", "domain,state", asked)
    told = desk.ask("admin", "/api/v1/stats", q=asked, by="domain,state").json()
    assert told["groups"] == groups and told["sums"]["recipients"] == sums["recipients"] == 3
    for who, count in {"ann": 2, "bob": 1, "desk": 3, "other": 1}.items():
        assert desk.ask(who, "/api/v1/stats", q=asked).json()["sums"]["recipients"] == count, who
    assert desk.ask("ann", "/api/v1/stats", by="shoe").status == 400


def test_each_route_asks_for_its_role(desk):
    ranks = {"ROLE_SENDER": 0, "ROLE_DESK": 1, "ROLE_ADMIN": 2}
    roles = {"ann": 0, "bob": 0, "desk": 1, "other": 1, "admin": 2}
    assert len(routes()) >= 4
    for path, least in routes():
        file = "en.json" if "messages" in path else "app.css"
        path = path.replace("*", file if path.startswith("/page/") else desk.mails["ann"]["trace_id"])
        nobody, wrong = desk.web.ask(path), desk.web.ask(path, "wbt_" + 64 * "0")
        if least == "HTTP_ANYBODY":
            assert nobody.status == 200 and "sink" not in str(nobody.body)
            continue
        assert nobody.status == wrong.status == 401 and nobody.body == wrong.body
        assert "Bearer" in nobody.headers["WWW-Authenticate"]
        for who, rank in roles.items():
            # what goes on for ever is asked for its head alone
            status = desk.ask(who, path, method="HEAD" if path.endswith("/events") else "GET").status
            assert (status == 403) == (rank < ranks[least]), (path, who, status)
            assert status in (200, 403, 404), (path, who, status)
        assert desk.ask("admin", path, method="PUT").status == 405


def test_a_subject_is_shown_and_searched_where_it_may_be(desk):
    code = desk.mails["bob"]["trace_id"]
    subject = desk.ask("admin", f"/api/v1/waybills/{code}").json()["subject"]
    assert subject
    assert desk.ask("other", f"/api/v1/waybills/{code}").json()["subject"] == subject
    assert subject not in desk.ask("desk", f"/api/v1/waybills/{code}").body.decode()
    refused = desk.ask("desk", "/api/v1/search", q="subject:x")
    assert refused.status == 400 and "subject" in refused.json()["detail"]


def test_what_is_asked_stands_in_the_audit(desk):
    code = desk.mails["ann"]["trace_id"]
    desk.ask("bob", f"/api/v1/waybills/{code}")
    desk.ask("desk", "/api/v1/search", q="from:audited@a.example")
    entries = [(entry["who"], entry["what"], entry["about"], entry["count"])
               for entry in desk.world.cli.objects("audit", "--since", "-1h")]
    assert ("bob", "show", code, 0) in entries
    assert ("desk", "search", "from:audited@a.example", 0) in entries


def test_pages_follow_each_other_and_a_cursor_is_good_for_its_query_alone(desk):
    first = desk.ask("admin", "/api/v1/search", q="to:@sink.example,@other.example", limit=1).json()
    cursor = first["page"]["next"]
    second = desk.ask("admin", "/api/v1/search", q="to:@sink.example,@other.example", limit=1,
                      after=cursor).json()
    assert {page["waybills"][0]["trace_id"] for page in (first, second)} == \
        {mail["trace_id"] for mail in desk.mails.values()}
    assert second["page"]["next"] is None
    foreign = desk.ask("admin", "/api/v1/search", q="to:@sink.example", after=cursor)
    assert foreign.status == 400 and "another query" in foreign.json()["detail"]


def test_an_answer_that_is_known_is_not_sent_again(desk):
    path = f"/api/v1/waybills/{desk.mails['ann']['trace_id']}"
    etag = desk.ask("ann", path).headers["ETag"]
    again = desk.ask("ann", path, headers={"If-None-Match": etag})
    assert (again.status, again.body) == (304, b"")


def test_garbage_is_refused_in_one_line(desk):
    token = desk.tokens["admin"]
    line = f"Authorization: Bearer {token}\r\n".encode()
    for path in ("//", "/api/v1/../v1/search", "/api/v1/search/", "/api/v1/%73earch", "//api/v1/search",
                 "/api/v1/waybills/a/b", "/api/v1/waybills/../search", "/api/v1/health%00"):
        answer = desk.web.ask(path, token)
        assert answer.status == 404 and answer.json()["status"] == 404, path
    for query in ("q=%ff", "q=%zz", "q=a%00b", "limit=0", "limit=x", "limit=1&limit=2", "who=bob", "q=%0a",
                  "&".join(f"a{i}=1" for i in range(20))):
        answer = desk.web.ask(f"/api/v1/search?{query}", token)
        assert answer.status == 400 and answer.json()["detail"], query
    fault = desk.ask("admin", "/api/v1/search", q="to:bob@b.example state:faild").json()
    assert "did you mean failed" in fault["detail"] and fault["at"] >= 17 and fault["size"] > 0
    huge = b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX: " + 100000 * b"x" + b"\r\n\r\n"
    assert desk.web.raw(huge)[:12] in (b"", b"HTTP/1.1 431", b"HTTP/1.1 413", b"HTTP/1.1 400")
    body = b"GET /api/v1/search HTTP/1.1\r\nHost: x\r\n" + line + b"Content-Length: 9999999\r\n\r\n"
    assert b"200 OK" not in desk.web.raw(body + 9999999 * b"x")
    assert desk.web.raw(b"\x00\xff garbage\r\n\r\n")[:12] in (b"", b"HTTP/1.1 400")
    assert desk.web.ask("/api/v1/health").json()["store"] == "answers"


def test_silent_clients_hold_up_nobody(desk):
    import socket  # pylint: disable=import-outside-toplevel
    silent = []
    try:
        for _ in range(200):
            client = socket.socket(socket.AF_UNIX)
            client.connect(desk.web.socket)
            client.sendall(b"GET /api/v1/hea")
            silent.append(client)
        began = time.monotonic()
        assert desk.ask("ann", "/api/v1/search").status == 200
        assert time.monotonic() - began < 3
    finally:
        for client in silent:
            client.close()


@pytest.mark.parametrize("command", ["HSET wb:r:251121:1600:3 x x", "HSET wb:token:x x x", "HSET wb:tokens x x",
                                     "HGETALL wb:tomb", "HDEL wb:audit:25112110 x", "KEYS *", "FLUSHALL"])
def test_its_user_of_redis_may_do_no_more(desk, command):
    with pytest.raises(Exception, match="NOPERM"):
        desk.world.redis.ask_as(USER, *command.split())


def test_a_revoked_token_is_good_for_nothing_within_seconds(desk):
    token = desk.token("gone", "--role", "admin")
    assert desk.web.ask("/api/v1/search", token).status == 200
    desk.world.cli.run("token", "revoke", "gone")
    revoked = time.monotonic()
    while desk.web.ask("/api/v1/search", token).status == 200:
        assert time.monotonic() - revoked < 6
        time.sleep(0.05)
    assert desk.web.ask("/api/v1/search", token).status == 401


def test_that_something_is_missing_is_told_to_all_but_what_only_to_who_sees_all(desk):
    redis = desk.world.redis
    keys = redis.keys("wb:r:*")
    assert keys
    for key in keys:
        redis.ask("RENAME", key, "kept:" + key)
        redis.ask("SET", key, "not ours")
    try:
        for path in ("/api/v1/search", "/api/v1/stats"):
            told = {who: str(desk.ask(who, path).json()) for who in ("admin", "ann")}
            assert "rename it" in told["admin"], told
            assert "'a part of the store cannot be read now'" in told["ann"] and "rename it" not in told["ann"], told
    finally:
        for key in keys:
            redis.ask("RENAME", "kept:" + key, key)


def test_without_the_store_it_says_so_and_comes_back(desk):
    desk.world.redis.stop()
    try:
        answer = desk.ask("ann", "/api/v1/search")
        assert answer.status == 503 and answer.headers["Retry-After"]
        assert desk.web.ask("/api/v1/health").status == 503
    finally:
        desk.world.redis.start()
        give_rights(desk.world.cli, desk.world.redis, USER)
    place.wait_until(lambda: desk.web.ask("/api/v1/health").status == 200, 20, "the store is asked again")
