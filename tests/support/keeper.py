# SPDX-License-Identifier: BSD-2-Clause
"""One who asks a Redis of ours, for what `waybill doctor` says without a mail server."""
import json
import os
import subprocess

from .cli import Cli
from .daemon import Daemon
from .private_redis import PrivateRedis

TROUBLE = ("hint", "warning", "fault")
KEPT = ("maxmemory", "maxmemory-policy", "appendonly", "appendfsync", "save", "requirepass")


class Keeper:
    """A Redis, and the configuration of one who asks it. No daemon runs, no mail server is there."""

    def __init__(self, base):
        self.base = base
        self.redis = PrivateRedis(f"{base}/redis")
        self.daemon = Daemon(f"{base}/daemon", self.redis.address, log_source=[f"{base}/mail.log"])
        self.daemon.configure(host="mx1.example.org", key_file=f"{base}/hash.key")
        self.cli = Cli(self.daemon.conf)
        with open(self.daemon.conf, encoding="ascii") as file:
            self.conf = file.read()
        self.before = self.kept = None

    def start(self):
        self.redis.start()
        self.kept = {name: self.redis.ask("CONFIG", "GET", name)[1] for name in KEPT}
        self.before = {one["check"] for one in self.findings()}
        return self

    def restore(self):
        with open(self.daemon.conf, "w", encoding="ascii") as file:
            file.write(self.conf)
        if not self.redis.pid():
            self.redis.start()
        self.redis.ask("REPLICAOF", "NO", "ONE")
        for name, value in self.kept.items():
            self.redis.ask("CONFIG", "SET", name, value)
        self.redis.ask("ACL", "DELUSER", "clerk")
        self.redis.ask("FLUSHALL")

    def option(self, line):
        """The line takes the place of the one of its name, as a person would do it."""
        name = line.partition("=")[0].strip()
        with open(self.daemon.conf, encoding="ascii") as file:
            kept = [one for one in file if one.partition("=")[0].strip() != name]
        with open(self.daemon.conf, "w", encoding="ascii") as file:
            file.writelines([*kept, line + "\n"])

    def findings(self, *words):
        """Those that are more than good or unknown."""
        # no mail server is there, and none of this machine is asked
        done = self.cli.run("doctor", "--json", "--config-directory", self.base, *words)
        assert done.stdout, done.stderr
        return [one for one in json.loads(done.stdout)["findings"] if one["severity"] in TROUBLE]

    def new(self):
        """Those that were not there when all was healthy."""
        return [one for one in self.findings() if one["check"] not in self.before]

    def heal(self, finding):
        assert finding["heal"], finding
        if finding["file"]:
            assert finding["file"] == self.daemon.conf
            self.option(finding["heal"])
        else:
            subprocess.run(["/bin/sh", "-c", finding["heal"]], check=True, capture_output=True,
                           stdin=subprocess.DEVNULL)

    def login(self, *rights):
        """The user `clerk`, who may do this."""
        path = f"{self.base}/clerk"
        with open(path, "w", encoding="ascii") as file:
            file.write("secret\n")
        os.chmod(path, 0o640)
        self.redis.ask("ACL", "SETUSER", "clerk", "on", ">secret", *rights)
        self.option('redis_user = "clerk"')
        self.option(f'redis_password_file = "{path}"')
