# SPDX-License-Identifier: BSD-2-Clause
"""Waybill as installed, in the sandbox of its unit, under a real systemd: with Debian's Postfix, whose
smtpd is in its chroot, and Debian's Redis with a password that only root may read."""
import contextlib
import os
import threading
import time

import pytest
from conftest import scaled
from support import milter, place
from support.installed import PASSWORD, QUEUE_UNIT, SOCKET, UNIT, Installed
from support.machine import CannotRun
from support.smtp_client import Client, send_many

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("WAYBILL_REPORTS")),
    reason="a sanitizer needs memory, files and system calls that the unit refuses")

DELIVERED = {"ok@sink.example": "delivered"}


@pytest.fixture(name="installed", scope="module")
def one_machine():
    with contextlib.ExitStack() as stack:
        try:
            installed = stack.enter_context(Installed())
        except CannotRun as why:
            pytest.skip(f"no systemd can run as process 1 of a namespace here: {why}")
        yield installed


@contextlib.contextmanager
def configured(installed, **changes):
    """The daemon with other lines in its configuration, for a while."""
    before = {name: installed.options.get(name) for name in changes}
    installed.configure(**changes)
    installed.restart()
    try:
        yield
    finally:
        installed.configure(**before)
        installed.restart()


def send(installed, message_id, to="ok@sink.example"):
    with installed.machine.network():
        client = Client(25)
        client.send("ann@sender.example", [to], message_id)
        client.quit()


def send_and_trace(installed, message_id):
    send(installed, message_id)
    installed.wait_for_states(message_id, DELIVERED)


def wait_until_up(installed, other_than, seconds=20):
    """Until systemd has another main process that serves; returns its number."""
    place.wait_until(lambda: installed.main_pid() not in (0, other_than) and
                     installed.machine.property(UNIT, "SubState") == "running",
                     seconds, "the unit runs again", 0.1)
    return installed.main_pid()


def test_mail_through_the_chroot_is_traced(installed):
    shown = installed.machine.run("stat", "-c", "%U %G %a", SOCKET, os.path.dirname(SOCKET)).stdout
    assert shown == "waybill postfix 660\nwaybill postfix 2710\n"
    master = installed.machine.run("postconf", "-Mf").stdout
    assert any(line.split()[:5] == ["smtp", "inet", "n", "-", "y"] for line in master.splitlines())
    with installed.machine.network():
        client = Client(25)
        client.send("ann@sender.example", ["ok@sink.example", "never@sink.example"], "first@x.example")
        client.quit()
    installed.wait_for_states("first@x.example", {"ok@sink.example": "delivered",
                                                  "never@sink.example": "failed"})


def test_bounce_of_our_own_is_seen_inside_the_chroot(installed):
    """cleanup, too, reaches the socket: mails of Postfix's own and of sendmail(1) come from it."""
    installed.machine.run("sendmail", "-f", "ann@sink.example", "never@sink.example",
                          input="Message-ID: <local@x.example>\nSubject: x\n\nHello.\n")
    installed.wait_for_states("local@x.example", {"never@sink.example": "failed"})
    # The bounce itself goes to the sender.
    place.wait_until(lambda: {"ann@sink.example": "delivered"} in installed.traced().values(), 20,
                     "the bounce is traced", 0.3)


def test_password_is_a_credential_that_staff_cannot_read(installed):
    machine = installed.machine
    path = f"/run/credentials/{UNIT}/redis.password"
    assert machine.run("setpriv", "--reuid=waybill", "--regid=waybill", "--clear-groups", "cat",
                       path).stdout == PASSWORD + "\n"
    assert machine.run("setpriv", "--reuid=nobody", "--regid=waybill", "--clear-groups", "cat", path,
                       check=False).returncode != 0
    assert machine.run("redis-cli", "ping").stdout.startswith("NOAUTH")


