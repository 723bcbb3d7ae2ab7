# SPDX-License-Identifier: BSD-2-Clause
"""waybill-web beside a daemon, with its configuration, as the user nobody."""
import http.client
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import urllib.parse

from . import place


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("waybill", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


class _PortConnection(http.client.HTTPConnection):
    def __init__(self, port):
        super().__init__("127.0.0.1", port, timeout=30)


def give_rights(cli, redis, login):
    """To a user of Redis of its own, those that the doctor prints for waybill-web."""
    user, password = login
    line = next(line for line in cli.text("doctor", "--redis-acl").splitlines()
                if line.startswith("user waybill-web "))
    words = [word for word in line.split()[2:] if not word.startswith(">")]
    redis.ask("ACL", "SETUSER", user, *words, ">" + password)


def new_token(cli, name, *words):
    """A token for somebody, as it is shown once."""
    done = cli.run("token", "add", "--name", name, "--expires", "1d", *words)
    if done.returncode != 0:
        raise RuntimeError(f"waybill token add: {done.stderr}")
    return done.stdout.strip()


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    def json(self):
        return json.loads(self.body)


class Web:
    """With `login`, a user of Redis and his password, in a configuration of its own, with `options`. With `port` it
    listens there, else at a Unix socket."""

    def __init__(self, daemon, login, port=None, **options):
        self.daemon, self.port = daemon, port
        self.conf = f"{daemon.base}/web.conf"
        self.socket = f"{daemon.base}/run/web.sock"
        self.log = f"{daemon.base}/web.log"
        self.process = None
        user, password = login
        key, secret = f"{daemon.base}/key", f"{daemon.base}/web.password"
        if not os.path.exists(key): # tokens are good beyond a restart
            self._hide(key, secrets.token_hex(32))
        self._hide(secret, password)
        daemon.configure(key_file=key) # by which the command makes tokens
        common, daemon.conf = daemon.conf, self.conf
        before = dict(daemon.options)
        daemon.configure(web_user="nobody", redis_user=user, redis_password_file=secret,
                         web_listen=f"tcp:127.0.0.1:{port}" if port else f"unix:{self.socket}",
                         **{**self._page(), **options})
        daemon.conf, daemon.options = common, before

    def _page(self):
        """A copy, for nobody may not be let into the source."""
        copies = {"web_page_directory": "http/page", "messages_directory": "messages"}
        for name, source in copies.items():
            shutil.copytree(f"{place.SOURCE}/milter/answer/{source}", f"{self.daemon.base}/{name}",
                            dirs_exist_ok=True)
        return {name: f"{self.daemon.base}/{name}" for name in copies}

    @staticmethod
    def _hide(path, text):
        nobody = pwd.getpwnam("nobody")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o600)
        os.chown(path, nobody.pw_uid, nobody.pw_gid)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([f"{place.BUILD}/waybill-web", "-c", self.conf],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        place.wait_until(lambda: self.process.poll() is not None or self._listens(), 30, "waybill-web listens",
                         pause=0.02)
        assert self.process.poll() is None, self.log_text()
        return self

    def _listens(self):
        if not self.port:
            return os.path.exists(self.socket)
        try:
            self.connect().close()
            return True
        except OSError:
            return False

    def connect(self, seconds=30):
        """A socket that speaks with it."""
        client = socket.socket(socket.AF_INET if self.port else socket.AF_UNIX)
        client.settimeout(seconds)
        try:
            client.connect(("127.0.0.1", self.port) if self.port else self.socket)
        except OSError:
            client.close()
            raise
        return client

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def ask(self, path, token=None, method="GET", headers=None, body=None, **arguments):
        connection = _PortConnection(self.port) if self.port else _UnixConnection(self.socket)
        fields = dict(headers or {})
        if token:
            fields["Authorization"] = f"Bearer {token}"
        if arguments:
            path += "?" + urllib.parse.urlencode(arguments)
        try:
            connection.request(method, path, body=body, headers=fields)
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            connection.close()

    def raw(self, data, seconds=5):
        """Bytes as they are; what comes back until the other side ends or is silent."""
        with self.connect(seconds) as client:
            answer = b""
            try:
                client.sendall(data)
                while block := client.recv(65536):
                    answer += block
            except (TimeoutError, ConnectionError):
                pass
            return answer
