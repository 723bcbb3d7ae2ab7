# SPDX-License-Identifier: BSD-2-Clause
"""A Redis of our own: one directory, one port, one Unix socket, every write on the disk."""
import os
import signal
import socket
import subprocess

from . import place

# Valkey, or another Redis, where it is named; see tests/support/valkey.
SERVER = os.environ.get("WAYBILL_REDIS_SERVER") or "redis-server"


class PrivateRedis:
    def __init__(self, base, *arguments):
        """`arguments` go to the server: PrivateRedis(base, "--maxmemory", "2mb")."""
        self.base = base
        os.makedirs(base, exist_ok=True)
        self.port = place.free_port()
        self.socket = f"{base}/redis.sock"
        self.address = f"tcp:127.0.0.1:{self.port}"
        self.login = None  # (user, password), where the server wants one
        self._arguments = arguments
        self._process = None

    def start(self, *more):
        """`more` are arguments for this time alone."""
        with open(f"{self.base}/redis.log", "ab") as log:
            self._process = subprocess.Popen(
                [SERVER, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.base,
                 "--unixsocket", self.socket, "--unixsocketperm", "777", "--appendonly", "yes",
                 "--appendfsync", "everysec", "--save", "", *self._arguments, *more],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        place.wait_until(self.answers, 20, f"Redis answers on port {self.port}")
        return self

    def answers(self):
        try:
            return self.ask("PING") == "PONG"
        except (OSError, RuntimeError):
            return False

    def ask(self, *words):
        """One command and its reply: str, int, None or a list of these."""
        return self.ask_as(self.login, *words)

    def ask_as(self, login, *words):
        """The same as another user, (name, password); None: without a login."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            with connection.makefile("rb") as reply:
                if login:
                    connection.sendall(_request(("AUTH", *login)))
                    _reply(reply)
                connection.sendall(_request(words))
                return _reply(reply)

    def keys(self, pattern="*"):
        cursor, found = "0", []
        while True:
            cursor, some = self.ask("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
            found += some
            if cursor == "0":
                return sorted(set(found))

    def contents(self, pattern="*"):
        """{key: value} in a form that can be compared; of a stream the entries without their ids."""
        read = {"hash": lambda key: dict(_pairs(self.ask("HGETALL", key))),
                "set": lambda key: sorted(self.ask("SMEMBERS", key)),
                "zset": lambda key: self.ask("ZRANGE", key, 0, -1, "WITHSCORES"),
                "list": lambda key: self.ask("LRANGE", key, 0, -1),
                "stream": lambda key: [entry[1] for entry in self.ask("XRANGE", key, "-", "+")],
                "string": lambda key: self.ask("GET", key)}
        return {key: read[self.ask("TYPE", key)](key) for key in self.keys(pattern)}

    def pid(self):
        return self._process.pid if self._process else 0

    def freeze(self):
        """It listens, and takes bytes, and never answers."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)

    def kill(self):
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self):
        if self._process:
            self.thaw()
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None


def _request(words):
    request = b"*%d\r\n" % len(words)
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode()
        request += b"$%d\r\n%s\r\n" % (len(data), data)
    return request


def _pairs(flat):
    return zip(flat[::2], flat[1::2])


def _reply(reply):
    line = reply.readline()
    if not line.endswith(b"\r\n"):
        raise RuntimeError("Redis closed the connection")
    kind, rest = line[:1], line[1:-2]
    if kind == b"+":
        return rest.decode()
    if kind == b"-":
        raise RuntimeError(rest.decode())
    if kind == b":":
        return int(rest)
    if kind == b"*":
        return None if rest == b"-1" else [_reply(reply) for _ in range(int(rest))]
    if rest == b"-1":
        return None
    return reply.read(int(rest) + 2)[:-2].decode("utf-8", "surrogateescape")
