# SPDX-License-Identifier: BSD-2-Clause
"""A Sendmail of our own, next to whatever mail server is installed: its packages are unpacked, never
installed, since they would push Postfix out. Own configuration, queue and log, on loopback.

It runs in namespaces of its own: /mnt is its directory there (Sendmail trusts no path below a
directory that all may write to), /dev/log is a socket whose lines become the file `log`, and the
machine has a name with a dot, for which it would else wait a minute. Needs root.

    games@local.example           delivered by the local mailer into {base}/box
    list@local.example            an alias: games and ok-list@sink.example
    nouser@local.example          refused at RCPT: no such user
    refused@local.example         refused at RCPT by a ruleset
    everything else               to the sink (sink.py)
"""
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from . import place

PACKAGES = ("sendmail-bin", "sendmail-base", "sendmail-cf", "libwrap0")
CACHE = f"{place.BUILD}/sendmail"
PROGRAM = "usr/libexec/sendmail/sendmail"

CONFIGURATION = """\
include(`{root}/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(`unknown')dnl
define(`confDOMAIN_NAME', `mx.example')dnl
define(`confLOG_LEVEL', `{level}')dnl
define(`confCF_VERSION', `waybill')dnl
define(`QUEUE_DIR', `/mnt/queue')dnl
define(`ALIAS_FILE', `/mnt/aliases')dnl
define(`HELP_FILE', `/mnt/helpfile')dnl
define(`STATUS_FILE', `/mnt/statistics')dnl
define(`confPID_FILE', `/mnt/sendmail.pid')dnl
define(`confSERVICE_SWITCH_FILE', `/mnt/service.switch')dnl
define(`confCONTROL_SOCKET_NAME', `')dnl
define(`confTO_IDENT', `0')dnl
define(`confTO_ICONNECT', `3s')dnl
define(`confDONT_PROBE_INTERFACES', `true')dnl
define(`confMAX_DAEMON_CHILDREN', `0')dnl
define(`confREFUSE_LA', `1000')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confDELAY_LA', `0')dnl
define(`confBAD_RCPT_THROTTLE', `0')dnl
{more}
define(`LOCAL_MAILER_PATH', `/mnt/mailbox')dnl
define(`LOCAL_MAILER_ARGS', `mailbox $u')dnl
define(`LOCAL_SHELL_PATH', `/bin/sh')dnl
define(`ESMTP_MAILER_ARGS', `TCP $h {sink}')dnl
define(`SMART_HOST', `esmtp:[127.0.0.1]')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
FEATURE(`promiscuous_relay')dnl
FEATURE(`no_default_msa')dnl
DAEMON_OPTIONS(`Name=MTA, Port={port}, Addr=127.0.0.1, Family=inet')dnl
{lines}
LOCAL_DOMAIN(`local.example')dnl
MAILER(local)dnl
MAILER(smtp)dnl
LOCAL_RULESETS
SLocal_check_rcpt
R$*		$: $>canonify $1
Rrefused < @ $* > $*	$#error $@ 5.7.1 $: "550 we do not take mail for this address"
"""

FILTER = "INPUT_MAIL_FILTER(`waybill', `S=unix:/mnt/milter/{milter}, T=C:3s;S:3s;R:10s;E:20s')dnl"

# $1 is the directory, $2 the milter's socket's, the rest is the command.
NAMESPACE = """\
set -e
base=$1 milter=$2
shift 2
for name in null zero random urandom; do
    touch "$base/dev/$name"
    mount --bind "/dev/$name" "$base/dev/$name"
done
mount --rbind "$base/dev" /dev
mount --bind "$base" /mnt
mount --bind "$milter" /mnt/milter
mount --bind "$base/hosts" /etc/hosts
hostname mx.example
exec "$@"
"""


def unpack():
    """The packages below CACHE; skips the story, and says why, if they cannot be had."""
    root = f"{CACHE}/root"
    os.makedirs(CACHE, exist_ok=True)
    lock = os.open(CACHE, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)  # stories run in more than one process
        if not os.path.exists(f"{root}/{PROGRAM}"):
            _fetch(root)
    finally:
        os.close(lock)
    return root


