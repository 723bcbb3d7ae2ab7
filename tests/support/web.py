# SPDX-License-Identifier: BSD-2-Clause
"""waybill-web beside a daemon, with its configuration, as the user nobody."""
import http.client
import json
import os
import pwd
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


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    def json(self):
        return json.loads(self.body)


class Web:
    def __init__(self, daemon):
        self.daemon = daemon
        self.socket = f"{daemon.base}/run/web.sock"
        self.log = f"{daemon.base}/web.log"
        self.process = None
        key, nobody = f"{daemon.base}/key", pwd.getpwnam("nobody")
        with open(key, "w", encoding="ascii") as file:
            file.write("a secret that nobody would guess")
        os.chmod(key, 0o600)
        os.chown(key, nobody.pw_uid, nobody.pw_gid)
        daemon.configure(key_file=key, web_user="nobody", web_listen=f"unix:{self.socket}")

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([f"{place.BUILD}/waybill-web", "-c", self.daemon.conf],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        place.wait_until(lambda: self.process.poll() is not None or os.path.exists(self.socket), 30,
                         "waybill-web listens", pause=0.02)
        assert self.process.poll() is None, self.log_text()
        return self

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def ask(self, path, token=None, method="GET", headers=None, **arguments):
        connection = _UnixConnection(self.socket)
        fields = dict(headers or {})
        if token:
            fields["Authorization"] = f"Bearer {token}"
        if arguments:
            path += "?" + urllib.parse.urlencode(arguments)
        try:
            connection.request(method, path, headers=fields)
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            connection.close()

    def raw(self, data, seconds=5):
        """Bytes as they are; what comes back until the other side ends or is silent."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(seconds)
            client.connect(self.socket)
            answer = b""
            try:
                client.sendall(data)
                while block := client.recv(65536):
                    answer += block
            except (TimeoutError, ConnectionError):
                pass
            return answer
