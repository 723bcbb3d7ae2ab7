#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A mail log of a busy Postfix, and what is true of each mail in it.

    tests/support/maillog_generator.py [--lines N] [--seed S] [--format rfc3164|iso] [--hosts H]
        [--instances postfix,postfix-in,...] [--ids mixed|short|long] [--start EPOCH] [--span SECONDS]
        [--lifetime SECONDS] [--rate NAME=SHARE]... [--answers FILE] [LOG]

The same options give the same log. Each mail is planned to its end when it comes in; its lines
wait in a heap, so that those of many mails stand between each other as time has it. The log ends
after N lines wherever that is, as a real one does: mails are then open, and the answers say so,
because an answer is changed by a line that is written and by nothing else.

Answers: one object for each queue file (host, instance, queue_id, t0, from, message_id, size,
nrcpt, client, sasl_username, parent_queue_id, removed, recipients: to, status, dsn, relay, reply,
attempts, next_queue_id, orig_to). A recipient is there if a line names it for this mail. Its
status is what the last line that decides says; STATES has Waybill's word for it. Times are UTC.
All names are invented.
"""
import argparse
import collections
import heapq
import json
import random
import sys
import time

# status in the answers -> the state in Waybill
STATES = {
    "sent": "delivered",
    "forwarded": "expanded",      # local: status=sent (forwarded as QID)
    "discarded": "discarded",     # discard: status=sent (...); a milter's discard
    "deferred": "delayed",
    "bounced": "failed",
    "expired": "expired",         # qmgr: status=expired, for all who had no end
    "held": "held",
    "accepted": "accepted",       # held at the end of the mail, then released, not tried yet
    "deleted": "canceled",        # postsuper -d, for all who had no end
    "requeued": "expanded",       # postsuper -r: it goes on under another queue id
    "rejected": "rejected",       # by smtpd at RCPT, by a milter or cleanup at the end of the mail
}
ENDS = {"sent", "forwarded", "discarded", "bounced", "expired", "deleted", "requeued", "rejected"}

# How often a thing happens, as a share of what it can happen to.
RATES = {
    "pickup": 0.04, "submission": 0.2,              # of mails: how they come in
    "filter": 0.08, "milter_reject": 0.02, "milter_discard": 0.003, "milter_hold": 0.003,
    "probe": 0.003, "admin_hold": 0.01, "admin_delete": 0.01, "requeue": 0.01,
    "reuse": 0.15,                                  # of short ids: the id of a mail just gone
    "several": 0.15, "refused_rcpt": 0.02,          # of mails: recipients
    "alias": 0.06, "forward": 0.03,                 # of recipients
    "bounced": 0.04, "deferred": 0.06, "greylisted": 0.04, "never": 0.01, "soft": 0.002,
    "notified_first": 0.5,                          # of bounces: Postfix 3.11's order of lines
    "noqueue": 0.15, "scan": 0.15, "tls": 0.6, "warning": 0.05, "tries": 0.3, "hostile": 0.1,
}

ALPHABET = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
SECOND = 1_000_000
PEOPLE = ("ann bob carol dave erin frank grace heidi ivan judy mallory niaj olivia peggy rupert sybil "
          "trent victor walter info sales office billing no-reply").split()
FAR = [f"{word}.example" for word in "north south east west river hill lake coast field stone".split()] + \
      [f"mail{number}.example.org" for number in range(40)] + ["b\u00fccher.example", "x--y.example.com"]
NEAR = ["shop.example", "post.shop.example", "team.example.net"]
SAID = {
    "bounced": [("5.1.1", "550 5.1.1 <{to}>: Recipient address rejected: User unknown in relay table",
                 "RCPT TO"),
                ("5.2.2", "552 5.2.2 Mailbox full (quota 100%)", "end of DATA command"),
                ("5.7.1", "554 5.7.1 Message refused: see https://bad.example/?a=1;b=(2)", "end of DATA command"),
                ("5.0.0", "550-first line 550-second, line 550 third", "RCPT TO command")],
    "deferred": [("4.3.2", "451 4.3.2 Please try again later", "RCPT TO command"),
                 ("4.2.2", "452 4.2.2 Over quota :-(", "RCPT TO command"),
                 ("4.7.0", "421 4.7.0 Too many connections from your address", "MAIL FROM command")],
    "greylisted": [("4.2.0", "450 4.2.0 <{to}>: Recipient address rejected: Greylisted for 300 seconds",
                    "RCPT TO command")],
    "hostile": [("4.0.0", "451 to=<{to}>, relay=none, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (250 ok)",
                 "RCPT TO command"),
                ("4.0.0", "450 4.0.0 status=bounced (user unknown)): removed", "RCPT TO command"),
                ("4.0.0", "450 dsn=5.0.0, status=sent (250 2.0.0 Ok: queued as FFFFFFFFFF", "DATA command")],
}
UNREACHED = ["connect to {name}[{ip}]:25: Connection timed out", "connect to {name}[{ip}]:25: Connection refused",
             "Host or domain name not found. Name service error for name={name} type=MX: Host not found, try again",
             "delivery temporarily suspended: lost connection with {name}[{ip}] while receiving the initial server "
             "greeting"]


class QueueFile:
    """One mail in one queue, as far as the written lines tell."""
    __slots__ = ("host", "instance", "id", "t0", "sender", "message_id", "size", "nrcpt", "client", "login",
                 "parent", "removed", "recipients", "held")

    def __init__(self, host, instance, queue_id):
        self.host, self.instance, self.id = host, instance, queue_id
        self.t0 = self.sender = self.message_id = self.size = self.nrcpt = None
        self.client = self.login = self.parent = None
        self.removed = self.held = False
        self.recipients = {}

    # What a line says; called when it is written.
    def came(self, client, login, parent):
        self.client, self.login = client, login
        self.parent = parent or self.parent

    def picked_up(self, sender, before):
        self.sender = sender
        if before is not None:
            self.parent = before.id
            for one in before.recipients.values():
                if one["status"] == "requeued":
                    one["next_queue_id"] = self.id

    def named(self, message_id):
        self.message_id = message_id

    def active(self, sender, size, nrcpt):
        self.sender, self.size, self.nrcpt = sender, size, nrcpt

    def outcome(self, to, original, status, dsn, relay, reply, following):
        one = self.recipients.get(to)
        if one is None:
            one = self.recipients[to] = {"to": to, "attempts": 0}
        one.update(status=status, dsn=dsn, relay=relay, reply=reply, next_queue_id=following, orig_to=original)
        one["attempts"] += 1

    def said_of(self, to, status):
        self.recipients.setdefault(to, {"to": to, "attempts": 0, "before": None})["status"] = status

    def all_open(self, status):
        for one in self.recipients.values():
            if one["status"] not in ENDS:
                one["before"] = one["status"] if one["status"] != "held" else one.get("before")
                one["status"] = status

    def released(self):
        for one in self.recipients.values():
            if one["status"] == "held":
                one["status"] = one["before"] or "accepted"

    def deleted(self):
        self.removed = True
        self.all_open("deleted")

    def gone(self):
        self.removed = True

    def child_of(self, parent):
        self.parent = parent

    def answer(self):
        recipients = [{key: value for key, value in one.items() if key != "before" and value is not None}
                      for one in self.recipients.values()]
        return {"host": self.host, "instance": self.instance, "queue_id": self.id, "t0": self.t0 / SECOND,
                "from": self.sender, "message_id": self.message_id, "size": self.size, "nrcpt": self.nrcpt,
                "client": self.client, "sasl_username": self.login, "parent_queue_id": self.parent,
                "removed": self.removed, "recipients": recipients}


def seconds(span):
    """A delay as Postfix writes it: two digits, no more."""
    span /= SECOND
    if span < 0.005:
        return "0"
    if span < 10:
        return f"{span:.2g}" if span >= 0.1 else f"{span:.1g}"
    return str(int(span))


class Generator:
    def __init__(self, options):
        self.rng = random.Random(options.seed)
        self.chance = self.rng.random
        self.pick = self.rng.choice
        self.rates = {**RATES, **dict(options.rate)}
        self.iso = options.format == "iso"
        self.hosts = [f"mx{number}" for number in range(1, options.hosts + 1)]
        self.instances = options.instances.split(",")
        self.lines = options.lines
        span = (options.span or max(1800, options.lines / 100)) * SECOND
        self.step = span / max(1, options.lines) * 13  # lines that one arrival brings, about
        self.backoff = int(min(300 * SECOND, span / 12))
        self.lifetime = int(options.lifetime * SECOND if options.lifetime else min(7200 * SECOND, span / 4))
        self.now = int((options.start or 1790841600) * SECOND)
        self.heap, self.number, self.answers = [], 0, None
        self.open = {}  # (host, instance) -> ids in use
        self.just_gone = {}
        self.files = {}  # those that the log names and that are not ended
        self.tags = {}
        self.long_ids = {}
        for index, place in enumerate((host, instance) for host in self.hosts for instance in self.instances):
            self.open[place] = set()
            self.just_gone[place] = collections.deque(maxlen=20)
            self.long_ids[place] = options.ids == "long" or (options.ids == "mixed" and index % 3 == 2)
        self.inode = 0x40000

    # ---- time ----

    def soon(self, least=2000, most=400000):
        return least + int(self.chance() * self.chance() * (most - least))

    def push(self, t, host, text, *effects):
        self.number += 1
        heapq.heappush(self.heap, (t, self.number, host, text, effects))

    def tag(self, instance, service, count=6):
        key = (instance, service)
        known = self.tags.get(key)
        if known is None:
            known = self.tags[key] = [f"{instance}/{service}[{self.rng.randrange(300, 4000000)}]:"
                                      for _ in range(count if service != "qmgr" else 1)]
        return known[int(self.chance() * len(known))]

    # ---- names ----

    def new_id(self, place, t):
        taken = self.open[place]
        if not self.long_ids[place] and self.chance() < self.rates["reuse"]:
            # The name holds the microsecond of its making: it comes again a second later at best.
            for gone in reversed(self.just_gone[place]):
                if gone[0] <= t and t - gone[1] >= SECOND and gone[2] not in taken:
                    self.just_gone[place].remove(gone)
                    taken.add(gone[2])
                    return gone[2]
        while True:
            self.inode += 1 + int(self.chance() * 40)
            queue_id = self.long_id(t) if self.long_ids[place] else \
                f"{t % SECOND:05X}{0x40000 + self.inode % 0xFFFFFF:X}"
            if queue_id not in taken:
                taken.add(queue_id)
                return queue_id

    def long_id(self, t):
        at, rest = divmod(t, SECOND)
        words = ""
        while at:
            at, digit = divmod(at, 52)
            words = ALPHABET[digit] + words
        part = ""
        for _ in range(4):
            rest, digit = divmod(rest, 52)
            part = ALPHABET[digit] + part
        inode, end = self.inode, ""
        while inode:
            inode, digit = divmod(inode, 51)
            end = ALPHABET[digit] + end
        return words.rjust(6, "0") + part + "z" + end

    def new_file(self, host, instance, t):
        return QueueFile(host, instance, self.new_id((host, instance), t))

    def address(self, domains):
        number = int(self.chance() * 5000)
        if self.chance() < 0.01:
            return f'"{self.pick(PEOPLE)} {number}"@{self.pick(domains)}'
        return f"{self.pick(PEOPLE)}{number}@{self.pick(domains)}"

    def ip(self):
        value = int(self.chance() * 0xFFFF)
        if value % 10 == 0:
            return f"2001:db8::{value:x}"
        return f"{('192.0.2', '198.51.100', '203.0.113')[value % 3]}.{value >> 8}"

    def client(self):
        if self.chance() < 0.2:
            return f"unknown[{self.ip()}]"
        return f"out{int(self.chance() * 200)}.{self.pick(FAR[:10])}[{self.ip()}]"

    # ---- a mail comes in ----

    def arrive(self, t):
        host, instance = self.pick(self.hosts), self.pick(self.instances)
        chance, rates = self.chance(), self.rates
        if chance < rates["noqueue"]:
            return self.refused_session(host, instance, t)
        if self.chance() < rates["scan"]:
            self.noise(host, instance, t)
        if self.chance() < rates["probe"]:
            return self.probe(host, instance, t)
        if self.chance() < rates["pickup"]:
            return self.by_pickup(host, instance, t)
        return self.by_smtp(host, instance, t)

    def envelope(self):
        count = 1
        if self.chance() < self.rates["several"]:
            count = 2 + int(self.chance() * self.chance() * 9)
        sender = self.address(NEAR if self.chance() < 0.5 else FAR) if self.chance() > 0.02 else ""
        to = {self.address(FAR if self.chance() < 0.6 else NEAR) for _ in range(count)}
        return sender, sorted(to)

    def message_id(self, t, file):
        chance = self.chance()
        if chance < 0.01:
            return ""
        return f"{t:x}.{file.id}{int(chance * 1e6)}@{self.pick(NEAR)}"

    def cleanup(self, file, t, message_id):
        words = f"<{message_id}>" if self.chance() > 0.02 or not message_id else message_id
        self.push(t, file.host, f"{self.tag(file.instance, 'cleanup')} {file.id}: message-id={words}",
                  (file.named, message_id))

    def by_pickup(self, host, instance, t):
        file = self.new_file(host, instance, t)
        sender, to = self.envelope()
        sender = sender or "root"
        self.push(t, host, f"{self.tag(instance, 'pickup', 1)} {file.id}: uid={int(self.chance() * 3) * 500} "
                  f"from=<{sender}>", (file.picked_up, sender, None))
        self.cleanup(file, t + self.soon(500, 20000), self.message_id(t, file))
        self.queued(file, t + self.soon(20000, 60000), sender, to, t)

    def by_smtp(self, host, instance, t):
        login = None
        service = "smtpd"
        if instance == self.instances[0] and self.chance() < self.rates["submission"]:
            service = self.pick(("submission/smtpd", "smtps/smtpd"))
            login = self.address(NEAR)
        tag, client = self.tag(instance, service), self.client()
        self.push(t, host, f"{tag} connect from {client}")
        t += self.soon(1000, 90000)
        encrypted = self.chance() < self.rates["tls"]
        if encrypted:
            self.push(t, host, f"{tag} {self.pick(('Anonymous', 'Untrusted', 'Trusted'))} TLS connection established "
                      f"from {client}: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 "
                      "server-signature RSA-PSS (2048 bits) server-digest SHA256")
            t += self.soon(1000, 90000)
        mails = 1 if self.chance() < 0.9 else 2 + int(self.chance() * 3)
        for _ in range(mails):
            t = self.transaction(host, instance, t, tag, client, login)
        tail = f" starttls={mails}" if encrypted else ""
        self.push(t + self.soon(), host, f"{tag} disconnect from {client} ehlo={1 + encrypted}{tail} mail={mails} "
                  f"rcpt={mails} data={mails} quit=1 commands={3 * mails + 2 + encrypted}")

    def transaction(self, host, instance, t, tag, client, login):
        """One mail of a session; returns when the next may begin."""
        file, (sender, to), begun = self.new_file(host, instance, t), self.envelope(), t
        sasl = f", sasl_method=PLAIN, sasl_username={login}" if login else ""
        self.push(t, host, f"{tag} {file.id}: client={client}{sasl}", (file.came, client, login, None))
        if self.chance() < self.rates["refused_rcpt"]:
            t += self.soon()
            bad = f"nobody{int(self.chance() * 9999)}@{self.pick(NEAR)}"
            self.push(t, host, f"{tag} {file.id}: reject: RCPT from {client}: 550 5.1.1 <{bad}>: Recipient address "
                      f"rejected: User unknown; from=<{sender}> to=<{bad}> proto=ESMTP helo=<{self.helo(client)}>",
                      (file.said_of, bad, "rejected"))
        t += self.soon()
        self.cleanup(file, t, self.message_id(t, file))
        if self.chance() < 0.1:
            self.push(t + 10, host, f"opendkim[{700 + len(host)}]: {file.id}: DKIM-Signature field added "
                      f"(s=mail, d={self.pick(NEAR)})")
        t += self.soon()
        return self.end_of_message(file, t, begun, client, sender, to)

    def helo(self, client):
        return client.partition("[")[0]

    def end_of_message(self, file, t, begun, client, sender, to):
        chance, rates = self.chance(), self.rates
        tail = f"from=<{sender}> to=<{to[-1]}> proto=ESMTP helo=<{self.helo(client)}>"
        tag = self.tag(file.instance, "cleanup")
        head = f"{tag} {file.id}: "
        if chance < rates["milter_reject"]:
            words = f"milter-reject: END-OF-MESSAGE from {client}: 5.7.1 Spam message rejected; {tail}"
            effect = (file.said_of, to[-1], "rejected")
            if chance < rates["milter_reject"] / 3:
                words = f"reject: header Subject: status=sent (250 ok) from {client}; {tail}: 5.7.1 No such mail here"
                effect = (file.all_open, "rejected")  # before to= stand a stranger's words: it names nobody
            self.push(t, file.host, head + words, effect, (self.end, file))
            return t + self.soon()
        chance -= rates["milter_reject"]
        if chance < rates["milter_discard"]:
            self.push(t, file.host, f"{head}milter-discard: END-OF-MESSAGE from {client}: milter triggers DISCARD "
                      f"action; {tail}", (file.said_of, to[-1], "discarded"), (self.end, file))
            return t + self.soon()
        chance -= rates["milter_discard"]
        if chance < rates["milter_hold"]:
            self.push(t, file.host, f"{head}milter-hold: END-OF-MESSAGE from {client}: milter triggers HOLD action; "
                      f"{tail}", (file.said_of, to[-1], "held"))
            self.after_hold(file, t, sender, [(one, None, "sent", 0) for one in to], begun)
            return t + self.soon()
        if self.chance() < rates["filter"]:
            self.through_filter(file, t + self.soon(2000, 30000), sender, to, begun, client)
        else:
            self.queued(file, t + self.soon(2000, 30000), sender, to, begun)
        return t + self.soon()

    def after_hold(self, file, t, sender, left, begun):
        t += int((0.05 + self.chance()) * self.lifetime)
        chance, tag = self.chance(), self.tag(file.instance, "postsuper", 40)
        if chance < 0.3:
            self.push(t, file.host, f"{tag} {file.id}: removed", (file.deleted,), (self.end, file))
        elif chance < 0.8:
            self.push(t, file.host, f"{tag} {file.id}: released from hold", (file.released,))
            self.queue(file, t + self.soon(), sender, left, begun)

    def through_filter(self, file, t, sender, to, begun, client):
        """All recipients go to a filter, which hands the mail in again before it answers."""
        size = self.active(file, t, sender, len(to))
        t += self.soon(50000, 1500000)
        instance = file.instance if self.chance() < 0.7 else self.instances[-1]
        second = self.new_file(file.host, instance, t)
        tag = self.tag(instance, "10025/smtpd")
        self.push(t, file.host, f"{tag} connect from localhost[127.0.0.1]")
        t += 900
        self.push(t, file.host, f"{tag} {second.id}: client=localhost[127.0.0.1], orig_queue_id={file.id}, "
                  f"orig_client={client}", (second.came, "localhost[127.0.0.1]", None, file.id))
        t += self.soon(900, 9000)
        self.cleanup(second, t, self.message_id(t, second))
        t += self.soon(900, 9000)
        self.push(t, file.host, f"{tag} disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt={len(to)} data=1 "
                  "quit=1 commands=5")
        reply = f"250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as {second.id}"
        relay = "127.0.0.1[127.0.0.1]:10024"
        tag = self.tag(file.instance, "amavis/smtp")
        for one in to:
            self.delivery(file, t + 1000, tag, one, None, relay, begun, "2.0.0", "sent", reply, following=second.id)
        self.remove(file, t + self.soon(2000, 9000))
        self.queued(second, t + self.soon(2000, 30000), sender, to, t, size)

    def probe(self, host, instance, t):
        file = self.new_file(host, instance, t)
        to, name = self.address(FAR), self.pick(FAR[:10])
        self.cleanup(file, t, f"{t:x}.{file.id}@{host}.example")
        self.active(file, t + self.soon(), f"double-bounce@{host}.example", 1, 250)
        t += SECOND
        word = self.pick(("deliverable (250 2.1.5 Ok)", "undeliverable (host x.example[192.0.2.1] said: 550 5.1.1 no "
                          "(in reply to RCPT TO command))"))
        self.push(t, host, f"{self.tag(instance, 'smtp', 20)} {file.id}: to=<{to}>, relay=mx.{name}[{self.ip()}]:25, "
                  f"delay=1, delays=0/0/0.5/0.5, dsn=2.1.5, status={word}")
        self.remove(file, t + self.soon())

    # ---- in the queue ----

    def active(self, file, t, sender, count, size=None):
        size = size or file.size or 400 + int(self.chance() ** 4 * 5e6)
        self.push(t, file.host, f"{self.tag(file.instance, 'qmgr')} {file.id}: from=<{sender}>, size={size}, "
                  f"nrcpt={count} (queue active)", (file.active, sender, size, count))
        return size

    def remove(self, file, t):
        self.push(t, file.host, f"{self.tag(file.instance, 'qmgr')} {file.id}: removed", (file.gone,),
                  (self.end, file))

    def delivery(self, file, t, tag, to, original, relay, begun, dsn, status, reply, word=None, following=None, *effects):
        spent = t - begun
        used = f" conn_use={2 + int(self.chance() * 8)}," if self.chance() < 0.05 and relay.endswith(":25") else ""
        other = f" orig_to=<{original}>," if original else ""
        in_queue = int(spent * 0.6)
        self.push(t, file.host, f"{tag} {file.id}: to=<{to}>,{other} relay={relay},{used} delay={seconds(spent)}, "
                  f"delays={seconds(spent // 10)}/{seconds(in_queue)}/{seconds(spent // 10)}/{seconds(spent // 5)}, "
                  f"dsn={dsn}, status={word or self.logged(status)} ({reply})",
                  (file.outcome, to, original, status, dsn, relay, reply, following), *effects)

    def logged(self, status):
        return "sent" if status in ("forwarded", "discarded") else status

    def queued(self, file, t, sender, to, begun, size=None, plain=False):
        """`plain`: no aliases, no failures."""
        left = [(one, None, "sent", 0) if plain else self.recipient(one) for one in to]
        self.queue(file, t, sender, list({entry[0]: entry for entry in left}.values()), begun, size)

    def queue(self, file, t, sender, left, begun, size=None):
        """From the queue manager's first look to the end."""
        count, tries, wait = len(left), 0, self.backoff
        while True:
            size = self.active(file, t, sender, count, size)
            left, t, bounced = self.attempt(file, t, sender, left, begun, tries)
            if bounced:
                t = self.notify(file, t, sender)
            if not left:
                return self.remove(file, t + self.soon(1000, 30000))
            count, tries = len(left), tries + 1
            if t - begun > self.lifetime:
                return self.expire(file, t + 10, sender)
            if self.interfere(file, t, sender, left, begun):
                return None
            t += wait + self.soon(1, SECOND)
            wait = min(2 * wait, 4000 * SECOND)

    def recipient(self, address):
        """(address, original, fate, how many deferrals before)."""
        rates, chance = self.rates, self.chance()
        original = None
        if self.chance() < rates["alias"]:
            original, address = address, self.address(FAR if self.chance() < 0.5 else NEAR)
        fate, deferrals = "sent", 0
        for word, many in (("never", 99), ("deferred", 1 + int(self.chance() * 4)), ("greylisted", 1), ("soft", 1)):
            if chance < rates[word]:
                return address, original, word, many
            chance -= rates[word]
        if chance < rates["bounced"]:
            fate = "bounced"
        elif address.endswith(tuple(NEAR)) and self.chance() < rates["forward"]:
            fate = "forwarded"
        return address, original, fate, deferrals

    def attempt(self, file, t, sender, left, begun, tries):
        """One go at all that are left: (those still left, time, any bounced)."""
        still, bounced, last = [], False, t
        for to, original, fate, deferrals in left:
            at = t + self.soon(5000, 4 * SECOND)
            last = max(last, at)
            if tries < deferrals:
                self.deferral(file, at, to, original, fate, begun)
                still.append((to, original, fate, deferrals))
            elif fate == "bounced" or (fate == "deferred" and self.chance() < 0.1):
                self.bounce(file, at, to, original, begun)
                bounced = True
            elif fate == "forwarded":
                self.forward(file, at, sender, to, original, begun)
            else:
                self.success(file, at, to, original, begun)
        return still, last + 1000, bounced

    def mx(self, to):
        return f"mx.{to.rpartition('@')[2]}", self.ip()

    def deferral(self, file, t, to, original, fate, begun):
        tag = self.tag(file.instance, "smtp", 20)
        name, ip = self.mx(to)
        kind = "hostile" if self.chance() < self.rates["hostile"] else \
            fate if fate in ("greylisted", "deferred") else "deferred"
        if fate == "soft":
            dsn, words, stage = self.pick(SAID["bounced"])
            reply = f"host {name}[{ip}] said: {words.format(to=to)} (in reply to {stage})"
            return self.delivery(file, t, tag, to, original, f"{name}[{ip}]:25", begun, dsn, "deferred", reply,
                                 word="SOFTBOUNCE")
        if kind != "greylisted" and self.chance() < 0.4:
            return self.delivery(file, t, tag, to, original, "none", begun, "4.4.1", "deferred",
                                 self.pick(UNREACHED).format(name=name, ip=ip))
        dsn, words, stage = self.pick(SAID[kind])
        reply = f"host {name}[{ip}] said: {words.format(to=to)} (in reply to {stage})"
        if self.chance() < self.rates["tries"]:
            self.push(t - 900, file.host, f"{tag} {file.id}: {reply}")
        return self.delivery(file, t, tag, to, original, f"{name}[{ip}]:25", begun, dsn, "deferred", reply)

    def bounce(self, file, t, to, original, begun):
        dsn, words, stage = self.pick(SAID["bounced"])
        name, ip = self.mx(to)
        service, relay = "smtp", f"{name}[{ip}]:25"
        reply = f"host {name}[{ip}] said: {words.format(to=to)} (in reply to {stage})"
        if to.endswith(tuple(NEAR)):
            service, relay, reply = self.pick((("local", "local", f'unknown user: "{to.partition("@")[0]}"'),
                                               ("virtual", "virtual", "unknown user: \"x\""),
                                               ("error", "none", "mail for closed.example is refused"),
                                               ("pipe", "spool", "Command died with status 67: \"/bin/x\"")))
        return self.delivery(file, t, self.tag(file.instance, service), to, original, relay, begun, dsn, "bounced", reply)

    def success(self, file, t, to, original, begun):
        if to.endswith(tuple(NEAR)):
            service, relay, reply, status = self.pick((
                ("virtual", "virtual", "delivered to maildir", "sent"), ("local", "local", "delivered to mailbox", "sent"),
                ("local", "local", "delivered to command: /usr/bin/sort -a \"$EXTENSION\" (x)", "sent"),
                ("pipe", "spool", "delivered via spool service", "sent"),
                ("discard", "none", "thrown away by policy", "discarded"),
                ("lmtp", f"{file.host}[private/store]", f"250 2.0.0 <{to}> 8kQ{t % 9999} Saved", "sent")))
            return self.delivery(file, t, self.tag(file.instance, service), to, original, relay, begun, "2.0.0", status,
                                 reply)
        name, ip = self.mx(to)
        tag = self.tag(file.instance, "smtp", 20)
        if self.chance() < self.rates["tls"]:
            self.push(t - 1000, file.host, f"{tag} {self.pick(('Untrusted', 'Verified'))} TLS connection established "
                      f"to {name}[{ip}]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)")
        following = f"{t % SECOND:05X}{int(self.chance() * 0xFFFFFF):06X}"
        reply = self.pick((f"250 2.0.0 Ok: queued as {following}", f"250 2.0.0 OK 17{t % 99999} a-b.3 - gsmtp",
                           f"250 ok:  Message {t % 99999} accepted (status=deferred (not))"))
        return self.delivery(file, t, tag, to, original, f"{name}[{ip}]:25", begun, "2.0.0", "sent", reply,
                             following=following if following in reply else None)

    # ---- what leads to other mails ----

    def forward(self, file, t, sender, to, original, begun):
        """local(8) sends it on to somebody else, in a queue file of its own."""
        child = self.new_file(file.host, file.instance, t)
        self.cleanup(child, t - 500, self.message_id(t, file))
        self.delivery(file, t, self.tag(file.instance, "local"), to, original, "local", begun, "2.0.0", "forwarded",
                      f"forwarded as {child.id}", None, child.id, (child.child_of, file.id))
        self.queued(child, t + self.soon(2000, 20000), sender, [self.address(FAR)], t)

    def notify(self, file, t, sender):
        """The sender is told; returns the time after. Nobody tells the null sender."""
        if not sender or "@" not in sender:
            return t
        report = self.new_file(file.host, file.instance, t)
        line = f"{self.tag(file.instance, 'bounce')} {file.id}: sender non-delivery notification: {report.id}"
        first = self.chance() < self.rates["notified_first"]
        self.push(t + (500 if first else 5000), file.host, line, (report.child_of, file.id))
        self.cleanup(report, t + 2000, f"{t:x}.{report.id}@{file.host}.example")
        self.queued(report, t + 6000 + self.soon(10, 9000), "", [sender], t, plain=True)
        return t + 9000

    def expire(self, file, t, sender):
        self.push(t, file.host, f"{self.tag(file.instance, 'qmgr')} {file.id}: from=<{sender}>, "
                  f"status={self.pick(('expired', 'expired', 'force-expired'))}, returned to sender",
                  (file.all_open, "expired"))
        return self.remove(file, self.notify(file, t + 1000, sender) + 1000)

    def interfere(self, file, t, sender, left, begun):
        """The administrator, between two attempts. True: the plan ends here."""
        chance, rates = self.chance(), self.rates
        tag = self.tag(file.instance, "postsuper", 40)
        t += int((0.1 + 0.8 * self.chance()) * self.backoff)
        share = 8  # only what waits can be meddled with; the rates are of all mails
        if chance < rates["admin_delete"] * share:
            self.push(t, file.host, f"{tag} {file.id}: removed", (file.deleted,), (self.end, file))
            return True
        chance -= rates["admin_delete"] * share
        if chance < rates["requeue"] * share:
            self.requeue(file, t, sender, [one[0] for one in left])
            return True
        chance -= rates["requeue"] * share
        if chance < rates["admin_hold"] * share:
            self.push(t, file.host, f"{tag} {file.id}: placed on hold", (file.all_open, "held"))
            self.after_hold(file, t, sender, left, begun)
            return True
        return False

    def requeue(self, file, t, sender, to):
        self.push(t, file.host, f"{self.tag(file.instance, 'postsuper', 40)} {file.id}: requeued",
                  (file.all_open, "requeued"))
        t += self.soon(50000, 5 * SECOND)
        anew = self.new_file(file.host, file.instance, t)
        self.push(t, file.host, f"{self.tag(file.instance, 'pickup', 1)} {anew.id}: uid=102 from=<{sender}> "
                  f"orig_id={file.id}", (anew.picked_up, sender, file), (self.end, file))
        self.cleanup(anew, t + self.soon(), f"{t:x}.again@{self.pick(NEAR)}")
        self.queued(anew, t + SECOND, sender, to, t)

    # ---- what concerns no mail ----

    def refused_session(self, host, instance, t):
        tag, client = self.tag(instance, "smtpd"), self.client()
        bad, sender = self.address(NEAR), self.address(FAR)
        self.push(t, host, f"{tag} connect from {client}")
        t += self.soon()
        self.push(t, host, f"{tag} NOQUEUE: {self.pick(('reject', 'milter-reject'))}: RCPT from {client}: "
                  f"554 5.7.1 <{bad}>: Relay access denied; from=<{sender}> to=<{bad}> proto=ESMTP "
                  f"helo=<{self.helo(client)}>")
        t += self.soon()
        self.push(t, host, f"{tag} lost connection after RCPT from {client}")
        self.push(t + 50, host, f"{tag} disconnect from {client} ehlo=1 mail=1 rcpt=0/1 commands=2/3")

    def noise(self, host, instance, t):
        client, tag = self.client(), self.tag(instance, "smtpd")
        ip = client.partition("[")[2][:-1]
        for words in self.pick((
                (f"{tag} connect from {client}", f"{tag} disconnect from {client} ehlo=1 auth=0/1 quit=1 commands=2/3"),
                (f"{tag} warning: {client}: SASL LOGIN authentication failed: UGFzc3dvcmQ6",),
                (f"{tag} warning: hostname status=sent.example does not resolve to address {ip}",),
                (f"{self.tag(instance, 'anvil', 1)} statistics: max connection rate 3/60s for (smtp:{ip}) at Jan  1 "
                 "00:00:00",),
                (f"{self.tag(instance, 'postscreen', 1)} CONNECT from [{ip}]:51234 to [192.0.2.1]:25",
                 f"{self.tag(instance, 'postscreen', 1)} PASS NEW [{ip}]:51234"),
                (f"{self.tag(instance, 'smtp', 20)} connect to mx.far.example[{ip}]:25: Connection timed out",),
                ("dovecot: imap-login: Login: user=<ann>, method=PLAIN, rip=192.0.2.9, lip=192.0.2.1, TLS",),
                ("CRON[4711]: (root) CMD (/usr/bin/true)",),
                (f"{self.tag(instance, 'tlsproxy', 1)} CONNECT from [{ip}]:40000",))):
            self.push(t, host, words)
            t += self.soon(1000, SECOND)

    # ---- writing ----

    def end(self, file):
        place = (file.host, file.instance)
        self.open[place].discard(file.id)
        self.just_gone[place].append((self.written_at, file.t0, file.id))
        self.files.pop(file, None)
        if self.answers is not None:
            self.answers.write(json.dumps(file.answer()) + "\n")

    def note(self, t, effects):
        """What the line that is written now tells."""
        self.written_at = t
        for effect, *values in effects:
            file = getattr(effect, "__self__", None)
            if isinstance(file, QueueFile) and file.t0 is None:
                file.t0 = t
                self.files[file] = True
            effect(*values)

    def stamp(self, at):
        day = time.gmtime(at)
        if self.iso:
            return time.strftime("%Y-%m-%dT%H:%M:%S.", day)
        return f"{MONTHS[day.tm_mon - 1]} {day.tm_mday:2} {day.tm_hour:02}:{day.tm_min:02}:{day.tm_sec:02} "

    def texts(self):
        """The lines as text, with their newlines."""
        heap, second, stamp, iso, left = self.heap, -1, "", self.iso, self.lines
        while left > 0:
            while not heap or heap[0][0] > self.now:
                self.now += 1 + int(self.rng.expovariate(1 / self.step))
                self.arrive(self.now)
            t, _, host, text, effects = heapq.heappop(heap)
            if t // SECOND != second:
                second = t // SECOND
                stamp = self.stamp(second)
            if effects:
                self.note(t, effects)
            left -= 1
            yield f"{stamp}{t % SECOND:06}+00:00 {host} {text}\n" if iso else f"{stamp}{host} {text}\n"

    def write(self, log, answers=None):
        """Both are open files; log takes bytes, answers text."""
        self.answers, some = answers, []
        for text in self.texts():
            some.append(text)
            if len(some) == 4096:
                log.write("".join(some).encode())
                some.clear()
        log.write("".join(some).encode())
        if answers is not None:
            for file in self.files:
                answers.write(json.dumps(file.answer()) + "\n")


