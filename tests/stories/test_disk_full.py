# SPDX-License-Identifier: BSD-2-Clause
"""The disk below the journal is full while mails flow: the mails do not notice, and their traces
are whole when there is room again."""
import os
import pwd
import shutil
import subprocess
import time

import pytest

from support import place
from support.smtp_client import send_many
from support.world import World

from conftest import scaled

MAILS = scaled(200, 60)


@pytest.fixture(name="small")
def world_with_a_small_disk():
    world = World()
    state = world.daemon.state
    owner = pwd.getpwnam("nobody").pw_uid
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=8m,uid={owner},mode=755", "waybill-story", state],
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        world.close()
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        with world:
            yield world
    finally:
        subprocess.run(["umount", state], check=True)
        shutil.rmtree(world.base, ignore_errors=True)


def fill(folder):
    """Until not one byte more fits."""
    with open(f"{folder}/filling", "wb", buffering=0) as file:
        for size in (1 << 16, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def mails(first, last):
    return [("shop@shop.example", [f"ok-{number}@sink.example"], f"full-{number}@shop.example")
            for number in range(first, last)]


def test_a_full_disk_costs_no_mail_and_no_trace(small):
    world = small
    before, failed = send_many(world.postfix.port, mails(0, 10))
    world.wait_until_traced([message_id for message_id, _, _ in before])
    fill(world.daemon.state)
    sent, more_failed = send_many(world.postfix.port, mails(10, MAILS))
    assert failed + more_failed == [], "Postfix said no to a mail"
    world.wait_until_queue_is_empty()
    world.daemon.wait_for_log("No space left on device")
    os.unlink(f"{world.daemon.state}/filling")
    everything = [message_id for message_id, _, _ in before + sent]
    assert len(everything) == MAILS
    world.wait_until_traced(everything)
    for message_id in everything:
        number = message_id.split("-")[1].split("@")[0]
        world.wait_for_states(message_id, {f"ok-{number}@sink.example": "delivered"})
    assert set(world.outcomes().values()) == {1}


def test_a_full_disk_and_a_take_over_cost_no_trace(small):
    """What the disk does not take, the old daemon alone has; it stays until it can be written."""
    world, daemon = small, small.daemon
    fill(daemon.state)
    before, failed = send_many(world.postfix.port, mails(0, 40))
    daemon.wait_for_log("No space left on device")
    old = daemon.serving()
    code, log = daemon.take_over()
    assert code == 0, log
    after, more_failed = send_many(world.postfix.port, mails(40, 80))
    assert failed + more_failed == [], "Postfix said no to a mail"
    time.sleep(7)  # longer than it waits for sessions that might come
    assert "no session is left" not in daemon.log_text()
    os.unlink(f"{daemon.state}/filling")
    wanted = {message_id for message_id, _, _ in before + after}
    place.wait_until(lambda: wanted <= world.seen_by_milter(), 20, "the milter's facts are shipped")
    place.wait_until(lambda: daemon.pids() == [daemon.serving()] != [old], 15, "the old one has ended")
