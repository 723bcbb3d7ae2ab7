# SPDX-License-Identifier: BSD-2-Clause
"""Who asked what: noted of the command as of HTTP, and read by administrators, newest first."""
import time

import pytest

from support import place
from support.cli import FOUND, NOTHING, USAGE
from support.office import open_office

AUDIT = "/api/v1/audit"
CODE = "251121576320300412"


@pytest.fixture(name="office", scope="module")
def an_office():
    yield from open_office()


@pytest.fixture(name="boss", scope="module")
def an_admin(office):
    return office.add("boss", "--role", "admin")


def test_what_the_command_is_asked_stands_in_the_audit(office):
    for words in (["trace", "to:eve@a.example", "state:failed", "--reason", " ticket 4711 "], ["show", CODE],
                  ["stats", "from:@a.example"], ["stats", "--by", "state", "from:@b.example"],
                  ["follow", "--for", "1", "to:@c.example"], ["stats", "--coverage"], ["status"], ["trace", "--help"]):
        done = office.cli.run(*words)
        assert done.returncode in (FOUND, NOTHING) and "audit" not in done.stderr, (words, done)
    told = [(entry["what"], entry["about"], entry["count"], entry["reason"]) for entry in office.entries()
            if not entry["what"].startswith("token")]
    assert sorted(told, key=str) == sorted([
        ("search", "to:eve@a.example state:failed", None, "ticket 4711"), ("show", CODE, None, None),
        ("stats", "from:@a.example", None, None), ("stats", "from:@b.example", None, None),
        ("follow", "to:@c.example", None, None)], key=str)
    assert {entry["who"].split(" ")[-1] for entry in office.entries()} == {"root"}
    line = next(line for line in office.cli.text("audit").splitlines() if "4711" in line)
    assert line.endswith("search  to:eve@a.example state:failed  reason: ticket 4711")


