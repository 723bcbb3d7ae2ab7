# SPDX-License-Identifier: BSD-2-Clause
"""The command over HTTP: what staff with a token and without a store see is what the store's owner
sees, and what a hostile server says costs one line."""
import concurrent.futures
import contextlib
import glob
import http.server
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from support import place
from support.cli import FOUND, NOTHING, UNREACHABLE, USAGE
from support.smtp_client import Client
from support.web import Web
from support.world import World

USER = ("waybill-web", "secret")
ANN = "ann@a.example"
ALL = "since:2000-01-01"


class Staff:
    """The command as somebody runs it who has a token and no configuration."""

    def __init__(self, base, url, token, name):
        self.url, self.home = url, f"{base}/home-{name}"
        self.file = f"{self.home}/.config/waybill/token"
        os.makedirs(os.path.dirname(self.file), exist_ok=True)
        with open(self.file, "w", encoding="ascii") as file:
            file.write(token + "\n")
        os.chmod(self.file, 0o600)

    def environment(self, url=None):
        return {"HOME": self.home, "WAYBILL_API": url or self.url, "PATH": os.environ["PATH"]}

    def run(self, *arguments, url=None, environment=None):
        return subprocess.run([f"{place.BUILD}/waybill", *arguments], text=True, check=False, capture_output=True,
                              timeout=60, stdin=subprocess.DEVNULL,
                              env={**self.environment(url), **(environment or {})})


class Following:
    """`waybill follow`, while it runs."""

    def __init__(self, base, name, *words, environment=None):
        self.files = [f"{base}/follow-{name}.{kind}" for kind in ("out", "err")]
        with open(self.files[0], "wb") as out, open(self.files[1], "wb") as err:
            self.process = subprocess.Popen([f"{place.BUILD}/waybill", *words], stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=err, env=environment)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def text(self, which=0):
        with open(self.files[which], encoding="utf-8") as file:
            return file.read()

    def tells(self, words, which=0):
        place.wait_until(lambda: words in self.text(which), 20, f"follow tells {words}", pause=0.05)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(10)


class Office:
    def __init__(self, world):
        self.world = world
        logs = sorted(glob.glob(f"{place.SOURCE}/tests/golden/maillog/*.log"))
        assert world.cli.run("import", *logs).returncode == 0
        client = Client(world.postfix.port)
        message_id = f"ann-{os.getpid()}@shop.example"
        client.send(ANN, ["ok-one@sink.example", "never-two@sink.example"], message_id)
        client.quit()
        self.mail = world.wait_for_states(message_id, {"ok-one@sink.example": "delivered",
                                                       "never-two@sink.example": "failed"})
        self.give_rights()
        self.web = Web(world.daemon, USER).start()
        self.people = {name: self.staff(name, *words) for name, words in
                       {"admin": ("--role", "admin"), "desk": ("--role", "desk"),
                        "ann": ("--role", "sender", "--address", ANN), "gone": ("--role", "admin")}.items()}
        assert self.people["gone"].run("trace", ALL).returncode == FOUND
        world.cli.run("token", "revoke", "gone") # seen within 5 s: later, so that nobody waits for it

    def give_rights(self):
        line = next(line for line in self.world.cli.text("doctor", "--redis-acl").splitlines()
                    if line.startswith(f"user {USER[0]} "))
        words = [word for word in line.split()[2:] if not word.startswith(">")]
        self.world.redis.ask("ACL", "SETUSER", USER[0], *words, ">" + USER[1])

    def staff(self, name, *words):
        done = self.world.cli.run("token", "add", "--name", name, "--expires", "1d", *words)
        assert done.returncode == 0, done.stderr
        return Staff(self.world.base, f"unix:{self.web.socket}", done.stdout.strip(), name)


@pytest.fixture(name="office", scope="module")
def an_office():
    with World(daemon={"own_sources": ["127.0.0.0/8"], "retention_days": 3650}) as world:
        office = Office(world)
        yield office
        assert office.web.stop() == 0, office.web.log_text()


def told(done):
    """What was told, but for what follows from the moment at which it was asked: how long until now, when
    the last 30 days began, and the cursor, which has both; and from how it was asked."""
    def plain(text):
        text = re.sub(r'"delay":{[^{}]*{[^{}]*}[^{}]*}', "", text)
        text = re.sub(r'("since":"[^"]*",)?"until":"[^"]*",(?="next"|"unreadable")', "", text)
        return re.sub(r"-c \S+ ", "", re.sub(r'(--after |"next":"|"cursor":")[\w.,-]+', r"\1CURSOR", text))
    return done.returncode, plain(done.stdout), plain(done.stderr)


