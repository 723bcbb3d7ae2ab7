# SPDX-License-Identifier: BSD-2-Clause
"""Sessions of the page and names that a proxy tells: who gets in, how long, and what a foreign page cannot do."""
import http.cookies
import json
import re
import time

import pytest

from support import place
from support.office import HEADER, SESSION, USER, open_office
from support.web import give_rights

from test_hostile_store import POISONS

URL = "https://mail.example.org"
REASON = {"Waybill-Reason": "Anruf%20von%20Frau%20M%C3%BCller"}


@pytest.fixture(name="office", scope="module")
def an_office():
    yield from open_office()


def test_who_logs_in_gets_a_cookie_that_no_script_reads_and_the_store_a_hash(office):
    answer = office.log_in()
    cookie = http.cookies.SimpleCookie(answer.headers["Set-Cookie"])["waybill"]
    assert answer.status == 200 and re.fullmatch("wbs_[0-9a-f]{64}", cookie.value)
    assert cookie["httponly"] and cookie["samesite"] == "Strict" and cookie["path"] == "/"
    assert int(cookie["max-age"]) == 12 * 3600 and not cookie["domain"] and not cookie["secure"]
    told = answer.json()
    assert {key: told[key] for key in ("object", "name", "role", "subjects", "reason", "languages")} == {
        "object": "session", "name": "desk", "role": "desk", "subjects": False, "reason": "optional",
        "languages": ["en", "de"]}
    assert re.fullmatch("[0-9a-f]{64}", told["csrf"])
    assert office.ask(f"waybill={cookie.value}").json() == told
    stored = str(office.redis.contents("wb:session:*"))
    assert stored != "{}" and cookie.value not in stored and cookie.value[4:] not in stored and office.token not in stored
    assert all(0 < office.redis.ask("TTL", key) <= 3600 for key in office.redis.keys("wb:session:*"))
    assert office.ask(f"a=b; waybill={cookie.value}; c", "/api/v1/search").status == 200
    assert [entry["who"] for entry in office.entries() if entry["what"] == "login"] == ["desk"]


def test_a_session_is_new_each_time_and_the_one_before_ends(office):
    first, _ = office.session()
    foreign = f"waybill=wbs_{64 * '0'}"
    for cookie in (first, foreign):
        answer = office.log_in(Cookie=cookie)
        given = answer.headers["Set-Cookie"].partition(";")[0]
        assert given not in (first, foreign) and office.ask(given).status == 200
        assert office.ask(cookie).status == 401
    assert office.ask(f"{given}; waybill=wbs_{64 * '0'}").status == 401
    assert office.ask(f"{first}; {given}").status == 401


@pytest.mark.parametrize("body", ["", "{}", "token=x", '{"token":1}', '{"token":"x","a":"="}', '{"token":"x"}x', "[" * 400,
                                  '{"token":"x', "\xff"])
