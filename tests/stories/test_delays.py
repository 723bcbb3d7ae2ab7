# SPDX-License-Identifier: BSD-2-Clause
"""Where the time of a mail went, as the help desk reads it out."""
import time

import pytest

from support import place
from support.smtp_client import send_many
from support.world import World

SENDER = "shop@shop.example"
WAIT = 6


@pytest.fixture(name="world", scope="module")
def running_world():
    with World(postfix={"minimal_backoff_time": "1000s", "maximal_backoff_time": "1000s",
                        "queue_run_delay": "1000s"}) as world:
        yield world


def send(world, name, to):
    _, failed = send_many(world.postfix.port, [(SENDER, [to], name)], sessions=1)
    assert failed == []


def delay_of(world, name):
    [recipient] = world.cli.one(name)["recipients"]
    delay = recipient["delay"]
    assert sum(delay["parts_ms"].values()) == delay["total_ms"]
    return delay


def wait_for(world, name, state):
    def so():
        mail = world.cli.one(name)
        return mail and mail["recipients"][0]["state"] == state
    place.wait_until(so, 30, f"{name} is {state}")


def show(world, name):
    return " ".join(world.cli.text("show", name).split())


def test_the_wait_for_greylisting_is_named_while_it_lasts_and_after(world):
    send(world, "grey@shop.example", "later-1@far.example")
    wait_for(world, "grey@shop.example", "delayed")
    time.sleep(WAIT)
    delay = delay_of(world, "grey@shop.example")
    assert not delay["over"] and delay["largest"] == "greylisting"
    assert delay["parts_ms"]["greylisting"] >= WAIT * 1000 - 1000
    assert "so far. Most of it" in show(world, "grey@shop.example")

    world.postfix.command("postqueue", "-f")
    wait_for(world, "grey@shop.example", "delivered")
    delay = delay_of(world, "grey@shop.example")
    assert delay["over"] and delay["largest"] == "greylisting"
    assert WAIT * 1000 - 2000 <= delay["parts_ms"]["greylisting"] <= delay["total_ms"] < 60000
    # The sink says no more than "come again later".
    words = show(world, "grey@shop.example")
    assert "It took " in words and "asked us to come back later (perhaps greylisting)." in words


def test_a_hold_is_told_from_a_slow_server(world):
    send(world, "slow@shop.example", "slow-1@far.example")
    wait_for(world, "slow@shop.example", "delivered")
    delay = delay_of(world, "slow@shop.example")
    assert delay["largest"] == "transfer" and delay["parts_ms"]["transfer"] >= 1900

    send(world, "held@shop.example", "busy-1@far.example")
    wait_for(world, "held@shop.example", "delayed")
    world.postfix.command("postsuper", "-h", world.cli.one("held@shop.example")["queue_id"])
    wait_for(world, "held@shop.example", "held")
    time.sleep(WAIT)
    assert delay_of(world, "held@shop.example")["parts_ms"]["hold"] >= WAIT * 1000 - 1000
