# SPDX-License-Identifier: BSD-2-Clause
"""Random mails and random questions about them, with the answers that a plain list has: what fits is
decided here by words and the ipaddress module, without a look at the engine. (both_answers.py asks
the engine.)"""
import collections
import functools
import hashlib
import ipaddress
import random
import time
import urllib.parse
from dataclasses import dataclass, field

NODE = 1
DAYS = 3

# What servers say, and the reason that the shipped rules find in it.
WORDS = {"userunknown": ("5.1.1", "550 5.1.1 User unknown"),
         "mailboxfull": ("4.2.2", "452 4.2.2 Mailbox full"),
         "spamdetected": ("5.7.1", "554 5.7.1 Message rejected as spam"),
         "expired": ("4.4.1", "connect to mx.example[192.0.2.1]:25: Connection timed out")}
DOMAINS = ["a.example", "mail.a.example", "deep.mail.a.example", "b.example", "notb.example", "c.example",
           "xa.example"]
SERVERS = [f"mx{i}.{domain}" for domain in ("a.example", "relay.b.example", "c.example") for i in (1, 2)]
NETWORKS = ["192.0.2.0/24", "198.51.100.0/25", "2001:db8:1::/48", "2001:db8:2:3::/64"]
SUBJECTS = ["Your order 17", "Invoice of May", "Re: your order", "Meeting, then lunch"]
OUTCOMES = ["delivered"] * 6 + ["failed", "failed", "delayed", "expired", "accepted", "held", "rejected"]


@dataclass
class Recipient:
    address: str
    original: str = None
    state: str = "accepted"
    status: str = None
    reason: str = None
    servers: list = field(default_factory=list)  # (name, address) of each attempt


@dataclass
class Mail:
    number: int
    arrived: int
    host: str
    queue_id: str
    sender: str
    header_from: str
    message_id: str
    login: str
    client: str
    ip: str
    list_id: str
    subject: str
    recipients: list
    abandoned: bool = False

    def state(self):
        return "abandoned"  # only asked for where there is no recipient

    def shown(self):
        """The recipients, or the one that stands for none."""
        return self.recipients or [Recipient(None, state="abandoned")]


# ---- making mails ----

