# SPDX-License-Identifier: BSD-2-Clause
"""What earlier versions left in journal and store is read as they read it; what a later version left
is not touched. The data is in tests/golden/upgrade, support/upgrade_data.py wrote it."""
import contextlib
import functools
import json
import os
import shutil

import pytest

from support import place, upgrade_data
from support.cli import Cli
from support.daemon import Daemon
from support.private_redis import PrivateRedis

VERSIONS = sorted(os.listdir(upgrade_data.FOLDER))
SINCE = "2026-11-01"
# Sentences for people may be worded better; all other fields stay (packaging/doc/COMPATIBILITY.md).
WORDS = {"sentence", "what", "act", "why"}
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"


def old(version, name):
    with open(f"{upgrade_data.FOLDER}/{version}/{name}", encoding="utf-8") as file:
        return file.read()


class Site:
    """A Redis, and a daemon that is not started, in a directory."""

    def __init__(self, base):
        self.redis = PrivateRedis(f"{base}/redis").start()
        log = f"{base}/mail.log"
        with open(log, "w", encoding="ascii"):
            pass
        # So long that the old days are not over yet.
        self.daemon = Daemon(f"{base}/daemon", self.redis.address, log_source=[log], retention_days=3650,
                             refused_retention_days=3650)
        self.cli = Cli(self.daemon.conf)

    def take_journal(self, text):
        upgrade_data.journal_from_text(text, self.daemon.state)
        owner = os.stat(self.daemon.state)
        for folder, _, names in os.walk(self.daemon.state):
            for path in (folder, *(os.path.join(folder, name) for name in names)):
                os.chown(path, owner.st_uid, owner.st_gid)

    def ship(self, at_least):
        """Start the daemon until nothing more comes into the store."""
        self.daemon.start()
        place.wait_until(lambda: len(self.cli.trace("--since", SINCE)) >= at_least, 20, "all is shipped")
        place.wait_until_rests(lambda: upgrade_data.store_as_text(self.redis), seconds=1)
        self.daemon.kill()


@pytest.fixture(name="site")
def site_in_a_directory(place_of_story):
    with contextlib.ExitStack() as stack:
        site = Site(place_of_story)
        stack.callback(site.redis.stop)
        # At once: on SIGTERM libmilter takes seconds to end.
        stack.callback(lambda: site.daemon.process and site.daemon.kill())
        yield site


def short_id(fact_id):
    """Since format 2 of records, a fact of the log or of a report is known by 30 bits of its id."""
    number = functools.reduce(lambda high, digit: high << 6 | DIGITS.index(digit), fact_id, 0)
    number = (number ^ number >> 30) & (1 << 30) - 1
    return "".join(DIGITS[number >> shift & 63] for shift in range(54, -1, -6))


def assert_has(new, before, where):
    """All that was told is told, alike; there may be more."""
    if isinstance(before, dict):
        assert isinstance(new, dict) and set(before) <= set(new), f"{where}: {set(before) - set(new)} gone"
        for key, value in before.items():
            if key not in WORDS:
                assert_has(new[key], value, f"{where}.{key}")
    elif isinstance(before, list):
        assert len(new) == len(before), where
        for number, (one, other) in enumerate(zip(new, before)):
            assert_has(one, other, f"{where}[{number}]")
    else:
        assert new == before, where


def written_anew(told):
    """A record of format 2 leaves out what the log's active says of a mail whose end the milter saw: the
    size is then the milter's, without the header that Postfix adds."""
    queued = next((fact for fact in told["timeline"] if fact["kind"] == "queued"), None)
    if queued:
        told["size"] = int(queued["values"]["size"])
        for fact in told["timeline"]:
            if fact["kind"] == "active":
                fact["values"] = {}


