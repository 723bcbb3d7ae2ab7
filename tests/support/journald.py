# SPDX-License-Identifier: BSD-2-Clause
"""A real systemd-journald of our own: in a mount namespace in which a folder of ours is /run, so the
system's journal, if there is one, is not touched."""
import os
import signal
import socket
import subprocess

from . import place
from .log_feed import LogFeed

PROGRAM = "/lib/systemd/systemd-journald"
CONFIGURATION = """\
[Journal]
Storage=volatile
ReadKMsg=no
Audit=no
SplitMode=none
ForwardToSyslog=no
ForwardToWall=no
RateLimitIntervalSec={interval}s
RateLimitBurst={burst}
"""
# Where the kernel's second version of cgroups is: beside the first, or alone.
CGROUPS = next((path for path in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup")
                if os.path.exists(f"{path}/cgroup.procs")), None)


def machine_id():
    return place.read_log("/etc/machine-id").strip()


def can_run():
    return os.path.exists(PROGRAM) and len(machine_id()) == 32


class Journald(LogFeed):
    """What Postfix writes into the file `log` is handed on as root, who writes it on a real system."""

    INTERVAL, BURST = 2, 50

    def __init__(self, log, directory):
        self.run = f"{directory}/run"
        super().__init__(log, f"{self.run}/log/journal/{machine_id()}")
        os.makedirs(f"{self.run}/systemd/journald.conf.d")
        os.makedirs(f"{self.run}/systemd/journal")
        with open(f"{self.run}/systemd/journald.conf.d/ours.conf", "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(interval=self.INTERVAL, burst=self.BURST))
        self.socket = f"{self.run}/systemd/journal/dev-log"
        self._process = None
        self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def _open(self):
        self._process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c",
             f"mount --make-rprivate / && mount --bind {self.run} /run && exec {PROGRAM}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        file = f"{self.directory}/system.journal"
        place.wait_until(lambda: os.path.exists(file) and os.path.exists(self.socket), 20,
                         "journald runs")
        os.chmod(file, 0o644)  # the daemon's user is in no group that might read it
        self._sender.connect(self.socket)

    def _close(self):
        self._sender.close()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)

    def _put(self, host, program, pid, message):
        self._sender.send(f"<22>{program}[{pid}]: {message}".encode())

    def logger(self, user, tag, message):
        """What `user` writes with logger(1)."""
        subprocess.run(["logger", "--socket", self.socket, "-p", "mail.info", "-t", tag, "--", message],
                       check=True, user=user)


class Unit:
    """A process in the cgroup of a unit of systemd, which journald takes for that unit."""

    def __init__(self, name):
        self._slice = f"{CGROUPS}/waybilltest{os.getpid()}.slice"
        self._folder = f"{self._slice}/{name}"

    def __enter__(self):
        os.makedirs(self._folder)
        return self

    def run(self, user, command):
        """Run the shell's `command` as `user` in the unit; ends before the unit may."""
        with open(f"{self._folder}/cgroup.procs", "w", encoding="ascii") as procs:
            subprocess.run(["setpriv", "--reuid", user, "--clear-groups", "sh", "-c", command],
                           check=True,
                           preexec_fn=lambda: os.write(procs.fileno(), str(os.getpid()).encode()))

    def __exit__(self, *_):
        for folder in (self._folder, self._slice):
            place.wait_until(lambda folder=folder: _removed(folder), 10, f"{folder} is empty")


def _removed(folder):
    try:
        os.rmdir(folder)
        return True
    except OSError:
        return False


def can_make_units():
    try:
        with Unit("waybill-probe.service"):
            return True
    except (OSError, TimeoutError):
        return False
