# SPDX-License-Identifier: BSD-2-Clause
"""Waybill as an operator has it: `make install` into a machine of its own (machine.py), attached by
`waybill attach`, run by its unit, with Debian's Postfix (in its chroot) and Debian's Redis run by theirs.

Mails go in at port 25 and out to the sink. What is said to the servers is said in the machine's
network: within `with installed.machine.network():`."""
import ast
import json
import subprocess

from . import place, records
from .cli import states
from .machine import Machine
from .sink import Sink

SINK_PORT = 2525
UNIT, QUEUE_UNIT = "waybill.service", "waybill-queue.service"
SOCKET = "/var/spool/postfix/waybill/milter.sock"
PASSWORD = "none of your business"
CREDENTIALS = "[Service]\nLoadCredential=redis.password:/etc/credstore/waybill.redis.password\n"
MAIN_CF = f"""\
compatibility_level = 3.6
myhostname = mx.example
mydestination = mx.example
inet_interfaces = loopback-only
mynetworks = 127.0.0.0/8 [::1]/128
smtputf8_enable = no
disable_dns_lookups = yes
smtp_host_lookup = native
relayhost = [127.0.0.1]:{SINK_PORT}
alias_maps =
alias_database =
minimal_backoff_time = 1s
"""


def _made(directory):
    """A directory that the build was configured with."""
    return subprocess.run(["make", "-C", place.BUILD, "-s", f"--eval=show: ; @echo $({directory})",
                           "show"], check=True, text=True, capture_output=True).stdout.strip()


class Installed:
    def __init__(self):
        self.machine = Machine()
        self.sink = Sink(SINK_PORT)
        self.conf = None
        self.options = {}

    def __enter__(self):
        self.machine.__enter__()
        try:
            self._install()
            self._start_others()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.sink.stop()
        self.machine.__exit__()

    def _install(self):
        machine = self.machine
        subprocess.run(["make", "-C", place.BUILD, "-s", "install", f"DESTDIR={machine.path('')}"],
                       check=True, capture_output=True, timeout=120)
        machine.run("systemd-sysusers", "--inline", 'u waybill - "Waybill" /var/lib/waybill')
        machine.run("systemd-tmpfiles", "--create", "-",
                    input="d /var/spool/postfix/waybill 2710 waybill postfix -\n")
        for unit in (UNIT, QUEUE_UNIT):
            machine.write(f"/etc/systemd/system/{unit}.d/credentials.conf", CREDENTIALS)
        machine.run("mkdir", "-p", "/etc/credstore", "/etc/credstore.encrypted")
        machine.write("/etc/credstore/waybill.redis.password", PASSWORD + "\n", 0o600)
        self.conf = f"{_made('sysconfdir')}/waybill/waybill.conf"
        self.configure(state_directory="/var/lib/waybill", batch_ms=50,
                       hold_seconds=2, redis_password_file="credential:redis.password")

    def _start_others(self):
        machine = self.machine
        machine.run("sh", "-c", f"echo 'requirepass \"{PASSWORD}\"' >>/etc/redis/redis.conf")
        machine.write("/etc/postfix/main.cf", MAIN_CF)
        machine.run("cp", "/usr/share/postfix/master.cf.dist", "/etc/postfix/master.cf")
        machine.run("systemctl", "daemon-reload")  # Postfix's generator looks for main.cf
        with machine.network():
            self.sink.start()
        self._systemctl("start", UNIT, "redis-server")
        self.waybill("attach", "postfix")
        self._systemctl("start", "postfix")

    def _systemctl(self, *words):
        """With the journal's end in the error, which tells why."""
        try:
            self.machine.run("systemctl", *words)
        except RuntimeError as why:
            raise RuntimeError(f"{why}\n{self.machine.journal('--lines=30')}") from None

    def configure(self, **changes):
        """Write the configuration again, with some lines changed; None takes a line out."""
        self.options.update(changes)
        self.machine.write(self.conf, "".join(
            f'{name} = "{value}"\n' if not isinstance(value, list) else
            f"{name} = {{ {', '.join(value)} }}\n"
            for name, value in self.options.items() if value is not None))

    def drop_in(self, unit, name, text):
        """Put lines beside a unit, or with None take them away."""
        path = f"/etc/systemd/system/{unit}.d/{name}.conf"
        if text is None:
            self.machine.run("rm", path)
        else:
            self.machine.write(path, text)
        self.machine.run("systemctl", "daemon-reload")

    def stop_at_once(self):
        """On SIGTERM libmilter takes seconds to end; only a story about that needs to wait."""
        self.machine.run("systemctl", "kill", "--signal=KILL", UNIT, check=False)
        self._systemctl("stop", UNIT)

    def restart(self):
        self.stop_at_once()
        self._systemctl("start", UNIT)

    def reload(self):
        self._systemctl("reload", UNIT)

    def main_pid(self):
        """The daemon's number, as the machine counts; 0: it does not run."""
        return int(self.machine.property(UNIT, "MainPID"))

    def signal(self, name):
        self.machine.run("kill", f"-{name}", str(self.main_pid()))

    def log(self, unit=UNIT):
        return self.machine.journal(f"--unit={unit}")

    def waybill(self, *arguments):
        """The command, as root types it."""
        done = self.machine.run(f"{_made('bindir')}/waybill", *arguments, check=False)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"waybill {' '.join(arguments)}: {done.returncode} {done.stderr}")
        return done.stdout

    def traced(self, *arguments):
        """{Message-ID: {recipient: state}} of all waybills that fit."""
        lines = self.waybill("trace", "--json", "--limit", "10000", *arguments).splitlines()
        return {found["message_id"][1:-1]: states(found) for found in map(json.loads, lines)
                if found["object"] != "page" and found["message_id"]}

    def seen_by_milter(self):
        """The Message-IDs of those mails whose end the milter saw, not the log alone."""
        buckets = {}
        for key in self.redis("--scan", "--pattern", "wb:r:*"):
            flat = ast.literal_eval("[" + "".join(self.redis("--csv", "hgetall", key)) + "]")
            buckets[key] = dict(zip(flat[::2], flat[1::2]))
        return records.seen_by_milter(records.spelled(buckets))

    def redis(self, *words):
        """The lines of a reply."""
        return self.machine.run("redis-cli", "--no-auth-warning", "-a", PASSWORD, "--raw",
                                *words).stdout.splitlines()

    def wait_for_states(self, message_id, expected, seconds=30):
        try:
            place.wait_until(lambda: self.traced("--message-id", message_id).get(message_id) == expected,
                             seconds, f"<{message_id}> is {expected}", pause=0.3)
        except TimeoutError as why:
            raise TimeoutError(f"{why}, but {self.traced('--message-id', message_id)}\n"
                               f"{self.machine.journal()[-5000:]}") from None
