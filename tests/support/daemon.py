# SPDX-License-Identifier: BSD-2-Clause
"""waybilld with a configuration of its own, below one directory, as the user nobody."""
import fcntl
import os
import pwd
import signal
import socket
import struct
import subprocess
import time

from . import place


class Daemon:
    def __init__(self, base, redis_address, **options):
        """`options` are lines of waybill.conf: subject="hash", batch_ms=50, log_source=[...]."""
        self.base = base
        self.socket = f"{base}/run/waybill.sock"
        self.metrics = f"{base}/run/metrics.sock"
        self.conf = f"{base}/waybill.conf"
        self.state = f"{base}/state"
        self.log = f"{base}/waybilld.log"
        self.process = None
        nobody = pwd.getpwnam("nobody")
        for folder in ("run", "state"):
            os.makedirs(f"{base}/{folder}", 0o755)
            os.chown(f"{base}/{folder}", nobody.pw_uid, nobody.pw_gid)
        self.options = {
            "host": "mx.example", "user": "nobody", "listen": f"unix:{self.socket}",
            "metrics": f"unix:{self.metrics}", "listen_mode": "0666", "state_directory": self.state, "redis": redis_address,
            "batch_ms": 50, "hold_seconds": 2, "log_level": "debug", **options}
        self.configure()

    def configure(self, **changes):
        """Write the configuration file again, with some lines changed; None takes a line out."""
        self.options.update(changes)
        with open(self.conf, "w", encoding="utf-8") as file:
            for name, value in self.options.items():
                if value is not None:
                    file.write(f"{name} = {_written(value)}\n")

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([f"{place.BUILD}/waybilld", "-c", self.conf],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        place.wait_until(self._listens_or_ended, 30, "waybilld listens", pause=0.01)
        if self.process.poll() is not None:
            raise RuntimeError(f"waybilld ended with {self.process.returncode}:\n{self.log_text()}")
        return self

    def _listens_or_ended(self):
        if self.process.poll() is not None:
            return True
        try:
            with socket.socket(socket.AF_INET if isinstance(self.socket, tuple) else socket.AF_UNIX) as probe:
                probe.connect(self.socket)
                return True
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def take_over(self):
        """waybilld --take-over; returns its exit code and what the log says since. The new process
        keeps the file as its log."""
        before = len(self.log_text())
        with open(self.log, "ab") as log:
            done = subprocess.run([f"{place.BUILD}/waybilld", "--take-over", "-c", self.conf],
                                  check=False, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                  timeout=60)
        return done.returncode, self.log_text()[before:]

    def pids(self):
        """All living processes with our configuration: one, and those that it took over from."""
        found = {int(pid) for pid in filter(str.isdigit, os.listdir("/proc")) if self._is_ours(pid)}
        return [pid for pid in found | {self.serving()} if place.process_lives(pid)]

    def _is_ours(self, pid):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            return False
        return words[0].endswith(b"/waybilld") and self.conf.encode() in words

    def serving(self):
        """The process that says it serves: it holds the lock. 0: none."""
        question = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 1, 0, 0)
        if not os.path.exists(f"{self.state}/serving"):
            return 0
        with open(f"{self.state}/serving", "r+b") as file:
            answer = fcntl.fcntl(file, fcntl.F_GETLK, question)
        kind, _, _, _, pid = struct.unpack("hhqqi4x", answer)
        return 0 if kind == fcntl.F_UNLCK else pid

    def reload(self):
        self.process.send_signal(signal.SIGUSR1)

    def stop(self, seconds=30):
        """SIGTERM; returns the exit code. A daemon that does not end in time is an error."""
        code = self._stop_started(seconds)
        for pid in self.pids(): # what took over from it is no child of ours
            os.kill(pid, signal.SIGTERM)
        place.wait_until(lambda: not self.pids(), seconds, "all waybilld ended")
        return code

    def _stop_started(self, seconds):
        if self.process is None or self.process.poll() is not None:
            return None if self.process is None else self.process.returncode
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(seconds)
            raise RuntimeError(f"waybilld did not end on SIGTERM:\n{self.log_text()}") from None

    def log_text(self):
        return place.read_log(self.log)

    def wait_for_log(self, words, seconds=20, after=0):
        """Until the log says `words` behind byte `after`; returns the log from there."""
        place.wait_until(lambda: words in self.log_text()[after:], seconds, f"the log says '{words}'")
        return self.log_text()[after:]

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _written(value):
    if isinstance(value, (list, tuple)):
        return "{ " + ", ".join(_written(item) for item in value) + " }"
    return str(value) if isinstance(value, int) else '"' + str(value) + '"'
