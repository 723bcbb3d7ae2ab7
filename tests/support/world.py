# SPDX-License-Identifier: BSD-2-Clause
"""All of it together: Postfix with waybilld as its milter, Redis behind it, a sink as next hop."""
import collections
import os
import shutil
import subprocess
import urllib.parse

from . import place
from .cli import Cli, states
from .daemon import Daemon
from .log_feed import LogFeed
from .milter_tap import MilterTap
from .private_postfix import PrivatePostfix
from .private_redis import PrivateRedis
from .sink import Sink

OUTCOMES = ("delivered", "failed", "expired", "discarded")


class World:
    """`journal`: Postfix's log reaches the daemon by a systemd journal instead of the file: True,
    or a class that feeds one.
    `tap`: a MilterTap stands between Postfix and the daemon. `postfix` and `daemon` are dicts of
    options for these two. `mta`: another mail server than Postfix, which has its place. `sink`: a
    class for the next hop. `store`: several servers instead of one Redis (private_cluster)."""

    def __init__(self, base=None, journal=False, tap=False, postfix=None, daemon=None,
                 mta=PrivatePostfix, sink=Sink, store=PrivateRedis):
        self.base = base or place.new_directory("story")
        self.sink = sink(place.free_port())
        self.redis = store(f"{self.base}/redis")
        milter = f"{self.base}/daemon/run/waybill.sock"
        self.tap = MilterTap(f"{self.base}/tap.sock", milter) if tap else None
        self.postfix = mta(f"{self.base}/postfix", self.sink.port,
                           milter_socket=self.tap.path if tap else milter, **(postfix or {}))
        feeder = LogFeed if journal is True else journal
        self.feed = feeder(self.postfix.log, f"{self.base}/journal") if feeder else None
        source = f"journal:{self.feed.directory}" if self.feed else self.postfix.log
        self.daemon = Daemon(f"{self.base}/daemon", self.redis.address,
                             **{"log_source": [source], **(daemon or {})})
        self.cli = Cli(self.daemon.conf)

    def start(self):
        """Redis, sink, daemon, Postfix; in the order in which each needs the one before."""
        self.redis.start()
        self.sink.start()
        if self.feed:
            self.feed.start()
        if self.tap:
            self.tap.start()
        self.daemon.start()
        self.postfix.start()
        return self

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Stop what runs and remove the directory, whatever fails on the way."""
        steps = [self.postfix.stop, self.daemon.stop, self.sink.stop, self.redis.stop]
        steps += [part.stop for part in (self.feed, self.tap) if part]
        failure = None
        for step in steps:
            try:
                step()
            except Exception as why:  # pylint: disable=broad-except
                failure = failure or why
        if not os.environ.get("WAYBILL_KEEP"):
            shutil.rmtree(self.base, ignore_errors=True)
        if failure:
            raise failure

    def states(self, message_id):
        """{recipient: state} of the one mail with this Message-ID; {} if there is none yet."""
        return states(self.cli.one(message_id))

    def wait_for_states(self, message_id, expected, seconds=30):
        """Until the mail's recipients are in exactly these states; returns its waybill."""
        seen = {}

        def reached():
            seen.clear()
            seen.update(self.states(message_id))
            return seen == expected

        try:
            place.wait_until(reached, seconds, f"<{message_id}> is {expected}", pause=0.2)
        except TimeoutError as why:
            raise TimeoutError(f"{why}, but {seen}\n--- log of waybilld\n{self.daemon.log_text()[-3000:]}"
                               f"\n--- log of Postfix\n{self.postfix.log_text()[-5000:]}") from None
        return self.cli.one(message_id)

    def wait_until_queue_is_empty(self, seconds=60):
        place.wait_until(lambda: self.postfix.queue() == 0, seconds, "Postfix's queue is empty", 0.3)

    def wait_until_traced(self, message_ids, seconds=60):
        """Until each of these mails has a waybill; fails at once if one has two. Returns
        {Message-ID: waybill}."""
        wanted, found = set(message_ids), {}

        def all_there():
            found.clear()
            for waybill in self.cli.trace("--since", "-1h"):
                message_id = (waybill["message_id"] or "")[1:-1]
                if message_id in wanted:
                    assert message_id not in found, f"<{message_id}> is traced twice"
                    found[message_id] = waybill
            return len(found) == len(wanted)

        try:
            place.wait_until(all_there, seconds, "all mails are traced", 0.5)
        except TimeoutError:
            missing = sorted(wanted - set(found))
            raise TimeoutError(f"{len(missing)} of {len(wanted)} mails are not traced: {missing[:5]}"
                               f"\n--- log of waybilld\n{self.daemon.log_text()[-3000:]}") from None
        return found

    def records(self):
        """The records as they stand in the store, because an answer of ours might hide what is there
        twice, spelled out: (words of the head, [words of each fact]): tests/support/spell.c."""
        texts = [(key.split(":")[2] + ref, text.encode()) for key, bucket in self.redis.contents("wb:r:*").items()
                 for ref, text in bucket.items()]
        said = subprocess.run(f"{place.BUILD}/tests/support/spell", check=True, stdout=subprocess.PIPE,
                              input=b"".join(b"%s %d\n%s\n" % (number.encode(), len(text), text)
                                             for number, text in texts)).stdout.decode()
        for record in said.split("\n\n")[:-1]:
            first, *facts = record.split("\n")
            yield first.split(), [fact.split() for fact in facts]

    def facts(self, queue_id):
        """The facts of the mail with this queue id as they stand in the store: a dict for each."""
        for first, facts in self.records():
            if first[-1] == queue_id:
                for _, fact_id, kind, *values in facts:
                    yield {"witness": fact_id[0], "kind": kind,
                           **{key: urllib.parse.unquote(value)
                              for key, value in (word.split("=", 1) for word in values)}}

    def number_of(self, queue_id):
        """The id of the waybill with this queue id, as the event streams name it."""
        for key in self.redis.keys("wb:r:*"):
            for ref, text in dict(self.redis.contents(key)[key]).items():
                if text.split("\n", 1)[0].split()[-1] == queue_id:
                    return key.split(":")[2] + ref
        raise KeyError(queue_id)

    def events(self):
        """All that the streams tell: a dict of fields for each event."""
        return [dict(zip(entry[::2], entry[1::2]))
                for entries in self.redis.contents("wb:ev:*").values() for entry in entries]

    def outcomes(self):
        """How often each outcome of the log is recorded: {(queue id, recipient, kind): times}."""
        seen = collections.Counter()
        for first, facts in self.records():
            for _, fact_id, kind, *values in facts:
                if fact_id.startswith("l") and kind in OUTCOMES:
                    to = next((value[3:] for value in values if value.startswith("to=")), "")
                    seen[first[-1], to, kind] += 1
        return seen

    def seen_by_milter(self):
        """The Message-IDs of those mails whose end the milter saw."""
        seen = set()
        for _, facts in self.records():
            if any(fact_id.startswith("m") and kind == "queued" for _, fact_id, kind, *_ in facts):
                seen.update(value[3:] for fact in facts for value in fact[3:] if value.startswith("id="))
        return seen

    def gaps(self, witness):
        """Gaps that the store knows of this witness: {field: value}."""
        found = {}
        for value in self.redis.contents("wb:gap:*").values():
            found.update((field, text) for field, text in value.items() if witness in field)
        return found

    def journal_has(self, text):
        """Do these bytes stand in the daemon's journal?"""
        for folder, _, names in os.walk(self.daemon.state):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    if text.encode() in file.read():
                        return True
        return False

    def answers(self):
        """What the command tells of every mail, timeline and all."""
        return [self.cli.show(waybill["trace_id"]) for waybill in self.cli.trace()]

    @staticmethod
    def copy(source, target):
        """A directory with its owners: cp -a."""
        subprocess.run(["cp", "-a", source, target], check=True)
