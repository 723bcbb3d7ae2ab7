# SPDX-License-Identifier: BSD-2-Clause
"""A Redis that is set up badly, and mail servers that do not fit together: each is found under its
name, and healed by exactly the line that doctor prints."""
import collections
import json
import os
import shutil
import subprocess
import time

import pytest

from support import place
from support.cli import Cli
from support.daemon import Daemon
from support.keeper import TROUBLE, Keeper
from support.private_redis import PrivateRedis

Bad = collections.namedtuple("Bad", "name check severity breaks")
DOCUMENTED = "/packaging/man/waybill-schema.7"


@pytest.fixture(name="keeper", scope="module")
def one_keeper():
    base = place.new_directory("story")
    keeper = Keeper(base)
    try:
        yield keeper.start()
    finally:
        keeper.redis.stop()
        shutil.rmtree(base)


def documented(user):
    """The rights that waybill-schema(7) gives this user, as words."""
    with open(place.SOURCE + DOCUMENTED, encoding="ascii") as file:
        page = file.read()
    words = page.partition(f"user {user} reset on >secret ")[2].split("user ")[0].partition(".Ed")[0]
    return words.split()


# ---- Redis ----

def evict(keeper):
    keeper.redis.ask("CONFIG", "SET", "maxmemory", "512mb")
    keeper.redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")


def evict_in_theory(keeper):
    keeper.redis.ask("CONFIG", "SET", "maxmemory-policy", "volatile-lru")


def fill(keeper):
    used = [line for line in keeper.redis.ask("INFO", "memory").splitlines()
            if line.startswith("used_memory:")][0].partition(":")[2]
    keeper.redis.ask("CONFIG", "SET", "maxmemory", int(int(used) * 1.05))


def keep_nothing(keeper):
    keeper.redis.ask("CONFIG", "SET", "appendonly", "no")


def keep_snapshots(keeper):
    keeper.redis.ask("CONFIG", "SET", "save", "3600 1")
    keeper.redis.ask("CONFIG", "SET", "appendonly", "no")


def trust_the_kernel(keeper):
    keeper.redis.ask("CONFIG", "SET", "appendfsync", "no")


def forget_a_right(keeper):
    keeper.login("resetchannels", "~wb:*", *[word for word in documented("waybilld")
                                              if word not in ("+zremrangebyscore", "+xadd")
                                              and word.startswith("+")])


def give_the_reader(keeper):
    keeper.login("resetchannels", "~wb:*", *[word for word in documented("waybill")
                                              if word.startswith("+")])


def give_other_keys(keeper):
    keeper.login("resetchannels", "~other:*", *[word for word in documented("waybilld")
                                                 if word.startswith("+")])


def write_a_strange_record(keeper):
    now = time.time()
    stands = int(now) // 600 % 6
    keeper.redis.ask("SADD", "wb:nodes", 1)
    keeper.redis.ask("HSET", time.strftime(f"wb:r:%y%m%d:%H{stands}0:1", time.gmtime(now)),
                     f"{int(now) % 86400:05}0100001", b"\x28\xb5\x2f\xfd\x62\x01\x90\x80\x00" + b"x" * 200)


ROWS = [
    Bad("evicts", "store-eviction", "fault", evict),
    Bad("would-evict", "store-eviction", "warning", evict_in_theory),
    Bad("nearly-full", "store-memory", "warning", fill),
    Bad("keeps-nothing", "store-persistence", "fault", keep_nothing),
    Bad("snapshots-only", "store-persistence", "hint", keep_snapshots),
    Bad("never-synced", "store-fsync", "hint", trust_the_kernel),
    Bad("right-missing", "store-rights", "fault", forget_a_right),
    Bad("reader-only", "store-rights", "warning", give_the_reader),
    Bad("keys-denied", "store-rights", "fault", give_other_keys),
]


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_a_bad_redis_is_named_and_its_line_heals_it(keeper, row):
    try:
        row.breaks(keeper)
        new = keeper.new()
        assert {(one["check"], one["severity"]) for one in new} == {(row.check, row.severity)}, new
        for finding in new:
            assert finding["what"] and finding["matter"], finding
            keeper.heal(finding)
        assert keeper.new() == []
    finally:
        keeper.restore()


