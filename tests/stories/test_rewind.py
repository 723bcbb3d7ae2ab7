# SPDX-License-Identifier: BSD-2-Clause
"""Redis dies under load and comes back as it was some seconds ago: what it had acknowledged since is
shipped again, and stands there once. Without the window it is lost."""
import shutil
import subprocess
import threading
import time

import pytest

from support import place
from support.smtp_client import Client
from support.world import World

from test_one_mail import new_id


class Load:
    """Mails, one after the other, until it is stopped."""

    def __init__(self, world):
        self.world, self.sent, self.over = world, [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        client = Client(self.world.postfix.port)
        while not self.over.is_set():
            message_id = new_id()
            client.send("shop@shop.example", ["ann@sink.example"], message_id)
            self.sent.append(message_id)
            time.sleep(0.02)
        client.quit()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def traced(world):
    return {(waybill["message_id"] or "")[1:-1] for waybill in world.cli.trace("--since", "-1h")}


def go_back(world):
    """A dump, more mail, and a death; it starts from the dump. Returns the mails that it then has not."""
    copy = f"{world.base}/older.rdb"
    subprocess.run(["redis-cli", "-p", str(world.redis.port), "--rdb", copy], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
    dumped = traced(world)
    place.wait_until(lambda: len(traced(world) - dumped) >= 40, 30, "more mails are recorded", 0.3)
    lost = traced(world) - dumped
    world.redis.kill()
    shutil.rmtree(f"{world.redis.base}/appendonlydir")
    shutil.copyfile(copy, f"{world.redis.base}/dump.rdb")
    world.redis.start("--appendonly", "no")
    return lost


@pytest.mark.parametrize("seconds", [60, 0])
def test_what_redis_acknowledged_and_lost_is_shipped_again(seconds):
    with World(daemon={"redis_rewind_seconds": seconds}) as world:
        check(world, seconds)
        world.daemon.kill()  # a clean end takes libmilter seconds, and other stories see it


def check(world, seconds):
    with Load(world) as load:
        place.wait_until(lambda: len(load.sent) > 30, 20, "mails flow")
        lost = go_back(world)
        already = len(load.sent)
        place.wait_until(lambda: len(load.sent) > already + 10, 20, "mails still flow")
    world.wait_until_queue_is_empty()
    last = load.sent[-1]
    world.wait_for_states(last, {"ann@sink.example": "delivered"})
    if seconds == 0:
        assert len(lost - traced(world)) >= 20, "the negative control lost nothing"
        assert "is not sent again" in world.daemon.log_text()
        return
    found = world.wait_until_traced(load.sent)
    for waybill in found.values():
        assert [recipient["state"] for recipient in waybill["recipients"]] == ["delivered"], waybill
    whole = [facts for first, facts in world.records() if first[-1] != "-"]
    assert len(whole) == len(load.sent)
    for facts in whole:
        kinds = [fact[2] for fact in facts]
        assert kinds.count("mail") == kinds.count("delivered") == kinds.count("header") == 1, facts
    assert world.cli.run("status").returncode in (0, 1)
    assert "is sent again" in world.daemon.log_text()
