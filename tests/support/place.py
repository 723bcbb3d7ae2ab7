# SPDX-License-Identifier: BSD-2-Clause
"""Where things are: the source, the build, a free port, a directory of one's own."""
import os
import socket
import tempfile
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("WAYBILL_BUILD", os.path.join(SOURCE, "build")))
# Below the range from which the kernel picks ports for outgoing connections, so that none of
# those takes a port between our look and our use.
FIRST_PORT, LAST_PORT, PORTS = 20000, 31999, 200
PATIENCE = 3


def _claim():
    """The first of PORTS ports that no other run of tests uses. The socket's name says so to them: it
    is in the network's namespace, as ports are, and free again when this process has ended."""
    for first in range(FIRST_PORT, LAST_PORT, PORTS):
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0waybill-tests-{first}")
            return claim, first
        except OSError:
            claim.close()
    raise RuntimeError(f"all ports from {FIRST_PORT} to {LAST_PORT} are claimed by others")


_claimed, _first = _claim()
_next = 0


def free_port():
    """A port that nobody listens on, at 127.0.0.1 nor at ::1; another one at each call."""
    global _next
    for _ in range(PORTS):
        port = _first + _next
        _next = (_next + 1) % PORTS
        if all(_is_free(family, host, port) for family, host in
               ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))):
            return port
    raise RuntimeError(f"no free port from {_first} to {_first + PORTS - 1}")


def _is_free(family, host, port):
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return True
    except OSError:
        return family == socket.AF_INET6 and not have_ipv6()


def have_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


def new_directory(name):
    """A directory that all users may enter: Postfix, Redis and the daemon are different users."""
    path = tempfile.mkdtemp(prefix=f"waybill-{name}-")
    os.chmod(path, 0o755)
    return path


def read_log(path):
    """What a server has written so far; nothing if it has not begun."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def wait_until(condition, seconds, what, pause=0.05):
    """Ask again and again until it is so; returns what `condition` returned. `seconds` are those of a
    machine at rest; a busy one gets PATIENCE times as many, which costs nothing where all is well."""
    seconds *= PATIENCE
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f"after {seconds} s still not so: {what}")
        time.sleep(pause)


def wait_until_rests(read, seconds=3, longest=120):
    """Read again and again until it was the same for so long; returns it."""
    before, since, end = read(), time.monotonic(), time.monotonic() + longest
    while time.monotonic() - since < seconds:
        time.sleep(0.3)
        seen = read()
        if seen != before:
            before, since = seen, time.monotonic()
        if time.monotonic() > end:
            raise TimeoutError(f"it still changes after {longest} s")
    return before


def process_lives(pid):
    """Is there a process of this number that is more than a zombie?"""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except (OSError, IndexError):
        return False
