# SPDX-License-Identifier: BSD-2-Clause
"""Sentinel names the master: it dies under load, its replica takes over, and no mail is lost."""
import os
import shutil

import pytest

from support import place
from support.following import Following
from support.private_cluster import PrivateSentinels
from support.world import World

from test_redis_cluster import Load, check_each_mail_once

SENTINEL = {"redis_mode": "sentinel", "redis_master_name": "mail", "redis_timeout_ms": 1000}


def password(base, text):
    path = f"{base}/{text}.password"
    with open(path, "w", encoding="ascii", opener=lambda *args: os.open(*args, 0o640)) as file:
        file.write(text + "\n")
    shutil.chown(path, "nobody")
    return path


@pytest.fixture(name="world", scope="module")
def master_replica_and_sentinels():
    """The sentinels have a login of their own, and not that of the master."""
    base = place.new_directory("sentinel")

    def store(path):
        return PrivateSentinels(path, name="mail", lines=[
            "user default on nopass ~* &* +@all", "user looker on >looker ~* &* +@all"])

    with World(base, store=store, daemon={
            **SENTINEL, "redis_sentinel_user": "looker",
            "redis_sentinel_password_file": password(base, "looker")}) as world:
        yield world


def test_a_failover_under_load_loses_nothing(world):
    with Load(world, "before", 40) as before:
        pass
    check_each_mail_once(world, before)
    lost = world.redis.master()
    lost.ask("WAIT", 1, 2000)
    with Following(world) as following:
        with Load(world, "failover") as load:
            lost.kill()
            done = world.cli.run("trace", "--since", "-1h")
            if done.returncode != 0:
                assert "Redis at" in done.stderr, done.stderr
        place.wait_until(lambda: world.redis.master() is not lost, 20, "the replica is master")
        place.wait_until(lambda: world.cli.run("trace", "--since", "-1h").returncode == 0, 10,
                         "questions are answered again")
        check_each_mail_once(world, before, load)
        following.tells_all_once(world.wait_until_traced(load.ids()))


def test_a_master_that_was_set_back_is_left_for_the_new_one(world):
    """By hand: the old one takes writes for a while that the new one never sees, and is then its
    replica. They are shipped again."""
    old = world.redis.master()
    heir = next(each for each in world.redis.servers if each is not old)
    heir.start("--replicaof", "127.0.0.1", str(old.port)) if not heir.pid() else None
    place.wait_until(lambda: "state=online" in old.ask("INFO", "replication"), 20,
                     "the replica follows")
    with Following(world) as following:
        with Load(world, "by-hand", 60) as load:
            place.wait_until(lambda: failover(world), 20, "the sentinels begin the failover", 0.3)
        place.wait_until(lambda: world.redis.master() is heir, 20, "the replica is master")
        place.wait_until(lambda: "role:slave" in old.ask("INFO", "replication"), 20,
                         "the old master is a replica, and what only it had is gone")
        check_each_mail_once(world, load)
        following.tells_all_once(world.wait_until_traced(load.ids()))


def failover(world):
    try:
        return world.redis.sentinels[0].ask("SENTINEL", "FAILOVER", "mail") == "OK"
    except RuntimeError:  # the last one is not long enough ago
        return False


def test_a_sentinel_that_is_away_is_passed_over(world):
    world.redis.sentinels[0].kill()
    assert world.cli.run("trace", "--since", "-1h").returncode == 0
    for each in world.redis.sentinels[1:]:
        each.kill()
    done = world.cli.run("trace", "--since", "-1h")
    assert done.returncode == 3
    assert "cannot ask the sentinel at" in done.stderr, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
