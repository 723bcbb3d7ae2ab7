# SPDX-License-Identifier: BSD-2-Clause
"""Clients that mean ill, or know no better: each is refused in a line or kept within bounds, and others are
answered meanwhile."""
import concurrent.futures
import gzip
import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import threading
import time

import pytest

from support import place
from support.cli import Cli
from support.daemon import Daemon
from support.private_redis import PrivateRedis
from support.web import Web, give_rights

USER = ("waybill-web", "secret")
HEALTH = b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n"
MANY = 10_000


class Desk:
    """No mails: what is asked finds nothing, which is enough."""

    def __init__(self, base):
        self.redis = PrivateRedis(f"{base}/redis").start()
        self.daemon = Daemon(f"{base}/daemon", self.redis.address)
        self.cli = Cli(self.daemon.conf)
        give_rights(self.cli, self.redis, USER)
        self.rules = f"{base}/rules"
        os.mkdir(self.rules)
        self.web = Web(self.daemon, USER, place.free_port(), web_rate=0, rules_directory=self.rules)
        self.conf = place.read_log(self.web.conf)
        self.web.start()
        self.token = self.add("admin")
        self.line = f"Authorization: Bearer {self.token}\r\n".encode()

    def add(self, name):
        done = self.cli.run("token", "add", "--name", name, "--role", "admin", "--expires", "1d")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def ask(self, path="/api/v1/search", **more):
        return self.web.ask(path, self.token, **more)

    def reload(self, **options):
        """With these options; what the log says of it."""
        text, before = self.conf, len(self.web.log_text())
        for name, value in options.items():
            text = re.sub(rf"(?m)^{name} = .*\n", "", text) + f"{name} = {value}\n"
        with open(self.web.conf, "w", encoding="utf-8") as file:
            file.write(text)
        self.web.process.send_signal(signal.SIGHUP)
        place.wait_until(lambda: "reload" in self.web.log_text()[before:], 10, "it was reloaded")
        return self.web.log_text()[before:]

    def memory(self):
        """Kilobytes."""
        with open(f"/proc/{self.web.process.pid}/status", encoding="ascii", errors="replace") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))


@pytest.fixture(name="desk", scope="module")
def a_desk():
    base = place.new_directory("hostile")
    desk = Desk(base)
    try:
        yield desk
        assert desk.web.process.poll() is None and desk.web.stop() == 0, desk.web.log_text()
    finally:
        if desk.web.process.poll() is None:
            desk.web.process.kill()
            desk.web.process.wait()
        desk.redis.stop()
        if not os.environ.get("WAYBILL_KEEP"):
            subprocess.run(["rm", "-rf", base], check=False)


def status(answer):
    return int(answer[9:12]) if answer[:9] == b"HTTP/1.1 " else 0


def test_paths_that_are_tricks_are_no_paths(desk):
    for path in (b"/api/v1/../v1/search", b"/api/v1/%2e%2e/v1/search", b"//api/v1/search", b"/api//v1/search", b"/api/v1/./search",
                 b"/api/v1/search/", b"/api/v1/search%00", b"/api/v1/search%2f", b"/api/v1/search;x", b"/api/v1/waybills/..",
                 b"/api/v1/waybills/%2e%2e%2fsearch", b"/api/v1/waybills/" + 3000 * b"a", b"/api/v1/waybills/\xff\xfe", b"/\\..\\etc",
                 b"/api/v1/waybills/-1", b"/api/v1/waybills/99999999999999999999999", b"http://other.example/api/v1/search",
                 b"*", b"/" + 9000 * b"../", b"/api/v1/waybills/'%20OR%201"):
        answer = desk.web.raw(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + desk.line + b"\r\n")
        assert status(answer) in (400, 404, 414), (path, answer[:200])
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == status(answer), path
    for path in (b"/api\x00/v1/search", b"/api/v1/sea\rrch", b"\x00/api/v1/search"): # a path ends at a NUL
        assert status(desk.web.raw(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + desk.line + b"\r\n", 1)) != 200


def test_arguments_that_are_no_text_are_refused(desk):
    for query in ("q=%c3", "q=%c0%80", "q=%ed%a0%80", "q=%f4%90%80%80", "q=\xe4", "q=a%00b", "q=%1b[2J", "q=%", "q=%4", "q=%zz",
                  "=", "q", "&&", "after=" + 5000 * "a", "after=%ff", "limit=-1", "limit=1e3", "limit=99999999999999999999",
                  "q=" + 3000 * "(", "q=" + 500 * "to:a@b.example%20", "q=" + 8000 * "a"):
        answer = desk.web.raw(f"GET /api/v1/search?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode("latin-1") +
                              desk.line + b"\r\n", 10)
        assert status(answer) in (200, 400, 414), (query, answer[:200])
        if query not in ("q", "&&", "="):
            assert status(answer) == 400, (query, answer[:200])


