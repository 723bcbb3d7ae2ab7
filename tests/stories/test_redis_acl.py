# SPDX-License-Identifier: BSD-2-Clause
"""A Redis with exactly the users that `waybill doctor --redis-acl` prints: each program does all that it
does, none is denied anything, and none may do more than it needs."""
import os
import pwd
import re

import pytest

from support import place
from support.cli import Cli
from support.private_redis import PrivateRedis
from support.smtp_client import Client
from support.world import World

from test_full_store import fill, left_of, used
from test_one_mail import new_id

BUSY = "busy-bob@sink.example"  # stays in the queue
USERS = ("waybilld", "waybill", "privacy")
FORBIDDEN = {
    "waybilld": ["FLUSHALL", "KEYS *", "CONFIG SET save x", "ACL LIST", "DEL wb:nodes", "GET other:key",
                 "DEL wb:tomb", "HGETALL wb:audit:25112110", "HGETALL wb:session:x"],
    "waybill": ["HSET wb:r:251121:1600:3 x x", "FLUSHALL", "KEYS *", "SCAN 0", "CONFIG GET *",
                "UNLINK wb:nodes", "HGETALL wb:tomb", "HGETALL wb:audit:25112110", "HGETALL wb:token:x",
                "GET other:key"],
    "privacy": ["FLUSHALL", "KEYS *", "XADD wb:ev:1 * x x", "HSET wb:beat:00 ship 1",
                "HGETALL wb:session:x"],
}
# Rights that no program used here, and why they are given all the same.
UNUSED = {
    "waybilld": {"hdel": "a mail whose refusal was undone moves to the others",
                 "srem": "an open mail of a person forgotten meanwhile"},
    "waybill": {},
    "privacy": {"scard": "a term of hundreds of mails a day has keys of its own",
                "sadd": "one that was dropped is filled in that very moment"},
}


def rights(text):
    """{user: [words of its rights]} of the lines that the command prints."""
    return {line.split()[1]: line.split()[2:] for line in text.splitlines() if line.startswith("user ")}


class Guarded(World):
    """Redis knows these users only, and one who keeps it."""

    def __init__(self, **options):
        super().__init__(daemon=options, store=lambda base: PrivateRedis(base, "--aclfile", f"{base}/users.acl"))
        self.lines = rights(self.cli.text("doctor", "--redis-acl"))
        with open(f"{self.redis.base}/users.acl", "w", encoding="ascii") as file:
            file.write("user default off\nuser admin on >admin ~* &* +@all\n")
            for user, words in self.lines.items():
                file.write(f"user {user} {' '.join(words).replace('>PASSWORD', '>' + user)}\n")
        self.redis.login = "admin", "admin"
        self.clis = {user: self.log_in(user) for user in reversed(USERS)}
        self.cli = self.clis["waybilld"]

    def log_in(self, user):
        """A configuration of this user; waybilld's is the daemon's own."""
        path = f"{self.base}/{user}.password"
        with open(path, "w", encoding="ascii") as file:
            file.write(user + "\n")
        os.chmod(path, 0o640)
        os.chown(path, -1, pwd.getpwnam("nobody").pw_gid)
        conf = self.daemon.conf
        self.daemon.configure(redis_user=user, redis_password_file=path)
        if user != "waybilld":
            os.rename(conf, f"{self.base}/{user}.conf")
            conf = f"{self.base}/{user}.conf"
        return Cli(conf)

    def denied(self):
        return [dict(zip(entry[::2], entry[1::2])) for entry in self.redis.ask("ACL", "LOG")]

    def commands(self):
        """What was given since `forget_commands`, in the words of an ACL."""
        given = re.findall(r"^cmdstat_(\S+):calls=", self.redis.ask("INFO", "commandstats"), re.MULTILINE)
        return set(given) - {"auth", "config|resetstat", "config|set", "acl|log"}

    def unused(self, user):
        granted = {word[1:] for word in self.lines[user] if word.startswith("+")}
        print(user, "used", sorted(self.commands()))
        return granted - self.commands()