@pytest.mark.parametrize("spoil, heal", [
    (["ACL", "SETUSER", "default", "-hset"], ["ACL", "SETUSER", "default", "+hset"]),
    (["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]),
    (["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"])])
def test_a_store_that_takes_no_note_is_no_reason_to_answer_nothing(office, spoil, heal):
    office.redis.ask(*spoil)
    try:
        done = office.cli.run("trace", "to:eve@a.example", "--json")
    finally:
        office.redis.ask(*heal)
    assert done.returncode == NOTHING and '"page"' in done.stdout, done
    assert done.stderr.count("does not stand in the audit") == 1 and done.stderr.count("\n") == 1, done.stderr


def test_where_a_reason_is_needed_the_command_wants_it_too(office):
    office.daemon.configure(audit_reason="required")
    try:
        for words in (["trace"], ["show", CODE], ["stats"], ["follow", "--for", "1"], ["trace", "--reason", " "]):
            done = office.cli.run(*words)
            assert done.returncode == USAGE and "--reason" in done.stderr and done.stdout == "", (words, done)
        assert office.cli.run("show", CODE, "--reason", "ticket").returncode == NOTHING
        assert office.cli.run("audit").returncode == FOUND
    finally:
        office.daemon.configure(audit_reason=None)


def pages(office, token, **arguments):
    """All entries, a page after the other."""
    told, after = [], {}
    while True:
        answer = office.web.ask(AUDIT, token, **arguments, **after)
        assert answer.status == 200, answer.body
        told += answer.json()["entries"]
        page = answer.json()["page"]
        assert page["count"] == len(answer.json()["entries"]) <= arguments.get("limit", 50)
        if page["next"] is None:
            return told
        after = {"after": page["next"]}


def put(office, hours_ago, who, number):
    """As one of our programs writes it, some time ago."""
    seconds, micros = (int(word) for word in office.redis.ask("TIME"))
    at = seconds * 1000 + micros // 1000 - int(hours_ago * 3600000)
    key = "wb:audit:" + time.strftime("%y%m%d%H", time.gmtime(at // 1000))
    office.redis.ask("HSET", key, f"{at}-{number:016x}", f"who={who} what=search count={number} about=q{number}")


def test_an_admin_pages_through_it_newest_first(office, boss):
    for number in range(120):
        put(office, 1 + 5 * (number // 2), "carl", number)  # two at a time, back 12 days
    for name, value in (("x", "y"), ("123", "who=carl"), ("99999999999999999999-0000000000000000", "who=carl")):
        office.redis.ask("HSET", office.redis.keys("wb:audit:*")[0], name, value)
    told = pages(office, boss, who="carl", limit=7)
    assert sorted(entry["count"] for entry in told) == list(range(120))
    times = [entry["time"] for entry in told]
    assert times == sorted(times, reverse=True) and told[0]["object"] == "audit"
    assert pages(office, boss, who="carl") == told
    assert len(pages(office, boss, who="carl", since="-2d")) == 20
    assert len(pages(office, boss, who="carl", since="-10d", until="-2d")) == len([
        entry for entry in told if 20 <= entry["count"] < 96])
    everything = pages(office, boss)
    assert len(everything) > 120 and everything[0]["what"] == "audit" and everything[0]["who"] == "boss"
    assert not pages(office, boss, who="nobody")


@pytest.mark.parametrize("arguments", [{"limit": 0}, {"limit": 201}, {"after": "1-2"}, {"after": "x"}, {"since": "soon"},
                                       {"since": "-1h", "until": "-2h"}, {"q": "x"}, {"who": "\n"}])
def test_what_is_wrong_with_the_question_is_told(office, boss, arguments):
    assert office.web.ask(AUDIT, boss, **arguments).status == 400


def test_it_is_for_those_alone_who_may_see_all(office):
    assert office.web.ask(AUDIT).status == 401
    assert office.web.ask(AUDIT, office.token).status == 403
    assert office.web.ask(AUDIT, office.add("a", "--role", "admin", "--domain", "a.example")).status == 403


# ---- of persons ----

def test_who_is_forgotten_loses_a_token_that_is_his_alone(office):
    his = office.add("bob", "--role", "sender", "--address", "bob@b.example")
    also = office.add("team", "--role", "sender", "--address", "Bob+x@B.example", "--address", "jim-bob@b.example")
    called = office.add("bob@b.example", "--role", "desk")
    other = office.add("jim", "--role", "sender", "--address", "jim-bob@b.example")
    cookie, _ = office.session(his)
    for token in (his, also, called, other):
        assert office.web.ask("/api/v1/search", token).status == 200
    dry = office.cli.objects("forget", "Bob@b.example", "--dry-run")[0]
    names = [("bob", True), ("bob@b.example", False), ("team", False)]
    assert sorted((token["name"], token["would_be_taken_away"]) for token in dry["tokens"]) == names
    text = office.cli.text("forget", "bob@b.example", "--dry-run")
    assert "Nothing was changed" in text and "of bob (sender) would be taken away" in text
    assert "of team (sender) stays, as it is bound to more" in text and "is called by the address" in text
    assert len(office.cli.objects("token", "list")) > 3 and not office.redis.keys("wb:tomb*")
    exported = office.cli.objects("export-person", "bob@b.example")
    assert sorted(one["name"] for one in exported if one["object"] == "token") == [name for name, _ in names]
    assert {(one["who"], one["what"]) for one in exported if one["object"] == "audit"} >= {("bob", "login"), ("team", "search")}
    assert "jim" not in {one.get("who") for one in exported}
    receipt = office.cli.objects("forget", "bob@b.example", "--yes")[0]
    assert sorted((token["name"], token["taken_away"]) for token in receipt["tokens"]) == names
    place.wait_until(lambda: office.web.ask("/api/v1/search", his).status == 401, 8, "his token is gone")
    assert office.ask(cookie).status == 401
    assert "of team (sender) stays" in office.cli.text("forget", "bob@b.example", "--status")
    for token in (also, called, other):
        assert office.web.ask("/api/v1/search", token).status == 200
