# SPDX-License-Identifier: BSD-2-Clause
"""A help desk with mails of two senders, and everybody who may come to its doors."""
import json
import os
import pathlib
import re
import time

from . import place
from .smtp_client import Client
from .web import Web, give_rights

USER = ("waybill-web", "secret")
HEADER = "X-Remote-User"
RANKS = {"HTTP_ANYBODY": -1, "ROLE_SENDER": 0, "ROLE_DESK": 1, "ROLE_ADMIN": 2}
SENDERS = {"ann": "ann@a.example", "bob": "bob@b.example"}
TO = {"ann": ["ok-one@sink.example", "ok-two@mail.sink.example"], "bob": ["ok-three@other.example", *[f"ok-{number}@other.example" for number in range(60)]]}
PEOPLE = {
    "ann": (0, "--role", "sender", "--address", SENDERS["ann"]),
    "bob": (0, "--role", "sender", "--address", SENDERS["bob"]),
    "desk": (1, "--role", "desk"),
    "other": (1, "--role", "desk", "--domain", "other.example", "--subjects"),
    "below": (1, "--role", "desk", "--domain", ".sink.example"),
    "admin": (2, "--role", "admin"),
}
SEES = {"ann": {"ann"}, "bob": {"bob"}, "desk": {"ann", "bob"}, "other": {"bob"}, "below": {"ann"},
        "admin": {"ann", "bob"}, None: set()}
SUBJECTS = {"ann", "bob", "other", "admin"}  # who may see them


def routes():
    """The rows of the table of routes: (method, path, least role)."""
    text = pathlib.Path(place.SOURCE, "milter/answer/http/routes.c").read_text(encoding="utf-8")
    return re.findall(r'^    \{"([A-Z]+)", "(/[^"]*)", (\w+),', text, re.MULTILINE)


class Door:
    """How somebody comes in: headers of each request, and what goes with a change."""

    def __init__(self, who, name, headers, proof=None):
        self.who, self.name, self.headers, self.proof = who, name, headers, proof

    def __repr__(self):
        return f"{self.who or 'nobody'} by {self.name}"


class Doors:
    def __init__(self, world):
        self.world = world
        give_rights(world.cli, world.redis, USER)
        self.web = Web(world.daemon, USER, web_user_header=HEADER, web_rate=0).start()
        self.mails = {name: self.send(name) for name in SENDERS}
        self.tokens = {who: self.token(who, *words) for who, (_, *words) in PEOPLE.items()}

    def token(self, name, *words):
        done = self.world.cli.run("token", "add", "--name", name, "--expires", "1d", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def send(self, name):
        """The mail of this sender: its waybill, once all is known of it."""
        message_id = f"{name}-{os.getpid()}@shop.example"
        client = Client(self.world.postfix.port)
        client.send(SENDERS[name], TO[name], message_id, subject=f"Subject-of-{name}")
        client.quit()
        mail = self.world.wait_for_states(message_id, {to: "delivered" for to in TO[name]})
        place.wait_until(lambda: "removed" in str(self.world.cli.show(mail["trace_id"])), 20, "it is removed")
        return self.world.cli.show(mail["trace_id"])

    def secrets(self, name):
        """What of the mail of this sender nobody else may read."""
        mail = self.mails[name]
        return {SENDERS[name], *TO[name], mail["trace_id"], mail["waybill_id"], mail["queue_id"], mail["message_id"]}

    def hidden_from(self, who):
        """What must stand in no answer to him."""
        hidden = set().union(*[self.secrets(name) for name in SENDERS if name not in SEES[who]], set())
        if who not in SUBJECTS:
            hidden |= {f"Subject-of-{name}" for name in SENDERS}
        return hidden | {f"Subject-of-{name}" for name in SENDERS if name not in SEES[who]}

    def sessions(self, who):
        answer = self.web.ask("/api/v1/session", method="POST", body=json.dumps({"token": self.tokens[who]}))
        return answer.headers["Set-Cookie"].partition(";")[0], answer.json()["csrf"]

    def of(self, who):
        """His doors: each way to come in as him."""
        cookie, proof = self.sessions(who)
        by_proxy = self.web.ask("/api/v1/session", headers={HEADER: who}).json()["csrf"]
        return [Door(who, "token", {"Authorization": f"Bearer {self.tokens[who]}"}),
                Door(who, "session", {"Cookie": cookie}, proof), Door(who, "proxy", {HEADER: who}, by_proxy)]

    def of_nobody(self):
        """Those who were somebody, or say so."""
        revoked = self.token("revoked", "--role", "admin")
        expired = self.token("expired", "--role", "admin")
        ended = self.sessions("admin")
        self.world.cli.run("token", "revoke", "revoked")
        key, = [key for key in self.world.redis.keys("wb:token:*")
                if self.world.redis.ask("HGET", key, "name") == "expired"]
        self.world.redis.ask("HSET", key, "expires", int(time.time() * 1000) - 1)
        self.web.ask("/api/v1/session", method="DELETE", headers={"Cookie": ended[0], "X-CSRF-Token": ended[1]})
        return [Door(None, "nothing", {}), Door(None, "a revoked token", {"Authorization": f"Bearer {revoked}"}),
                Door(None, "an expired token", {"Authorization": f"Bearer {expired}"}),
                Door(None, "a made-up token", {"Authorization": "Bearer wbt_" + 64 * "0"}),
                Door(None, "a session that was ended", {"Cookie": ended[0]}, ended[1]),
                Door(None, "a name without an entry", {HEADER: "nobody"})]