def parser():
    def rate(text):
        name, _, share = text.partition("=")
        if name not in RATES:
            raise argparse.ArgumentTypeError(f"{name} is none of {' '.join(RATES)}")
        return name, float(share)
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--lines", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--format", choices=("rfc3164", "iso"), default="rfc3164")
    options.add_argument("--hosts", type=int, default=2)
    options.add_argument("--instances", default="postfix,postfix-in,postfix-out")
    options.add_argument("--ids", choices=("mixed", "short", "long"), default="mixed")
    options.add_argument("--start", type=float, help="of the log, seconds since 1970")
    options.add_argument("--span", type=float, help="of the log, seconds, about")
    options.add_argument("--lifetime", type=float, help="of a mail in the queue, seconds")
    options.add_argument("--rate", type=rate, action="append", default=[], metavar="NAME=SHARE",
                         help=" ".join(f"{name}={share}" for name, share in RATES.items()))
    options.add_argument("--answers")
    options.add_argument("log", nargs="?", help="(standard output)")
    return options


def until_now(lines):
    """Options for a log that ended a short while ago: within every retention, in no year but this."""
    span = max(1800, lines / 100)
    return {"span": span, "start": int(time.time() - 1.3 * span - 3600)}


def generate(log, answers, **options):
    """A log and its answers as files, with options as on the command line."""
    settings = parser().parse_args([])
    for name, value in options.items():
        setattr(settings, name, value)
    with open(log, "wb") as to, open(answers or "/dev/null", "w", encoding="utf-8") as truth:
        Generator(settings).write(to, truth if answers else None)


def main():
    options = parser().parse_args()
    answers = open(options.answers, "w", encoding="utf-8") if options.answers else None
    with open(options.log, "wb") if options.log else sys.stdout.buffer as log:
        Generator(options).write(log, answers)
    if answers:
        answers.close()


if __name__ == "__main__":
    main()