def both(office, *arguments):
    """The same words to the store and to the API, as administrator; once more if a second went by."""
    for _ in range(3):
        with concurrent.futures.ThreadPoolExecutor(2) as pool: # in the same second, mostly
            store, api = (pool.submit(run, *arguments) for run in (office.world.cli.run, office.people["admin"].run))
        store, api = told(store.result()), told(api.result())
        if store == api:
            break
    return store, api


@pytest.mark.parametrize("words", [
    ("trace", ALL), ("trace", ALL, "--csv"), ("trace", ALL, "--json", "--limit", "400"),
    ("trace", "state:failed,expired", ALL), ("trace", ALL, "order:oldest", "limit:3"),
    ("trace", "remote:@example.org", ALL), ("trace", "-state:delivered", "reason:userunknown", ALL),
    ("trace", "to:nobody@nowhere.example"), ("trace", "to:nobody@nowhere.example", "--json"),
    ("trace", "to:nobody@nowhere.example", "--csv"), ("trace", "--since", "-2d", "--no-header"),
    ("trace",), ("stats", "--by", "state,domain", ALL), ("stats", "--by", "reason", "--json", ALL),
    ("stats", "--by", "sender-domain,remote", "--csv", ALL), ("stats", "--by", "state", "to:nobody@nowhere.example"),
    ("stats", "--coverage", "--since", "2026-11-01", "--until", "2026-11-02"), ("trace", "state:faild"),
    ("show", "NOSUCHQUEUEID"),
], ids=" ".join)
def test_the_api_tells_what_the_store_tells(office, words):
    store, api = both(office, *words)
    assert api == store
    assert store[0] in (FOUND, NOTHING, USAGE)


def test_each_mail_is_shown_alike(office):
    codes = [mail["trace_id"] for mail in office.world.cli.trace(ALL)]
    assert len(codes) > 30
    for code in codes[::2]:
        store, api = both(office, "show", code)
        assert api == store, code
        assert store[0] == FOUND and "Timeline" in store[1]
    for code in codes[::20]:
        store, api = both(office, "show", code, "--json")
        assert api == store, code
    mail = office.mail
    wrong = ("7" if mail["trace_id"][-3] != "7" else "8") + mail["trace_id"][-2:]
    store, api = both(office, "show", mail["trace_id"][:-3] + wrong)
    assert api == store and store[0] == NOTHING and mail["trace_id"] in api[2]
    for name in (mail["queue_id"], mail["message_id"][1:-1], mail["waybill_id"]):
        store, api = both(office, "show", name)
        assert api == store and store[0] == FOUND


def test_somebody_sees_what_is_for_him_and_is_told_what_is_not(office):
    ann, desk, code = office.people["ann"], office.people["desk"], office.mail["trace_id"]
    rows = ann.run("trace", ALL, "--csv").stdout.splitlines()[1:]
    assert len(rows) == 2 and all(f",{ANN}," in row for row in rows), rows
    shown = ann.run("show", code)
    assert shown.returncode == FOUND and "never-two@sink.example: failed. Refused for good" in shown.stdout
    report = next(mail for mail in office.world.cli.trace(ALL) if mail["is_report"])["trace_id"]
    hidden = ann.run("show", report)
    assert hidden.returncode == NOTHING and "that you may see" in hidden.stderr, hidden
    refused = ann.run("stats", "--coverage")
    assert (refused.returncode, refused.stderr) == (USAGE, "waybill: the API says: This is not for your role.\n")
    refused = desk.run("trace", "subject:test")
    assert refused.returncode == USAGE and "the API says: " in refused.stderr
    assert "a test" not in desk.run("show", code).stdout
    for words in (("status",), ("token", "list"), ("forget", "bob@example.org"), ("export-person", "bob@example.org"),
                  ("import", "--api", "x", "f"), ("doctor", "--api", "x"), ("attach", "--api", "x", "postfix"),
                  ("show", "--raw", code)):
        refused = ann.run(*words)
        assert refused.returncode == USAGE and "needs the store itself" in refused.stderr, (words, refused)
        assert len(refused.stderr.splitlines()) == 1
    assert ann.run("explain", __file__).returncode == NOTHING
    entries = office.world.cli.objects("audit", "--since", "-1h")
    assert ("ann", "show", office.mail["waybill_id"]) in [(e["who"], e["what"], e["about"]) for e in entries]