def test_the_rights_of_the_manual_are_enough(keeper):
    try:
        keeper.login("resetchannels", "~wb:*", *[word for word in documented("waybilld")
                                                  if word.startswith("+")])
        assert keeper.new() == []
    finally:
        keeper.restore()


def test_looking_at_rights_and_keys_writes_nothing(keeper):
    try:
        keeper.redis.ask("SADD", "wb:nodes", 3)
        before = keeper.redis.contents()
        keeper.findings()
        assert keeper.redis.contents() == before
    finally:
        keeper.restore()


def test_a_redis_that_is_away_is_the_one_fault_told_of_it(keeper):
    try:
        keeper.redis.stop()
        new = keeper.new()
        assert [one["check"] for one in new] == ["store-reachable"]
        assert "systemctl enable --now" in new[0]["heal"]
        assert keeper.cli.run("doctor").returncode == 3
    finally:
        keeper.restore()


def test_a_replica_is_told_with_its_primary(keeper):
    primary = PrivateRedis(f"{keeper.base}/primary").start()
    try:
        keeper.redis.ask("REPLICAOF", "127.0.0.1", primary.port)
        new = keeper.new()
        assert [one["check"] for one in new] == ["store-role"]
        assert new[0]["heal"].startswith('redis = "tcp:127.0.0.1:')
        assert new[0]["heal"] == f'redis = "{primary.address}"'
        keeper.heal(new[0])
        assert keeper.new() == []
    finally:
        primary.stop()
        keeper.restore()


def test_a_record_that_cannot_be_read_is_named(keeper):
    try:
        write_a_strange_record(keeper)
        new = [one for one in keeper.new() if one["check"] == "store-records"]
        assert [one["severity"] for one in new] == ["fault"], keeper.new()
        assert "Of the last 1 records 1 cannot be read" in new[0]["what"] and "wb:r:" in new[0]["what"]
    finally:
        keeper.restore()


def test_a_mode_that_does_not_fit_the_server_is_told_with_the_right_one(keeper):
    try:
        for mode in ("cluster", "sentinel"):
            keeper.option(f'redis_mode = {mode}')
            new = keeper.new()
            assert [(one["check"], one["heal"]) for one in new] == [("store-reachable", "redis_mode = single")], new
            keeper.heal(new[0])
            assert keeper.new() == []
    finally:
        keeper.restore()


def test_a_password_that_is_missing_is_put_where_the_line_says(keeper):
    path = f"{keeper.base}/daemon/redis.password"
    try:
        keeper.redis.ask("CONFIG", "SET", "requirepass", "secret")
        new = keeper.new()
        assert [one["check"] for one in new] == ["store-reachable"]
        assert new[0]["heal"] == f'redis_password_file = "{path}"'
        with open(path, "w", encoding="ascii") as file:
            file.write("secret\n")
        os.chmod(path, 0o640)
        keeper.heal(new[0])
        assert keeper.new() == []
        with PrivateLogin(keeper.redis, "secret") as login:
            login("CONFIG", "SET", "requirepass", "")
        os.unlink(path)
    finally:
        keeper.restore()


class PrivateLogin:
    """Commands to a Redis that wants a password."""

    def __init__(self, redis, password):
        self.words = ["redis-cli", "-h", "127.0.0.1", "-p", str(redis.port), "-a", password,
                      "--no-auth-warning"]

    def __enter__(self):
        return lambda *words: subprocess.run([*self.words, *words], check=True, capture_output=True)

    def __exit__(self, *_):
        pass


def test_keys_of_another_program_under_our_prefix_are_named(keeper):
    try:
        keeper.redis.ask("SET", "wb:cart:7", "x")
        new = keeper.new()
        assert [one["check"] for one in new] == ["store-keys"]
        assert "wb:cart:7" in new[0]["what"]
    finally:
        keeper.restore()