def test_staff_outside_of_the_group_are_told_so(installed):
    """As the packages have it, /etc/waybill is closed to others; the defaults would name a wrong store."""
    machine, folder = installed.machine, os.path.dirname(installed.conf)
    machine.run("chmod", "0700", folder)
    try:
        done = machine.run("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "waybill", "status",
                           check=False)
        assert (done.returncode, done.stderr) == (
            2, f"waybill: cannot open '{installed.conf}': Permission denied\n")
    finally:
        machine.run("chmod", "0755", folder)


def test_credential_that_nobody_gave_is_one_clear_line(installed):
    words = f"cannot open '/run/credentials/{UNIT}/no.such': No such file or directory"
    before = installed.options["redis_password_file"]
    installed.configure(redis_password_file="credential:no.such")
    try:
        with pytest.raises(RuntimeError, match=f"\nredis_password_file: {words}"):
            installed.restart()
    finally:
        installed.configure(redis_password_file=before)
        installed.restart()


def test_sealed_credential_is_opened_by_systemd(installed):
    """The line of the example that is commented out."""
    installed.machine.run("systemd-creds", "encrypt", "--with-key=host", "--name=redis.password",
                          "/etc/credstore/waybill.redis.password",
                          "/etc/credstore.encrypted/waybill.redis.password")
    installed.drop_in(UNIT, "sealed", "[Service]\nLoadCredential=\nLoadCredentialEncrypted=redis.password:"
                                      "/etc/credstore.encrypted/waybill.redis.password\n")
    try:
        installed.restart()
        send_and_trace(installed, "sealed@x.example")
    finally:
        installed.drop_in(UNIT, "sealed", None)
        installed.restart()


def test_credential_is_there_for_a_program_that_reload_starts(installed):
    """systemd 252 hides it from ExecReload; a daemon that takes over is started by that."""
    binary = installed.machine.run("readlink", f"/proc/{installed.main_pid()}/exe").stdout.strip()
    installed.drop_in(UNIT, "reload", f"[Service]\nExecReload=\nExecReload={binary} --test\n")
    try:
        installed.restart()
        installed.reload()
        assert f"{installed.conf}: good" in installed.log()
    finally:
        installed.drop_in(UNIT, "reload", None)
        installed.restart()


def test_sandbox_holds(installed):
    """What the daemon could do if it were taken over, tried from within its own namespaces."""
    machine, pid = installed.machine, installed.main_pid()
    status = dict(line.split(":\t", 1) for line in
                  machine.run("cat", f"/proc/{pid}/status").stdout.splitlines() if ":\t" in line)
    assert {int(status[name], 16) for name in status if name.startswith("Cap")} == {0}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert status["Uid"].split()[0] == machine.run("id", "-u", "waybill").stdout.strip()

    def within(*command):
        return machine.run("nsenter", f"--target={pid}", "--mount", "--", *command, check=False)

    refused = within("/bin/sh", "-c", "true")
    assert refused.returncode != 0 and "Permission denied" in refused.stderr
    root = f"{machine.path('')}/proc/{pid}/root"
    for folder in ("/etc", "/usr/bin", "/var/log", "/var/spool/postfix", "/var/spool/postfix/maildrop"):
        with pytest.raises(OSError, match="Read-only"):
            os.mkdir(f"{root}{folder}/waybill-was-here")
    for folder in ("/home", "/root", "/run/user"):
        assert os.stat(f"{root}{folder}").st_mode & 0o777 == 0, folder
    for folder in ("/var/lib/waybill", "/run/waybill/milter", "/var/spool/postfix/waybill"):
        os.mkdir(f"{root}{folder}/test")
        os.rmdir(f"{root}{folder}/test")
    assert sorted(set(os.listdir(f"{root}/dev")) & {"kmsg", "mem", "sda", "vda", "null"}) == ["null"]