def _fetch(root):
    done = subprocess.run(["apt-get", "-q", "download", *PACKAGES], cwd=CACHE, check=False,
                          text=True, capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        pytest.skip(f"no Sendmail here: apt-get download {' '.join(PACKAGES)}: {done.stderr.strip()}")
    for name in sorted(os.listdir(CACHE)):
        if name.endswith(".deb"):
            subprocess.run(["dpkg", "-x", f"{CACHE}/{name}", f"{CACHE}/unpacked"], check=True)
            os.unlink(f"{CACHE}/{name}")
    # set-gid, it would not look for its libraries where they were unpacked
    os.chmod(f"{CACHE}/unpacked/{PROGRAM}", 0o755)
    os.rename(f"{CACHE}/unpacked", root)


class Collector:
    """/dev/log: what comes in is written as the lines of RFC 3164 that syslogd would write."""

    def __init__(self, path, log, host):
        self.log, self.host = log, host
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        os.chmod(path, 0o666)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with open(self.log, "ab", buffering=0) as log:
            while text := self._socket.recv(65536):
                # "<22>Nov 21 20:55:43 sm-mta[7]: message"
                words = text.rstrip(b"\0\n").partition(b">")[2]
                log.write(words[:16] + self.host.encode() + b" " + words[16:] + b"\n")

    def stop(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._socket.close()


class PrivateSendmail:
    def __init__(self, base, sink_port, milter_socket, log_level=9, tag="sm-mta", lines=FILTER,
                 **more):
        """`lines` of the configuration ask the milter, in {milter}. `more` are options of it,
        confTO_QUEUEWARN="10s" and the like."""
        self.base = base
        self.of_story = "/".join(base.split("/")[-2:])  # the directories "postfix" of all stories end alike
        self.root = unpack()
        self.port = place.free_port()
        self.log = f"{base}/mail.log"
        self.tag = tag
        self.milter = os.path.dirname(milter_socket)
        self.process = None
        for folder in ("queue", "dev", "box", "milter"):
            os.makedirs(f"{base}/{folder}", 0o755)
        os.chmod(f"{base}/queue", 0o700)
        os.chmod(f"{base}/box", 0o777)  # the mailer writes as the recipient
        self._write("hosts", "127.0.0.1 localhost\n127.0.0.2 mx.example mx\n")
        self._write("service.switch", "hosts files\naliases files\n")
        self._write("aliases", "list: games, ok-list@sink.example\npostmaster: games\n"
                               "MAILER-DAEMON: games\n")
        self._write("mailbox", "#!/bin/sh\nexec cat >>/mnt/box/$1\n")
        os.chmod(f"{base}/mailbox", 0o755)
        options = "".join(f"define(`{name}', `{value}')dnl\n" for name, value in more.items())
        source = CONFIGURATION.format(root=self.root, level=log_level, sink=sink_port,
                                      port=self.port, more=options.strip(),
                                      lines=lines.format(milter=os.path.basename(milter_socket)))
        done = subprocess.run(["m4", f"-D_CF_DIR_={self.root}/usr/share/sendmail/cf/"],
                              input=source, text=True, check=True, capture_output=True)
        self._write("sendmail.cf", done.stdout)
        self.collector = Collector(f"{base}/dev/log", self.log, "mx")

    def _write(self, name, text):
        with open(f"{self.base}/{name}", "w", encoding="utf-8") as file:
            file.write(text)

    def _command(self, *arguments):
        return ["unshare", "-m", "-u", "--propagation", "private", "sh", "-c", NAMESPACE, "sh",
                self.base, self.milter, f"{self.root}/{PROGRAM}", "-C", "/mnt/sendmail.cf", *arguments]

    def _environment(self):
        folders = {os.path.dirname(os.path.join(folder, name))
                   for folder, _, names in os.walk(self.root) for name in names
                   if name.startswith("lib") and ".so" in name}
        return {"PATH": os.environ["PATH"], "TZ": os.environ.get("TZ", ""),
                "LD_LIBRARY_PATH": ":".join(sorted(folders))}

    def run(self, *arguments, **options):
        """Sendmail with these arguments; returns what it says."""
        done = subprocess.run(self._command(*arguments), env=self._environment(), text=True,
                              check=False, capture_output=True, **options)
        if done.returncode != 0:
            raise RuntimeError(f"sendmail {' '.join(arguments)}: {done.returncode} {done.stdout}"
                               f"{done.stderr}\n{self.log_text()}")
        return done.stdout

    def start(self):
        self.run("-bi", stdin=subprocess.DEVNULL)
        with open(f"{self.base}/sendmail.out", "wb") as output:
            self.process = subprocess.Popen(
                self._command("-bD", "-q1s", "-L", self.tag), env=self._environment(),
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
        place.wait_until(self._listens_or_ended, 30, "Sendmail listens")
        if self.process.poll() is not None:
            raise RuntimeError(f"Sendmail ended: {place.read_log(f'{self.base}/sendmail.out')}"
                               f"\n{self.log_text()}")
        return self

    def _listens_or_ended(self):
        if self.process.poll() is not None:
            return True
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def queue(self):
        """How many mails are in the queue."""
        return sum(name.startswith("qf") for name in os.listdir(f"{self.base}/queue"))

    def log_text(self):
        return place.read_log(self.log)

    def _processes(self):
        """All processes of this Sendmail: they share its namespace and nobody else does."""
        if self.process is None:
            return
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                # The mount's root is told below that of its file system, which may be /tmp.
                with open(f"/proc/{pid}/mountinfo", encoding="utf-8") as mounts:
                    if any(f"{self.of_story} /mnt " in line for line in mounts):
                        yield int(pid)
            except OSError:
                continue

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid in list(self._processes()):
            os.kill(pid, signal.SIGKILL)
        place.wait_until(lambda: not any(self._processes()), 10, "Sendmail stopped")
        self.collector.stop()