def send(world, *recipients, **more):
    message_id = new_id()
    client = Client(world.postfix.port)
    client.send("shop@shop.example", recipients, message_id, **more)
    client.quit()
    return message_id


def ask_all(cli):
    """All that a help desk asks."""
    code = cli.trace("--to", "ann@sink.example")[0]["trace_id"]
    for words in (["show", code], ["show", "--raw", code], ["trace"], ["trace", "--state", "delayed"],
                  ["trace", "from:@shop.example"], ["trace", "state:delivered"], ["follow", "--for", "1"], ["stats"],
                  ["stats", "--coverage"], ["status"]):
        done = cli.run(*words)
        assert done.returncode in (0, 1) and "NOPERM" not in done.stderr, (words, done)


@pytest.fixture(name="guarded", scope="module")
def guarded_world():
    world = Guarded(compression="zstd", reply_retention_days=7, subject_retention_days=5, when_full="shed",
                    shed_keep_days=3, redis_rewind_seconds=2)
    try:
        yield world
    finally:
        world.close()


def write_all(world):
    """Everything that waybilld does: packs, keeps apart, gives up days, reads its journal again."""
    for age in (2, 5):
        fill(world.redis, age)
    world.redis.ask("SADD", "wb:nodes", 0)
    world.redis.ask("CONFIG", "RESETSTAT")
    world.daemon.start()
    world.postfix.start()
    first = send(world, "ann@sink.example", "later-1@sink.example", subject="a bill")
    world.wait_for_states(first, {"ann@sink.example": "delivered", "later-1@sink.example": "delivered"})
    world.redis.ask("CONFIG", "SET", "maxmemory", used(world.redis) - 1500000)
    second = send(world, "ann@sink.example", BUSY)
    world.wait_for_states(second, {"ann@sink.example": "delivered", BUSY: "delayed"})
    assert not left_of(world.redis, 5)
    world.redis.ask("CONFIG", "SET", "maxmemory", 0)


def test_each_program_does_all_with_its_user_and_uses_what_it_may(guarded):
    guarded.redis.start()
    guarded.sink.start()
    write_all(guarded)
    ask_all(guarded.clis["waybilld"])
    guarded.daemon.kill()
    assert (guarded.denied(), guarded.unused("waybilld")) == ([], set(UNUSED["waybilld"]))

    guarded.redis.ask("CONFIG", "RESETSTAT")
    ask_all(guarded.clis["waybill"])
    assert (guarded.denied(), guarded.unused("waybill")) == ([], set(UNUSED["waybill"]))

    guarded.redis.ask("CONFIG", "RESETSTAT")
    for words in (["export-person", "ann@sink.example"], ["forget", BUSY, "--yes"],
                  ["forget", "ann@sink.example", "--yes"], ["forget", "ann@sink.example", "--status"], ["audit"]):
        done = guarded.clis["privacy"].run(*words)
        assert done.returncode in (0, 1) and "NOPERM" not in done.stderr, (words, done)
    assert (guarded.denied(), guarded.unused("privacy")) == ([], set(UNUSED["privacy"]))

    guarded.daemon.start()
    place.wait_until(lambda: "node:" in str(guarded.redis.contents("wb:tomb:*")), 20, "it honours the tomb")
    assert guarded.denied() == []


def test_the_manual_has_the_lines_of_the_command(guarded):
    with open(f"{place.SOURCE}/packaging/man/waybill-schema.7", encoding="ascii") as file:
        page = rights(file.read().partition(".Sh ACCESS RIGHTS")[2].replace("\n ", " ").replace(">secret", ">PASSWORD"))
    shed = {"+unlink", "+scan"}  # the page has the default options
    assert {user: [word for word in words if user != "waybilld" or word not in shed]
            for user, words in guarded.lines.items()} == page


@pytest.mark.parametrize("user", USERS)
def test_nobody_may_do_more(guarded, user):
    for words in FORBIDDEN[user]:
        with pytest.raises(RuntimeError, match="NOPERM"):
            guarded.redis.ask_as((user, user), *words.split())