def test_log_file_of_group_adm_is_read(installed):
    """Postfix writes it itself, as rsyslog does on other machines."""
    machine = installed.machine
    machine.run("install", "-m", "0640", "-g", "adm", "/dev/null", "/var/log/mail.log")
    machine.run("postconf", "-e", "maillog_file=/var/log/mail.log")
    machine.run("systemctl", "restart", "postfix")
    try:
        with configured(installed, log_source=["/var/log/mail.log"]):
            send_and_trace(installed, "file@x.example")
        assert machine.run("stat", "-c", "%G %a", "/var/log/mail.log").stdout == "adm 640\n"
    finally:
        machine.run("postconf", "-X", "maillog_file")
        machine.run("systemctl", "restart", "postfix")
        machine.run("rm", "/var/log/mail.log")


def test_redis_is_reached_by_its_unix_socket_without_any_network(installed):
    machine = installed.machine
    machine.write("/etc/redis/redis.conf", machine.run("cat", "/etc/redis/redis.conf").stdout +
                  "unixsocket /run/redis/redis-server.sock\nunixsocketperm 770\n")
    machine.run("systemctl", "restart", "redis-server")
    installed.drop_in(UNIT, "network", "[Service]\nPrivateNetwork=yes\nRestrictAddressFamilies=\n"
                                       "RestrictAddressFamilies=AF_UNIX\nSupplementaryGroups=redis\n")
    try:
        with configured(installed, redis="unix:/run/redis/redis-server.sock"):
            send_and_trace(installed, "unix@x.example")
            pid = installed.main_pid()
            assert len({machine.run("readlink", f"/proc/{one}/ns/net").stdout
                        for one in (1, pid)}) == 2
    finally:
        installed.drop_in(UNIT, "network", None)
        installed.restart()


def test_redis_is_reached_by_tls(installed):
    machine = installed.machine
    machine.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                "-keyout", "/etc/redis/tls.key", "-out", "/etc/redis/tls.pem")
    machine.run("chown", "redis", "/etc/redis/tls.key")
    machine.write("/etc/redis/redis.conf", machine.run("cat", "/etc/redis/redis.conf").stdout +
                  "tls-port 6390\ntls-cert-file /etc/redis/tls.pem\ntls-key-file /etc/redis/tls.key\n"
                  "tls-ca-cert-file /etc/redis/tls.pem\ntls-auth-clients no\n")
    machine.run("install", "-D", "-m", "0644", "/etc/redis/tls.pem", "/etc/waybill/redis.pem")
    machine.run("systemctl", "restart", "redis-server")
    with configured(installed, redis="tls:localhost:6390", redis_ca_file="/etc/waybill/redis.pem"):
        send_and_trace(installed, "tls@x.example")


def test_no_address_but_the_machines_own_is_reached_with_the_example(installed):
    machine = installed.machine
    with open(f"{place.SOURCE}/packaging/systemd/redis-is-local.conf.example", encoding="utf-8") as file:
        installed.drop_in(UNIT, "local", file.read())
    machine.run("ip", "address", "add", "192.0.2.7/32", "dev", "lo")
    installed.redis("config", "set", "bind", "127.0.0.1 192.0.2.7")
    try:
        with configured(installed, redis="tcp:192.0.2.7:6379"):
            place.wait_until(lambda: "192.0.2.7:6379': " in installed.log(), 20, "Redis is not reached")
        installed.restart()
        send_and_trace(installed, "local-only@x.example")
    finally:
        installed.drop_in(UNIT, "local", None)
    with configured(installed, redis="tcp:192.0.2.7:6379"):  # it was the drop-in that kept us off
        send_and_trace(installed, "not-only@x.example")


def test_garbled_macros_do_not_end_the_daemon(installed):
    """The guard against libmilter's search beyond its list works under the unit's filters."""
    pid = installed.main_pid()
    for words in range(1, 40, 2):
        with milter.Session(installed.machine.path(SOCKET)) as session:
            session.negotiate()
            session.send(milter.packet(b"D", b"M" + milter.strings(*["x" * 16] * words)))
            session.send(milter.mail("<odd@sender.example>"))
    assert installed.main_pid() == pid
    send_and_trace(installed, "after-odd@x.example")