def test_a_body_that_is_no_login_is_refused(office, body):
    answer = office.web.ask(SESSION, method="POST", body=body)
    assert answer.status == 400 and "Set-Cookie" not in answer.headers
    assert office.web.ask(SESSION, method="POST", body=1000 * "x").status == 413
    assert b" 413 " in office.web.raw(b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")


def test_a_log_in_that_cannot_be_noted_lets_nobody_in(office):
    office.redis.ask("ACL", "SETUSER", USER[0], "resetkeys", "%RW~wb:session:*", "%R~wb:token*", "%R~wb:node*")
    try:
        answer = office.log_in()
        assert answer.status == 503 and "Set-Cookie" not in answer.headers, answer.headers
    finally:
        give_rights(office.cli, office.redis, USER)
    assert office.log_in().status == 200


def test_a_token_that_is_not_good_lets_nobody_in(office):
    for token in ("x", "wbt_", "wbt_" + 64 * "0", "wbs_" + 64 * "0", office.token[:-1]):
        answer = office.log_in(token)
        assert answer.status == 401 and "Set-Cookie" not in answer.headers
    cookie, _ = office.session()
    secret = cookie.partition("=")[2]
    assert office.web.ask(SESSION, secret).status == 401
    assert office.ask(f"waybill={office.token}").status == 401


def test_what_changes_something_needs_what_the_page_alone_knows(office):
    cookie, proof = office.session()
    other = office.session()[1]
    for wrong in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": other}, {"X-CSRF-Token": proof[:-1]}):
        answer = office.ask(cookie, method="DELETE", **wrong)
        assert answer.status == 403 and "X-CSRF-Token" in answer.json()["detail"], wrong
    good = {"X-CSRF-Token": proof}
    for site in ("cross-site", "same-site", "x"):
        assert office.ask(cookie, method="DELETE", Sec_Fetch_Site=site, **good).status == 403
        assert office.log_in(**{"Sec-Fetch-Site": site}).status == 403
    assert office.ask(cookie).status == 200
    ended = office.ask(cookie, method="DELETE", Sec_Fetch_Site="same-origin", **good)
    assert ended.status == 200 and "Max-Age=0" in ended.headers["Set-Cookie"]
    assert office.ask(cookie).status == 401
    assert office.ask(cookie, method="DELETE", **good).status == 401
    assert [entry["what"] for entry in office.entries()].count("logout") == 1


def test_a_token_goes_before_a_cookie_and_needs_no_proof(office):
    cookie, _ = office.session()
    admin = office.add("boss", "--role", "admin")
    both = {"Cookie": cookie, "Authorization": f"Bearer {admin}"}
    told = office.web.ask(SESSION, headers=both).json()
    assert (told["name"], told["csrf"]) == ("boss", None)
    assert office.web.ask(SESSION, headers={**both, "Authorization": "Bearer wbt_x"}).status == 401
    assert office.web.ask(SESSION, method="DELETE", headers=both).status == 404
    assert office.ask(cookie).status == 200


def age(office, name, ms):
    for key in office.redis.keys("wb:session:*"):
        office.redis.ask("HSET", key, name, int(time.time() * 1000) - ms)


def test_a_session_ends_by_rest_by_age_and_with_its_token(office):
    token = office.add("temp", "--role", "admin")
    minute = 60000
    for name, good, bad in (("used", 59 * minute, 60 * minute), ("began", 719 * minute, 720 * minute)):
        cookie, _ = office.session(token)
        age(office, name, good)
        assert office.ask(cookie).status == 200, name
        age(office, name, bad)
        assert office.ask(cookie).status == 401, name
    cookie, _ = office.session(token)
    age(office, "used", 30 * minute)
    assert office.ask(cookie).status == 200
    age(office, "began", 0)
    cookie, _ = office.session(token)
    office.cli.run("token", "revoke", "temp")
    place.wait_until(lambda: office.ask(cookie).status == 401, 8, "the session of a token that was revoked has ended")
    for token in ("x", "", 64 * "0"):
        for key in office.redis.keys("wb:session:*"):
            office.redis.ask("HSET", key, "token", token)
        assert office.ask(cookie).status == 401


def test_using_a_session_prolongs_it(office):
    cookie, _ = office.session()
    age(office, "used", 30 * 60000)
    for key in office.redis.keys("wb:session:*"):
        office.redis.ask("EXPIRE", key, 100)
    assert office.ask(cookie).status == 200
    assert max(office.redis.ask("TTL", key) for key in office.redis.keys("wb:session:*")) > 3500


def test_with_a_url_the_cookie_is_for_tls_and_foreign_origins_are_refused(office):
    office.again(web_url=URL)
    try:
        answer = office.log_in(Origin=URL)
        assert answer.status == 200
        assert answer.headers["Set-Cookie"].startswith("__Host-waybill=") and "; Secure" in answer.headers["Set-Cookie"]
        cookie, name = answer.headers["Set-Cookie"].partition(";")[0], "__Host-waybill"
        assert office.ask(cookie).status == 200
        assert office.ask(cookie.replace(name, "waybill")).status == 401
        for origin in ("https://evil.example", "null", "http://mail.example.org", URL + ".evil.example"):
            assert office.log_in(Origin=origin).status == 403
            assert office.web.ask(SESSION, office.token, method="DELETE", headers={"Origin": origin}).status == 403
        assert office.ask(cookie, Origin="https://evil.example").status == 200 # a foreign page cannot read it
    finally:
        office.again()


@pytest.mark.parametrize("poison", POISONS)
def test_what_we_never_wrote_is_no_session(office, poison):
    cookie, _ = office.session()
    ours = [key for key in office.redis.keys("wb:session:*") if office.redis.ask("HGET", key, "token")]
    for key in ours:
        POISONS[poison](office.redis, key.encode(), "hash")
    try:
        assert office.ask(cookie).status == (200 if poison == "crowd" else 401)
        assert office.log_in().status == 200 and office.web.ask(SESSION, office.token).status == 200
    finally:
        for key in ours:
            office.redis.ask("DEL", key)


# ---- whom a proxy names ----

def by_proxy(office, *names, path=SESSION, method="GET", more=""):
    lines = "".join(f"{HEADER}: {name}\r\n" for name in names)
    data = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}{more}\r\n"
    answer = office.web.raw(data.encode("latin-1"))
    status, _, rest = answer.partition(b"\r\n")
    return int(status.split()[1]), rest.partition(b"\r\n\r\n")[2]


