# SPDX-License-Identifier: BSD-2-Clause
"""The steps of packaging/doc/BACKUP.md for the store, on real Redises: copied while it is asked, and
restored into another one, which keeps it over its own restart."""
import subprocess

from support import place, upgrade_data
from support.cli import Cli
from support.daemon import Daemon
from support.private_redis import PrivateRedis
from test_upgrade_data import SINCE, VERSIONS, old


def redis_cli(redis, *words):
    return subprocess.run(["redis-cli", "-p", str(redis.port), *words], check=True, text=True,
                          capture_output=True, timeout=60).stdout


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
        assert redis_cli(other, "config", "set", "appendonly", "yes") == "OK\n"
        place.wait_until(lambda: "aof_rewrite_in_progress:0" in redis_cli(other, "info", "persistence"),
                         20, "the append only file is written")
        assert "aof_last_bgrewrite_status:ok" in redis_cli(other, "info", "persistence")
        other.kill()
        other = PrivateRedis(f"{base}/other").start()
        assert upgrade_data.answers(Cli(Daemon(f"{base}/two", other.address).conf), SINCE) == before
    finally:
        redis.stop()
        other.stop()
