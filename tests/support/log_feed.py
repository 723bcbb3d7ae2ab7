# SPDX-License-Identifier: BSD-2-Clause
"""A systemd journal without systemd: what Postfix logs goes, while it is written, through
systemd-journal-remote into a journal file, with the fields that journald would have set."""
import os
import re
import shutil
import subprocess
import threading
import time

REMOTE = "/lib/systemd/systemd-journal-remote"
LINE = re.compile(r"\w{3} [ \d]\d [\d:]{8} (\S+) (\S+?)\[(\d+)\]: (.*)", re.DOTALL)
BOOT_ID = "5a8f1c3de2b94f7081a2b3c4d5e6f708"
MACHINE_ID = "0123456789abcdef0123456789abcdef"


class LogFeed:
    def __init__(self, log, directory):
        """Follow the file `log`; the journal is made in `directory`."""
        self.log, self.directory = log, directory
        os.makedirs(directory, 0o755)
        shutil.chown(directory, "nobody")  # the daemon's user, who has to read it
        self.lines = 0
        self._stop = threading.Event()
        self._remote = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._open()
        self._thread.start()
        return self

    def stop(self):
        """Feed what is there, close the journal."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(30)
        self._close()

    def _open(self):
        self._remote = subprocess.Popen(
            [REMOTE, "-o", f"{self.directory}/remote.journal", "--split-mode=none", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, user="nobody")

    def _close(self):
        self._remote.stdin.close()
        self._remote.wait(30)
        self._remote.stderr.close()

    def _run(self):
        rest = b""
        while not os.path.exists(self.log) and not self._stop.is_set():
            time.sleep(0.02)
        if not os.path.exists(self.log):
            return
        with open(self.log, "rb") as log:
            while True:
                last_round = self._stop.is_set()
                data = rest + log.read()
                *lines, rest = data.split(b"\n")
                for line in lines:
                    self._feed(line.decode("utf-8", "replace"))
                if last_round:
                    return
                if not lines:
                    time.sleep(0.02)

    def _feed(self, line):
        found = LINE.fullmatch(line)
        if not found:
            return
        self.lines += 1
        self._put(*found.groups())

    def _put(self, host, program, pid, message):
        fields = {
            "__REALTIME_TIMESTAMP": int(time.time() * 1e6),
            "__MONOTONIC_TIMESTAMP": int(time.monotonic() * 1e6),
            "_BOOT_ID": BOOT_ID, "_MACHINE_ID": MACHINE_ID, "_HOSTNAME": host,
            "_TRANSPORT": "syslog", "_UID": 0, "_COMM": program.rpartition("/")[2],
            "_SYSTEMD_UNIT": "postfix@-.service", "PRIORITY": 6, "SYSLOG_FACILITY": 2,
            "SYSLOG_IDENTIFIER": program, "SYSLOG_PID": pid, "_PID": pid, "MESSAGE": message}
        text = "".join(f"{name}={value}\n" for name, value in fields.items()) + "\n"
        self._remote.stdin.write(text.encode())
        self._remote.stdin.flush()