def test_a_name_of_the_proxy_is_that_of_an_entry(office):
    assert office.add("eva@example.org", "--role", "desk", "--subjects", "--no-token") == ""
    status, body = by_proxy(office, "eva@example.org")
    told = json.loads(body)
    assert (status, told["name"], told["role"], told["subjects"]) == (200, "eva@example.org", "desk", True)
    assert by_proxy(office, "desk")[0] == 200
    assert "eva@example.org" in [entry["name"] for entry in office.cli.objects("token", "list")]
    for names in (("eva",), ("EVA@example.org",), ("eva@example.org", "desk"), ("desk", "desk"), ("",), ("de sk",),
                  ("desk\x01",), ("desk,desk",), ("*",), (65 * "a",), ("desk\xe4",)):
        assert by_proxy(office, *names)[0] in (400, 401), names
    delete = "X-CSRF-Token: " + told["csrf"] + "\r\n"
    assert by_proxy(office, "eva@example.org", method="DELETE")[0] == 403
    assert by_proxy(office, "desk", method="DELETE", more=delete)[0] == 403
    assert by_proxy(office, "eva@example.org", method="DELETE", more=delete)[0] == 404
    office.cli.run("token", "revoke", "eva@example.org")
    place.wait_until(lambda: by_proxy(office, "eva@example.org")[0] == 401, 8, "the entry is gone")


def test_the_proxy_s_word_stands_before_a_session_and_behind_a_token(office):
    cookie, _ = office.session(office.add("chief", "--role", "admin"))
    for more, name in ((f"Cookie: {cookie}\r\n", "desk"), ("Authorization: Basic eDp4\r\n", "desk"),
                       (f"Authorization: Bearer {office.token}\r\n", "desk")):
        assert json.loads(by_proxy(office, "desk", more=more)[1])["name"] == name
    assert by_proxy(office, "nobody", more=f"Cookie: {cookie}\r\n")[0] == 401
    assert by_proxy(office, "desk", more="Authorization: Bearer wbt_0\r\n")[0] == 401


def test_names_without_an_entry_are_senders_where_that_is_wanted(office):
    office.again(web_user_role="sender")
    try:
        told = json.loads(by_proxy(office, "carl@a.example")[1])
        assert (told["name"], told["role"], told["expires"]) == ("carl@a.example", "sender", None)
        assert by_proxy(office, "carl", path="/api/v1/search")[0] == 200
        assert by_proxy(office, "carl", path="/api/v1/coverage")[0] == 403
    finally:
        office.again()


def test_without_the_option_no_header_is_believed(office):
    office.again(web_user_header="")
    try:
        assert by_proxy(office, "desk")[0] == 401
    finally:
        office.again()


# ---- why one asks ----

def test_a_reason_stands_in_the_audit(office):
    for number, (sent, status, kept) in enumerate([
            (REASON["Waybill-Reason"], 200, "Anruf von Frau Müller"), ("%zz", 400, None), ("%ff", 400, None),
            ("a%0ab", 400, None), (600 * "x", 400, None), ("%20", 200, None)]):
        query = f"from:x{number}@a.example"
        answer = office.web.ask("/api/v1/search", office.token, headers={"Waybill-Reason": sent}, q=query)
        assert answer.status == status, (sent, answer.body)
        assert [entry["reason"] for entry in office.entries() if entry["about"] == query] == [kept] * (status == 200)


def test_where_a_reason_is_needed_none_is_answered_without(office):
    office.again(audit_reason="required")
    try:
        code = "/api/v1/waybills/251121576320300412"
        for path in ("/api/v1/search", "/api/v1/stats", code):
            answer = office.web.ask(path, office.token)
            assert (answer.status, answer.json()["reason_required"]) == (400, True), path
            assert office.web.ask(path, office.token, headers=REASON).status == (404 if path == code else 200)
        cookie, _ = office.session()
        assert office.ask(cookie).json()["reason"] == "required"
    finally:
        office.again()
    assert "reason_required" not in office.web.ask("/api/v1/search", office.token, limit=0).json()
