# SPDX-License-Identifier: BSD-2-Clause
"""A Redis Cluster behind waybilld: slots move, a master dies, and no mail is lost or told twice."""
import json
import threading

import pytest

from support import place
from support.following import Following, place_of_now
from support.private_cluster import PrivateCluster
from support.smtp_client import send_many
from support.world import World

from conftest import scaled

MAILS = scaled(400, 120)
CLUSTER = {"redis_mode": "cluster", "redis_timeout_ms": 1000}


def mails(name, count):
    return [("shop@shop.example", [f"ok-{number}@sink.example"], f"{name}-{number}@shop.example")
            for number in range(count)]


class Load(threading.Thread):
    """Mails that flow while something else goes on."""

    def __init__(self, world, name, count=MAILS):
        super().__init__()
        self.world, self.mails, self.sent, self.failed = world, mails(name, count), [], []

    def ids(self):
        return [message_id for message_id, _, _ in self.sent]

    def run(self):
        self.sent, self.failed = send_many(self.world.postfix.port, self.mails)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.join()


def all_recorded(world, wanted):
    told = {first[-1] for first, _ in world.records()}
    return len(told) >= len(wanted) and len(world.outcomes()) >= len(told)


def check_each_mail_once(world, *loads):
    """Every mail has one waybill, by the index; every outcome stands once in the records."""
    assert [load.failed for load in loads] == [[] for _ in loads], "Postfix said no to a mail"
    wanted = [message_id for load in loads for message_id in load.ids()]
    assert len(wanted) == sum(len(load.mails) for load in loads)
    found = world.wait_until_traced(wanted)
    world.wait_until_queue_is_empty()
    place.wait_until(lambda: all_recorded(world, wanted), 30, "all outcomes are recorded")
    assert set(world.outcomes().values()) == {1}
    for message_id in wanted[::max(1, len(wanted) // 5)]:  # each by the index alone
        assert world.cli.one(message_id)["trace_id"] == found[message_id]["trace_id"]


@pytest.fixture(name="world", scope="module")
def small_cluster():
    with World(store=PrivateCluster, daemon=CLUSTER) as world:
        yield world


def move_half(cluster, source, target, sleep=False):
    """Half of the slots, one by one, as an administrator's tool does."""
    ids = {each: each.ask("CLUSTER", "MYID") for each in (source, target)}
    first, last = next((entry[0], entry[1]) for entry in cluster.slots()
                       if entry[2][1] == source.port)
    cluster.cli("--cluster", "reshard", f"127.0.0.1:{source.port}", "--cluster-from", ids[source],
                "--cluster-to", ids[target], "--cluster-slots", str((last - first) // 2),
                "--cluster-yes", "--cluster-pipeline", "100")


def test_slots_that_move_under_load_lose_nothing(world):
    with Load(world, "before", 40) as before:
        pass
    world.wait_until_traced(before.ids())
    source, target, _ = world.redis.masters()
    slots = world.redis.masters()
    with Following(world) as following:
        with Load(world, "move") as load:
            move_half(world.redis, source, target)
            assert len(world.cli.trace("--since", "-1h")) >= 40  # a question in the midst of it
        assert world.redis.masters()[target] > slots[target] + 2000
        check_each_mail_once(world, before, load)
        following.tells_all_once(world.wait_until_traced(load.ids()))


def test_one_slot_in_the_move_is_asked_where_its_keys_are(world):
    """ASK: some of the slot's keys are here, some are there, until an administrator settles it."""
    with Load(world, "ask", 20) as load:
        pass
    check_each_mail_once(world, load)
    key = next(iter(world.redis.contents("wb:r:*")))
    slot = world.redis.nodes[0].ask("CLUSTER", "KEYSLOT", key)
    source = next(each for each in world.redis.masters() if key in each.keys("wb:r:*"))
    target = next(each for each in world.redis.masters() if each is not source)
    target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.ask("CLUSTER", "MYID"))
    source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.ask("CLUSTER", "MYID"))
    source.ask("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)
    with pytest.raises(RuntimeError, match="ASK"):
        source.ask("HLEN", key)
    world.wait_until_traced(load.ids())
    with Load(world, "asked", 20) as more:
        pass  # the same bucket, if the clock did not begin a new one
    world.wait_until_traced(load.ids() + more.ids())
    for each in (target, source):
        each.ask("CLUSTER", "SETSLOT", slot, "NODE", target.ask("CLUSTER", "MYID"))
    check_each_mail_once(world, load, more)


def test_a_person_is_forgotten_on_all_masters(world):
    bob = "Bob@sink.example"
    for number in range(2):
        sent, failed = send_many(world.postfix.port, [
            ("shop@shop.example", [bob, "ann@sink.example"] if number else [bob],
             f"bob-{number}-{each}@shop.example") for each in range(40)])
        assert not failed
    world.wait_until_traced([message_id for message_id, _, _ in sent])
    world.wait_until_queue_is_empty()
    place.wait_until(lambda: len(world.cli.trace("--to", bob, "--state", "delivered")) == 80, 20,
                     "all of them are delivered")
    assert any("bob@" in key for each in world.redis.nodes for key in each.keys())
    assert named_by(world.redis, b"bob@")
    world.daemon.stop() # which else takes him out of the mails that it still has, before they are counted
    receipt = world.cli.objects("forget", bob, "--yes")[0]
    world.daemon.start()
    assert receipt["mails"] == 80 and receipt["done"] and receipt["nodes_left"] == 1
    place.wait_until(lambda: not named_by(world.redis, b"bob@"), 15, "nothing names him")
    assert world.cli.trace("--to", bob) == []
    assert len(world.cli.trace("--to", "ann@sink.example", "--state", "delivered")) == 40


def named_by(cluster, name):
    """Servers in whose RDB file the name stands."""
    found = []
    for each in cluster.nodes:
        each.ask("CONFIG", "SET", "rdbcompression", "no")
        each.ask("SAVE")
        with open(f"{each.base}/dump.rdb", "rb") as file:
            if name in file.read().lower():
                found.append(each.port)
    return found


def check_what_is_there_is_answered(world, lost, sent):
    """By the records of a time, by each kind of term, and as counts; each says what is missing."""
    message_id = sent[0][0]
    for question in ["", "to:@sink.example", "from:shop@shop.example", f"message-id:{message_id}", "state:failed",
                     "reason:userunknown", "-state:failed", "host:@example"]:
        for form in ([], ["--json"], ["--csv"]):
            done = world.cli.run("trace", "--since", "-1h", *form, *question.split())
            assert done.returncode in (0, 1, 3), (question, done.stderr)
            assert "the answer is incomplete" in done.stderr and str(lost.port) in done.stderr, (question, done.stderr)
            if form == ["--json"]:
                page = json.loads(done.stdout.splitlines()[-1])
                assert str(lost.port) in page["incomplete"]
    for form in (["--json"], ["--by", "state", "--json"]):
        done = world.cli.run("stats", "--since", "-1h", *form)
        assert str(lost.port) in json.loads(done.stdout.splitlines()[-1])["incomplete"], done.stderr


def test_a_master_lost_without_replica_is_told_and_the_rest_is_written(world):
    cursor = place_of_now(world)
    with Load(world, "whole", 20) as load:
        pass
    check_each_mail_once(world, load)
    latest = max(world.redis.contents("wb:r:*"))  # so that there are events whose mail is away
    lost = next(each for each in world.redis.masters() if latest in each.keys("wb:r:*"))
    lost.kill()
    check_what_is_there_is_answered(world, lost, load.sent)
    with Following(world, cursor) as following:
        with Load(world, "later", 20) as later:
            pass  # mail flows, its facts wait
        place.wait_until(lambda: "what is there is told when it is back" in following.said(), 10, "it tells what is away")
        lost.start("--cluster-port", str(lost.bus_port))
        place.wait_until(world.redis.ready, 20, "the Cluster is whole again")
        check_each_mail_once(world, load, later)
        following.tells_all_once(world.wait_until_traced(load.ids() + later.ids()))
        assert "all of the store is back" in following.said()


def test_a_replica_takes_over_from_a_dead_master(world):
    lost = next(iter(world.redis.masters()))
    heir = world.redis.add_replica(lost)
    with Load(world, "calm", 20) as before:
        pass
    check_each_mail_once(world, before)
    lost.ask("WAIT", 1, 2000)
    with Following(world) as following:
        with Load(world, "kill") as load:
            lost.kill()
        place.wait_until(lambda: heir in world.redis.masters(), 20, "the replica is master")
        assert lost not in world.redis.masters()
        place.wait_until(lambda: world.cli.run("trace", "--since", "-1h").returncode == 0, 10,
                         "questions are answered again")
        check_each_mail_once(world, before, load)
        following.tells_all_once(world.wait_until_traced(load.ids()))
