# SPDX-License-Identifier: BSD-2-Clause
"""waybilld --take-over: a new daemon in the place of the one that runs, and the mail server notices
nothing. Postfix is told to refuse mail that no milter saw (default_action=tempfail), so that one
missed moment would be a 4xx."""
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from support import place
from support.daemon import Daemon
from support.smtp_client import Client, Reply
from support.world import World

from conftest import scaled

TAKE_OVERS = scaled(20, 5)
GENERATIONS = 8
CONFIG, REFUSED, TEMPORARY = 78, 71, 75


class Load:
    """Clients that hand in mail after mail until told to stop: `short` ones with a new session every
    three mails, `long` ones whose session outlives some take-overs."""

    def __init__(self, port, short=3, long=2):
        self.port, self.accepted, self.refused = port, [], []
        self.stopping = threading.Event()
        kinds = [(3, 0.02)] * short + [(6, 0.7)] * long
        self.threads = [threading.Thread(target=self.run, args=(name, *kind))
                        for name, kind in enumerate(kinds)]
        for thread in self.threads:
            thread.start()

    def run(self, name, mails, pause):
        number = 0
        while not self.stopping.is_set():
            try:
                client = Client(self.port)
                for _ in range(mails):
                    number += 1
                    self.send(client, f"gapless-{name}-{number}")
                    time.sleep(pause)
                client.quit()
            except (OSError, Reply) as why:
                self.refused.append(f"{name}-{number}: {why}")

    def send(self, client, name):
        client.send("shop@shop.example", [f"ok-{name}@sink.example"], f"{name}@shop.example")
        self.accepted.append(f"{name}@shop.example")

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def strict_world(**daemon):
    base = place.new_directory("gapless")
    milters = (f"{{ unix:{base}/daemon/run/waybill.sock, default_action=tempfail,"
               " connect_timeout=10s, command_timeout=10s, content_timeout=20s }")
    return World(base=base, daemon=daemon,
                 postfix={"smtpd_milters": milters, "non_smtpd_milters": milters})


@pytest.fixture(name="world", scope="module")
def world_of_small_stories():
    with strict_world() as world:
        yield world


def take_over(daemon):
    code, log = daemon.take_over()
    assert code == 0, log


def wait_until_alone(daemon, seconds=30):
    return place.wait_until(lambda: len(pids := daemon.pids()) == 1 and pids, seconds,
                            "the old processes ended")[0]


def send(world, name, client=None):
    """One mail that the milter sees, to its end."""
    used = client or Client(world.postfix.port)
    used.send("shop@shop.example", [f"ok-{name}@sink.example"], f"{name}@shop.example")
    if client is None:
        used.quit()


def assert_seen(world, *names):
    wanted = {f"{name}@shop.example" for name in names}
    world.wait_until_traced(wanted)
    place.wait_until(lambda: wanted <= world.seen_by_milter(), 20, "the milter's facts are shipped")


def sockets(daemon):
    return sorted(os.listdir(os.path.dirname(daemon.socket)))


def test_twenty_take_overs_under_load_refuse_nothing_and_miss_nothing():
    with strict_world() as world:
        daemon, served = world.daemon, set()
        began = len(daemon.log_text())
        load = Load(world.postfix.port)
        for _ in range(TAKE_OVERS):
            place.wait_until(lambda: len(daemon.pids()) < GENERATIONS, 30, "some old ones ended")
            take_over(daemon)
            served.add(daemon.serving())
        load.stop()
        assert load.refused == []
        assert len(served) == TAKE_OVERS and len(load.accepted) > 10 * TAKE_OVERS
        assert wait_until_alone(daemon) == daemon.serving()
        assert sockets(daemon) == ["waybill.sock", f"waybill.sock.{daemon.serving()}"]

        world.wait_until_queue_is_empty()
        world.wait_until_traced(load.accepted)
        place.wait_until(lambda: set(load.accepted) <= world.seen_by_milter(), 20,
                         "each mail has what the milter saw of it")
        assert len([waybill for waybill in world.cli.trace("--since", "-1h")]) == len(load.accepted)
        place.wait_until(lambda: len(world.outcomes()) == len(load.accepted), 20, "all outcomes")
        assert set(world.outcomes().values()) == {1}
        assert world.gaps("milter") == {} and world.gaps("log") == {}
        assert " warning: " not in daemon.log_text()[began:], daemon.log_text()[began:]
        print(f"{len(load.accepted)} mails over {TAKE_OVERS} take-overs")