def test_all_rights_on_a_shared_redis_are_a_hint_with_a_user_that_is_enough(keeper):
    path = f"{keeper.base}/daemon/redis.password"
    try:
        keeper.redis.ask("SET", "shop:cart:7", "x")
        new = keeper.new()
        assert [(one["check"], one["severity"]) for one in new] == [("store-user", "hint")]
        keeper.heal(new[0])
        assert len(read(path)) == 49 and os.stat(path).st_mode & 0o777 == 0o640
        keeper.option('redis_user = "waybilld"')
        keeper.option(f'redis_password_file = "{path}"')
        assert keeper.new() == []
    finally:
        keeper.redis.ask("ACL", "DELUSER", "waybilld")
        keeper.restore()
        os.unlink(path)


def test_no_line_writes_over_a_password_that_is_there(keeper):
    path = f"{keeper.base}/daemon/redis.password"
    try:
        keeper.redis.ask("SET", "shop:cart:7", "x")
        finding, = keeper.new()
        with open(path, "w", encoding="ascii") as file:
            file.write("of the shop\n")
        done = subprocess.run(["/bin/sh", "-c", finding["heal"]], check=False, capture_output=True)
        assert done.returncode != 0 and read(path) == "of the shop\n"
        assert "waybilld" not in str(keeper.redis.ask("ACL", "LIST"))
    finally:
        keeper.restore()
        os.unlink(path)


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def test_a_disk_that_takes_nothing_is_told_until_a_write_succeeds(keeper):
    """Where the snapshot is to be a directory stands."""
    path = "/".join(keeper.redis.ask("CONFIG", "GET", name)[1] for name in ("dir", "dbfilename"))
    try:
        if os.path.exists(path):
            os.unlink(path)
        os.makedirs(path)
        keeper.redis.ask("BGSAVE")
        place.wait_until(keeper.new, 10, "the save failed", 0.1)
        new = keeper.new()
        assert [(one["check"], one["severity"]) for one in new] == [("store-saving", "fault")]
        os.rmdir(path)
        keeper.heal(new[0])
        place.wait_until(lambda: keeper.new() == [], 10, "the save succeeded", 0.1)
    finally:
        if os.path.isdir(path):
            os.rmdir(path)
        keeper.restore()


# ---- what the sheets of hosts say ----

def write_sheet(keeper, node, host, **fields):
    now = int(time.time() * 1000)
    fields = {"version": "0.1.0", "host": host, "written": now, "started": now - 3600000,
              "clock_ahead_ms": 0, "log_until": now, "journal_age_ms": 0, "answers": 5,
              "answer_slowest_us": 2500, "retention_days": 30, **fields}
    keeper.redis.ask("SADD", "wb:nodes", node)
    keeper.redis.ask("HSET", f"wb:sheet:{node:02}", *[str(word) for pair in fields.items() for word in pair])


def own_version(keeper):
    return keeper.cli.run("--version").stdout.split()[-1]


HERE, THERE = "mx1.example.org", "mx2.example.org"
# (check, fields of here, fields of there, the line and whether it is one of the file)
SHEETS = [
    ("hosts-version", {}, {"version": "0.0.9"}, None),
    ("daemon-version", {"version": "0.0.9"}, {"version": "0.0.9"},
     ("systemctl reload-or-restart waybill", False)),
    ("hosts-number", {"rival": "mx9"}, {}, ("node = 9", True)),
    ("hosts-number", {}, {"rival": "mx9"}, (f"ssh root@{THERE} waybill doctor", False)),
    ("hosts-silent", {}, {"written": 1700000000000}, (f"ssh root@{THERE} waybill doctor", False)),
    ("hosts-clock", {"clock_ahead_ms": 7000}, {}, ("timedatectl set-ntp true", False)),
    ("hosts-clock", {}, {"clock_ahead_ms": 7000}, (f"ssh root@{THERE} waybill doctor", False)),
    ("hosts-options", {"retention_days": 10}, {}, ("retention_days = 30", True)),
    ("hosts-waiting", {"journal_age_ms": 120000}, {}, None),
    ("log-followed", {"log_until": 0}, {}, ("systemctl reload-or-restart waybill", False)),
]


