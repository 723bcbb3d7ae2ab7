# SPDX-License-Identifier: BSD-2-Clause
"""A person is forgotten while mails to him are still open on two hosts: afterwards his address stands
nowhere of ours, not even when the next attempts bring it again, and the others' story goes on. One
host compresses and keeps replies and subjects for a shorter time, the other one does not."""
import os
import shutil
import signal
import subprocess

import pytest

from support import place
from support.cli import NOTHING, USAGE, Cli
from support.daemon import Daemon
from support.private_postfix import PrivatePostfix
from support.private_redis import PrivateRedis
from support.sink import Sink
from support.smtp_client import Client

BOB = "Bob.Jones@sink.example"
TAGGED = "Bob.Jones+shop@sink.example"
MANY = 72
BYTES = b"bob.jones"  # in each of its spellings
CLIENT = b"bobs-pc.example"
FRAME = b"\x28\xb5\x2f\xfd"
APART = {"compression": "zstd", "reply_retention_days": 5, "subject_retention_days": 3}


class Pair:
    """Two hosts, each with Postfix, waybilld and a journal of its own; one Redis."""

    def __init__(self, base):
        self.base = base
        self.redis = PrivateRedis(f"{base}/redis", "--rdbcompression", "no")
        self.sink = Sink(place.free_port())
        self.daemons, self.postfixes = [], []
        for node, name in enumerate(("mx1", "mx2")):
            daemon = Daemon(f"{base}/{name}", self.redis.address, node=node, host=f"{name}.example",
                            redis_rewind_seconds=1, **(APART if node == 0 else {}))
            postfix = PrivatePostfix(f"{base}/{name}-postfix", self.sink.port,
                                     milter_socket=daemon.socket, myhostname=f"{name}.example",
                                     minimal_backoff_time="300s", maximal_backoff_time="600s")
            daemon.configure(log_source=[postfix.log])
            self.daemons.append(daemon)
            self.postfixes.append(postfix)
        self.cli = Cli(self.daemons[0].conf)

    def start(self):
        self.redis.start()
        for part in self.daemons + self.postfixes:
            part.start()

    def stop(self):
        for daemon in self.daemons:  # together: each takes five seconds
            if daemon.process and daemon.process.poll() is None:
                daemon.process.terminate()
        for part in self.postfixes + self.daemons + [self.redis, self.sink]:
            part.stop()

    def send(self, host, sender, recipients, message_id, **more):
        client = Client(self.postfixes[host].port)
        client.send(sender, recipients, message_id, **more)
        client.quit()

    def forget(self, *options, **more):
        return self.cli.run("forget", BOB, "--yes", "--json", *options, **more)

    def tell_beside(self, message_id, fact):
        """The mail's own host knows the sender; another one told only this of it."""
        number = self.cli.one(message_id)["waybill_id"]
        ref = int(number[-12:])
        ten, node = ref // 10**7 // 600, ref // 10**5 % 100
        self.redis.ask("HSET", f"wb:r:{number[:6]}:{ten // 6:02}{ten % 6}0:{node}",
                       f"{ref:012}+{1 - node:02}", f"1 - - -\n10 l0000000001 {fact}\n")

    def raw(self, *words):
        """The fields or values of a key, one a list member, as bytes."""
        return [part.encode("utf-8", "surrogateescape") for part in self.redis.ask(*words)]

    def unpacked(self, key):
        """All frames of a hash, as text; concatenated ones are one stream to zstd."""
        frames = [value for value in self.raw("HVALS", key) if value.startswith(FRAME)]
        if not frames:
            return b""
        dictionary, = self.redis.keys("wb:dict:*")
        with open(f"{self.base}/dictionary", "wb") as file:
            file.write(self.redis.ask("GET", dictionary).encode("utf-8", "surrogateescape"))
        return subprocess.run(["zstd", "-dcq", "-D", file.name], input=b"".join(frames), check=True,
                              capture_output=True, timeout=20).stdout

    def store_bytes(self):
        """(where, bytes) of everything that Redis holds, in memory and on the disk."""
        for key in self.redis.keys():
            yield f"name of {key}", key.encode("utf-8", "surrogateescape")
            with_dump = subprocess.run(["redis-cli", "-p", str(self.redis.port), "DUMP", key],
                                       check=True, capture_output=True, timeout=20)
            yield f"value of {key}", with_dump.stdout
            if key.split(":")[1] in ("r", "rr", "t", "rt", "u", "ru"):
                yield f"frames of {key}", self.unpacked(key)
        self.redis.ask("SAVE")
        self.redis.ask("BGREWRITEAOF")
        place.wait_until(lambda: "aof_rewrite_in_progress:0" in self.redis.ask("INFO", "persistence")
                         and "aof_rewrite_scheduled:0" in self.redis.ask("INFO", "persistence"),
                         20, "the AOF is written anew")
        yield from files_below(self.redis.base)

    def our_files(self):
        for daemon in self.daemons:
            yield from files_below(daemon.base)

    def where_named(self):
        return [where for where, data in [*self.store_bytes(), *self.our_files()]
                if BYTES in data.lower() or CLIENT in data]

    def journals_name(self):
        return [where for where, data in self.our_files() if BYTES in data.lower()]


