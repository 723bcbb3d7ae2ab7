# SPDX-License-Identifier: BSD-2-Clause
"""Redis has no memory left: mail flows, and facts wait in the journal, or the oldest days make room."""
import re
import time

import pytest

from support import place
from support.smtp_client import Client
from support.world import World

from test_one_mail import new_id

PADDING = "1 x\n" + "y" * 100000


def day(age):
    return time.strftime("%y%m%d", time.gmtime(time.time() - age * 86400))


def fill(redis, age, refused=False):
    """A day as it stands in the store: records, a shard, a hot term and its part, and the list."""
    kind, name = "r" if refused else "", day(age)
    for slot in range(20):
        redis.ask("HSET", f"wb:{kind}r:{name}:{slot:02}00:0", "000000000001", PADDING)
    redis.ask("SADD", f"wb:{kind}x:{name}:10:3f", 1234567000000000001)
    redis.ask("SADD", f"wb:{kind}h:{name}:R:[shop*].example", 0)
    redis.ask("SADD", f"wb:{kind}hp:{name}:0:0:R:[shop*].example", 1)
    redis.ask("SADD", f"wb:{kind}d:{name}", 10)


def left_of(redis, age, refused=False):
    kind = "r" if refused else ""
    return [key for form in ("r", "x", "h", "hp", "d") for key in redis.keys(f"wb:{kind}{form}:{day(age)}*")]


def send(world):
    message_id = new_id()
    client = Client(world.postfix.port)
    client.send("shop@shop.example", ["ann@sink.example"], message_id)
    client.quit()
    return message_id


def used(redis):
    return int(dict(line.split(":", 1) for line in redis.ask("INFO", "memory").splitlines() if ":" in line)
               ["used_memory"])


def refused_writes(redis):
    told = re.search(r"errorstat_OOM:count=(\d+)", redis.ask("INFO", "errorstats"))
    return int(told[1]) if told else 0


@pytest.fixture(name="full")
def full_world(request):
    with World(daemon={"when_full": request.param, "shed_keep_days": 3}) as world:
        redis = world.redis
        redis.ask("SADD", "wb:nodes", 0)
        for age in (2, 5, 6):
            fill(redis, age)
        fill(redis, 4, refused=True)
        world.wait_for_states(send(world), {"ann@sink.example": "delivered"})
        redis.ask("CONFIG", "SET", "maxmemory", used(redis) - 3000000)
        yield world
        world.daemon.kill()  # a clean end takes libmilter seconds, and other stories see it


@pytest.mark.parametrize("full", ["shed"], indirect=True)
def test_the_oldest_days_make_room(full):
    redis = full.redis
    message_id = send(full)
    full.wait_for_states(message_id, {"ann@sink.example": "delivered"}, 40)
    log = full.daemon.log_text()
    assert "store takes no writes" in log
    gone = [words.split()[0] for words in log.split("of the day ")[1:]]
    assert gone == [day(4), day(6)], log[-3000:]
    assert not left_of(redis, 4, refused=True) and not left_of(redis, 6)
    assert len(left_of(redis, 5)) == len(left_of(redis, 2)) == 24
    noon = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 6 * 86400))
    told = full.cli.run("trace", "--from", "nobody@shop.example", "--since", f"{noon} 11:00",
                        "--until", f"{noon} 13:00")
    assert "given up, because Redis was full" in told.stdout + told.stderr


@pytest.mark.parametrize("full", ["wait"], indirect=True)
def test_what_waits_is_shipped_when_there_is_room(full):
    redis = full.redis
    message_id = send(full)
    full.daemon.wait_for_log("store takes no writes")
    before = refused_writes(redis)
    place.wait_until(lambda: refused_writes(redis) >= before + 3, 30, "it is tried again and again", 0.2)
    assert full.cli.one(message_id) is None
    assert "given up" not in full.daemon.log_text()
    assert "full" in full.cli.run("doctor").stdout
    redis.ask("CONFIG", "SET", "maxmemory", 0)
    full.wait_for_states(message_id, {"ann@sink.example": "delivered"})
    assert len(left_of(redis, 6)) == 24
