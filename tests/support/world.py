# SPDX-License-Identifier: BSD-2-Clause
"""All of it together: Postfix with waybilld as its milter, Redis behind it, a sink as next hop."""
import os
import shutil

from . import place
from .cli import Cli, states
from .daemon import Daemon
from .log_feed import LogFeed
from .private_postfix import PrivatePostfix
from .private_redis import PrivateRedis
from .sink import Sink


class World:
    """`journal`: Postfix's log reaches the daemon by a systemd journal instead of the file.
    `postfix` and `daemon` are dicts of options for these two."""

    def __init__(self, base=None, journal=False, postfix=None, daemon=None):
        self.base = base or place.new_directory("story")
        self.sink = Sink(place.free_port())
        self.redis = PrivateRedis(f"{self.base}/redis")
        self.postfix = PrivatePostfix(f"{self.base}/postfix", self.sink.port,
                                      milter_socket=f"{self.base}/daemon/run/waybill.sock",
                                      **(postfix or {}))
        self.feed = LogFeed(self.postfix.log, f"{self.base}/journal") if journal else None
        source = f"journal:{self.base}/journal" if journal else self.postfix.log
        self.daemon = Daemon(f"{self.base}/daemon", self.redis.address,
                             **{"log_source": [source], **(daemon or {})})
        self.cli = Cli(self.daemon.conf)

    def start(self):
        """Redis, sink, daemon, Postfix; in the order in which each needs the one before."""
        self.redis.start()
        self.sink.start()
        if self.feed:
            self.feed.start()
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
        if self.feed:
            steps.insert(1, self.feed.stop)
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
