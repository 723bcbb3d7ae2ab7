# SPDX-License-Identifier: BSD-2-Clause
"""Every answer that finds nothing says who was watching; a dead daemon is told as silent."""
import json

import pytest

from support import place
from support.world import World


@pytest.fixture(name="world", scope="module")
def running_world():
    with World() as world:
        place.wait_until(lambda: witnesses(world) == {"milter": True, "log": True}, 30, "both witnesses beat")
        yield world


def coverage(world, *arguments):
    done = world.cli.run("stats", "--coverage", "--json", *arguments)
    return done.returncode, json.loads(done.stdout)


def witnesses(world):
    """Which live, of all that are known."""
    _, told = coverage(world)
    return {one["witness"]: one["until"] is not None and one["silent_since"] is None
            for one in told["witnesses"]}


def test_an_empty_store_says_that_nothing_was_watched():
    world = World()
    try:
        world.redis.start()
        code, told = coverage(world)
        assert (code, told["witnesses"]) == (1, [])
        assert "no mail server ever reported" in world.cli.run("stats", "--coverage").stdout
        assert "no mail server ever reported" in world.cli.run("show", "4mGprq8lpWzGsdv").stderr
    finally:
        world.close()


@pytest.mark.parametrize("arguments", [("trace", "--to", "nobody@far.example"), ("show", "4mGprq8lpWzGsdv"),
                                       ("trace", "--to", "nobody@far.example", "--csv"),
                                       ("follow", "--for", "1", "--to", "nobody@far.example"),
                                       ("stats", "--unclassified"), ("stats",)])
def test_every_answer_that_finds_nothing_says_who_was_watching(world, arguments):
    done = world.cli.run(*arguments)
    assert done.returncode == 1
    assert "mx.example: milter and log" in done.stdout + done.stderr


def test_a_daemon_that_died_is_silent_and_its_return_leaves_a_gap(world):
    world.daemon.kill()
    place.wait_until(lambda: not any(witnesses(world).values()), 120, "both witnesses are silent", 1)
    _, told = coverage(world, "--since", "-1h")
    for one in told["witnesses"]:
        assert one["silent_since"] and one["percent"] < 100, one
    assert "no word since" in world.cli.run("stats", "--coverage").stdout
    assert "silent since" in world.cli.run("trace", "--to", "nobody@far.example").stdout

    world.daemon.start()
    place.wait_until(lambda: all(witnesses(world).values()), 30, "both witnesses beat again")
    place.wait_until(lambda: coverage(world)[1]["witnesses"][0]["gaps"], 30, "the gap is told")
    _, told = coverage(world, "--since", "-1h")
    [milter] = [one for one in told["witnesses"] if one["witness"] == "milter"]
    [gap] = milter["gaps"]
    assert gap["cause"] == "not running" and gap["meaning"] == "the daemon was not running"
    assert gap["ms"] >= 60000 and milter["percent"] < 100
    assert "(1 min" in world.cli.run("stats", "--coverage").stdout
