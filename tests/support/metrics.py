# SPDX-License-Identifier: BSD-2-Clause
"""The figures of waybilld, as Prometheus would read them."""
import http.client
import os
import re
import shutil
import socket
import subprocess

from . import place

SAMPLE = re.compile(r'([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"(?:,|$)')


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=20):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        place.wait_until(self._is_connected, 10, f"{self.path} takes a connection")

    def _is_connected(self):
        try:
            self.sock.connect(self.path)
            return True
        except BlockingIOError:  # its queue is full
            return False


def scrape(path):
    """The text at the Unix socket `path`."""
    connection = UnixConnection(path)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        text = answer.read().decode()
        assert answer.status == 200, f"{answer.status}: {text}"
        return text
    finally:
        connection.close()


class Figures:
    def __init__(self, text):
        self.text = text
        self.samples = {}
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            name, labels, value = SAMPLE.match(line).groups()
            key = (name, tuple(sorted(LABEL.findall(labels or ""))))
            assert key not in self.samples, f"{line} stands there twice"
            self.samples[key] = float(value)

    def one(self, name, **labels):
        """The value of the one sample with exactly these labels."""
        return self.samples[name, tuple(sorted(labels.items()))]

    def sum(self, name, **labels):
        """The sum over all samples that have these labels, and maybe others."""
        return sum(value for (other, theirs), value in self.samples.items()
                   if other == name and set(labels.items()) <= set(theirs))

    def families(self):
        """{name: type}, by the lines # TYPE."""
        return dict(line.split()[2:4] for line in self.text.splitlines() if line.startswith("# TYPE "))

    def names(self):
        """All names under which a question finds something."""
        return {name for name, _ in self.samples}


def figures(daemon):
    place.wait_until(lambda: os.path.exists(daemon.metrics), 15, "the metrics are served")
    return Figures(scrape(daemon.metrics))


def have_promtool():
    return shutil.which("promtool") is not None and shutil.which("prometheus") is not None


def promtool(*arguments, text=None):
    """(exit code, its words)"""
    done = subprocess.run(["promtool", *arguments], input=text, text=True, check=False, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout
