# SPDX-License-Identifier: BSD-2-Clause
"""The number of a machine: claimed in the store, kept beside the journal, never that of another."""
import pytest

from support.daemon import Daemon
from support.private_redis import PrivateRedis

CONFIG, REFUSED_BY_SYSTEM = 78, 71


def daemon_of(place_of_story, redis, **options):
    return Daemon(f"{place_of_story}/daemon", redis.address,
                  log_source=[f"{place_of_story}/mail.log"], **options)


@pytest.fixture(name="redis")
def private_redis(place_of_story):
    redis = PrivateRedis(f"{place_of_story}/redis")
    yield redis
    if redis.pid():
        redis.stop()


def test_a_free_number_is_claimed_and_had_again_after_a_restart(place_of_story, redis):
    redis.start()
    redis.ask("HSET", "wb:node:00", "machine", "other", "host", "mx9", "since", "1")
    daemon = daemon_of(place_of_story, redis).start()
    daemon.wait_for_log("node 1, generation 0")
    assert daemon.stop() == 0
    redis.ask("DEL", "wb:node:00")
    before = len(daemon.log_text())
    daemon.start()
    daemon.wait_for_log("node 1, generation 0", after=before)
    assert daemon.stop() == 0


def test_a_store_that_evicts_records_is_told_of_once(place_of_story, redis):
    redis.start()
    redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    daemon = daemon_of(place_of_story, redis).start()
    try:
        daemon.wait_for_log("maxmemory-policy allkeys-lru")
        assert daemon.log_text().count("maxmemory-policy allkeys-lru") == 1
    finally:
        assert daemon.stop() == 0


def test_a_number_of_another_machine_is_refused_at_start(place_of_story, redis):
    redis.start()
    redis.ask("HSET", "wb:node:05", "machine", "other", "host", "mx9", "since", "1")
    daemon = daemon_of(place_of_story, redis, node=5)
    with pytest.raises(RuntimeError) as why:
        daemon.start()
    assert daemon.process.returncode == CONFIG
    assert "mx9" in str(why.value) and "5" in str(why.value)


def test_without_the_store_it_starts_and_claims_later(place_of_story, redis):
    daemon = daemon_of(place_of_story, redis, node=7).start()
    try:
        daemon.wait_for_log("cannot claim node 7 yet")
        daemon.wait_for_log("node 7, generation 0")
        redis.start()
        daemon.wait_for_log("node 7 is claimed")
        assert redis.ask("HGET", "wb:node:07", "host") == "mx.example"
    finally:
        assert daemon.stop() == 0


def test_two_daemons_of_one_journal_are_one_node_and_two_generations(place_of_story, redis):
    redis.start()
    old = daemon_of(place_of_story, redis).start()
    new = Daemon(f"{place_of_story}/daemon2", redis.address, state_directory=old.state,
                 log_source=[f"{place_of_story}/mail.log"]).start()
    try:
        new.wait_for_log("node 0, generation 1")
        assert "reading the mail log" not in new.log_text()
        assert old.stop() == 0
        new.wait_for_log("reading the mail log")
    finally:
        old.kill()
        assert new.stop() == 0


def test_a_socket_that_is_served_is_not_taken(place_of_story, redis):
    redis.start()
    old = daemon_of(place_of_story, redis).start()
    new = Daemon(f"{place_of_story}/daemon2", redis.address, listen=f"unix:{old.socket}",
                 log_source=[f"{place_of_story}/mail.log"])
    try:
        new.socket = f"{place_of_story}/nowhere"
        with pytest.raises(RuntimeError) as why:
            new.start()
        assert new.process.returncode == REFUSED_BY_SYSTEM
        assert "another process serves it" in str(why.value)
    finally:
        assert old.stop() == 0