def test_it_goes_on_where_an_answer_says(office):
    admin = office.people["admin"]

    def codes(done):
        return set(re.findall(r'"trace_id":"([^"]*)","waybill_id":"[^"]*","event_time"', done.stdout))
    first = codes(admin.run("trace", ALL, "--limit", "7", "--json"))
    command = admin.run("trace", ALL, "--limit", "7").stdout.splitlines()[-1]
    assert command.startswith("more: waybill trace ")
    rest = codes(admin.run("trace", ALL, "--limit", "1000", "--json", "--after", command.split("--after ")[1]))
    assert len(first) == 7 and not first & rest
    assert first | rest == {mail["trace_id"] for mail in office.world.cli.trace(ALL)}


def one_line(done, code, *words):
    assert done.returncode == code, done
    assert done.stdout == "" and len(done.stderr.splitlines()) == 1 and len(done.stderr) < 1000, done
    assert all(word in done.stderr for word in words), done
    assert "\x1b" not in done.stderr and "wbt_" not in done.stderr.replace("wbt_...", ""), done


def test_who_has_no_good_token_is_told_what_to_do(office):
    gone = office.people["gone"]
    place.wait_until(lambda: gone.run("trace", ALL).returncode != FOUND, 10, "the token is good no more")
    one_line(gone.run("trace", ALL), UNREACHABLE, "the API says: ", "Your administrator makes a new one")
    os.chmod(gone.file, 0o644)
    one_line(gone.run("trace"), USAGE, f"chmod 600 '{gone.file}'")
    os.unlink(gone.file)
    one_line(gone.run("trace"), USAGE, "--token-file", "waybill token add")
    for url in ("ftp://x", "desk.example", "http://a@b/"):
        one_line(office.people["admin"].run("trace", url=url), USAGE, "is no address of an API")
    environment = {"WAYBILL_TOKEN_FILE": office.people["admin"].file}
    assert gone.run("trace", ALL, "--limit", "1", environment=environment).returncode == FOUND


# ---- what happens, and who asked ----


def send(office, name, *to):
    client = Client(office.world.postfix.port)
    client.send(ANN, list(to), f"{name}-{os.getpid()}@shop.example")
    client.quit()


def test_who_follows_over_the_api_is_told_the_same(office):
    """In a table, as JSON, about one mail, and by the role; and it goes on where it says."""
    base, conf, code = office.world.base, ("-c", office.world.daemon.conf), office.mail["trace_id"]
    admin, ann = office.people["admin"], office.people["ann"]
    query = ("from:" + ANN, "-to:ok-hidden@sink.example")
    with contextlib.ExitStack() as stack:
        def start(name, *words, environment=None):
            return stack.enter_context(Following(base, name, *words, environment=environment))
        pairs = [(start(f"store{kind}", *conf, "follow", *query, *kind),
                  start(f"api{kind}", "follow", *query, *kind, environment=admin.environment()))
                 for kind in ((), ("--json",))]
        his = start("ann", "follow", "--json", environment=ann.environment())
        other = start("one", "follow", "id:" + code, environment=admin.environment())
        before = start("before", *conf, "follow")
        everyone = [following for pair in pairs for following in pair] + [his, other]
        time.sleep(1.5) # nothing tells from outside that it has begun
        before.stop()
        cursor = re.search("go on with: waybill follow --after (.*)", before.text(1))[1]
        send(office, "followed", "ok-seen@sink.example", "never-seen@sink.example", "ok-hidden@sink.example")
        for following in everyone[:-1]:
            following.tells("delivery.failed" if following is not his else "never-seen@sink.example")
            following.tells("ok-seen@sink.example")
        codes = [following.stop() for following in everyone]
        assert codes == [FOUND] * 5 + [NOTHING], [following.text(1) for following in everyone]
        for following in everyone[:-2]:
            assert "hidden" not in following.text()
        assert {json.loads(line)["sender"] for line in his.text().splitlines()} == {ANN}
        assert other.text() == ""
        for pair in pairs[0]:
            assert "go on with: waybill follow --after L" in pair.text(1)
        assert "follow --after L" in other.text(1)
    # An event is told with what is known of its mail by then: the same now, of a mail that has settled.
    for kind in ((), ("--json",)):
        store, api = both(office, "follow", "--after", cursor, "--for", "1", *query, *kind)
        assert api == store and store[0] == FOUND
        assert store[1].count("never-seen@sink.example") == 1 and len(store[1].splitlines()) >= 2
    one_line(admin.run("follow", "--after", "Lx"), USAGE, "the API says: ", "cursor")
    report = next(mail for mail in office.world.cli.trace(ALL) if mail["is_report"])["trace_id"]
    one_line(ann.run("follow", "id:" + report, "--for", "20"), USAGE, "the API says: ")


