# SPDX-License-Identifier: BSD-2-Clause
"""Set-ups that are broken on purpose, for `waybill doctor`: a world that is healthy, rows that break
one thing each, and a hand that does exactly what doctor's line says.

A row is Broken(name, check, breaks): `breaks` is a function of the clinic that spoils one thing,
`check` the name of the one finding that this must give. `examine` does the rest:

    healthy --breaks--> doctor finds `check` and nothing else --its line--> healthy

A Ward has several clinics and examines many rows at once, since most of the time is Postfix's: its
programs wait for seconds when main.cf was just written.
"""
import collections
import concurrent.futures
import contextlib
import json
import grp
import os
import pwd
import queue
import signal
import socket
import subprocess
import threading
import time

from . import place
from .world import World

Broken = collections.namedtuple("Broken", "name check breaks")

MILTER = ("{ unix:waybill/milter.sock, default_action=accept, connect_timeout=3s,"
          " command_timeout=3s, content_timeout=10s }")
PORTS = threading.Lock()  # place.free_port() counts
TROUBLE = ("hint", "warning", "fault")

# There is no systemd for these daemons: the stand-in hands its words to the test, which has them
# as children.
SYSTEMCTL = """\
#!/usr/bin/python3
import socket, sys
with socket.socket(socket.AF_UNIX) as hand:
    hand.connect({path!r})
    hand.sendall(" ".join(sys.argv[1:]).encode() + b"\\n")
    hand.shutdown(socket.SHUT_WR)
    sys.exit(int(hand.makefile().read() or 1))
"""


