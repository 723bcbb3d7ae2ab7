# SPDX-License-Identifier: BSD-2-Clause
"""The store is lost, and brought back as packaging/doc/backup.md has it: from Redis' own copy, and for
the time after it from the mail server's log."""
import os
import shutil
import subprocess
import time

from support import place
from support.cli import states
from support.smtp_client import Client
from support.world import World

from test_one_mail import new_id


def send(world, to):
    message_id = new_id()
    client = Client(world.postfix.port)
    client.send("shop@shop.example", [to], message_id)
    client.quit()
    place.wait_until(lambda: states(world.cli.one(message_id)).get(to) == "delivered", 20, f"{to} has it")
    return message_id


def redis_cli(world, *words):
    done = subprocess.run(["redis-cli", "-p", str(world.redis.port), *words], check=True, text=True,
                          capture_output=True, timeout=60)
    return done.stdout.strip()


def lose_the_store(world):
    world.redis.kill()
    shutil.rmtree(f"{world.redis.base}/appendonlydir")


def test_a_lost_store_comes_back_from_its_copy_and_the_log():
    with World() as world:
        before = send(world, "before@sink.example")
        copy = f"{world.base}/waybill.rdb"
        copied = time.time()
        redis_cli(world, "--rdb", copy)
        after = send(world, "after@sink.example")
        lose_the_store(world)
        shutil.copyfile(copy, f"{world.redis.base}/dump.rdb")
        world.redis.start("--appendonly", "no")
        assert int(redis_cli(world, "dbsize")) > 0
        assert redis_cli(world, "config", "set", "appendonly", "yes") == "OK"
        assert states(world.cli.one(before)) == {"before@sink.example": "delivered"}
        assert world.cli.one(after) is None

        world.daemon.stop()
        world.daemon.start()
        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(copied - 60))
        done = world.cli.run("import", "--since", since, world.postfix.log)
        assert done.returncode == 0, done.stderr
        place.wait_until(lambda: world.cli.one(after), 20, "the log brought the second one back")
        assert states(world.cli.one(after)) == {"after@sink.example": "delivered"}
        later = send(world, "later@sink.example")

        place.wait_until(lambda: "aof_rewrite_in_progress:0" in redis_cli(world, "info", "persistence"), 20,
                         "the append-only file is whole")
        world.redis.stop()
        os.remove(f"{world.redis.base}/dump.rdb")
        world.redis.start()
        assert all(world.cli.one(mail) for mail in (before, after, later))
