# SPDX-License-Identifier: BSD-2-Clause
"""waybill import: the log of a real Postfix goes into a real Redis, by itself or beside a daemon, once
or again, whole or in the middle killed; the store ends up the same."""
import collections
import gzip
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import time

import pytest

from support import maillog_generator, place
from support.cli import Cli, states
from support.daemon import Daemon
from support.private_postfix import PrivatePostfix
from support.private_redis import PrivateRedis
from support.sink import Sink
from support.smtp_client import send_many
from support.world import World

from conftest import scaled

MAILS = scaled(60, 20)
# What a process says of itself, and when.
OF_NOBODY = re.compile(r"wb:(node|count|beat)")


class Log:
    """A log that a Postfix without waybilld wrote: delivered, deferred, bounced, aliases, refused."""

    def __init__(self):
        self.base = place.new_directory("log")
        sink = Sink(place.free_port())
        postfix = PrivatePostfix(f"{self.base}/postfix", sink.port, long_ids=False)
        self.path = f"{self.base}/mail.log"
        try:
            sink.start()
            postfix.start()
            mails = [("shop@shop.example",
                      [f"ok-{n}@sink.example", f"later-{n}@sink.example", f"never-{n}@sink.example"][: n % 3 + 1],
                      f"import-{n}@shop.example") for n in range(MAILS)]
            mails.append(("shop@shop.example", ["team@alias.example"], "team@shop.example"))
            self.message_ids = [mail[2] for mail in mails]
            # This one the client gives up, and the log tells no end of it.
            mails.append(("shop@shop.example", ["ok-x@sink.example", "refused@sink.example"], "half@shop.example"))
            send_many(postfix.port, mails, sessions=2)
            place.wait_until(lambda: postfix.queue() == 0, 60, "Postfix's queue is empty", 0.3)
        finally:
            postfix.stop()
            sink.stop()
        shutil.copyfile(postfix.log, self.path)
        os.chmod(self.path, 0o600)  # root's alone, as logs are

    def text(self):
        with open(self.path, "rb") as file:
            return file.read()


@pytest.fixture(name="log", scope="module")
def log_of_a_postfix():
    log = Log()
    yield log
    shutil.rmtree(log.base, ignore_errors=True)


