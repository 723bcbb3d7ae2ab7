# SPDX-License-Identifier: BSD-2-Clause
"""What was in the queue before us comes in by `postqueue -j`, and what left it unseen is settled."""
import json
import os
import signal
import subprocess
import time

import pytest

from support import place
from support.smtp_client import send_many
from support.world import World

SENDER = "shop@shop.example"


@pytest.fixture(name="blind")
def blind_world():
    """Everything runs but the daemon: Postfix takes mails, and nobody sees it."""
    world = World(postfix={"minimal_backoff_time": "1000s", "maximal_backoff_time": "1000s",
                           "queue_run_delay": "1000s"})
    try:
        world.redis.start()
        world.sink.start()
        world.postfix.start()
        yield world
    finally:
        world.close()


def send(world, *mails):
    _, failed = send_many(world.postfix.port, [(SENDER, list(to), name) for name, to in mails], sessions=1)
    assert failed == []


def listing(world, arrived=0, taken=0):
    """What postqueue -j prints, as a file. The mails came, and the listing was taken, so many seconds
    earlier than it was in truth."""
    path = f"{world.base}/queue-{time.monotonic_ns()}"
    with open(path, "w", encoding="utf-8") as file:
        for line in world.postfix.command("postqueue", "-j").splitlines():
            mail = json.loads(line)
            file.write(json.dumps({**mail, "arrival_time": mail["arrival_time"] - arrived}) + "\n")
    os.utime(path, (time.time() - taken,) * 2)
    return path


def import_queue(world, *arguments):
    done = world.cli.run("import", "--queue", "--host", "mx.example", "--json", *arguments)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return json.loads(done.stdout)


def records(world):
    return sorted(world.records())


def wait_for_queue(world, count):
    place.wait_until(lambda: world.postfix.queue() == count, 30, f"{count} mails are in the queue")


def wait_until_put_off(world):
    place.wait_until(lambda: '"delay_reason"' in world.postfix.command("postqueue", "-j"), 30,
                     "the queue tells why a mail is delayed")


def start_daemon_blind_to_the_past(world):
    """It follows the log from its end on."""
    world.daemon.start()
    time.sleep(1)


def test_a_mail_queued_before_us_becomes_one_waybill(blind):
    send(blind, ("early@shop.example", ["later-1@far.example", "busy-1@far.example"]))
    wait_until_put_off(blind)
    start_daemon_blind_to_the_past(blind)
    first = import_queue(blind, listing(blind))
    assert (first["mails"], first["recipients"], first["bad"], first["settled"]) == (1, 2, 0, 0)
    assert first["facts"] >= 3  # the mail, and why each recipient waits
    place.wait_until(lambda: blind.cli.trace("--to", "later-1@far.example"), 20, "the mail is known")
    before = records(blind)
    again = import_queue(blind, listing(blind))
    assert (again["facts"], again["known"]) == (0, 1)
    assert records(blind) == before

    blind.postfix.command("postqueue", "-f")

    def delivered():
        return blind.cli.trace("--to", "later-1@far.example", "--state", "delivered")
    place.wait_until(delivered, 30, "the log tells of the delivery")
    [mail] = blind.cli.trace("--from", SENDER)
    states = {one["recipient"]: one["state"] for one in mail["recipients"]}
    assert states == {"later-1@far.example": "delivered", "busy-1@far.example": "delayed"}
    assert mail["sender"] == SENDER and mail["size"] > 0
    busy = next(one for one in mail["recipients"] if one["state"] == "delayed")
    assert "451 4.3.2 busy" in busy["response"] and busy["reason"]


def test_a_mail_on_hold_is_told_as_such(blind):
    send(blind, ("held@shop.example", ["busy-2@far.example"]))
    wait_until_put_off(blind)
    blind.postfix.command("postsuper", "-h", "ALL")
    start_daemon_blind_to_the_past(blind)
    import_queue(blind, listing(blind))
    place.wait_until(lambda: blind.cli.trace("--state", "held"), 20, "the mail is on hold")
    assert import_queue(blind, listing(blind))["facts"] == 0