class Maker:
    def __init__(self, seed, count, now):
        self.dice = random.Random(seed)
        self.people = [f"{name}{i}@{self.dice.choice(DOMAINS)}" for i in range(max(20, count // 50))
                       for name in ("ann", "Bob")]
        self.addresses = []
        for network in map(ipaddress.ip_network, NETWORKS):
            self.addresses += [str(network[self.dice.randrange(1, min(network.num_addresses, 2**20))])
                               for _ in range(40)]
        self.remote_addresses = {server: self.dice.choice(self.addresses) for server in SERVERS}
        self.start, self.count = now - DAYS * 86400_000, count

    def person(self):
        at = int(len(self.people) * self.dice.random() ** 3)  # few have most of the mail
        person = self.people[at]
        return person.upper() if self.dice.random() < 0.05 else person

    def outcome(self, recipient):
        dice = self.dice
        recipient.state = dice.choice(OUTCOMES)
        if recipient.state == "accepted":
            return
        for _ in range(dice.choice([0, 0, 0, 1, 2])):
            self.attempt(recipient)
        if recipient.state in ("delayed", "failed", "expired"):
            self.attempt(recipient)
        if recipient.state == "delivered":
            self.attempt(recipient)
            recipient.status, recipient.reason = "2.0.0", None
        elif recipient.state == "held":
            recipient.status, recipient.reason = None, None
        elif recipient.state == "rejected":
            recipient.reason = dice.choice(["userunknown", "spamdetected"])
            recipient.status, recipient.servers = WORDS[recipient.reason][0], []

    def attempt(self, recipient):
        server = self.dice.choice(SERVERS)
        recipient.servers.append((server, self.remote_addresses[server]))
        recipient.reason = self.dice.choice(list(WORDS))
        recipient.status = WORDS[recipient.reason][0]

    def mail(self, number):
        dice = self.dice
        arrived = self.start + (DAYS * 86400_000 - 600_000) * number // self.count + dice.randrange(500)
        mail = Mail(self.id_of(arrived, number), arrived, dice.choice(["mx1.our.example", "mx2.our.example", "out.other.example"]),
                    f"4Q{number:x}Z", "" if dice.random() < 0.05 else self.person(), None,
                    f"Id.{number // 2 * 2 if dice.random() < 0.1 else number}@Mailer.example",
                    dice.choice(["ann", "Bob", "shop", None, None]),
                    dice.choice(["unknown", "one.client.example", "two.client.example", "client.example"]),
                    dice.choice(self.addresses),
                    dice.choice([None] * 5 + ["News <news.lists.example>", "<talk.lists.example>"]),
                    dice.choice([None, *SUBJECTS]), [])
        if dice.random() < 0.7:
            mail.header_from = f"Some One <{self.person()}>" if dice.random() < 0.5 else self.person()
        if dice.random() < 0.03:
            mail.abandoned = True
            return mail
        seen = set()
        for _ in range(dice.choice([1, 1, 1, 2, 3])):
            recipient = Recipient(self.person())
            if recipient.address.lower() in seen:
                continue
            seen.add(recipient.address.lower())
            self.outcome(recipient)
            if recipient.state == "delivered" and len(recipient.servers) == 1 and dice.random() < 0.4:
                recipient.original = self.person()
                if recipient.original.lower() in seen:
                    recipient.original = None
                else:  # the alias is a recipient of its own, which went on to the other
                    seen.add(recipient.original.lower())
                    mail.recipients.append(Recipient(recipient.original, state="expanded", status=recipient.status,
                                                     servers=recipient.servers[-1:]))
            mail.recipients.append(recipient)
        return mail

    @staticmethod
    def id_of(arrived, number):
        seconds = arrived // 1000
        day = time.strftime("%y%m%d", time.gmtime(seconds))
        return int(f"{day}{seconds % 86400:05}{NODE:02}{number % 10000:05}")


# ---- the facts of a mail ----

def fact(ms, witness, kind, **values):
    text = " ".join(f"{key}={urllib.parse.quote(value, safe='@:[]/.,<>-_+')}" for key, value in values.items()
                    if value is not None)
    digest = hashlib.sha256(f"{ms}{witness}{kind}{text}".encode()).digest()
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
    return f"{ms} {witness}{''.join(letters[byte % 64] for byte in digest[:10])} {kind} {text}\n"


def facts(mail):
    at, w = mail.arrived, str(mail.number)
    place_ = {"host": mail.host, "inst": "postfix"}
    yield fact(at, "m", "mail", w=w, **place_, **{"from": mail.sender}, client=mail.client, ip=mail.ip, login=mail.login)
    if mail.abandoned:
        yield fact(at + 20, "m", "abandoned", w=w, phase="mail", **place_)
        return
    for one in mail.recipients:
        if one.state == "expanded":
            continue
        if one.state == "rejected":
            yield fact(at + 5, "m", "refused", w=w, **place_, to=one.address, phase="rcpt", dsn=one.status,
                       reply=WORDS[one.reason][1])
        else:
            yield fact(at + 5, "m", "rcpt", w=w, **place_, to=one.original or one.address)
    if all(one.state == "rejected" for one in mail.recipients):
        return
    yield fact(at + 10, "m", "header", w=w, **place_, q=mail.queue_id, id=mail.message_id, hfrom=mail.header_from,
               list=mail.list_id, subject=mail.subject)
    yield fact(at + 20, "m", "queued", w=w, **place_, q=mail.queue_id, size="1000")
    for one in mail.recipients:
        if one.state != "expanded":
            yield from log_facts(mail, one, dict(place_, q=mail.queue_id))


def log_facts(mail, one, where):
    who = dict(where, to=one.address, orig=one.original)
    last = len(one.servers) - 1
    for number, (server, address) in enumerate(one.servers):
        kind = one.state if number == last and one.state in ("delivered", "failed", "expired") else "delayed"
        status, words = WORDS[one.reason] if one.reason else ("4.2.2", WORDS["mailboxfull"][1])
        if kind == "delivered":
            status, words = "2.0.0", "250 2.0.0 Ok"
        yield fact(mail.arrived + 1000 + 1000 * number, "l", kind, **who, relay=f"{server}[{address}]:25",
                   dsn=status, reply=words, via="smtp")
    if one.state == "held":
        yield fact(mail.arrived + 60_000, "l", "held", **who)


# ---- who fits, by plain words ----

# The same few values are compared with those of many mails: what came out once is remembered.
remembered = functools.lru_cache(maxsize=1 << 18)


def in_domain(domain, wanted):
    return domain == wanted or domain.endswith("." + wanted)


@remembered
def is_address(value, address):
    if address is None:
        return False
    value, address = value.lower(), address.lower()
    if value.startswith("@."):
        return "@" in address and in_domain(address.rsplit("@", 1)[1], value[2:])
    if value.startswith("@"):
        return "@" in address and address.rsplit("@", 1)[1] == value[1:]
    return address == ("" if value == "<>" else value)


@remembered
def is_name(value, name):
    if name is None:
        return False
    return in_domain(name.lower(), value.lstrip("@").lstrip(".")) if value.startswith("@") else name.lower() == value.lower()


def network_of(value):
    try:
        return ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None


@remembered
def is_machine(value, name, address):
    network = network_of(value)
    if network is not None:
        return ipaddress.ip_address(address) in network
    return is_name(value, name)


@remembered
def header_address(header):
    return header[header.rindex("<") + 1:-1] if header and header.endswith(">") else header


@remembered
def has_status(value, status):
    wanted = [part for part in value.split(".") if part != "x"]
    return status is not None and status.split(".")[:len(wanted)] == wanted


def passed_headers(mail):
    return not mail.abandoned and not all(one.state == "rejected" for one in mail.recipients)


OF_MAIL = {
    "who": lambda v, m: is_address(v, m.sender) or any(is_address(v, r.address) or is_address(v, r.original)
                                                       for r in m.recipients),
    "from": lambda v, m: is_address(v, m.sender),
    "header-from": lambda v, m: passed_headers(m) and is_address(v, header_address(m.header_from)),
    "message-id": lambda v, m: passed_headers(m) and m.message_id.lower() == v.strip("<>").lower(),
    "queue-id": lambda v, m: passed_headers(m) and m.queue_id == v,
    "id": lambda v, m: str(m.number) == v,
    "client": lambda v, m: is_machine(v, m.client, m.ip),
    "login": lambda v, m: m.login is not None and m.login.lower() == v.lower(),
    "host": lambda v, m: is_name(v, m.host),
    "list": lambda v, m: passed_headers(m) and m.list_id is not None and is_name(v, header_address(m.list_id)),
    "subject": lambda v, m: passed_headers(m) and m.subject is not None and v.lower() in m.subject.lower(),
}
HAVE_REASON = ("delayed", "failed", "expired", "rejected")
OF_RECIPIENT = {
    "to": lambda v, r: is_address(v, r.address) or is_address(v, r.original),
    "original": lambda v, r: is_address(v, r.original),
    "state": lambda v, r: r.state == v,
    "reason": lambda v, r: r.state in HAVE_REASON and r.reason == v,
    "status": lambda v, r: has_status(v, r.status),
    "remote": lambda v, r: any(is_machine(v, name, address) for name, address in r.servers),
}


@dataclass
class Term:
    name: str
    values: list
    negated: bool

    def text(self):
        values = ",".join(f'"{value}"' if " " in value or "," in value else value for value in self.values)
        return f"{'-' if self.negated else ''}{self.name}:{values}"

    def fits(self, thing):
        test = (OF_MAIL.get(self.name) or OF_RECIPIENT[self.name])
        return any(test(value, thing) for value in self.values) != self.negated


@dataclass
class Question:
    terms: list
    since: int
    until: int
    oldest: bool
    kinds: set
    times: tuple  # how since and until are written

    def text(self):
        words = [term.text() for term in self.terms] + [f"since:{self.times[0]}", f"until:{self.times[1]}"]
        return " ".join(words + (["order:oldest"] if self.oldest else []))

    def recipients(self, mail):
        terms = [term for term in self.terms if term.name in OF_RECIPIENT]
        return [one for one in mail.shown() if all(term.fits(one) for term in terms)]

    def answer(self, mails):
        """[mail], in order, of those that arrived in the time."""
        terms = [term for term in self.terms if term.name in OF_MAIL]
        found = [mail for mail in mails if all(term.fits(mail) for term in terms) and self.recipients(mail)]
        return sorted(found, key=lambda mail: mail.number, reverse=not self.oldest)


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


# ---- making questions ----

def below(dice, domain):
    labels = domain.split(".")
    return ".".join(labels[dice.randrange(len(labels)):])


def address_value(dice, address):
    if not address:
        return "<>", "null"
    domain = address.rsplit("@", 1)[1].lower()
    return dice.choice([(address, "exact"), (address.swapcase(), "exact"), ("@" + domain, "domain"),
                        ("@." + below(dice, domain), "below")])


def machine_value(dice, name, address):
    bits = ipaddress.ip_address(address).max_prefixlen
    network = f"{address}/{dice.choice([bits, bits - 3, bits - 8, bits // 2, 0])}"
    return dice.choice([(address, f"address{bits}"), (network, f"network{bits}"), (name, "name"),
                        ("@" + below(dice, name), "domain")])


def name_value(dice, name):
    return dice.choice([(name, "exact"), ("@" + below(dice, name), "domain")])


# What forms the values of a field have; a field without a row has only "plain" ones.
SHAPES = {name: ["exact", "domain", "below"] for name in ("who", "header-from", "to", "original")}
SHAPES |= {"from": ["exact", "domain", "below", "null"], "host": ["exact", "domain"], "list": ["exact", "domain"],
           "status": ["whole", "two", "class"], "message-id": ["plain", "brackets"],
           "state": ["accepted", "delivered", "failed", "delayed", "expired", "held", "rejected", "expanded", "abandoned"],
           "reason": list(WORDS)}
SHAPES |= {name: ["address32", "address128", "network32", "network128", "name", "domain"] for name in ("client", "remote")}
NAMES = [*OF_MAIL, *OF_RECIPIENT]
# Of what the store has an index; a question without any of these, not negated, reads all records of its time.
ADDRESSES = {"who", "to", "original", "from"}
LEADING = ADDRESSES | {"message-id", "queue-id", "id", "login", "reason"}
SCANNED, WALKED = 150, 1000  # mails at most, for a question without and with such a term that many mails have


def one_machine(term):
    """A client or a server by itself leads, a network or a domain of them does not."""
    return term.name in ("client", "remote") and not term.negated and not any(v[0] == "@" or "/" in v for v in term.values)


def most_mails(terms):
    """Of how many mails may the time asked for be?"""
    leading = [term for term in terms if term.name in LEADING and not term.negated]
    rare = [term for term in leading if term.name not in ("login", "reason") and not any(v[0] in "@<" for v in term.values)]
    return None if rare else WALKED if leading else SCANNED


class Asker:
    def __init__(self, seed, mails):
        self.dice, self.mails = random.Random(seed), mails

    def value(self, name, mail, one):
        """A value of some mail, and what kind of value it is; None: that mail has none."""
        dice = self.dice
        server = dice.choice(one.servers) if one.servers else None
        if name in ("who", "from", "header-from", "to", "original"):
            address = {"who": dice.choice([mail.sender, one.address]), "from": mail.sender, "to": one.address,
                       "header-from": header_address(mail.header_from), "original": one.original}[name]
            return None if address is None or (address == "" and name != "from") else address_value(dice, address)
        if name in ("client", "remote"):
            if name == "remote" and server is None:
                return None
            return machine_value(dice, *((mail.client, mail.ip) if name == "client" else server))
        if name in ("host", "list"):
            whole = mail.host if name == "host" else header_address(mail.list_id)
            return name_value(dice, whole) if whole else None
        if name == "status" and one.status:
            return dice.choice([(one.status, "whole"), (one.status[:3], "two"), (one.status[0], "class"),
                                (one.status[0] + ".x.x", "class"), (one.status[:3] + ".x", "two")])
        if name == "message-id":
            return dice.choice([(mail.message_id, "plain"), (f"<{mail.message_id.upper()}>", "brackets")])
        if name == "subject":
            return (dice.choice([mail.subject, *mail.subject.upper().split()]), "plain") if mail.subject else None
        if name in ("state", "reason"):
            word = one.state if name == "state" else one.reason
            return (word, word) if word else None
        plain = {"queue-id": mail.queue_id, "id": str(mail.number), "login": mail.login, "status": None}[name]
        return (plain, "plain") if plain else None

    def term(self, name, mail, one, kinds, first=None):
        dice = self.dice
        values = []
        for _ in range(dice.choice([1, 1, 2, 3])):
            found, first = first or self.value(name, mail, one), None
            if found:
                values.append(found[0])
                kinds.add(f"{name} {found[1]}")
            for _ in range(30):  # the other values are somebody else's
                mail = dice.choice(self.mails)
                one = dice.choice(mail.shown())
                if name != "original" or one.original:
                    break
        if not values:
            return None
        negated = dice.random() < 0.3
        kinds.add(f"{name} {'not' if negated else 'positive'}")
        if len(values) > 1:
            kinds.add(f"{name} alternatives{' not' if negated else ''}")
        return Term(name, values, negated)

    def rare(self, number):
        """A question that is sure to be of this kind: the kinds come in turn, one after the other."""
        name, kinds = NAMES[number % len(NAMES)], set()
        shapes = SHAPES.get(name, ["plain"])
        shape = shapes[number // len(NAMES) % len(shapes)]
        for _ in range(20000):
            mail = self.dice.choice(self.mails)
            one = self.dice.choice(mail.shown())
            found = self.value(name, mail, one)
            if found and found[1] == shape:
                return self.within([self.term(name, mail, one, kinds, found)], mail, kinds)
        return self.question()

    def scan(self, mails):
        """Terms that lead nowhere, in a time of about so many mails."""
        dice, kinds = self.dice, {"scan"}
        mail = dice.choice(self.mails)
        one = dice.choice(mail.shown())
        terms = [self.term(name, mail, one, kinds) for name in dice.sample(sorted(set(NAMES) - LEADING), dice.choice([0, 1, 1, 2]))]
        terms = [term for term in terms if term and not one_machine(term)]
        span = DAYS * 86400 * mails // len(self.mails)
        since = mail.arrived // 1000 - dice.randrange(span)
        return Question(terms, since * 1000, (since + span) * 1000, dice.random() < 0.5, kinds,
                        (moment(since), moment(since + span)))

    def question(self):
        dice, kinds, terms = self.dice, set(), []
        mail = dice.choice(self.mails)
        one = dice.choice(mail.shown())
        names = list(OF_MAIL) + list(OF_RECIPIENT)
        for name in dice.sample(names, dice.choice([0, 1, 1, 2, 2, 3, 4])):
            term = self.term(name, mail, one, kinds)
            if term:
                terms.append(term)
        return self.within(terms, mail, kinds)

    def within(self, terms, mail, kinds):
        """The question, about a time that this mail is in."""
        dice = self.dice
        span = dice.choice([600, 3600, 3600, 4 * 3600, 12 * 3600] + ([DAYS * 86400] if dice.random() < 0.3 else []))
        most = most_mails(terms)
        if most:
            span = min(span, max(60, DAYS * 86400 * most // len(self.mails)))
        since = mail.arrived // 1000 - dice.randrange(span)
        since, until, times, form = self.spell(mail, since, since + span, most is None)
        oldest = dice.random() < 0.4
        kinds.add(form)
        kinds.add("oldest" if oldest else "newest")
        kinds.add(f"{len(terms)} terms")
        return Question(terms, since, until, oldest, kinds, times)

    def spell(self, mail, since, until, long):
        """The time, ms, and the words for it: by the second, in minutes of here, or a whole day."""
        way = self.dice.random()
        if way < 0.8:
            return since * 1000, until * 1000, (moment(since), moment(until)), "time by the second"
        here = time.localtime(mail.arrived // 1000)
        if way < 0.9 or not long:
            since, until = since // 60 * 60, until // 60 * 60 + 60
            times = tuple(time.strftime('"%Y-%m-%d %H:%M"', time.localtime(each)) for each in (since, until))
            return since * 1000, until * 1000, times, "time by the minute"
        midnight, later = (int(time.mktime((*here[:2], here.tm_mday + more, 0, 0, 0, 0, 0, -1))) for more in (0, 1))
        words = [time.strftime("%Y-%m-%d", here)]
        if time.localtime().tm_hour < 22:  # the day must not end before the question is asked
            words += [word for word, back in (("today", 0), ("yesterday", 86400))
                      if time.localtime(time.time() - back)[:3] == here[:3]]
        return midnight * 1000, later * 1000 - 1, (self.dice.choice(words), self.dice.choice(words)), "time by the day"


# ---- groups ----

def domain_of(address):
    return address.rsplit("@", 1)[1] if address and "@" in address else ""


GROUPS = {
    "state": lambda m, r: r.state, "reason": lambda m, r: (r.reason or "") if r.state in HAVE_REASON else "",
    "status": lambda m, r: r.status or "", "domain": lambda m, r: domain_of(r.address), "to": lambda m, r: r.address or "",
    "sender-domain": lambda m, r: domain_of(m.sender), "from": lambda m, r: m.sender,
    "remote": lambda m, r: r.servers[-1][0] if r.servers and r.state != "held" else "",
    "client": lambda m, r: m.ip, "login": lambda m, r: m.login or "", "host": lambda m, r: m.host,
    "list": lambda m, r: (header_address(m.list_id) if m.list_id and passed_headers(m) else ""),
    "day": lambda m, r: time.strftime("%Y-%m-%d", time.localtime(m.arrived // 1000)),
    "hour": lambda m, r: time.strftime("%Y-%m-%d %H:00", time.localtime(m.arrived // 1000)),
}


def count_groups(question, mails, by):
    recipients, in_mails, found, total = collections.Counter(), collections.Counter(), question.answer(mails), 0
    for mail in found:
        keys = ["=".join(GROUPS[word](mail, one).lower() for word in by) for one in question.recipients(mail)]
        total += len(keys)
        recipients.update(keys)
        in_mails.update(set(keys))
    if not by:
        return [f"{len(found)} {total} 0"]
    ranked = sorted(recipients, key=lambda key: (-recipients[key], key.split("=")))
    return [f"{len(found)} {total} 0"] + [f"{recipients[key]} {in_mails[key]} {key}" for key in ranked]
