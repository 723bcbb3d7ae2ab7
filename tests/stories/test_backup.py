# SPDX-License-Identifier: BSD-2-Clause
"""The store is lost, and brought back as packaging/doc/BACKUP.md has it: from Redis' own copy, and for
the time after it from the mail server's log."""
import os
import shutil
import subprocess
import time

from support import place, upgrade_data
from support.cli import Cli, states
from support.daemon import Daemon
from support.private_redis import PrivateRedis
from support.smtp_client import Client
from support.world import World

from test_one_mail import new_id
from test_upgrade_data import SINCE, VERSIONS, old


def send(world, to):
    message_id = new_id()
    client = Client(world.postfix.port)
    client.send("shop@shop.example", [to], message_id)
    client.quit()
    place.wait_until(lambda: states(world.cli.one(message_id)).get(to) == "delivered", 20, f"{to} has it")
    return message_id


def redis_cli(redis, *words):
    done = subprocess.run(["redis-cli", "-p", str(redis.port), *words], check=True, text=True,
                          capture_output=True, timeout=60)
    return done.stdout.strip()


def lose_the_store(world):
    world.redis.kill()
    shutil.rmtree(f"{world.redis.base}/appendonlydir")


def test_a_lost_store_comes_back_from_its_copy_and_the_log():
    with World(daemon={"redis_rewind_seconds": 0}) as world:  # as if more were lost than is kept
        before = send(world, "before@sink.example")
        copy = f"{world.base}/waybill.rdb"
        copied = time.time()
        redis_cli(world.redis, "--rdb", copy)
        after = send(world, "after@sink.example")
        lose_the_store(world)
        shutil.copyfile(copy, f"{world.redis.base}/dump.rdb")
        world.redis.start("--appendonly", "no")
        assert int(redis_cli(world.redis, "dbsize")) > 0
        assert redis_cli(world.redis, "config", "set", "appendonly", "yes") == "OK"
        assert states(world.cli.one(before)) == {"before@sink.example": "delivered"}
        assert world.cli.one(after) is None

        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(copied - 60))
        done = world.cli.run("import", "--since", since, world.postfix.log)
        assert done.returncode == 0, done.stderr
        place.wait_until(lambda: world.cli.one(after), 20, "the log brought the second one back")
        assert states(world.cli.one(after)) == {"after@sink.example": "delivered"}
        later = send(world, "later@sink.example")

        place.wait_until(lambda: "aof_rewrite_in_progress:0" in redis_cli(world.redis, "info", "persistence"), 20,
                         "the append-only file is whole")
        world.redis.stop()
        os.remove(f"{world.redis.base}/dump.rdb")
        world.redis.start()
        assert all(world.cli.one(mail) for mail in (before, after, later))


def test_a_restored_store_gives_the_same_answers(place_of_story):
    base = place_of_story
    redis = PrivateRedis(f"{base}/redis").start()
    other = PrivateRedis(f"{base}/other", "--appendonly", "no")
    try:
        upgrade_data.fill_store(redis, old(VERSIONS[-1], "store"))
        before = upgrade_data.answers(Cli(Daemon(f"{base}/one", redis.address).conf), SINCE)
        assert len(before[0].splitlines()) >= 6
        redis_cli(redis, "--rdb", f"{base}/other/dump.rdb")
        redis.stop()
        other.start()
        assert redis_cli(other, "config", "set", "appendonly", "yes") == "OK"
        place.wait_until(lambda: "aof_rewrite_in_progress:0" in redis_cli(other, "info", "persistence"),
                         20, "the append only file is written")
        assert "aof_last_bgrewrite_status:ok" in redis_cli(other, "info", "persistence")
        other.kill()
        other = PrivateRedis(f"{base}/other").start()
        assert upgrade_data.answers(Cli(Daemon(f"{base}/two", other.address).conf), SINCE) == before
    finally:
        redis.stop()
        other.stop()
