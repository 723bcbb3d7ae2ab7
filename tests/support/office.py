# SPDX-License-Identifier: BSD-2-Clause
"""A store without mails, a waybill-web in front of it, and people who come through its doors."""
import json
import shutil

from . import place
from .cli import Cli
from .daemon import Daemon
from .private_redis import PrivateRedis
from .web import Web, give_rights

USER = ("waybill-web", "secret")
SESSION = "/api/v1/session"
HEADER = "X-Remote-User"


class Office:
    def __init__(self, base):
        self.redis = PrivateRedis(f"{base}/redis", "--appendonly", "no")
        self.daemon = Daemon(f"{base}/daemon", self.redis.address, node=0)
        self.cli = Cli(self.daemon.conf)
        self.redis.start()
        give_rights(self.cli, self.redis, USER)
        self.web = self.serve()
        self.token = self.add("desk", "--role", "desk")

    def serve(self, **options):
        return Web(self.daemon, USER, **{"web_user_header": HEADER, "web_rate": 0, **options}).start()

    def again(self, **options):
        assert self.web.stop() == 0, self.web.log_text()
        self.web = self.serve(**options)

    def add(self, name, *words):
        done = self.cli.run("token", "add", "--name", name, "--expires", "1d", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def log_in(self, token=None, **headers):
        return self.web.ask(SESSION, method="POST", body=json.dumps({"token": token or self.token}), headers=headers)

    def session(self, token=None):
        """(its cookie, what proves that a request is of its page)"""
        answer = self.log_in(token)
        assert answer.status == 200, answer.body
        return answer.headers["Set-Cookie"].partition(";")[0], answer.json()["csrf"]

    def ask(self, cookie, path=SESSION, method="GET", **headers):
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.web.ask(path, method=method, headers={"Cookie": cookie, **fields})

    def entries(self):
        return self.cli.objects("audit", "--since", "-1h")


def open_office():
    """For a fixture: one, which is closed at the end."""
    base = place.new_directory("office")
    office = Office(base)
    try:
        yield office
        assert office.web.stop() == 0, office.web.log_text()
    finally:
        if office.web.process.poll() is None:
            office.web.stop()
        office.redis.stop()
        shutil.rmtree(base)