def assert_answers(site, version, anew):
    """`anew`: the records were written by this version."""
    trace, show = ([json.loads(line) for line in text.splitlines()] for text in upgrade_data.answers(site.cli, SINCE))
    trace_before, show_before = ([json.loads(line) for line in old(version, name).splitlines()]
                                 for name in ("trace", "show"))
    assert len(trace_before) == len(show_before) >= 6
    for one, whole in zip(trace_before, show_before):
        if anew:
            written_anew(whole)
        one["size"] = whole["size"]
        for fact in whole["timeline"]:
            if fact["source"] in ("log", "report"):
                fact["fact_id"] = short_id(fact["fact_id"])
    assert_has(trace, trace_before, "trace")
    assert_has(show, show_before, "show")


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_journal_is_shipped_and_traced_as_it_was(site, version):
    site.take_journal(old(version, "journal"))
    site.ship(at_least=len(old(version, "trace").splitlines()))
    assert_answers(site, version, anew=True)
    assert "damaged" not in site.daemon.log_text()


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_store_is_traced_as_it_was(site, version):
    upgrade_data.fill_store(site.redis, old(version, "store"))
    assert_answers(site, version, anew=False)


def fields_of_records(redis):
    return {key: set(fields) for pattern in ("wb:r:*", "wb:rr:*") for key, fields in redis.contents(pattern).items()}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_journal_over_its_old_store_adds_nothing(site, version):
    """As after an upgrade in the midst of shipping. What is written takes this version's format, once."""
    upgrade_data.fill_store(site.redis, old(version, "store"))
    fields = fields_of_records(site.redis)
    before = None
    for _ in range(2):
        shutil.rmtree(f"{site.daemon.state}/journal", ignore_errors=True)
        site.take_journal(old(version, "journal"))
        site.ship(at_least=len(old(version, "trace").splitlines()))
        assert fields_of_records(site.redis) == fields
        after = site.redis.contents("wb:r*")
        assert before in (None, after)
        before = after
    assert_answers(site, version, anew=True)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return (crc ^ 0xFFFFFFFF).to_bytes(4, "little")


def test_a_later_journal_waits_for_the_later_version(site):
    site.take_journal(old(VERSIONS[-1], "journal"))
    path = f"{site.daemon.state}/journal/0/00000000000000000001"
    with open(path, "r+b") as file:
        head = bytearray(file.read(48))
        head[8] += 1
        head[44:] = crc32c(head[:44])
        file.seek(0)
        file.write(head)
    with open(path, "rb") as file:
        before = file.read()
    site.daemon.start()
    site.daemon.wait_for_log("journal generation 0 is of format 2, which only a later version of this program"
                             " reads (this one reads 1): it is left as it is")
    place.wait_until(lambda: site.redis.keys("wb:beat:*"), 20, "the daemon ships")
    site.daemon.kill()
    with open(path, "rb") as file:
        assert file.read() == before
    assert not site.redis.keys("wb:r*")
    assert os.listdir(f"{site.daemon.state}/journal/1")


def test_a_later_record_is_told_and_left_as_it_is(site):
    version = VERSIONS[-1]
    upgrade_data.fill_store(site.redis, old(version, "store"))
    key = site.redis.keys("wb:r:*")[0]
    ref = sorted(site.redis.contents(key)[key])[0]
    later = "9 " + site.redis.ask("HGET", key, ref)[2:]
    site.redis.ask("HSET", key, ref, later)
    done = site.cli.run("trace", "--since", SINCE)
    assert "a record could not be read and is left out: the key 'wb:r:" in done.stderr
    assert "ok-ann@" not in done.stdout and "later-bob@" in done.stdout
    first = min(json.loads(line)["trace_id"] for line in old(version, "trace").splitlines())
    done = site.cli.run("show", first)
    assert "format 9 is newer than this program" in done.stderr + done.stdout
    site.take_journal(old(version, "journal"))
    site.daemon.start()
    site.daemon.wait_for_log("format 9 is newer than this program")
    place.wait_until_rests(lambda: upgrade_data.store_as_text(site.redis), seconds=1)
    assert site.redis.ask("HGET", key, ref) == later
