# SPDX-License-Identifier: BSD-2-Clause
"""The log is rotated and the daemon restarted in the middle of 5,000 deliveries: each outcome is
recorded exactly once."""
import os
import shutil
import subprocess
import threading

import pytest

from support import place
from support.smtp_client import send_many
from support.world import World

from conftest import scaled

MAILS, RECIPIENTS = scaled(100, 20), 50


class Sending:
    """All mails, sent in the background."""

    def __init__(self, world):
        self._world, self.failed = world, None
        mails = [("shop@shop.example", [f"ok-{mail}-{to}@sink.example" for to in range(RECIPIENTS)],
                  f"rotation-{mail}@shop.example") for mail in range(MAILS)]
        self._thread = threading.Thread(target=self._run, args=(mails,))
        self._thread.start()

    def _run(self, mails):
        _, self.failed = send_many(self._world.postfix.port, mails, sessions=2, pause=0.2)

    def wait_until_delivered(self, share):
        """Until the sink took this share of all."""
        place.wait_until(lambda: len(self._world.sink.recipients()) >= share * MAILS * RECIPIENTS, 120,
                         f"{share:.0%} of all recipients are served")

    def end(self):
        self._thread.join()
        assert self.failed == []
        self.wait_until_delivered(1)
        self._world.wait_until_queue_is_empty()


def log_outcomes(world):
    """How many outcomes Postfix logged, in all files that the log was cut into."""
    count = 0
    for name in os.listdir(os.path.dirname(world.postfix.log)):
        with open(f"{os.path.dirname(world.postfix.log)}/{name}", encoding="utf-8") as file:
            count += sum("status=sent" in line for line in file)
    return count


def rotate_by_rename(world, number):
    """As logrotate does: rename, create, then tell the writer, which writes into the old file until
    then. (Left alone, postlogd makes a file that nobody but root may read.)"""
    os.rename(world.postfix.log, f"{world.postfix.log}.{number}")
    with open(world.postfix.log, "xb"):
        pass
    subprocess.run(["postfix", "-c", world.postfix.conf, "reload"], check=True, capture_output=True)


def wait_for_outcomes(world, expected):
    def count():
        return sum(world.outcomes().values())
    try:
        place.wait_until(lambda: count() >= expected, 90, f"{expected} outcomes are recorded", 0.5)
    except TimeoutError:
        raise AssertionError(f"{count()} of {expected} outcomes are recorded\n"
                             f"{world.daemon.log_text()[-3000:]}") from None


def test_renamed_log_and_restarted_daemon_lose_and_double_nothing():
    with World() as world:
        sending = Sending(world)
        sending.wait_until_delivered(0.2)
        rotate_by_rename(world, 1)
        sending.wait_until_delivered(0.4)
        assert world.daemon.stop() == 0
        sending.wait_until_delivered(0.5)
        world.daemon.start()
        sending.wait_until_delivered(0.6)
        world.daemon.kill()
        rotate_by_rename(world, 2)  # while nobody looks
        sending.wait_until_delivered(0.7)
        world.daemon.start()
        sending.end()
        assert log_outcomes(world) == MAILS * RECIPIENTS
        wait_for_outcomes(world, MAILS * RECIPIENTS)
        assert set(world.outcomes().values()) == {1}
        assert len(world.outcomes()) == MAILS * RECIPIENTS
        assert world.gaps("log") == {}


def test_truncated_log_loses_nothing_in_silence():
    with World() as world:
        sending = Sending(world)
        for number in (1, 2):
            sending.wait_until_delivered(number * 0.3)
            shutil.copy(world.postfix.log, f"{world.postfix.log}.{number}")
            os.truncate(world.postfix.log, 0)  # logrotate's copytruncate
        sending.end()
        recorded = place.wait_until_rests(world.outcomes)
        assert set(recorded.values()) == {1}
        print(f"{len(recorded)} of {MAILS * RECIPIENTS} outcomes, gaps {world.gaps('log')}")
        assert len(recorded) == MAILS * RECIPIENTS or world.gaps("log")


@pytest.mark.skipif(not os.path.exists("/lib/systemd/systemd-journal-remote"),
                    reason="no systemd-journal-remote")
def test_the_systemd_journal_and_a_restarted_daemon_lose_and_double_nothing():
    with World(journal=True) as world:
        sending = Sending(world)
        sending.wait_until_delivered(0.3)
        assert world.daemon.stop() == 0
        sending.wait_until_delivered(0.5)
        world.daemon.start()
        sending.wait_until_delivered(0.7)
        world.daemon.kill()
        world.daemon.start()
        sending.end()
        wait_for_outcomes(world, MAILS * RECIPIENTS)
        assert set(world.outcomes().values()) == {1}
        assert len(world.outcomes()) == MAILS * RECIPIENTS