def test_who_follows_outlives_the_api(office):
    admin = office.people["admin"]
    with Following(office.world.base, "cut", "follow", "--json", environment=admin.environment()) as following:
        time.sleep(1)
        send(office, "before", "ok-before@sink.example")
        following.tells("ok-before@sink.example")
        assert office.web.stop() == 0
        following.tells("; trying again\n", 1)
        send(office, "between", "ok-between@sink.example")
        office.web.start()
        following.tells("the API answers again\n", 1)
        following.tells('"recipient":"ok-between@sink.example"')
        assert following.stop() == FOUND
        ids = [json.loads(line)["event_id"] for line in following.text().splitlines()]
        assert len(ids) == len(set(ids)), "none is told twice"
        assert following.text(1).count("trying again") == 1


def test_the_audit_is_for_admins(office):
    admin = office.people["admin"]
    for _ in range(3): # a follower that ends is noted a moment later
        api = admin.run("audit", "--json", "--since", "-1h")
        store = office.world.cli.run("audit", "--json", "--since", "-1h")
        there, here = ([json.loads(line) for line in done.stdout.splitlines()] for done in (api, store))
        if sorted(map(str, there)) == sorted(map(str, here)):
            break
    assert api.returncode == FOUND and len(there) > 20
    assert sorted(map(str, there)) == sorted(map(str, here))
    assert [e["time"] for e in there] == sorted((e["time"] for e in there), reverse=True)
    rows = admin.run("audit", "--since", "-1h").stdout.splitlines()
    assert set(office.world.cli.run("audit", "--since", "-1h").stdout.splitlines()) == set(rows)
    one_line(office.people["desk"].run("audit"), USAGE, "the API says: This is not for your role.")


def test_the_audit_is_read_page_by_page(office):
    def page(path, headers):
        number = int((re.search("after=(\\d+)", path) or (0, 0))[1])
        entries = [{"object": "audit", "time": f"2026-11-22T10:00:00.{999 - 200 * number - i:03}Z", "who": "a\x1b",
                    "what": "show", "about": str(200 * number + i), "count": None, "reason": None} for i in range(200)]
        return reply(json.dumps({"entries": entries, "page": {"next": str(number + 1) if number < 3 else None}}))

    words = ("audit", "--since", "2026-11-22", "--reason", "why")
    with Stranger(page) as stranger:
        done = office.people["admin"].run(*words, "--json", url=stranger.url)
        assert [json.loads(line)["about"] for line in done.stdout.splitlines()] == [str(n) for n in range(800)], done
        assert len(stranger.asked) == 4 and stranger.asked[0][1]["Waybill-Reason"] == "why"
        assert "\x1b" not in office.people["admin"].run(*words, url=stranger.url).stdout
    same = '{"entries":[{"time":"2026-11-22T10:00:00.000Z","who":"a","what":"b"}],"page":{"next":"1"}}'
    for body in (same, same.replace('"a"', "[]"), '{"entries":7}', same.replace('{"time', '7,{"time')):
        with Stranger(lambda path, headers, body=body: reply(body)) as stranger:
            done = office.people["admin"].run(*words, url=stranger.url)
            assert done.returncode == UNREACHABLE and len(done.stderr.splitlines()) == 1, done
            assert len(stranger.asked) <= 2


# ---- servers of other kinds ----


class Stranger:
    """Answers each request with the parts that `told` gives for it; with `context` over TLS."""

    def __init__(self, told, context=None):
        self.asked = asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                asked.append((self.path, dict(self.headers)))
                with contextlib.suppress(OSError):
                    for part in told(self.path, self.headers):
                        self.wfile.write(part)
                self.close_connection = True

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def reply(body, status="200 OK", *headers, kind="application/json"):
    lines = (f"HTTP/1.1 {status}", f"Content-Type: {kind}", *headers, "", "")
    return ["\r\n".join(lines).encode(), body.encode() if isinstance(body, str) else body]


def problem(status, detail, *headers):
    return reply('{"detail":"%s"}' % detail, status, *headers, kind="application/problem+json")


