# SPDX-License-Identifier: BSD-2-Clause
"""A log with known answers (maillog_generator.py) put through the program in the worst way that a
machine may do it, and what the store then says held against the answers, recipient by recipient."""
import collections
import json
import os
import random
import resource
import shutil
import subprocess
import threading
import time

from . import maillog_generator, place
from .cli import Cli
from .daemon import Daemon
from .private_redis import PrivateRedis

PAGE = 10000
ROTATION_S = 0.01
REST_S = 2
# Seconds, of the wall and of the CPU of all daemons and of Redis, and what Redis then held.
Run = collections.namedtuple("Run", "rotations seconds cpu redis_cpu redis_mb")


class Writer(threading.Thread):
    """Writes `source` into `path`: pieces that end anywhere, and a rotation each 10 ms as logrotate
    does it: rename, then a new file; who writes goes on in the old one until its line is ended.
    The old files stay. `rate`: bytes a second; None: as fast as it goes."""

    def __init__(self, source, path, seed, rate=None, rotates=True):
        super().__init__()
        self.source, self.path, self.rate, self.rotates = source, path, rate, rotates
        self.random = random.Random(seed)
        self.rotations, self.written, self.failed = 0, 0, None

    def open(self):
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def run(self):
        try:
            self.write_all()
        except OSError as why:
            self.failed = why

    def write_all(self):
        with open(self.source, "rb") as file:
            data = file.read()
        begun = turned = time.monotonic()
        to = self.open()
        while self.written < len(data):
            size = self.random.choice((1, 7, 200, 5000, 20000))
            size = self.random.randint(1, size)
            self.written += os.write(to, data[self.written:self.written + size])
            if self.rate and self.written > (time.monotonic() - begun) * self.rate:
                time.sleep(0.001)
            if self.rotates and time.monotonic() - turned > ROTATION_S:
                to = self.rotate(to, data)
                turned = time.monotonic()
        os.close(to)

    def rotate(self, old, data):
        self.rotations += 1
        # Names as logrotate's dateext gives them, with more digits: the newer the higher.
        os.rename(self.path, f"{self.path}-20260101-{self.rotations:08}")
        new = self.open() if self.random.random() < 0.5 else None
        end = data.find(b"\n", self.written - 1) + 1 if self.written else 0
        self.written += os.write(old, data[self.written:end])
        os.close(old)
        return self.open() if new is None else new