def test_a_session_that_stays_is_served_by_the_old_one_to_its_end(world):
    """So is a connection that has said nothing: libmilter knows of it, none of its callbacks does."""
    old = world.daemon.serving()
    client = Client(world.postfix.port)
    send(world, "stays-1", client)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(world.daemon.socket)
        take_over(world.daemon)
        send(world, "stays-2", client)
        client.begin("shop@shop.example", ["ok-stays-3@sink.example"])
        time.sleep(3)  # longer than an old one waits for sessions that might come
        client.end("stays-3@shop.example")
        client.quit()
        time.sleep(3)
        assert f"[{old}]: info: no session is left" not in world.daemon.log_text()
        send(world, "stays-new")
    assert wait_until_alone(world.daemon) == world.daemon.serving() != old
    assert f"[{old}]: info: no session is left" in world.daemon.log_text()
    assert_seen(world, "stays-1", "stays-2", "stays-3", "stays-new")


def test_a_wrong_configuration_leaves_the_old_one_as_it_was(world):
    old = world.daemon.serving()
    for line, code, words in (({"batch_ms": "soon"}, CONFIG, "batch_ms"),
                              ({"listen": f"unix:{world.daemon.socket}.other"}, CONFIG, "restart"),
                              ({"redis": "tls:127.0.0.1:1", "redis_ca_file": "/nowhere/ca"}, CONFIG,
                               "/nowhere/ca")):
        kept = {name: world.daemon.options.get(name) for name in ("batch_ms", "listen", "redis",
                                                                  "redis_ca_file")}
        world.daemon.configure(**line)
        got, log = world.daemon.take_over()
        world.daemon.configure(**kept)
        said = [text for text in log.splitlines() if not text.startswith("20")]
        assert (got, len(said)) == (code, 1) and words in said[0], log
        assert world.daemon.pids() == [old] == [world.daemon.serving()]
    send(world, "after-wrong")
    assert_seen(world, "after-wrong")


def test_when_all_generations_are_taken_the_old_one_goes_on(world):
    """Each old one has a session that stays."""
    wait_until_alone(world.daemon)
    clients = []
    for _ in range(7):
        clients.append(Client(world.postfix.port))
        take_over(world.daemon)
    serving = world.daemon.serving()
    code, log = world.daemon.take_over()
    assert code == REFUSED and "all 8 generations" in log
    assert world.daemon.serving() == serving and len(world.daemon.pids()) == 8
    for number, client in enumerate(clients):
        send(world, f"many-{number}", client)
        client.quit()
    place.wait_until(lambda: len(world.daemon.pids()) < GENERATIONS, 20, "a generation is free")
    take_over(world.daemon)
    assert_seen(world, *(f"many-{number}" for number in range(7)))


def test_of_two_take_overs_at_once_none_harms_the_other(world):
    with open(world.daemon.log, "ab") as log:
        both = [subprocess.Popen([f"{place.BUILD}/waybilld", "--take-over", "-c", world.daemon.conf],
                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log) for _ in range(2)]
    codes = sorted(process.wait(30) for process in both)
    assert codes in ([0, 0], [0, TEMPORARY]), codes
    send(world, "after-two")
    assert_seen(world, "after-two")


