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
    folder, name = os.path.split(daemon.socket)
    return sorted(entry for entry in os.listdir(folder) if entry.startswith(name))


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
        assert sockets(daemon) == ["waybill.sock"]

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


def test_sessions_that_stay_are_served_by_the_old_ones_to_their_end(world):
    """Eight daemons at once, of which seven have a session that stays; a ninth there cannot be. The
    first one has a connection that has said nothing, too: libmilter knows of it, none of its
    callbacks does."""
    daemon, first = world.daemon, world.daemon.serving()
    silent = socket.socket(socket.AF_UNIX)
    silent.connect(daemon.socket)
    clients = []
    for number in range(GENERATIONS - 1):
        clients.append(Client(world.postfix.port))
        send(world, f"stays-{number}-1", clients[-1])
        take_over(daemon)
    last = daemon.serving()
    code, log = daemon.take_over()
    assert code == REFUSED and "all 8 generations" in log
    place.wait_until(lambda: len(daemon.pids()) == GENERATIONS, 10, "who was refused has ended")
    assert daemon.serving() == last
    daemon.wait_for_log(f"[{last}]: info: reading the mail log")  # the old ones do no more

    for number, client in enumerate(clients):
        client.begin("shop@shop.example", [f"ok-stays-{number}@sink.example"])
    time.sleep(3)  # longer than an old one waits for sessions that might come
    for number, client in enumerate(clients):
        client.end(f"stays-{number}-2@shop.example")
        client.quit()
    daemon.wait_for_log("info: no session is left")
    assert f"[{first}]: info: no session is left" not in daemon.log_text()
    silent.close()
    assert wait_until_alone(daemon) == last
    assert f"[{first}]: info: no session is left" in daemon.log_text()
    assert_seen(world, *(f"stays-{number}-{mail}" for number in range(GENERATIONS - 1)
                         for mail in (1, 2)))


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
        place.wait_until(lambda: world.daemon.pids() == [old], 10, "who was refused has ended")
        assert world.daemon.serving() == old
    send(world, "after-wrong")
    assert_seen(world, "after-wrong")


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
    os.rename(world.daemon.socket, f"{world.daemon.socket}.4194303.")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(world.daemon.socket)
        os.chmod(world.daemon.socket, 0o666)
    world.daemon.wait_for_log("it is ours again")
    send(world, "after-mend")
    assert_seen(world, "after-mend")


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


def generation(daemon):
    """Of who serves."""
    mine = f"[{daemon.serving()}]: info: waybilld "
    return [line for line in daemon.log_text().splitlines() if mine in line][-1].rpartition(" ")[2]


def test_what_an_old_one_sees_last_is_shipped_by_the_new_one_and_its_generation_is_free(world):
    """Redis hangs until the old one is gone, so only its journal has it."""
    daemon, client = world.daemon, Client(world.postfix.port)
    wait_until_alone(daemon)
    old = generation(daemon)
    send(world, "drained-first", client)
    world.redis.freeze()
    try:
        began = time.monotonic()
        take_over(daemon)
        assert time.monotonic() - began < 15
        send(world, "drained-last", client)
        client.quit()
        wait_until_alone(daemon)
    finally:
        world.redis.thaw()
    assert_seen(world, "drained-first", "drained-last")
    assert generation(daemon) != old
    take_over(daemon)
    assert generation(daemon) == old
    assert world.gaps("milter") == {}


def test_who_is_told_to_go_by_nobody_who_serves_goes_on(world):
    serving = world.daemon.serving()
    os.kill(serving, signal.SIGUSR2)
    world.daemon.wait_for_log(f"[{serving}]: warning: SIGUSR2, but no other process serves")
    send(world, "not-gone")
    assert_seen(world, "not-gone")
    assert world.daemon.serving() == serving


def test_drain_seconds_or_sigterm_end_an_old_one_that_has_sessions(world):
    daemon, first = world.daemon, world.daemon.serving()
    daemon.configure(drain_seconds=1)
    os.kill(first, signal.SIGUSR1)
    daemon.wait_for_log("reload: drain_seconds applied")
    daemon.configure(drain_seconds=3600)
    cut = Client(world.postfix.port)
    take_over(daemon)
    second, ended = daemon.serving(), Client(world.postfix.port)
    take_over(daemon)
    os.kill(second, signal.SIGTERM)
    daemon.wait_for_log(f"[{first}]: warning: sessions are cut off that did not end")
    place.wait_until(lambda: not {first, second} & set(daemon.pids()), 20, "both ended")
    for client in cut, ended:
        assert client.say("MAIL FROM:<shop@shop.example>")[0] == 451
        client.quit()
    send(world, "after-cut")
    assert_seen(world, "after-cut")


def test_without_an_old_one_it_just_starts_and_lets_go_of_a_pipe_and_a_socket(world):
    """Else who reads them would wait for their end; ssh gives a command the one or the other."""
    world.daemon.stop()
    place.wait_until(lambda: world.daemon.serving() == 0, 5, "the kernel let go of its lock")
    assert sockets(world.daemon) == []
    reader, writer = socket.socketpair()
    with reader, writer:
        done = subprocess.run([f"{place.BUILD}/waybilld", "--take-over", "-c", "waybill.conf"],
                              cwd=os.path.dirname(world.daemon.conf), check=False,
                              stdout=subprocess.PIPE, stderr=writer, timeout=20)
        writer.close()
        reader.settimeout(10)
        assert (done.returncode, done.stdout, reader.recv(1000)) == (0, b"", b"")
    serving = world.daemon.serving()
    assert {os.readlink(f"/proc/{serving}/fd/{fd}") for fd in (0, 1, 2)} == {"/dev/null"}
    assert os.getsid(serving) not in (serving, os.getsid(0))
    send(world, "just-started")
    assert_seen(world, "just-started")
    os.kill(serving, signal.SIGKILL)  # it ends slowly, and nothing of it is wanted any more
    world.daemon.start()


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
        place.wait_until(lambda: daemon.pids() == [process.pid], 10, "who asked has ended")
    finally:
        process.kill()
        process.wait()