def files_below(folder):
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                with open(f"{path}/{name}", "rb") as file:
                    yield f"{path}/{name}", file.read()
            except (FileNotFoundError, OSError):
                pass  # a segment that went meanwhile, a socket


@pytest.fixture(name="pair", scope="module")
def two_hosts():
    pair = Pair(place.new_directory("story"))
    try:
        pair.start()
        yield pair
    finally:
        pair.stop()
        shutil.rmtree(pair.base, ignore_errors=True)


def send_all(pair):
    """The sink is away, so all of it stays open in the two queues."""
    pair.send(0, "shop@shop.example", [BOB, "ann@sink.example"], "both-0@shop.example",
              subject="for Bob")
    pair.send(1, "shop@shop.example", [BOB, "ann@sink.example"], "both-1@shop.example")
    pair.send(1, BOB, ["ann@sink.example"], "bob.jones-1@sink.example", subject="from Bob",
              headers=f"From: Robert Jones <{BOB}>\r\n")
    pair.send(0, "bounces+bob.jones=sink.example@list.example", ["ann@sink.example"],
              "verp-0@list.example", subject="to bob.jones@sink.example, as you wished")
    for number in range(MANY):  # so that his term gets keys of its own
        pair.send(number % 2, "shop@shop.example", [BOB, TAGGED] if number == 0 else [BOB],
                  f"many-{number}@shop.example")
    place.wait_until(lambda: len(pair.cli.trace("--state", "delayed")) == MANY + 4, 30,
                     "all mails are open")
    pair.tell_beside("bob.jones-1@sink.example",
                     f"client client={CLIENT.decode()} ip=198.51.100.77")