def test_upgrade_and_reload_put_a_new_daemon_in_place_under_load(installed):
    mails = [("ann@sender.example", ["ok@sink.example"], f"reload{i}@x.example")
             for i in range(scaled(300, 60))]
    done = threading.Event()
    main_pids = [installed.main_pid()]

    binary = installed.machine.run("readlink", f"/proc/{main_pids[0]}/exe").stdout.strip()

    def reload():
        while not done.is_set():
            # As an upgrade does; the old file is bound into the namespace of the old daemon.
            installed.machine.run("cp", binary, f"{binary}.new")
            installed.machine.run("mv", f"{binary}.new", binary)
            installed.reload()
            main_pids.append(installed.main_pid())
            time.sleep(1.5)  # an old one takes seconds to end, and eight at once is the most

    thread = threading.Thread(target=reload)
    thread.start()
    try:
        with installed.machine.network():
            _, failed = send_many(25, mails, sessions=4, pause=0.02)
    finally:
        done.set()
        thread.join()
    assert not failed
    assert len(main_pids) > 3 and len(set(main_pids)) == len(main_pids), main_pids
    wanted = {mail[2] for mail in mails}
    place.wait_until(lambda: {found for found, states in installed.traced("--since", "-1h").items()
                              if states == DELIVERED} >= wanted, 60, "all are traced", 0.5)
    assert set(installed.seen_by_milter()) >= wanted
    # The old ones end by themselves, and systemd goes by the new one.
    members = f"/sys/fs/cgroup/system.slice/{UNIT}/cgroup.procs"
    place.wait_until(lambda: installed.machine.run("cat", members).stdout.split() ==
                     [str(main_pids[-1])], 20, "only the last daemon is left")
    assert installed.machine.property(UNIT, "ActiveState") == "active"


def test_killed_daemon_comes_back_and_mail_goes_on_meanwhile(installed):
    before = installed.main_pid()
    restarts = int(installed.machine.property(UNIT, "NRestarts"))
    installed.signal("KILL")
    send(installed, "meanwhile@x.example")  # unfiltered, or already by the new one; never refused
    assert wait_until_up(installed, before) != before
    assert int(installed.machine.property(UNIT, "NRestarts")) == restarts + 1
    send_and_trace(installed, "again@x.example")
    # Where nobody else saw it, the log did, and cleanup writes the Message-ID there.
    installed.wait_for_states("meanwhile@x.example", DELIVERED)


def test_new_daemon_that_dies_beside_an_old_one_comes_back(installed):
    """systemd ends the old one, too; the mail of its session goes on, and the log tells of it."""
    with installed.machine.network():
        client = Client(25)
        client.begin("ann@sender.example", ["ok@sink.example"])
        old = installed.main_pid()
        installed.reload()
        before = installed.main_pid()
        assert before != old
        installed.signal("KILL")
        wait_until_up(installed, before)
        client.end("outlived@x.example")
        client.quit()
    installed.wait_for_states("outlived@x.example", DELIVERED)
    members = f"/sys/fs/cgroup/system.slice/{UNIT}/cgroup.procs"
    place.wait_until(lambda: installed.machine.run("cat", members).stdout.split() ==
                     [str(installed.main_pid())], 20, "the old one has ended")


def test_frozen_daemon_is_replaced_by_the_watchdog(installed):
    """Here one that took over. The unit's three minutes are made three seconds. It reports at its start, and then each minute."""
    assert installed.machine.property(UNIT, "WatchdogUSec") == "3min"
    installed.drop_in(UNIT, "watchdog", "[Service]\nWatchdogSec=3\n")
    installed.restart()
    installed.reload()
    before = installed.main_pid()
    try:
        installed.signal("STOP")
        began = time.monotonic()
        send(installed, "frozen@x.example")  # Postfix gives up on it after command_timeout
        assert time.monotonic() - began < 20
        wait_until_up(installed, before, 30)
        assert f"{UNIT}: Watchdog timeout" in installed.machine.journal("_PID=1")
    finally:
        installed.drop_in(UNIT, "watchdog", None)
        installed.restart()
    send_and_trace(installed, "thawed@x.example")