def test_a_new_one_that_is_killed_leaves_the_place_to_the_next_start(world):
    client = Client(world.postfix.port)
    take_over(world.daemon)
    new = world.daemon.serving()
    os.kill(new, signal.SIGKILL)
    place.wait_until(lambda: world.daemon.serving() == 0, 5, "the kernel let go of its lock")
    world.daemon.start()
    assert f"waybill.sock.{new}" not in sockets(world.daemon)
    send(world, "old-survives", client)
    client.quit()
    send(world, "after-kill")
    assert_seen(world, "old-survives", "after-kill")


def test_a_name_that_leads_to_nobody_is_taken_back(world):
    """As when a new one dies between its socket's taking the name and its telling us."""
    os.unlink(world.daemon.socket)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(world.daemon.socket)
        os.chmod(world.daemon.socket, 0o666)
    world.daemon.wait_for_log("it is ours again")
    send(world, "after-mend")
    assert_seen(world, "after-mend")


def test_sigterm_ends_an_old_one_that_drains(world):
    old = world.daemon.serving()
    client = Client(world.postfix.port)
    take_over(world.daemon)
    os.kill(old, signal.SIGTERM)
    place.wait_until(lambda: not place.process_lives(old), 10, "it ended")
    client.cut()
    assert world.daemon.serving() in world.daemon.pids()


def test_after_drain_seconds_sessions_are_cut(world):
    old = world.daemon.serving()
    client = Client(world.postfix.port)
    world.daemon.configure(drain_seconds=1)
    os.kill(old, signal.SIGUSR1)
    world.daemon.wait_for_log("reload: drain_seconds applied")
    world.daemon.configure(drain_seconds=3600)
    take_over(world.daemon)
    place.wait_until(lambda: not place.process_lives(old), 20, "the old one ended")
    assert "cut off that did not end within drain_seconds (1)" in world.daemon.log_text()
    assert client.say("MAIL FROM:<shop@shop.example>")[0] == 451
    client.quit()


def test_while_redis_is_away_nothing_is_lost_and_no_gap_told(world):
    world.redis.kill()
    send(world, "away-1")
    take_over(world.daemon)
    send(world, "away-2")
    world.wait_until_queue_is_empty()
    world.redis.start()
    assert_seen(world, "away-1", "away-2")
    world.wait_for_states("away-2@shop.example", {"ok-away-2@sink.example": "delivered"})
    assert world.gaps("milter") == {}


def test_a_caller_with_a_pipe_is_not_kept_waiting(world):
    done = subprocess.run([f"{place.BUILD}/waybilld", "--take-over", "-c", "waybill.conf"],
                          cwd=os.path.dirname(world.daemon.conf), check=False, capture_output=True,
                          timeout=20, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    serving = world.daemon.serving()
    for fd in (0, 1, 2):
        assert os.readlink(f"/proc/{serving}/fd/{fd}") == "/dev/null"
    os.kill(serving, signal.SIGTERM)  # its log is not ours
    place.wait_until(lambda: not place.process_lives(serving), 10, "it ended")
    world.daemon.start()


def test_without_an_old_one_it_just_starts(world):
    world.daemon.stop()
    assert world.daemon.serving() == 0
    take_over(world.daemon)
    assert world.daemon.pids() == [world.daemon.serving()]
    send(world, "just-started")
    assert_seen(world, "just-started")


def test_a_port_is_not_handed_over_its_daemon_reads_its_settings(place_of_story):
    port = place.free_port()
    daemon = Daemon(f"{place_of_story}/daemon", "tcp:127.0.0.1:1", listen=f"inet:{port}@127.0.0.1",
                    log_source=[])
    code, log = daemon.take_over()
    assert code == TEMPORARY and "only a unix socket can" in log
    with open(daemon.log, "ab") as log:
        process = subprocess.Popen([f"{place.BUILD}/waybilld", "-c", daemon.conf],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        daemon.wait_for_log("serves inet:")
        daemon.configure(batch_ms=77)
        code, log = daemon.take_over()
        assert code == 0 and f"waybilld {process.pid} reads its settings anew" in log
        daemon.wait_for_log("reload: batch_ms applied")
        assert daemon.pids() == [process.pid]
    finally:
        process.terminate()
        assert process.wait(20) == 0
