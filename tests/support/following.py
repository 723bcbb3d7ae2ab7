# SPDX-License-Identifier: BSD-2-Clause
"""`waybill follow --json` beside whatever else goes on: what it told, and whether that is all, and once."""
import collections
import json
import re
import signal
import subprocess

from . import place


class Following:
    """A context manager; the place from which on it tells is that of the moment when it is entered, or
    `cursor`."""

    def __init__(self, world, cursor=None):
        self.world, self.cursor = world, cursor
        self._out, self._said = (f"{world.base}/follow.{name}" for name in ("out", "said"))
        self._process = None

    def __enter__(self):
        from_now = self.cursor is None
        self.cursor = self.cursor or place_of_now(self.world)
        with open(self._out, "wb") as out, open(self._said, "wb") as said:
            self._process = subprocess.Popen(
                [f"{place.BUILD}/waybill", "-c", self.world.daemon.conf, "follow", "--json", "--after", self.cursor],
                stdout=out, stderr=said, stdin=subprocess.DEVNULL)
        if from_now:
            place.wait_until(self._reads, 10, "it reads the streams")
        return self

    def _reads(self):
        redis = self.world.redis
        servers = getattr(redis, "servers", None) or getattr(redis, "nodes", None) or [redis]
        return any("cmd=xread" in each.ask("CLIENT", "LIST") for each in servers if each.pid())

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGINT)
        assert self._process.wait(20) in (0, 1), self.said()

    def events(self):
        return [json.loads(line) for line in place.read_log(self._out).splitlines(keepends=True) if line.endswith("\n")]

    def said(self):
        return place.read_log(self._said)

    def tells_all_once(self, mails, action="delivery.delivered", seconds=20):
        """Of each of these mails, {Message-ID: waybill}, what became of each recipient; waits for it."""
        wanted = {(mail["trace_id"], to["recipient"]) for mail in mails.values() for to in mail["recipients"]}
        told = collections.Counter()

        def all_told():
            told.clear()
            told.update((event["trace_id"], event["recipient"]["recipient"]) for event in self.events()
                        if event["action"] == action and event["recipient"])
            return wanted <= set(told)

        try:
            place.wait_until(all_told, seconds, "all is told", 0.2)
        except TimeoutError:
            raise TimeoutError(f"{len(wanted - set(told))} of {len(wanted)} are not told; {self.said()}") from None
        ids = collections.Counter(event["event_id"] for event in self.events())
        assert not [one for one, times in ids.items() if times > 1], f"an event was told twice; {self.said()}"
        assert not [one for one, times in told.items() if times > 1], f"an outcome was told twice; {self.said()}"


def place_of_now(world):
    return re.findall("follow --after (.*)\n", world.cli.run("follow", "--for", "1").stderr)[0]