class Machine:
    """Redis, and the configuration of a waybilld that need not run."""

    def __init__(self, base, **options):
        self.base = base
        self.redis = PrivateRedis(f"{base}/redis")
        self.daemon = Daemon(f"{base}/daemon", self.redis.address,
                             **{"hold_seconds": 1, "log_source": [], **options})
        self.cli = Cli(self.daemon.conf)

    def __enter__(self):
        self.redis.start()
        return self

    def __exit__(self, *_):
        self.daemon.stop()
        self.redis.stop()

    def start_import(self, *arguments, **options):
        return subprocess.Popen([f"{place.BUILD}/waybill", "-c", self.daemon.conf, "import", *arguments],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def run_import(self, *arguments, stdin=None):
        """What it counted; anything but success fails."""
        process = self.start_import("--json", *arguments, stdin=subprocess.PIPE)
        out, err = process.communicate(stdin, timeout=120)
        assert process.returncode == 0, (process.returncode, err.decode())
        return json.loads(out)

    def dump(self):
        """All that is told of mails."""
        return {key: value for key, value in self.redis.contents().items() if not OF_NOBODY.match(key)}


@pytest.fixture(name="machine")
def machine_without_daemon(place_of_story):
    with Machine(place_of_story) as machine:
        yield machine


@pytest.fixture(name="expected", scope="module")
def store_after_an_import(log):
    """What one import of the log leaves in a store."""
    base = place.new_directory("story")
    with Machine(base) as machine:
        counted = machine.run_import(log.path)
        yield counted, machine.dump()
    shutil.rmtree(base, ignore_errors=True)


def records(dump):
    return {key: value for key, value in dump.items() if key.startswith("wb:r:")}


def test_import_of_a_real_log_tells_each_mail(log, machine):
    counted = machine.run_import(log.path)
    assert counted["complete"] and counted["lines_broken"] == 0 and counted["mails_open"] == 1
    found = {waybill["message_id"][1:-1]: waybill for waybill in machine.cli.trace() if waybill["message_id"]}
    assert set(log.message_ids) <= set(found)
    for n in range(MAILS):
        wanted = {f"ok-{n}@sink.example": "delivered", f"later-{n}@sink.example": "delivered",
                  f"never-{n}@sink.example": "failed"}
        assert states(found[f"import-{n}@shop.example"]) == dict(list(wanted.items())[: n % 3 + 1])
    assert machine.daemon.process is None


def test_dry_run_counts_the_same_and_touches_nothing(log, machine, expected):
    counted = machine.run_import("--dry-run", log.path)
    for key, value in expected[0].items():
        if key not in ("dry_run", "seconds"):
            assert counted[key] == value, key
    assert machine.redis.keys() == [] and os.listdir(machine.daemon.state) == []


def test_dry_run_counts_the_states_that_the_answers_tell(machine):
    log, answers, lines = f"{machine.base}/mail.log", f"{machine.base}/answers", scaled(100000, 20000)
    maillog_generator.generate(log, answers, lines=lines, seed=7, **maillog_generator.until_now(lines))
    with open(answers, encoding="utf-8") as file:
        true = collections.Counter(maillog_generator.STATES[recipient["status"]]
                                   for line in file for recipient in json.loads(line)["recipients"])
    counted = machine.run_import("--dry-run", log)
    assert counted["lines_broken"] == 0
    assert {state: count for state, count in counted["states"].items() if count} == dict(true)


def test_import_twice_changes_nothing(log, machine, expected):
    machine.run_import(log.path)
    before = machine.dump()
    assert before == expected[1] and records(before)
    machine.run_import(log.path)
    assert machine.dump() == before


def test_packed_log_and_standard_input_are_the_same_log(log, machine, expected):
    packed = f"{machine.base}/mail.log.1.gz"
    with gzip.open(packed, "wb") as file:
        file.write(log.text())
    machine.run_import(packed)
    assert records(machine.dump()) == records(expected[1])
    machine.run_import("-", stdin=log.text())
    assert records(machine.dump()) == records(expected[1])


def test_rotated_files_in_any_order_are_one_log(log, machine, expected):
    lines = log.text().splitlines(keepends=True)
    for name, part in (("mail.log", lines[len(lines) // 2:]), ("mail.log.1", lines[: len(lines) // 2])):
        with open(f"{machine.base}/{name}", "wb") as file:
            file.write(b"".join(part))
    machine.run_import(f"{machine.base}/mail.log", f"{machine.base}/mail.log.1")
    assert records(machine.dump()) == records(expected[1])


def test_killed_in_the_middle_and_begun_again_it_is_whole(log, machine, expected):
    """By a pipe, so that it is surely in the middle when it is killed."""
    text = log.text()
    for share in (0.3, 0.8):
        process = machine.start_import("-", stdin=subprocess.PIPE)
        process.stdin.write(text[: int(len(text) * share)])
        process.stdin.flush()
        time.sleep(1.5)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    machine.run_import(log.path)
    assert records(machine.dump()) == records(expected[1])


def test_interrupted_it_tells_what_it_did_and_can_go_on(log, machine, expected):
    text = log.text()
    process = machine.start_import("--json", "-", stdin=subprocess.PIPE)
    process.stdin.write(text[: len(text) // 2])
    process.stdin.flush()
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(text[len(text) // 2:], timeout=30)
    counted = json.loads(out)
    assert process.returncode == 130 and counted["stopped"] and not counted["complete"]
    machine.run_import(log.path)
    assert records(machine.dump()) == records(expected[1])


def test_beside_a_running_daemon_the_daemon_ships(log, machine, expected):
    machine.daemon.start()
    counted = machine.run_import(log.path)
    assert counted["complete"]
    assert records(machine.dump()) == records(expected[1])
    assert machine.daemon.stop() == 0
    assert len(machine.redis.keys("wb:beat:*")) == 1, "the import is no node of its own"


def test_what_the_daemon_followed_already_changes_nothing():
    with World(daemon={"hold_seconds": 1}) as world:
        mails = [("shop@shop.example", [f"ok-{n}@sink.example", f"never-{n}@sink.example"], f"live-{n}@shop.example")
                 for n in range(MAILS // 2)]
        send_many(world.postfix.port, mails, sessions=2)
        world.wait_until_queue_is_empty()
        world.wait_until_traced([mail[2] for mail in mails])
        before = place.wait_until_rests(lambda: world.redis.contents("wb:r:*"))
        done = world.cli.run("import", "--json", world.postfix.log)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["mails"] >= len(mails)
        assert place.wait_until_rests(lambda: world.redis.contents("wb:r:*")) == before


def test_redis_away_in_the_middle_is_waited_for(log, machine, expected):
    machine.daemon.configure(redis_timeout_ms=500)
    text = log.text()
    process = machine.start_import("--json", "-", stdin=subprocess.PIPE)
    process.stdin.write(text[: len(text) // 2])
    process.stdin.flush()
    time.sleep(1)
    machine.redis.kill()
    process.stdin.write(text[len(text) // 2:])
    process.stdin.close()
    time.sleep(8)
    assert process.poll() is None
    machine.redis.start()
    err = process.stderr.read().decode()
    assert process.wait(60) == 0, err
    assert "is Redis running?" in err
    assert records(machine.dump()) == records(expected[1])


def test_lines_before_the_retention_are_counted_and_left_out(log, machine):
    old = re.sub(rb"(?m)^\w{3} [ \d]\d ([\d:]{8})", rb"2026-01-02T\1.000000+00:00", log.text())
    counted = machine.run_import("--dry-run", "--retention", "keep", "-", stdin=old)
    assert counted["lines_old"] == 0 and counted["mails"] > MAILS
    done = machine.start_import("--json", "-", stdin=subprocess.PIPE)
    out, _ = done.communicate(old, timeout=60)
    assert done.returncode == 1
    assert json.loads(out)["lines_old"] == old.count(b"\n") and json.loads(out)["facts"] == 0
    assert records(machine.dump()) == {}
    out, _ = machine.start_import("--dry-run", "-", stdin=subprocess.PIPE).communicate(old, timeout=60)
    assert b"--retention keep takes them" in out
    machine.run_import("--retention", "3650", "-", stdin=old)
    assert len(machine.cli.trace("--since", "2026-01-01", "--until", "2026-01-04")) > MAILS


def test_longer_retention_than_that_of_a_running_daemon_is_refused(log, machine):
    machine.daemon.start()
    done = machine.start_import("--retention", "60", log.path)
    _, err = done.communicate(timeout=60)
    assert done.returncode == 3 and b"raise retention_days" in err


def test_who_is_not_the_owner_is_told_what_to_do(log, machine):
    user = pwd.getpwnam("games")
    path = f"{machine.base}/readable.log"
    shutil.copyfile(log.path, path)
    done = machine.start_import(path, user=user.pw_uid, group=user.pw_gid, extra_groups=[])
    _, err = done.communicate(timeout=60)
    assert done.returncode == 3 and b"run this command as that user or as root" in err
    done = machine.start_import("--dry-run", path, user=user.pw_uid, group=user.pw_gid, extra_groups=[])
    out, _ = done.communicate(timeout=60)
    assert done.returncode == 0 and b"Dry run" in out


def test_no_store_and_no_file_have_exit_codes_of_their_own(log, machine):
    assert machine.start_import(f"{machine.base}/nothing").wait(30) == 2
    done = machine.start_import("--dry-run", log.path, machine.base)
    out, err = done.communicate(timeout=30)
    assert done.returncode == 2 and out == b"" and b"is a directory" in err
    machine.redis.kill()
    done = machine.start_import(log.path)
    _, err = done.communicate(timeout=60)
    assert done.returncode == 3 and b"Redis" in err


def test_file_that_is_no_log_is_not_taken_for_one(machine):
    path = f"{machine.base}/letter"
    with open(path, "w", encoding="ascii") as file:
        file.write("Dear Bob,\nhow are you?\n")
    done = machine.start_import("--dry-run", path)
    out, _ = done.communicate(timeout=30)
    assert done.returncode == 1 and b"No line tells of a mail" in out


def test_damaged_file_costs_no_other(log, machine, expected):
    lines = log.text().splitlines(keepends=True)
    packed = gzip.compress(b"".join(lines[: len(lines) // 2]))
    with open(f"{machine.base}/torn.gz", "wb") as file:
        file.write(packed[: len(packed) // 2])
    done = machine.start_import("--json", f"{machine.base}/torn.gz", log.path)
    out, err = done.communicate(timeout=60)
    assert done.returncode == 2 and b"torn.gz" in err
    assert json.loads(out)["files"] == 2 and not json.loads(out)["complete"]
    assert records(machine.dump()) == records(expected[1])


def test_other_host_by_name(log, machine):
    machine.run_import("--host", "old.example.org", log.path)
    heads = {text.split("\n")[0].split()[1] for value in records(machine.dump()).values()
             for text in value.values()}
    assert heads == {"old.example.org"}