def test_a_foreign_cursor_is_good_for_nothing(desk):
    for cursor in ("AAAA", 64 * "a", "eyJhIjoxfQ==", "wbc1." + 40 * "A", "-1", "0"):
        answer = desk.ask(after=cursor)
        assert answer.status == 400 and answer.json()["detail"], cursor


def test_headers_that_are_huge_or_no_headers_are_refused(desk):
    for head in (b"X: " + 40000 * b"x" + b"\r\n", b"X: y\r\n" * 8000, b"Host : x\r\n", b" folded: x\r\n", b"no colon\r\n"):
        answer = desk.web.raw(b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + head + b"\r\n", 1)
        assert status(answer) in (0, 200, 400, 413, 431), (head[:20], answer[:100])
        assert len(answer) < 2000
    assert status(desk.web.raw(b"GET /api/v1/health HTTP/1.1\r\n\r\n")) == 400 # no Host
    secret = b"Authorization: Bearer wbt_" + 20000 * b"a" + b"\r\n"
    assert status(desk.web.raw(b"GET /api/v1/search HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + secret + b"\r\n")) == 401


def test_bodies_are_bounded_whatever_they_say_of_themselves(desk):
    head = b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    assert status(desk.web.raw(head + b"\r\n")) == 400 # no length: no body
    began = time.monotonic()
    huge = desk.web.raw(head + b"Content-Length: 99999999\r\n\r\n", 10)
    assert status(huge) == 413 and time.monotonic() - began < 5 # at once, though nothing came
    assert json.loads(huge.partition(b"\r\n\r\n")[2])["status"] == 413
    for garbage in (b"zz\r\nabc\r\n0\r\n\r\n", b"-5\r\n", b"ffffffffffffffffff\r\nx", b"5;" + 70000 * b"x", b"3\r\nabcdef\r\n0\r\n\r\n"):
        answer = desk.web.raw(head + b"Transfer-Encoding: chunked\r\n\r\n" + garbage, 1)
        assert status(answer) != 200, (garbage[:20], answer[:100])
    for length in (b"-1", b"1x", b"0x10", b"99999999999999999999999"):
        assert status(desk.web.raw(head + b"Content-Length: " + length + b"\r\n\r\n", 1)) in (0, 400, 413), length


def test_bodies_of_all_have_one_bound(desk):
    text = pathlib.Path(place.SOURCE, "milter/answer/http/routes.c").read_text(encoding="utf-8")
    routes = re.findall(r'\{"POST", "([^"*]+)", \w+, \w+, "[^"]*",\s*(\w+),', text)
    path = next((path for path, body in routes if body == "HTTP_BODY_MAX" or int(body) == 1 << 20), None)
    if not path:
        pytest.skip("SKIPPED: no route takes a body of a megabyte, and smaller ones cannot come to sixteen")
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {1 << 20}\r\n".encode() + desk.line + b"\r\n"

    def is_refused(clients):
        clients.append(desk.web.connect())
        clients[-1].sendall(head + ((1 << 20) - 1) * b"x")
        answer = desk.web.raw(head + (1 << 20) * b"x", 10)
        return status(answer) == 503 and b"Retry-After" in answer

    before, clients = desk.memory(), []
    try:
        for _ in range(40):
            clients.append(desk.web.connect())
            clients[-1].sendall(head + ((1 << 20) - 1) * b"x") # but for one byte
        assert desk.memory() - before < 60_000 # of 16 MB, in buffers that double
        # those that came together may all have been refused, and have left room
        place.wait_until(lambda: is_refused(clients), 20, "what does not fit is told to come again")
        assert desk.ask().status == 200
    finally:
        for client in clients:
            client.close()
    place.wait_until(lambda: status(desk.web.raw(head + (1 << 20) * b"x", 10)) != 503, 5, "there is room again")


def test_requests_in_one_piece_are_answered_in_their_order(desk):
    bad = HEALTH.replace(b"/health", b"/nothing")
    answer = desk.web.raw((HEALTH + bad) * 20 + HEALTH.replace(b"Host", b"Connection: close\r\nHost"), 10)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"404"] * 20 + [b"200"]


def test_an_answer_comes_as_small_as_one_takes_it(desk):
    path, writer = "/api/v1/audit?who=writer", desk.add("writer")
    for number in range(15):
        desk.web.ask("/api/v1/search", writer, q=f"to:somebody-{number}@example.org")
    small = desk.ask("/api/v1/health", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in small.headers # too small to be worth it
    whole = desk.ask(path)
    assert len(whole.body) > 1024 and "Accept-Encoding" in whole.headers["Vary"]
    forms = {"gzip": "gzip", "zstd": "zstd", "zstd, gzip": "zstd", "gzip, zstd;q=0.5": "gzip", "br": None, "*": "zstd",
             "zstd;q=0, *": "gzip", "gzip;q=0": None, "gzip;q=2": None, "GZIP;Q=1.000": "gzip", "identity, gzip;q=0.5": None,
             "gzip;q=0.001": "gzip", "": None, "gzip;;q=": None, ",,,": None}
    tags = set()
    for accepted, form in forms.items():
        answer = desk.ask(path, headers={"Accept-Encoding": accepted})
        assert answer.headers.get("Content-Encoding") == form, accepted
        tags.add((form, answer.headers["ETag"]))
        body = {None: lambda body: body, "gzip": gzip.decompress, "zstd": unpack_zstd}[form](answer.body)
        assert json.loads(body) == whole.json(), accepted
        assert form is None or len(answer.body) < len(whole.body) / 2
    assert len(tags) == len({tag for _, tag in tags}) == 3
    for form, tag in tags:
        for sent in (tag, f'"x", W/{tag}', "*"):
            known = desk.ask(path, headers={"Accept-Encoding": form or "identity", "If-None-Match": sent})
            assert (known.status, known.body) == (304, b""), (form, sent)


def unpack_zstd(body):
    return subprocess.run(["zstd", "-dc"], input=body, capture_output=True, check=True).stdout


def test_who_asks_too_much_waits_and_nobody_else(desk):
    other = desk.add("other")
    assert "web_rate applied" in desk.reload(web_rate=40)
    answers = [desk.ask("/api/v1/coverage") for _ in range(14)]
    assert [answer.status for answer in answers[:10]] == 10 * [200]
    last = answers[-1]
    assert last.status == 429 and 1 <= int(last.headers["Retry-After"]) <= 2 and last.json()["status"] == 429
    assert desk.web.ask("/api/v1/coverage", other).status == 200
    unknown = [desk.web.ask("/api/v1/search", "wbt_" + f"{number:064x}").status for number in range(14)]
    assert unknown[:10] == 10 * [401] and unknown[-1] == 429
    assert desk.web.ask("/api/v1/coverage", other).status == 200 # though it comes from the same place
    time.sleep(int(last.headers["Retry-After"]))
    assert desk.ask("/api/v1/coverage").status == 200
    desk.reload(web_rate=0)
    assert {desk.ask("/api/v1/coverage").status for _ in range(30)} == {200}


def test_a_reload_that_is_wrong_changes_nothing(desk):
    said = desk.reload(web_rate="many")
    assert len(said.splitlines()) == 1 and "reload refused, the old settings stay" in said and "web_rate" in said
    assert "redis_prefix needs a restart" in desk.reload(redis_prefix="other:")
    assert desk.ask().status == 200
    with open(f"{desk.rules}/bad.rules", "w", encoding="ascii") as file:
        file.write("this is no rule\n")
    said = desk.reload()
    assert len(said.splitlines()) == 1 and "refused" in said and "bad.rules" in said
    os.remove(f"{desk.rules}/bad.rules")
    key = f"{desk.daemon.base}/key"
    os.rename(key, key + ".away")
    said = desk.reload()
    assert len(said.splitlines()) == 1 and "refused" in said and "key" in said
    assert desk.ask().status == 200
    os.rename(key + ".away", key)
    assert "read again" in desk.reload()
    assert {desk.ask().status for _ in range(8)} == {200}


def open_many(desk, count, words):
    """So many connections, each with these words sent; those that there were."""
    clients = []
    for _ in range(count):
        client = socket.socket()
        client.setblocking(False)
        try:
            client.connect(("127.0.0.1", desk.web.port))
        except BlockingIOError:
            pass
        except OSError:
            client.close()
            continue
        clients.append(client)
        try:
            client.send(words)
        except OSError:
            pass
    return clients


def drip(clients, end):
    """A byte now and then to each, as slowloris does."""
    while not end.wait(0.5):
        for client in clients:
            try:
                client.send(b"X")
            except OSError:
                pass


def test_ten_thousand_connections_hold_up_nobody(desk):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < MANY + 500:
        pytest.skip(f"SKIPPED: {hard} descriptors are too few for {MANY} connections")
    resource.setrlimit(resource.RLIMIT_NOFILE, (MANY + 500, hard))
    before, end, clients = desk.memory(), threading.Event(), []
    try:
        clients = open_many(desk, MANY, b"GET /api/v1/search?q=")
        assert len(clients) > MANY * 0.9
        threading.Thread(target=drip, args=(clients, end), daemon=True).start()
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            assert list(pool.map(lambda _: desk.ask().status, range(5))) == 5 * [200]
        assert time.monotonic() - began < 15
        assert desk.memory() - before < 100_000 # 32 KB each of the thousand that it lets in
        assert len(os.listdir(f"/proc/{desk.web.process.pid}/fd")) < 1200
    finally:
        end.set()
        for client in clients:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert desk.ask().status == 200


def test_who_does_not_read_his_answers_is_no_burden(desk):
    before = desk.memory()
    clients = [desk.web.connect() for _ in range(50)]
    try:
        for client in clients:
            client.sendall((b"GET /api/v1/audit HTTP/1.1\r\nHost: x\r\n" + desk.line + b"\r\n") * 100)
        assert desk.ask().status == 200
        assert desk.memory() - before < 100_000
    finally:
        for client in clients:
            client.close()
    assert desk.ask().status == 200
