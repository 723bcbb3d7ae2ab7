# SPDX-License-Identifier: BSD-2-Clause
"""A help desk to look at: a world with waybill-web on a port of loopback, people with tokens, and mails
of every kind, one of which waits until its destination is told to take it."""
import time

from support import place
from support.cli import states
from support.sink import Sink
from support.smtp_client import Client
from support.web import Web, give_rights, new_token
from support.world import World

USER = ("waybill-web", "secret")
SHOP = "orders@shop.example"
BUSY = b"451 4.7.1 <bob@wait.example>: please come back later, we are greylisting you\r\n"
NEVER = {"minimal_backoff_time": "1h", "maximal_backoff_time": "2h", "queue_run_delay": "1h"}

PEOPLE = {"desk": ("--role", "desk", "--subjects"), "admin": ("--role", "admin"),
          "sender": ("--role", "sender", "--address", SHOP)}

# Message-ID, recipients and what must become of each, subject
MAILS = [
    ("receipt-1@shop.example", {"ann@ok.example": "delivered"}, "Your order 4711"),
    ("receipt-2@shop.example", {"carl@never.example": "failed"}, "Your order 4712"),
    ("receipt-3@shop.example", {"dora@refused.example": "rejected"}, "Your order 4713"),
    ("receipt-4@shop.example", {"emil@ok.example": "delivered", "fay@full.example": "failed"}, "Your invoice"),
    ("receipt-5@shop.example", {"hal@ok.example": "abandoned"}, "Your order 4714"),
    ("receipt-6@shop.example", {"bea@box.example": "delivered"}, "Your order 4715"),
    ("receipt-7@shop.example", {"gus@spam.example": "failed"}, "Win a lot of money"),
]


class WaitingSink(Sink):
    """Puts off what goes to wait.example, until it is told to take it; says to whom it likes what
    `words` has for him."""

    def __init__(self, port):
        super().__init__(port)
        self.takes, self.words = False, {}

    async def _rcpt(self, to):
        if to in self.words:
            return self.words[to]
        if to.endswith("@wait.example") and not self.takes:
            return BUSY
        return await super()._rcpt(to)


class HelpDesk:
    def __init__(self, sink=WaitingSink):
        self.world = World(sink=sink, postfix=NEVER, daemon={"own_sources": ["127.0.0.0/8"]})
        self.web = None
        self.tokens = {}

    def __enter__(self):
        self.world.start()
        try:
            self.web = Web(self.world.daemon, USER, port=place.free_port(), web_rate=0)
            give_rights(self.world.cli, self.world.redis, USER)
            self.web.start()
            for name, words in PEOPLE.items():
                self.tokens[name] = new_token(self.world.cli, name, *words)
            self.send_all()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.web and self.web.process and self.web.process.poll() is None:
            self.web.stop()
        self.world.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.web.port}/"

    def send_all(self):
        for message_id, recipients, subject in MAILS:
            self.send(message_id, recipients, subject, cut="abandoned" in recipients.values())
        wanted = {to: state for _, recipients, _ in MAILS for to, state in recipients.items()}

        def seen():
            return {to: state for mail in self.world.cli.trace("--from", SHOP) for to, state in states(mail).items()}

        place.wait_until(lambda: seen() == wanted, 30, "each mail of the shop has found its end", 0.2)
        self.send("news-1@shop.example", {"list@mx.example": "expanded"}, "News of the shop")

    def send(self, message_id, recipients, subject, cut=False):
        client = Client(self.world.postfix.port, helo="shop.example")
        codes = client.begin(SHOP, recipients)
        if cut:
            client.cut()
            return
        if 250 in codes:
            client.end(message_id, subject=subject, text="Thank you.\r\n",
                       headers=f"From: The shop <{SHOP}>\r\nTo: {', '.join(recipients)}\r\n")
        client.quit()

    # ---- the mail that waits ----

    def send_delayed(self, to):
        """A mail to somebody at wait.example, put off by then; returns its case code."""
        self.world.sink.takes = False
        message_id = f"{time.time_ns()}@shop.example"
        self.send(message_id, {to: "delayed"}, "Your order 4716")
        return self.world.wait_for_states(message_id, {to: "delayed"})["trace_id"]

    def take(self):
        """Its destination takes it at last."""
        self.world.sink.takes = True
        self.world.postfix.command("postqueue", "-f")