class Torture:
    """A store and a daemon of its own below one directory, and a generated log."""

    def __init__(self, lines, seed=1, base=None, log_format="rfc3164", **generator):
        self.base = base or place.new_directory("torture")
        self.lines, self.seed = lines, seed
        self.whole, self.answers = f"{self.base}/whole.log", f"{self.base}/answers"
        maillog_generator.generate(self.whole, self.answers, lines=lines, seed=seed, format=log_format,
                                   **maillog_generator.until_now(lines), **generator)
        self.redis = PrivateRedis(f"{self.base}/redis", "--appendonly", "no")
        self.daemon = None

    def __enter__(self):
        self.redis.start()
        return self

    def __exit__(self, *_):
        if self.daemon:
            self.daemon.stop()
        self.redis.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    def configure(self, **options):
        """A daemon that follows base/log/mail.log, empty by now, and a command line beside it."""
        os.makedirs(f"{self.base}/log")
        self.log = f"{self.base}/log/mail.log"
        with open(self.log, "wb"):
            pass
        self.daemon = Daemon(f"{self.base}/daemon", self.redis.address, node=1, log_source=[self.log],
                             log_level="info", **options)

    def follow(self, kills=0, rate=None, rotates=True):
        """Feed the log until all of it is shipped."""
        chance = random.Random(self.seed)
        writer, size = Writer(self.whole, self.log, self.seed, rate, rotates), os.path.getsize(self.whole)
        begun, before = time.monotonic(), cpu_of_children()
        self.daemon.start()
        writer.start()
        for share in sorted(chance.random() for _ in range(kills)):
            while writer.written < share * size and writer.is_alive():
                time.sleep(0.002)
            self.daemon.kill()
            time.sleep(chance.random() * 0.05)
            self.daemon.start()
        writer.join()
        if writer.failed:
            raise writer.failed
        self.wait_for_rest()
        seconds = time.monotonic() - begun - REST_S
        self.daemon.stop()
        return Run(writer.rotations, seconds, cpu_of_children() - before, *self.redis_used())

    def redis_used(self):
        info = dict(line.split(":", 1) for line in self.redis.ask("INFO").splitlines() if ":" in line)
        return (float(info["used_cpu_user"]) + float(info["used_cpu_sys"]), int(info["used_memory"]) / 1e6)

    def take_in(self, files):
        """`waybill import` of these, one after the other; returns (CPU seconds, wall seconds)."""
        begun, before = time.monotonic(), cpu_of_children()
        for file in files:
            subprocess.run([f"{place.BUILD}/waybill", "-c", self.daemon.conf, "import", file], check=True,
                           stdout=subprocess.DEVNULL)
        return cpu_of_children() - before, time.monotonic() - begun

    def pieces(self, count):
        """The log in so many files, each ending with a line."""
        with open(self.whole, "rb") as file:
            data = file.read()
        ends = sorted(random.Random(self.seed).sample(range(len(data)), count - 1))
        ends = [0] + [data.find(b"\n", end) + 1 for end in ends] + [len(data)]
        names = [f"{self.base}/piece-{number}" for number in range(count)]
        for number, name in enumerate(names):
            with open(name, "wb") as file:
                file.write(data[ends[number]:ends[number + 1]])
        return names

    def wait_for_rest(self, longest=3600):
        """Until the daemon has used no CPU worth naming for REST_S."""
        end, since = time.monotonic() + longest, time.monotonic()
        while time.monotonic() - since < REST_S:
            before = self.daemon.cpu_seconds()
            time.sleep(0.25)
            if self.daemon.cpu_seconds() - before > 0.015:
                since = time.monotonic()
            if time.monotonic() > end:
                raise TimeoutError(f"the daemon still works after {longest} s")

    def waybills(self):
        """All that the store holds of mails with a queue id."""
        cli, after = Cli(self.daemon.conf), []
        while True:
            *some, page = (json.loads(line) for line in subprocess.run(
                [f"{place.BUILD}/waybill", "-c", cli.conf, "trace", "--json", "--since", "-7d", "--limit", str(PAGE),
                 *after], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines())
            yield from (waybill for waybill in some if waybill["queue_id"])
            if not page["next"]:
                return
            after = ["--after", page["next"]]

    def judge(self, waybills=None):
        with open(self.answers, encoding="utf-8") as file:
            verdict = Verdict((json.loads(line) for line in file), self.waybills() if waybills is None else waybills)
        verdict.evidence = [self.evidence(*key) for key in verdict.keys()[:3]]
        return verdict

    def evidence(self, host, instance, queue_id):
        """The lines of the log, and what the store has of them."""
        with open(self.whole, encoding="utf-8", errors="replace") as file:
            lines = [line for line in file if f" {queue_id}: " in line]
        shown = [subprocess.run([f"{place.BUILD}/waybill", "-c", self.daemon.conf, "show", "--raw", one["trace_id"]],
                                check=False, text=True, capture_output=True).stdout
                 for one in self.waybills() if one["queue_id"] == queue_id]
        return f"{host} {instance} {queue_id}\n" + "".join(lines + shown)


class Verdict:
    """What was found beside what is true. Of several mails with one host, instance and queue id
    the nth that came is the nth of the answers."""

    def __init__(self, answers, waybills):
        self.recipients, self.right, self.evidence = 0, 0, []
        self.wrong, self.missing, self.extra, self.kinds = [], [], [], collections.Counter()
        theirs, ours = collections.defaultdict(list), collections.defaultdict(list)
        for answer in answers:
            if answer["recipients"] or answer["message_id"] is not None:  # a client alone is no mail
                theirs[answer["host"], answer["instance"], answer["queue_id"]].append(answer)
        for waybill in waybills:
            ours[waybill["reporting_mta"], waybill["instance"], waybill["queue_id"]].append(waybill)
        for key in theirs.keys() | ours.keys():
            self.compare(key, sorted(theirs[key], key=lambda one: one["t0"]),
                         sorted(ours[key], key=lambda one: one["event_time"]))

    def compare(self, key, theirs, ours):
        for number in range(max(len(theirs), len(ours))):
            true = theirs[number]["recipients"] if number < len(theirs) else []
            found = ours[number]["recipients"] if number < len(ours) else []
            true = {one["to"].lower(): maillog_generator.STATES[one["status"]] for one in true}
            found = {one["recipient"].lower(): one["state"] for one in found}
            self.recipients += len(true)
            for to in true.keys() | found.keys():
                self.weigh((key, number, to), true.get(to), found.get(to))

    def weigh(self, place_of, true, found):
        if true == found:
            self.right += 1
            return
        (self.extra if true is None else self.missing if found is None else self.wrong).append(
            (*place_of, true, found))
        self.kinds[true, found] += 1

    def __str__(self):
        return (f"{self.recipients} recipients, {self.right} right, {len(self.wrong)} wrong, {len(self.missing)} "
                f"missing, {len(self.extra)} extra" +
                "".join(f"\n  {count} x {true} in truth, {found} in the store"
                        for (true, found), count in self.kinds.most_common(12)) +
                "".join(f"\n  {one}" for one in (self.wrong + self.missing + self.extra)[:12]) +
                "".join(f"\n{one}" for one in self.evidence))

    def keys(self):
        """Of the mails that are not as they should be."""
        return sorted({one[0] for one in self.wrong + self.missing + self.extra})

    def all_right(self):
        return not (self.wrong or self.missing or self.extra)


def cpu_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