@pytest.mark.parametrize("check,here,there,heal", SHEETS)
def test_what_is_wrong_elsewhere_gets_no_line_for_this_machine(keeper, check, here, there, heal):
    try:
        now = int(time.time() * 1000)
        if there.get("written"):
            there = {**there, "written": now - 3600000}
        for fields in (here, there):
            if "clock_ahead_ms" in fields:
                fields["written"] = now + fields["clock_ahead_ms"]
        write_sheet(keeper, 7, HERE, **{"version": own_version(keeper), **here})
        write_sheet(keeper, 8, THERE, **{"version": own_version(keeper), **there})
        new = [one for one in keeper.findings("--only", check) if one["check"] == check]
        assert len(new) == 1, new
        assert (new[0]["heal"], new[0]["file"]) == (
            (None, None) if heal is None else (heal[0], keeper.daemon.conf if heal[1] else None))
    finally:
        keeper.restore()


def test_a_daemon_that_has_just_begun_may_not_have_its_log_yet(keeper):
    try:
        write_sheet(keeper, 7, HERE, log_until=0, started=int(time.time() * 1000) - 20000)
        assert keeper.findings("--only", "log-followed") == []
    finally:
        keeper.restore()


@pytest.mark.parametrize("name", ["mx2; reboot", "$(reboot)", "-oProxyCommand=reboot", "mx2'", "mx2\nreboot"])
def test_a_host_of_an_odd_name_comes_into_no_command(keeper, name):
    try:
        write_sheet(keeper, 7, HERE, key_file="0123456789abcdef", stamp_envid=1)
        write_sheet(keeper, 8, name, key_file="fedcba9876543210", stamp_envid=1, rival="mx9",
                    clock_ahead_ms=7000)
        found = [one for one in keeper.findings() if one["check"].startswith("hosts-")]
        assert {"hosts-number", "hosts-key", "hosts-clock"} <= {one["check"] for one in found}
        assert not [one for one in found if "reboot" in (one["heal"] or "") or "'" in (one["heal"] or "")]
        text = keeper.cli.run("doctor", "--config-directory", keeper.base).stdout
        assert "\nreboot" not in text
    finally:
        keeper.restore()


def test_a_primary_that_would_end_the_line_comes_into_none(keeper):
    try:
        keeper.redis.ask("REPLICAOF", 'x"$HOME', "6379")
        role, = keeper.findings("--only", "store-role")
        assert role["check"] == "store-role" and role["heal"] is None and "$HOME" in role["what"]
    finally:
        keeper.restore()


def certificate(base, days):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days),
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", f"{base}/tls.key", "-out", f"{base}/tls.pem"],
                   check=True, capture_output=True)


@pytest.mark.parametrize("days,checks", [(5, {"store-certificate"}), (60, set())])
def test_a_certificate_that_ends_soon_is_told(keeper, days, checks):
    base, port = f"{keeper.base}", place.free_port()
    certificate(base, days)
    redis = PrivateRedis(f"{base}/tls{days}", "--tls-port", str(port), "--tls-cert-file", f"{base}/tls.pem",
                         "--tls-key-file", f"{base}/tls.key", "--tls-auth-clients", "no",
                         "--tls-ca-cert-file", f"{base}/tls.pem").start()
    try:
        keeper.option(f'redis = "tls:localhost:{port}"')
        keeper.option(f'redis_ca_file = "{base}/tls.pem"')
        assert {one["check"] for one in keeper.new()} == checks
        keeper.option(f'redis = "tls:127.0.0.1:{port}"')  # not its name
        assert [one["check"] for one in keeper.new()] == ["store-reachable"]
    finally:
        redis.stop()
        keeper.restore()


def outer_address():
    """An address of this machine that others can reach; None: there is none."""
    words = subprocess.run(["hostname", "-I"], check=False, capture_output=True, text=True).stdout.split()
    return next((word for word in words if ":" not in word), None)