def test_mail_goes_on_while_the_unit_is_stopped_and_the_log_is_read_later(installed):
    installed.machine.run("systemctl", "stop", UNIT)
    assert installed.machine.property(UNIT, "Result") == "success"
    send(installed, "stopped@x.example")
    installed.machine.run("systemctl", "start", UNIT)
    installed.wait_for_states("stopped@x.example", DELIVERED)


def test_full_disk_of_the_state_directory_delays_no_mail(installed):
    machine = installed.machine
    installed.stop_at_once()
    machine.run("mount", "-t", "tmpfs", "-o", "size=3m,mode=700,uid=waybill,gid=waybill", "waybill-full",
                "/var/lib/waybill")
    try:
        installed.restart()
        machine.run("sh", "-c", "cat /dev/zero >/var/lib/waybill/filler", check=False)
        assert machine.run("df", "--output=avail", "/var/lib/waybill").stdout.split()[1] == "0"
        send(installed, "full@x.example")
        machine.run("rm", "/var/lib/waybill/filler")
        installed.wait_for_states("full@x.example", DELIVERED)
        installed.stop_at_once()
    finally:
        machine.run("umount", "/var/lib/waybill")
        installed.restart()


def test_wrong_configuration_is_not_tried_again_and_again(installed):
    installed.configure(node="101")
    with pytest.raises(RuntimeError, match="node: must be a number"):
        installed.restart()
    assert installed.machine.property(UNIT, "SubState") == "failed"
    installed.configure(node=None)
    installed.restart()


def test_queue_is_looked_into_by_its_own_unit(installed):
    """postqueue keeps its setgid group; what reads the listing is locked up. The minute between the two
    listings is made a second."""
    machine = installed.machine
    installed.stop_at_once()
    send(installed, "waits@x.example", to="busy@sink.example")
    machine.run("systemctl", "start", UNIT)
    lines = machine.run("systemctl", "cat", QUEUE_UNIT).stdout.splitlines()
    before = [line.replace("/bin/sleep 60", "/bin/sleep 1") for line in lines
              if line.startswith("ExecStartPre=")]
    assert len(before) == 3 and "ExecStartPre=/bin/sleep 1" in before
    installed.drop_in(QUEUE_UNIT, "soon", "\n".join(["[Service]", "ExecStartPre=", *before, ""]))
    machine.run("systemctl", "start", QUEUE_UNIT)
    assert machine.property(QUEUE_UNIT, "Result") == "success"
    said = installed.log(QUEUE_UNIT)
    assert "\n2 mails with 2 recipients in the listing;" in said, said  # once in each
    assert "busy@sink.example" in installed.waybill("trace", "--to", "busy@sink.example")


def test_units_stand_in_their_order(installed):
    """The daemon starts before, and ends after, what runs Postfix; nothing demands Redis."""
    machine = installed.machine
    assert UNIT in machine.property("postfix@-.service", "After").split()
    assert "redis-server.service" in machine.property(UNIT, "After").split()
    for demand in ("Requires", "Requisite", "BindsTo", "Wants", "PartOf"):
        assert "redis" not in machine.property(UNIT, demand)
    machine.run("systemctl", "enable", "--now", UNIT, "waybill-queue.timer")
    assert machine.property("waybill-queue.timer", "SubState") == "waiting"
    machine.run("systemctl", "stop", "redis-server")
    try:
        installed.restart()
        send(installed, "no-redis@x.example")
    finally:
        machine.run("systemctl", "start", "redis-server")
    installed.wait_for_states("no-redis@x.example", DELIVERED)