class Clinic:
    """A world whose Postfix is chrooted, with the milter's socket in its queue, as the package sets
    it up. `doctor` options that every call needs are given here."""

    def __init__(self, **world):
        self.world = World(**world)
        self.postfix, self.daemon = self.world.postfix, self.world.daemon
        self.base = self.world.base
        self._put_socket_into_queue()
        self._chroot()
        self._saved, self._options, self._socket = {}, {}, self.daemon.socket
        self._hand = None
        self.before = set()

    def _put_socket_into_queue(self):
        self.daemon.socket = f"{self.postfix.base}/queue/waybill/milter.sock"
        self._lay_out_queue()
        self.daemon.configure(listen=f"unix:{self.daemon.socket}", listen_mode="0660")
        self.postfix.set(smtpd_milters=MILTER, non_smtpd_milters=MILTER)

    def _lay_out_queue(self):
        folder = os.path.dirname(self.daemon.socket)
        os.makedirs(folder, exist_ok=True)
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, grp.getgrnam("postfix").gr_gid)
        os.chmod(folder, 0o2710)
        os.chmod(os.path.dirname(folder), 0o755)

    def _chroot(self):
        path = f"{self.postfix.conf}/master.cf"
        with open(path, encoding="utf-8") as file:
            lines = [line.replace(" n - n - ", " n - y - ") if line.rstrip().endswith("smtpd")
                     or line.startswith("cleanup") else line for line in file]
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(lines)

    # ---- the healthy world ----

    def __enter__(self):
        try:
            os.makedirs(f"{self.base}/bin")
            self._stand_in_for_systemctl()
            self.world.start()
            place.wait_until(lambda: self.postfix.log_text(), 10, "Postfix has a log")
            self.restart()  # there was no log yet when it began
            self._save()
            self.before = self.troubles()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._hand:
            self._hand.close()
        if self.daemon.process:
            self.end()
        self.world.close()

    def age(self):
        """Postfix's programs wait for seconds when a file of its set-up was just written."""
        for name in ("main.cf", "master.cf"):
            then = time.time() - 60
            os.utime(f"{self.postfix.conf}/{name}", (then, then))

    def _save(self):
        for name in (f"{self.postfix.conf}/main.cf", f"{self.postfix.conf}/master.cf",
                     self.daemon.conf):
            with open(name, encoding="utf-8") as file:
                self._saved[name] = file.read()
        self._options = dict(self.daemon.options)

    def restore(self):
        """As it was at the beginning, so that no row leaves anything to the next."""
        for name, text in self._saved.items():
            with open(name, "w", encoding="utf-8") as file:
                file.write(text)
        self.age()
        self.daemon.options = dict(self._options)
        self.daemon.socket = self._socket
        self._lay_out_queue()
        if os.path.isfile(self.daemon.socket):
            os.unlink(self.daemon.socket)
        self.restart()
        if not self.postfix.master_pid() or not place.process_lives(self.postfix.master_pid()):
            self.postfix.start()

    def _stand_in_for_systemctl(self):
        path = f"{self.base}/systemctl.sock"
        self._hand = socket.socket(socket.AF_UNIX)
        self._hand.bind(path)
        self._hand.listen()
        with open(f"{self.base}/bin/systemctl", "w", encoding="ascii") as file:
            file.write(SYSTEMCTL.format(path=path))
        os.chmod(f"{self.base}/bin/systemctl", 0o755)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._hand.accept()
            except OSError:
                return
            with connection, connection.makefile() as words:
                connection.sendall(str(self._systemctl(words.readline().split())).encode())

    def _systemctl(self, words):
        try:
            if words == ["restart", "waybill"]:
                self.restart()
            elif words == ["reload-or-restart", "waybill"]:
                return self._renew()
            elif words == ["kill", "--signal=SIGKILL", "waybill"]:
                self.daemon.kill()
            else:
                return 5
        except Exception:  # pylint: disable=broad-except
            return 1
        return 0

    def _renew(self):
        """As systemd: a take-over, or a start if it does not run."""
        if self.daemon.process.poll() is not None and not self.daemon.pids():
            self.daemon.start()
            return 0
        return self.daemon.take_over()[0]

    def restart(self):
        self.end()
        self.daemon.start()

    def end(self):
        """It, and what took over from it."""
        if self.daemon.process.poll() is None:
            self.daemon.kill()
        for pid in self.daemon.pids():
            os.kill(pid, signal.SIGKILL)
            place.wait_until(lambda pid=pid: not place.process_lives(pid), 10, "it ended", 0.01)

    # ---- breaking ----

    def postconf(self, *words):
        """postconf("-e", "smtpd_milters =")"""
        self.postfix.command("postconf", *words)
        self.age()

    def service(self, line):
        """One more service in master.cf; {port} is a free one."""
        with PORTS:
            self.postfix.serve(line.format(port=place.free_port()))

    def reload(self):
        subprocess.run(["postfix", "-c", self.postfix.conf, "reload"], check=True,
                       stdin=subprocess.DEVNULL, capture_output=True)

    # ---- the doctor ----

    def doctor(self, *words):
        """(exit code, the object that --json prints)"""
        done = self.world.cli.run("doctor", "--config-directory", self.postfix.conf, "--json", *words)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def findings(self, *words):
        """Those that are more than good or unknown."""
        _, told = self.doctor(*words)
        return [one for one in told["findings"] if one["severity"] in TROUBLE]

    def troubles(self, *words):
        return {one["check"] for one in self.findings(*words)}

    def heal(self, finding):
        """Do what the line says: a command for a shell as it stands, or a line of a file."""
        assert finding["heal"], finding
        if finding["file"]:
            self._put_line(finding["file"], finding["heal"])
            assert self._renew() == 0, self.daemon.log_text()[-2000:]
            return
        done = subprocess.run(["/bin/sh", "-c", finding["heal"]], check=False, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              env={"PATH": f"{self.base}/bin:/usr/sbin:/usr/bin:/sbin:/bin"})
        assert done.returncode == 0, (finding["heal"], done.stdout, done.stderr)

    @staticmethod
    def _put_line(path, line):
        name = line.partition("=")[0].strip()
        with open(path, encoding="utf-8") as file:
            kept = [one for one in file if one.partition("=")[0].strip() != name]
        with open(path, "w", encoding="utf-8") as file:
            file.writelines([*kept, line + "\n"])

    def examine(self, row, *words):
        """Break it; one finding, of that name; its line heals it, and nothing is left."""
        try:
            row.breaks(self)
            self.age()
            new = [one for one in self.findings(*words) if one["check"] not in self.before]
            assert {one["check"] for one in new} == {row.check}, new
            for finding in new:
                assert finding["what"] and finding["matter"], finding
                self.heal(finding)
            left = [one for one in self.findings(*words) if one["check"] not in self.before]
            assert not left, (new, left)
        finally:
            self.restore()


class Ward:
    """`with Ward(rows) as ward: ward.result(row)`; the first asked for waits for its own only."""

    def __init__(self, rows, beds=3):
        self._rows = rows
        self._beds = min(beds, len(rows))
        self._free = queue.SimpleQueue()
        self._results = {}
        self._open = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as opened:
            for _ in range(self._beds):
                self._free.put(opened.enter_context(Clinic()))
            pool = opened.enter_context(
                concurrent.futures.ThreadPoolExecutor(max(1, self._beds)))
            self._results = {row.name: pool.submit(self._examine, row) for row in self._rows}
            self._open = opened.pop_all()
        return self

    def __exit__(self, *_):
        self._open.close()

    def _examine(self, row):
        bed = self._free.get()
        try:
            bed.examine(row)
        finally:
            self._free.put(bed)

    def result(self, row):
        """Raises what was wrong with it."""
        self._results[row.name].result()