MAIL = '{"waybill_id":"251121576320300412","event_time":"2025-11-21T16:00:32.000Z","state":"delivered",' \
    '"sender":"a@b.example","recipients":[{"recipient":"\\u001b[31mevil\\u202e@x.example","state":"delivered",' \
    '"response":"\\u001b]0;title\\u0007 \\u0000"}]}'
HOSTILE = {
    "no json": reply("<html>hello</html>"),
    "nothing": reply(""),
    "another page": reply("not found", "404 Not Found", kind="text/html"),
    "a broken proxy": reply("oops", "502 Bad Gateway", kind="text/html"),
    "an array": reply("[]"),
    "other members": reply('{"waybills":7,"page":[]}'),
    "numbers for mails": reply('{"waybills":[1,2],"page":{}}'),
    "a mail of wrong types": reply('{"waybills":[{"waybill_id":7,"recipients":{}}],"page":{}}'),
    "an odd state": reply('{"waybills":[{"waybill_id":"251121576320300412","recipients":[{"state":"x"}]}],"page":{}}'),
    "too many mails": reply('{"waybills":[' + ",".join(["{}"] * 300) + '],"page":{}}'),
    "deep": reply("[" * 1000000),
    "many": reply('{"a":[' + "0," * 3000000 + "0]}"),
    "a command for a cursor": reply('{"waybills":[],"page":{"next":"1; reboot"}}'),
    "twice": reply('{"waybills":[],"page":{},"page":{}}'),
    "not utf-8": reply(b'{"waybills":[],"page":{"next":"\xff\xfe"}}'),
    "elsewhere": reply("", "302 Found", "Location: http://127.0.0.1:1/api/v1/search"),
    "escapes in a problem": problem("400 Bad Request", "\\u001b[2J\\u202e" + 5000 * "x"),
    "a problem of wrong types": reply('{"detail":[1]}', "400 Bad Request", kind="application/problem+json"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_a_stranger_says_costs_a_line(office, what):
    with Stranger(lambda path, headers: HOSTILE[what]) as stranger:
        done = office.people["admin"].run("trace", ALL, url=stranger.url)
        one_line(done, USAGE if what == "escapes in a problem" else UNREACHABLE, "API")
        assert len(stranger.asked) == 1


def endless(first, part):
    yield first
    while True:
        yield part


@pytest.mark.parametrize("first, part", [(reply("")[0], b" " * 65536), (reply("")[0], b"[" * 65536),
                                         (b"HTTP/1.1 200 OK\r\n", b"X: " + 900 * b"y" + b"\r\n")],
                         ids=["blanks", "brackets", "headers"])
def test_an_answer_without_end_is_cut(office, first, part):
    with Stranger(lambda path, headers: endless(first, part)) as stranger:
        one_line(office.people["admin"].run("trace", url=stranger.url), UNREACHABLE, "larger than any")


def events(*parts):
    return [reply("", kind="text/event-stream")[0], *parts]


EVENT = b'id: Lx%d\r\nevent: x\r\ndata: {"object":"event","action":"delivery.delivered","event_id":"1",\r' \
    b'data: "event_time":"2026-11-22T10:00:00.000Z","waybill_id":"251121576320300412","sender":"a\\u001b@b.example",\n' \
    b'data:"recipient":{"recipient":"c\\u202e@d.example","state":"delivered","response":"\\u0007"}}\n\n'


def test_a_stream_of_a_stranger_is_read_within_bounds(office):
    admin = office.people["admin"]
    for what in (endless(events()[0], b"x" * 65536), endless(events()[0], b"data: " + b"x" * 65000 + b"\n"),
                 events(b"id: $(reboot)\n\n"), events(b"data: 7\n\n"), events(b'data: {"object":"event"}\n\n'),
                 events(b"data: " + b"[" * 100000 + b"\n\n"), events(EVENT.replace(b'{"recipient":"c', b'7,{"x":"c')),
                 reply("{}"), reply("", "302 Found", "Location: http://127.0.0.1:1/"),
                 problem("401 Unauthorized", "no")):
        with Stranger(lambda path, headers, what=what: what) as stranger:
            one_line(admin.run("follow", "--for", "20", url=stranger.url), UNREACHABLE, "API")
            assert len(stranger.asked) == 1


def test_it_comes_back_where_it_was(office):
    """A line that ends in any way, in any pieces; the place of a comment; a token that ends."""
    first = [bytes([byte]) for byte in b"retry: 300\n" + EVENT % 1 + b"id: Lx2\n: nothing\n\nid: Lx3\ndata: half"]
    answers = (events(*first), events(b"retry: 0\n", EVENT % 4), problem("503 Later", "wait", "Retry-After: 0"),
               problem("401 No", "gone"))
    for words in ((), ("--json",)):
        with Stranger(lambda path, headers: answers[len(stranger.asked) - 1]) as stranger:
            done = office.people["admin"].run("follow", "--after", "L1", "to:x@y.example", *words, url=stranger.url)
            assert done.returncode == UNREACHABLE and len(done.stdout.splitlines()) == 2, done
            assert [headers.get("Last-Event-ID") for _, headers in stranger.asked] == [None, "Lx2", "Lx4", "Lx4"]
            assert stranger.asked[0][0] == "/api/v1/events?q=to%3Ax%40y.example&after=L1"
            assert "after=" not in stranger.asked[1][0]
            assert "the API says: gone" in done.stderr and ("--after Lx4" in done.stderr) == (not words)
            assert "c" in done.stdout and not any(byte in done.stdout for byte in ("\x1b", "\x07", "\u202e"))


def test_what_is_hostile_in_a_mail_is_shown_harmless(office):
    body = '{"waybills":[%s],"page":{"count":1,"since":"x","until":7,"next":"7","coverage":["\\u001b"]}}' % MAIL
    with Stranger(lambda path, headers: reply(body)) as stranger:
        for words in (("trace",), ("trace", "--json"), ("trace", "--csv")):
            done = office.people["admin"].run(*words, url=stranger.url)
            assert done.returncode == FOUND and "evil" in done.stdout, done
            for byte in ("\x1b", "\x07", "\u202e", "\x00"):
                assert byte not in done.stdout, (words, done.stdout)


def test_it_waits_once_where_it_is_told_to(office):
    def asked(*replies):
        with Stranger(lambda path, headers: replies[min(len(stranger.asked), len(replies)) - 1]) as stranger:
            return office.people["admin"].run("trace", url=stranger.url), len(stranger.asked)

    done, times = asked(problem("429 Too Many", "slow down", "Retry-After: 1"), reply('{"waybills":[],"page":{}}'))
    assert (done.returncode, times) == (NOTHING, 2), done
    for seconds, expected in ((0, 2), (3600, 1)):
        done, times = asked(problem("503 Not now", "later", f"Retry-After: {seconds}"))
        one_line(done, UNREACHABLE, "the API says: later")
        assert times == expected


def test_what_is_sent_and_where(office):
    with Stranger(lambda path, headers: reply('{"waybills":[],"page":{}}')) as stranger:
        office.people["admin"].run("--api", f"{stranger.url}/mail/", "trace", "to:a+b@c.example", "--reason",
                                   "Ticket 7 \u00fc", url="http://127.0.0.1:1")
        path, headers = stranger.asked[0]
        assert path == "/mail/api/v1/search?q=to%3Aa%2Bb%40c.example&limit=50"
        assert headers["Authorization"].startswith("Bearer wbt_")
        assert headers["Waybill-Reason"] == "Ticket%207%20%C3%BC"
        office.people["admin"].run("trace", url="http://desk.invalid:80", environment={"http_proxy": stranger.url})
        assert stranger.asked[1][0].startswith("http://desk.invalid")


def test_a_certificate_must_be_good(office, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def forward(path, headers):
        told_there = office.web.ask(path, headers["Authorization"].split()[1])
        return reply(told_there.body, f"{told_there.status} x", kind=told_there.headers["Content-Type"])

    with Stranger(forward, context) as proxy:
        admin, good = office.people["admin"], {"SSL_CERT_FILE": str(certificate)}
        one_line(admin.run("trace", ALL, url=f"https://localhost:{proxy.port}"), UNREACHABLE, "certificate")
        one_line(admin.run("trace", ALL, url=f"https://127.0.0.1:{proxy.port}", environment=good), UNREACHABLE, "API")
        assert not proxy.asked
        done = admin.run("trace", ALL, url=f"https://localhost:{proxy.port}", environment=good)
        assert done.returncode == FOUND and len(proxy.asked) == 1, done


# ---- when something is away ----


def test_who_is_away_is_named(office):
    admin = office.people["admin"]
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        one_line(admin.run("show", office.mail["trace_id"], url=url), UNREACHABLE, "cannot reach the API", url)
    one_line(admin.run("trace", url="unix:/nowhere/web.sock"), UNREACHABLE, "/nowhere/web.sock")
    office.world.redis.stop()
    try:
        one_line(office.people["ann"].run("trace"), UNREACHABLE, "the API says: The store cannot be asked now")
    finally:
        office.world.redis.start()
