# SPDX-License-Identifier: BSD-2-Clause
"""A store with many mails in it, and waybill-web before it."""
import os
import re
import subprocess

from . import built, place
from .cli import Cli
from .daemon import Daemon
from .private_redis import PrivateRedis
from .web import Web, give_rights

USER = ("waybill-web", "secret")


class Filled:
    """A context manager. `options` are those of tests/bench/store_load."""

    def __init__(self, base, mails, *options):
        self.mails, self.options = mails, options
        self.redis = PrivateRedis(f"{base}/redis", "--appendonly", "no")
        self.daemon = Daemon(f"{base}/daemon", self.redis.address)
        self.cli = Cli(self.daemon.conf)
        self.web = None

    def __enter__(self):
        load = built.program("tests/bench/store_load")
        self.redis.start()
        try:
            subprocess.run([load, "ours", str(self.mails), self.daemon.conf, "127.0.0.1", str(self.redis.port),
                            *self.options], check=True, stdout=subprocess.DEVNULL)
            give_rights(self.cli, self.redis, USER)
            self.web = Web(self.daemon, USER, web_rate=0).start()
        except BaseException:
            self.redis.stop()
            raise
        return self

    def __exit__(self, *_):
        if self.web.process.poll() is None:
            self.web.stop()
        self.redis.stop()

    def token(self, name, *words):
        done = self.cli.run("token", "add", "--name", name, "--expires", "1d", *(words or ("--role", "admin")))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def memory(self):
        """Of waybill-web: megabytes, now and at most."""
        with open(f"/proc/{self.web.process.pid}/status", encoding="ascii", errors="replace") as file:
            words = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+)", file.read(), re.MULTILINE))
        return int(words["VmRSS"]) / 1024, int(words["VmHWM"]) / 1024

    def cpu(self):
        """Seconds until now: of waybill-web, of Redis."""
        return _cpu(self.web.process.pid), _cpu(self.redis.pid())

    def begin(self, path, token, receive=None):
        """A connection that has asked, and reads nothing yet; `receive`: bytes that its kernel takes for it."""
        client = self.web.connect(90)
        if receive:
            client.setsockopt(1, 8, receive) # SOL_SOCKET, SO_RCVBUF
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        return client


def _cpu(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
