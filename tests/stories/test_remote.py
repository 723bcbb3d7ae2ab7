# SPDX-License-Identifier: BSD-2-Clause
"""The command over HTTP: what staff with a token and without a store see is what the store's owner
sees, and what a hostile server says costs one line."""
import contextlib
import glob
import http.server
import os
import pwd
import re
import socket
import ssl
import subprocess
import threading

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

    def run(self, *arguments, url=None, environment=None):
        done = subprocess.run([f"{place.BUILD}/waybill", *arguments], text=True, check=False, capture_output=True,
                              timeout=60, stdin=subprocess.DEVNULL,
                              env={"HOME": self.home, "WAYBILL_API": url or self.url, "PATH": os.environ["PATH"],
                                   "WAYBILL_CONFIG": "/nowhere", **(environment or {})})
        return done


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
                        "ann": ("--role", "sender", "--address", ANN)}.items()}

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
        return re.sub(r"-c \S+ ", "", re.sub(r'(--after |"next":")\w+', r"\1CURSOR", text))
    return done.returncode, plain(done.stdout), plain(done.stderr)


def both(office, *arguments):
    """The same words to the store and to the API, as administrator; once more if a second went by."""
    for _ in range(3):
        store = told(office.world.cli.run(*arguments))
        api = told(office.people["admin"].run(*arguments))
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
    for code in codes:
        store, api = both(office, "show", code)
        assert api == store, code
        assert store[0] == FOUND and "Timeline" in store[1]
    for code in codes[::10]:
        store, api = both(office, "show", code, "--json")
        assert api == store, code
    mail = office.mail
    for name in (mail["queue_id"], mail["message_id"][1:-1], mail["waybill_id"]):
        store, api = both(office, "show", name)
        assert api == store and store[0] == FOUND
    alike = [mail["queue_id"] for mail in office.world.cli.trace(ALL)]
    assert alike