def test_nothing_names_him_and_nothing_brings_him_back(pair):
    send_all(pair)
    named = pair.where_named()
    for form in ("frames of wb:r:", "value of wb:r:", "of wb:t:", "of wb:u:", "of wb:h:", "journal/0/"):
        assert any(form in where for where in named), f"{form} must name him at first: {named}"
    assert len(pair.cli.trace("--to", BOB)) == MANY + 2
    assert len(pair.cli.trace("--to", TAGGED)) == 1

    running = subprocess.Popen([f"{place.BUILD}/waybill", "-c", pair.cli.conf, "forget", BOB],
                               stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
    place.wait_until(lambda: pair.redis.keys("wb:tomb:*"), 10, "it has begun", pause=0.001)
    running.send_signal(signal.SIGKILL)
    running.wait()
    killed = pair.cli.objects("forget", BOB, "--status")[0]
    assert killed["done"] is None, "it was quicker than the kill"

    receipt = pair.cli.objects("forget", BOB, "--yes", "--wait", "30")[0]
    print(receipt)
    assert receipt["until"] == killed["until"] and receipt["done"]
    assert [node["host"] for node in receipt["nodes"]] == ["mx1.example", "mx2.example"]
    assert receipt["nodes_left"] == 0
    assert pair.where_named() == []
    assert len(pair.cli.trace("--state", "delayed")) == MANY + 4, "the mails themselves are still there"

    pair.sink.start()
    for postfix in pair.postfixes:
        postfix.command("postqueue", "-f")
    for number in (0, 1):
        place.wait_until(lambda: "delivered" in [
            to["state"] for to in pair.cli.one(f"both-{number}@shop.example")["recipients"]
            if to["recipient"] == "ann@sink.example"], 30, "Ann's story goes on", pause=0.3)
    for postfix in pair.postfixes:
        place.wait_until(lambda: postfix.queue() == 0, 30, "the queue is empty", pause=0.3)
    assert BOB in [to for to, _ in pair.sink.recipients()], "his mails were to be delivered"
    place.wait_until(lambda: pair.journals_name() == [], 30, "the journals let go of him", pause=0.5)
    assert pair.where_named() == []
    both = [to["recipient"] for to in pair.cli.one("both-0@shop.example")["recipients"]]
    assert any(to.startswith("forgotten-") for to in both)
    two = pair.cli.one("many-0@shop.example")["recipients"]
    assert len({to["recipient"] for to in two}) == 2, "two of one mail stay two"
    assert [to["state"] for to in two] == ["delivered", "delivered"]
    assert pair.redis.ask("ZCARD", "wb:st:delayed") == 0

    assert pair.cli.trace("--to", BOB) == []
    audit = pair.cli.objects("audit")
    about = [entry["about"] for entry in audit if entry["what"] == "search"]
    assert about[-1] == f"to:{BOB} limit:10000" and set(about[:-1]) > {"forgotten"}, "who asks now names him anew"
    audit = [entry for entry in audit if entry["what"] == "forget"]
    assert len(audit) == 1
    assert audit[0]["about"] == receipt["hash"] and audit[0]["count"] == receipt["mails"] > 0


def test_an_export_tells_of_her_and_masks_the_others(pair):
    pair.send(0, "shop@shop.example", ["Eve@sink.example", "ann@sink.example"], "to-0@shop.example")
    pair.send(1, "eve@sink.example", ["ann@sink.example"], "from-1@shop.example")
    place.wait_until(lambda: len(pair.cli.trace("--to", "eve@sink.example", "--state", "delivered")) +
                     len(pair.cli.trace("--from", "eve@sink.example", "--state", "delivered")) == 2,
                     30, "both are there")

    code = pair.cli.trace("--to", "eve@sink.example")[0]["trace_id"]
    pair.cli.run("show", code, "--reason", "she asked")
    pair.cli.run("show", pair.cli.trace("--to", "ann@sink.example", "--limit", "1")[0]["trace_id"])
    text = pair.cli.run("export-person", "EVE@SINK.EXAMPLE")
    assert text.returncode == 0, text.stderr
    assert "ann@sink.example" not in text.stdout and "a***@sink.example" in text.stdout
    exported = pair.cli.objects("export-person", "eve@sink.example")
    assert sorted(one["role"] for one in exported if one["object"] == "waybill") == ["recipient", "sender"]
    assert exported[-1]["object"] == "person" and exported[-1]["waybills"] == 2
    entries = [entry for entry in exported if entry["object"] == "audit"]
    assert {entry["what"] for entry in entries} == {"export-person", "search", "show"}
    assert [entry["about"] for entry in entries if entry["reason"] == "she asked"] == [code]
    assert all("eve@" in entry["about"] for entry in entries if entry["what"] == "search")

    nobody = pair.cli.run("export-person", "nobody@sink.example")
    assert nobody.returncode == NOTHING
    assert pair.cli.run("forget", "bob").returncode == USAGE
    assert pair.cli.run("forget", "nobody@sink.example", "--status").returncode == NOTHING