def test_a_redis_that_lets_in_everybody_gets_a_password(keeper):
    address = outer_address()
    if address is None:
        pytest.skip("this machine has no address but loopback")
    redis = PrivateRedis(f"{keeper.base}/open", "--bind", "127.0.0.1", address,
                         "--protected-mode", "no").start()
    try:
        keeper.option(f'redis = "tcp:{address}:{redis.port}"')
        new = keeper.new()
        assert [(one["check"], one["severity"]) for one in new] == [("store-password", "fault")]
        keeper.heal(new[0])
        new = keeper.new()
        assert [one["check"] for one in new] == ["store-reachable"] and "NOAUTH" in new[0]["what"]
        keeper.heal(new[0])
        assert keeper.new() == []
    finally:
        redis.kill()
        keeper.restore()


# ---- hosts ----

class Pair:
    """Two mail servers' daemons on one Redis; the doctor is asked on the first."""

    def __init__(self, base, *options):
        self.base = base
        self.redis = PrivateRedis(f"{base}/redis")
        self.daemons = [Daemon(f"{base}/mx{i}", self.redis.address, host=f"mx{i}.example.org",
                               log_source=[f"{base}/mx{i}.log"], **options[i - 1]) for i in (1, 2)]
        for i in (1, 2):
            with open(f"{base}/mx{i}.log", "w", encoding="ascii"):
                pass
        self.cli = Cli(self.daemons[0].conf)

    def __enter__(self):
        try:
            self.redis.start()
            for daemon in self.daemons:
                daemon.start()
            self.wait_for_sheets()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for daemon in self.daemons:
            if daemon.process:
                daemon.kill()
        self.redis.stop()
        shutil.rmtree(self.base)

    def wait_for_sheets(self):
        place.wait_until(lambda: len(self.redis.keys("wb:sheet:*")) == 2, 20, "both have a sheet")

    def host_findings(self):
        done = self.cli.run("doctor", "--json")
        return [one for one in json.loads(done.stdout)["findings"]
                if one["severity"] in TROUBLE and one["check"].startswith(("hosts-", "daemon-"))]

    def again(self):
        self.redis.ask("FLUSHALL")
        for daemon in self.daemons:
            daemon.kill()  # a stop takes libmilter five seconds
            daemon.start()
        self.wait_for_sheets()


def test_hosts_that_keep_mails_differently_are_made_equal(place_of_story):
    with Pair(f"{place_of_story}/pair", {"retention_days": 10}, {}) as pair:
        new = pair.host_findings()
        assert [one["check"] for one in new] == ["hosts-options"], new
        assert new[0]["file"] == pair.daemons[0].conf and new[0]["heal"] == "retention_days = 30"
        pair.daemons[0].configure(retention_days=30)
        pair.again()
        assert pair.host_findings() == []


def write_key(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text * 32)
    os.chmod(path, 0o644)
    os.chmod(path, 0o640)
    shutil.chown(path, "nobody")


def stand_in(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)


def test_hosts_with_different_keys_are_found_and_one_copy_heals_it(place_of_story):
    keys = [f"{place_of_story}/key{i}" for i in (1, 2)]
    for i in (0, 1):
        write_key(keys[i], "ab"[i])
    with Pair(f"{place_of_story}/pair", *[{"key_file": key, "stamp_envid": "yes"} for key in keys]) as pair:
        new = pair.host_findings()
        assert [one["check"] for one in new] == ["hosts-key"], new
        os.makedirs(f"{place_of_story}/bin")
        stand_in(f"{place_of_story}/bin/scp",
                 f'test "$1" = root@mx2.example.org:{keys[0]} && cp {keys[1]} "$2"\n')
        stand_in(f"{place_of_story}/bin/systemctl", f'test "$1" = reload-or-restart && kill -USR1 {pair.daemons[0].process.pid}\n')
        subprocess.run(["/bin/sh", "-c", new[0]["heal"]], check=True,
                       env={"PATH": f"{place_of_story}/bin:/usr/bin:/bin"})
        place.wait_until(lambda: pair.host_findings() == [], 25, "the keys are the same", pause=0.5)
        assert read(f"{keys[0]}.before") == "a" * 32
        for key in keys:
            assert "aaaa" not in str(pair.redis.contents("wb:sheet:*")), key