def test_it_can_be_stopped_while_the_store_takes_nothing(blind):
    start_daemon_blind_to_the_past(blind)
    path = f"{blind.base}/long"
    with open(path, "w", encoding="utf-8") as file:
        for queue_id in ("4mGprq8lpWzGsdv", "4mGprq8lpWzGsdw", "4mGprq8lpWzGsdx"):
            to = [{"address": f"{queue_id}-{i}@far.example", "delay_reason": "busy " * 60} for i in range(10000)]
            file.write(json.dumps({"queue_name": "deferred", "queue_id": queue_id, "message_size": 431,
                                   "arrival_time": int(time.time()) - 600, "sender": SENDER,
                                   "recipients": to}) + "\n")
    blind.daemon.process.send_signal(signal.SIGSTOP)  # it leads, so nobody else ships
    process = subprocess.Popen([f"{place.BUILD}/waybill", "-c", blind.cli.conf, "import", "--queue", path],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        time.sleep(3)
        assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
        blind.daemon.process.send_signal(signal.SIGCONT)
    assert process.returncode == 130, (out, err)


def test_a_mail_that_vanished_while_the_log_was_blind_is_unresolved(blind):
    send(blind, ("gone@shop.example", ["busy-3@far.example"]), ("stays@shop.example", ["busy-4@far.example"]))
    wait_for_queue(blind, 2)
    wait_until_put_off(blind)
    start_daemon_blind_to_the_past(blind)
    old = listing(blind, arrived=7200, taken=3600)
    import_queue(blind, old)
    place.wait_until(lambda: len(blind.cli.trace("--state", "delayed")) == 2, 20, "both are known")
    blind.daemon.stop()
    with open(old, encoding="utf-8") as file:
        first, second = map(json.loads, file)
    blind.postfix.command("postsuper", "-d", first["queue_id"])
    blind.daemon.configure(log_source=[f"{blind.base}/nothing.log"])
    with open(f"{blind.base}/nothing.log", "w", encoding="utf-8"):
        pass
    blind.daemon.start()

    # Not whole, or not said to be: nothing is settled.
    assert import_queue(blind, listing(blind, arrived=7200))["settled"] == 0
    broken = listing(blind, arrived=7200)
    with open(broken, "a", encoding="utf-8") as file:
        file.write('{"queue_name": "defer')
    done = blind.cli.run("import", "--queue", "--complete", "--host", "mx.example", broken)
    assert done.returncode == 2 and f"{broken}:2: " in done.stderr, done.stderr
    assert not blind.cli.trace("--state", "unresolved")

    whole = [listing(blind, arrived=7200), listing(blind, arrived=7200)]
    assert import_queue(blind, "--complete", *whole)["settled"] == 1
    [lost] = blind.cli.trace("--state", "unresolved")
    assert lost["queue_id"] == first["queue_id"]
    assert "left our queue" in lost["recipients"][0]["verdict"]["what"]
    assert [event for event in blind.events() if "delivery.unresolved" in str(event)]
    before = records(blind)
    assert import_queue(blind, "--complete", *whole)["settled"] == 0
    assert records(blind) == before
    [stays] = blind.cli.trace("--state", "delayed")
    assert stays["queue_id"] == second["queue_id"]


def test_a_queue_id_that_another_mail_has_now_ends_the_mail_that_had_it(blind):
    def listed(to, arrived, taken):
        path = f"{blind.base}/{to}"
        now = time.time()
        with open(path, "w", encoding="utf-8") as file:
            file.write(json.dumps({"queue_name": "deferred", "queue_id": "4ABC123456", "message_size": 431,
                                   "arrival_time": int(now) - arrived, "sender": SENDER, "recipients": [
                                       {"address": f"{to}@far.example", "delay_reason": "busy"}]}) + "\n")
        os.utime(path, (now - taken,) * 2)
        return path

    start_daemon_blind_to_the_past(blind)
    import_queue(blind, listed("old", 7200, 3600))
    place.wait_until(lambda: blind.cli.trace("--to", "old@far.example", "--state", "delayed"), 20, "it is known")
    assert import_queue(blind, "--complete", listed("new", 1800, 0))["settled"] == 1
    [lost] = blind.cli.trace("--state", "unresolved")
    assert [one["recipient"] for one in lost["recipients"]] == ["old@far.example"]
    [waits] = blind.cli.trace("--state", "delayed")
    assert [one["recipient"] for one in waits["recipients"]] == ["new@far.example"]


def test_a_mail_that_is_young_is_left_alone(blind):
    start_daemon_blind_to_the_past(blind)
    send(blind, ("young@shop.example", ["busy-5@far.example"]))
    place.wait_until(lambda: blind.cli.trace("--state", "delayed"), 20, "the mail is delayed")
    empty = f"{blind.base}/empty"
    with open(empty, "w", encoding="utf-8"):
        pass
    assert import_queue(blind, "--complete", empty)["settled"] == 0


def test_what_is_no_listing_is_told_line_by_line(blind):
    path = f"{blind.base}/strange"
    good = {"queue_name": "deferred", "queue_id": "4mGprq8lpWzGsdv", "arrival_time": int(time.time()) - 60,
            "message_size": 431, "sender": SENDER, "recipients": [{"address": "b@far.example"}]}
    bad = ["", "[]", "null", '{"queue_id": 1}', json.dumps({**good, "queue_id": "a b"}),
           json.dumps({**good, "arrival_time": "x"}), json.dumps({**good, "arrival_time": 10 ** 15}),
           json.dumps({**good, "recipients": {}}), json.dumps({**good, "recipients": [{"address": ""}]}),
           '{"queue_id": "A1", ' + "[" * 100000, '"\\u0000"', json.dumps({**good, "sender": 5})]
    with open(path, "wb") as file:
        file.write("\n".join(bad + [json.dumps(good)]).encode())
        file.write(b'\n{"queue_name": "x" * 3, \xff\xfe\x00}\n')
    done = blind.cli.run("import", "--queue", "--dry-run", "--json", path)
    told = json.loads(done.stdout)
    assert done.returncode == 2
    assert (told["mails"], told["bad"]) == (1, len(bad))  # an empty line is no line; one more is bad
    lines = [line for line in done.stderr.splitlines() if path in line]
    assert len(lines) == len(bad) and all(len(line) < 400 for line in lines)


def test_of_a_file_that_is_no_listing_only_the_first_lines_are_told(blind):
    path = f"{blind.base}/mail.log"
    with open(path, "w", encoding="ascii") as file:
        file.write("Nov 22 07:00:00 mx postfix/qmgr[1]: A1: removed\n" * 1000)
    done = blind.cli.run("import", "--queue", "--dry-run", "--json", path)
    assert done.returncode == 2 and json.loads(done.stdout)["bad"] == 1000
    lines = done.stderr.splitlines()
    assert len(lines) == 21 and "postqueue -j" in lines[-1]
