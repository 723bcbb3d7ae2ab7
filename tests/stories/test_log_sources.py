# SPDX-License-Identifier: BSD-2-Clause
"""The log comes by every way at once: a file that is rotated and compressed while the daemon is down,
files that a pattern finds, a socket. Each outcome is recorded exactly once, and what nobody could
read is a gap."""
import collections
import os
import socket
import stat
import subprocess
import time

import pytest

from support import place
from support.smtp_client import send_many
from support.world import World

from conftest import scaled

MAILS, RECIPIENTS = scaled(20, 6), 25


class Sources:
    """Postfix's own log stays what it is; its lines go on into sources of ours as syslog would take
    them there."""

    def __init__(self, world, folder):
        self.world, self.folder, self._passed, self._sent = world, folder, 0, 0

    def send(self, mails):
        """Deliver some mails to the end."""
        batch = [("shop@shop.example", [f"ok-{self._sent + n}-{to}@sink.example" for to in range(RECIPIENTS)],
                  f"source-{self._sent + n}@shop.example") for n in range(mails)]
        self._sent += mails
        _, failed = send_many(self.world.postfix.port, batch, sessions=2)
        assert failed == []
        self.world.wait_until_queue_is_empty()
        place.wait_until(lambda: self.world.postfix.log_text().count("status=sent") == self._sent * RECIPIENTS,
                         30, "all is logged")

    def new_lines(self):
        """What Postfix logged since the last call."""
        with open(self.world.postfix.log, "rb") as log:
            log.seek(self._passed)
            data = log.read()
        data = data[:data.rfind(b"\n") + 1]
        self._passed += len(data)
        return data.splitlines(keepends=True)

    def put(self, name):
        """The new lines go to the end of this file."""
        with open(f"{self.folder}/{name}", "ab") as file:
            file.writelines(self.new_lines())

    def send_datagrams(self, path):
        """The new lines, each with the priority that rsyslog puts in front."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(path)
            for line in self.new_lines():
                sender.send(b"<22>" + line.rstrip(b"\n"))

    def expect_all(self):
        expected = self._sent * RECIPIENTS

        def recorded():
            return sum(self.world.outcomes().values())
        try:
            place.wait_until(lambda: recorded() >= expected, 60, f"{expected} outcomes are recorded", 0.3)
        except TimeoutError:
            raise AssertionError(f"{recorded()} of {expected}\n{self.world.daemon.log_text()[-3000:]}") from None
        seen = self.world.outcomes()
        assert len(seen) == expected
        assert collections.Counter(seen.values()) == {1: expected}


@pytest.fixture(name="sources")
def world_and_sources(request):
    folder = place.new_directory("sources")
    os.chmod(folder, 0o777)  # the daemon makes its socket there
    options = {"log_source": [name.replace("FOLDER", folder) for name in request.param]}
    try:
        with World(daemon=options) as world:
            yield Sources(world, folder)
    finally:
        subprocess.run(["rm", "-rf", folder], check=True)


def rotate(folder, name, *compress):
    """As logrotate does without `delaycompress`."""
    path = f"{folder}/{name}"
    for number in range(8, 0, -1):
        for end in ("", ".gz", ".xz", ".zst"):
            if os.path.exists(f"{path}.{number}{end}"):
                os.rename(f"{path}.{number}{end}", f"{path}.{number + 1}{end}")
    os.rename(path, f"{path}.1")
    if compress:
        subprocess.run([*compress, f"{path}.1"], check=True)


@pytest.mark.parametrize("sources", [["FOLDER/mail.log"]], indirect=True)
def test_a_log_that_was_compressed_while_nobody_read_is_read_on(sources):
    share = MAILS // 5 or 1
    sources.put("mail.log")
    sources.send(share)
    sources.put("mail.log")
    sources.expect_all()
    assert sources.world.daemon.stop() == 0
    for compress in (["gzip"], ["xz"], ["zstd", "-q", "--rm"], []):
        sources.send(share)
        sources.put("mail.log")
        rotate(sources.folder, "mail.log", *compress)
    sources.send(share)
    sources.put("mail.log")
    sources.world.daemon.start()
    time.sleep(0.3)
    sources.world.daemon.kill()  # somewhere in the middle
    sources.world.daemon.start()
    sources.expect_all()
    assert sources.world.gaps("log") == {}


@pytest.mark.parametrize("sources", [["FOLDER/mail*", "FOLDER/apart.txt"]], indirect=True)
def test_every_file_that_fits_is_read_once(sources):
    share = MAILS // 5 or 1
    for name in ("mail.log", "mail-out.log", "apart.txt"):  # two come by the pattern, one by its name
        sources.send(share)
        sources.put(name)
    sources.expect_all()
    rotate(sources.folder, "mail.log")
    sources.send(share)
    sources.put("mail.log")
    sources.expect_all()
    assert sources.world.daemon.stop() == 0
    rotate(sources.folder, "mail.log", "gzip")
    sources.send(share)
    sources.put("mail.new")  # made while nobody looked
    sources.world.daemon.start()
    sources.expect_all()
    assert sources.world.gaps("log") == {}


@pytest.mark.parametrize("sources", [["socket:FOLDER/log"]], indirect=True)
def test_a_socket_takes_what_syslog_sends(sources):
    path = f"{sources.folder}/log"
    place.wait_until(lambda: os.path.exists(path), 10, "the socket is there")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    # Nobody else may write to it.
    refused = subprocess.run(["logger", "--socket-errors=on", "--socket", path, "x"], check=False,
                             capture_output=True, user="daemon", text=True)
    assert "ermission denied" in refused.stderr
    sources.send(MAILS // 2)
    sources.send_datagrams(path)
    sources.expect_all()
    assert sources.world.gaps("log") == {}
    sources.world.daemon.kill()  # leaves the name behind
    with pytest.raises(ConnectionRefusedError):
        sources.send_datagrams(path)
    sources.world.daemon.start()
    place.wait_until(lambda: any("not-listening" in gap for gap in sources.world.gaps("log").values()), 20,
                     "the time without a listener is a gap")
    sources.send(1)
    sources.send_datagrams(path)
    sources.expect_all()
