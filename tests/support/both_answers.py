# SPDX-License-Identifier: BSD-2-Clause
"""Each question answered twice: by the query engine, out of a Redis that was filled by the real journal and
the real shipper, and by the plain list of questions.py. Most are asked of `ask`, which stays open; some of
the command, in each form that it prints, where going on is done as its answer says."""
import bisect
import collections
import csv
import json
import multiprocessing
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import time

from . import built, place
from .private_redis import PrivateRedis
from .questions import GROUPS, NAMES, NODE, SHAPES, Asker, Maker, count_groups, facts

SHIP, ASK, WAYBILL = "tests/support/ship_facts", "tests/support/ask", "waybill"
FORMS = ("json", "csv", "text")
EXAMINED = 100  # records in vain, of a question that shall come to its bound
SCANNED = 1500  # mails in the time of such a question: also with a page and a portion more, some are left


class Bench:
    """A store with the mails of a seed in it; a context manager. `store` makes it, below a directory."""

    def __init__(self, base, mails, seed, more="", store=lambda base: PrivateRedis(base, "--appendonly", "no")):
        self.base, self.seed, self.more = base, seed, more
        # Copies: a build that is made meanwhile does not change whom the questions are put to.
        self.programs = {name: shutil.copy(built.program(name), base) for name in (SHIP, ASK, WAYBILL)}
        now = int(time.time()) * 1000
        maker = Maker(seed, mails, now)
        self.mails = [maker.mail(number) for number in range(mails)]
        assert len({mail.number for mail in self.mails}) == mails
        self.by_time = sorted(self.mails, key=lambda mail: mail.arrived)
        self.store = store(f"{base}/redis")
        self.compared, self.asked, self.answered, self.differences = 0, collections.Counter(), collections.Counter(), []

    def __enter__(self):
        self.store.start()
        os.makedirs(f"{self.base}/state", exist_ok=True)
        self.config = f"{self.base}/waybill.conf"
        with open(self.config, "w", encoding="ascii") as config:
            config.write(f'redis = "{self.store.address}"\nstate_directory = "{self.base}/state"\n'
                         "hold_seconds = 1\nrefused_per_client = 1000000\n" + self.more)
        try:
            self.load()
        except BaseException:
            self.store.stop()
            raise
        return self

    def __exit__(self, *_):
        self.store.stop()

    def load(self):
        began = time.monotonic()
        ship = subprocess.Popen([self.programs[SHIP], self.config, str(NODE)], stdin=subprocess.PIPE, text=True)
        for mail in self.mails:
            ship.stdin.writelines(facts(mail))
        ship.stdin.close()
        assert ship.wait(600) == 0
        self.load_s = time.monotonic() - began

    # ---- the two side by side ----

    def window(self, question):
        first = bisect.bisect_left(self.by_time, question.since, key=lambda mail: mail.arrived)
        last = bisect.bisect_right(self.by_time, question.until, key=lambda mail: mail.arrived)
        return self.by_time[first:last]

    def wanted(self, question):
        return [mail.number for mail in question.answer(self.window(question))]

    def differ(self, question, what, *lines):
        self.differences.append("\n   ".join([f"{what} {question.text()}", *lines]))

    def compare(self, question, what, got, wanted, kinds=()):
        """`kinds`: what kinds of question it was, beside those of its terms."""
        self.compared += 1
        self.tally([*question.kinds, *kinds], wanted)
        if got != wanted:
            self.differ(question, what, f"got    {short(got)}", f"wanted {short(wanted)}")

    def tally(self, kinds, answer):
        self.asked.update(kinds)
        if answer:
            self.answered.update(kinds)

    # ---- asked of `ask` ----

    def ask(self, *words):
        self.asker.stdin.write("\t".join(words) + "\n")
        self.asker.stdin.flush()
        return self.asker.stdout.readline().rstrip("\n")

    def ids(self, question, what, line):
        """([id], the cursor to go on with, was it bounded)"""
        head, _, rest = line.partition("|")
        cursor = rest.split()[0] if rest else None
        if line.startswith("!") or line.endswith("bounded") and not cursor:
            self.differ(question, what, line[-300:])
        return [int(word) for word in head.split() if word.isdigit()], cursor, line.endswith("bounded")

    def whole(self, question):
        got, cursor, bounded = self.ids(question, "all", self.ask("A", question.text()))
        if cursor or bounded:
            self.differ(question, "all", "stopped")
        self.compare(question, "all", got, self.wanted(question), ["all at once"])

    def pages(self, question, what, text, most="", at_most=100000):
        """All ids by the cursor, in how many pages, and how many of them were bounded."""
        got, cursor, bounded = self.ids(question, what, self.ask("P", most, "", text))
        pages, bounds = 1, int(bounded)
        while cursor and pages < at_most:
            more, cursor, bounded = self.ids(question, what, self.ask("P", most, cursor, text))
            got += more
            pages, bounds = pages + 1, bounds + bounded
        return got, pages, bounds

    def paged(self, question, limit):
        wanted = self.wanted(question)
        limit = max(limit, len(wanted) // 20)  # twenty pages show as much as a thousand
        got, pages, bounds = self.pages(question, f"pages of {limit}", question.text() + f" limit:{limit}", "", len(wanted) + 2)
        if bounds:
            self.differ(question, f"pages of {limit}", "stopped")
        self.compare(question, f"pages of {limit}", got, wanted,
                     ["pages oldest" if question.oldest else "pages newest"] if pages > 2 else ["one page"])

    def scanned(self, question):
        """It stops at its bound, says so, and goes on from there."""
        got, _, bounds = self.pages(question, "scan", question.text(), str(EXAMINED))
        self.compare(question, "scan", got, self.wanted(question), ["bounded oldest" if question.oldest else "bounded newest"])
        if not bounds and len(self.window(question)) > SCANNED // 2:
            self.differ(question, "scan", "does not say that it stopped at its bound")

    def grouped(self, question, by):
        got = self.ask("G", ",".join(by), question.text()).split("\t")
        wanted = count_groups(question, self.window(question), by)
        self.compare(question, f"by {','.join(by)}", got, wanted)
        self.tally([f"group {word}" for word in by] + [f"{len(by)} groups" if by else "count"], wanted[0] != "0 0 0")

    # ---- asked of the command ----

    def run(self, *words):
        done = subprocess.run([self.programs[WAYBILL], *words], text=True, capture_output=True, check=False,
                              env={**os.environ, "WAYBILL_CONFIG": self.config}, stdin=subprocess.DEVNULL, timeout=120)
        return done if done.returncode in (0, 1) else None

    def traced(self, question, form, limit):
        """`waybill trace`, to the end, as each answer says how to go on."""
        words = ["trace", f"{question.text()} limit:{limit}", *([f"--{form}"] if form != "text" else [])]
        got, more = [], True
        while more:
            done = self.run(*words)
            if done is None:
                self.differ(question, f"trace {form}", "failed")
                return
            rows, more = READERS[form](done)
            got += rows
            words = more
        self.compare(question, f"trace {form}", got, [row for mail in question.answer(self.window(question))
                                                      for row in row_of(question, mail, form)], [f"trace {form}"])

    def counted(self, question, form, by):
        """`waybill stats --by`."""
        done = self.run("stats", question.text(), "--by", ",".join(by), *([f"--{form}"] if form != "text" else []))
        wanted = [tuple(line.split(" ", 2)) for line in count_groups(question, self.window(question), by)[1:]]
        wanted = [(int(recipients), int(mails), values.split("=")) for recipients, mails, values in wanted]
        got = COUNTERS[form](done.stdout, len(by)) if done else None
        self.compare(question, f"stats {form} --by {','.join(by)}", got, wanted, [f"stats {form}"])

    # ---- all questions ----

    def put(self, asker, dice, question):
        way = dice.random()
        if way < 0.6:
            self.whole(question)
        elif way < 0.76:
            self.paged(question, dice.choice([1, 2, 7, 50, 400]))
        elif way < 0.92:
            self.grouped(question, dice.sample(list(GROUPS), dice.choice([0, 1, 1, 2, 3])))
        elif way < 0.94:
            self.scanned(asker.scan(min(SCANNED, len(self.mails))))
        elif way < 0.98:
            few = max(dice.choice([3, 50, 1000]), len(self.wanted(question)) // 5)
            self.traced(question, dice.choice(FORMS), few)
        else:
            self.counted(question, dice.choice(FORMS), dice.sample(list(GROUPS), dice.choice([1, 1, 2, 3])))

    def part(self, number, count, parts):
        """Some of the questions, with an `ask` of their own."""
        asker, dice = Asker(self.seed + 1 + 2 * number, self.mails), random.Random(self.seed + 2 + 2 * number)
        began = time.monotonic()
        with subprocess.Popen([self.programs[ASK], self.config], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as self.asker:
            for turn in range(count):
                self.put(asker, dice, asker.rare(turn // 3 * parts + number) if turn % 3 == 0 else asker.question())
                if (turn + 1) % 250 == 0:
                    print(f"process {number + 1}: {turn + 1} of {count} questions, {time.monotonic() - began:.0f} s, "
                          f"{len(self.differences)} differences", file=sys.stderr, flush=True)
            self.asker.stdin.close()
        return self.compared, self.asked, self.answered, self.differences

    def put_all(self, count, parts=2):
        """In several processes, which have the mails from this one."""
        began, fork = time.monotonic(), multiprocessing.get_context("fork")
        ends = [fork.Pipe(duplex=False) for _ in range(parts)]
        workers = [fork.Process(target=lambda end, *what: end.send(self.part(*what)), daemon=True,
                                args=(ends[part][1], part, count * (part + 1) // parts - count * part // parts, parts))
                   for part in range(parts)]
        for worker in workers:
            worker.start()
        for end, other in ends:
            other.close()  # so that a worker that dies is noticed
            compared, asked, answered, differences = end.recv()
            self.compared += compared
            self.asked += asked
            self.answered += answered
            self.differences += differences
        for worker in workers:
            worker.join()
        self.run_s = time.monotonic() - began

    def missed(self):
        """Kinds of questions that never had an answer."""
        wanted = {f"{name} {shape}" for name in NAMES
                  for shape in [*SHAPES.get(name, ["plain"]), "positive", "not", "alternatives", "alternatives not"]}
        wanted |= {f"group {word}" for word in GROUPS} | {"count", "1 groups", "2 groups", "3 groups"}
        wanted |= {f"{way} {form}" for way in ("trace", "stats") for form in FORMS}
        wanted |= {f"{way} {order}" for way in ("pages", "bounded") for order in ("oldest", "newest")}
        wanted |= {f"{count} terms" for count in range(5)} | {f"time by the {unit}" for unit in ("second", "minute", "day")}
        return sorted((wanted | {"oldest", "newest", "all at once"}) - set(self.answered))

    def table(self):
        """How often each kind was asked, and how often something was found."""
        return [f"{kind:28}{self.asked[kind]:8}{self.answered[kind]:8}" for kind in sorted(self.asked)]


# ---- what the command prints ----

def row_of(question, mail, form):
    """What the command must print of a mail: of each recipient that fits, in any order within the mail, or
    (JSON) the whole mail."""
    if form == "json":
        return [(mail.number, sorted((one.state, one.address) for one in mail.recipients))]
    rows = [(one.state, mail.sender, one.address or "") for one in question.recipients(mail)]
    return sorted((mail.number, *row) if form == "csv" else row for row in rows)


def read_json(done):
    *mails, page = map(json.loads, done.stdout.splitlines())
    rows = [(int(mail["waybill_id"]), sorted((to["state"], to["recipient"]) for to in mail["recipients"])) for mail in mails]
    assert page["count"] == len(rows) and not page["bounded"] and page["unreadable"] == 0, page
    return rows, again(done, page["next"])


def read_csv(done):
    rows = [(int(row["waybill_id"]), row["state"], row["sender"], row["recipient"])
            for row in csv.DictReader(done.stdout.splitlines())]
    return together(rows, lambda row: row[0]), again(done, go_on(done.stderr))


def read_text(done):
    rows = []
    for line in done.stdout.splitlines():
        if re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  ", line):
            _, state, sender, to, code, *_ = re.split("  +", line)
            rows.append((code, state, sender.replace("<>", ""), "" if to == "-" else to))
    return [row[1:] for row in together(rows, lambda row: row[0])], again(done, go_on(done.stdout))


def together(rows, mail_of):
    """In order within each mail; the mails stay as they are."""
    place_of = {}
    for row in rows:
        place_of.setdefault(mail_of(row), len(place_of))
    return sorted(rows, key=lambda row: (place_of[mail_of(row)], row))


def go_on(text):
    found = re.search("^more: waybill (.*)$", text, re.MULTILINE)
    return found and found[1]


def again(done, more):
    """The words of the next command: as it was printed, or the same with the cursor that JSON has."""
    if not more or " " in more:
        return shlex.split(more) if more else None
    words = done.args[1:]
    return (words[:words.index("--after")] if "--after" in words else words) + ["--after", more]


def count_json(text, _):
    *groups, _last = map(json.loads, text.splitlines())
    return [(group["recipients"], group["mails"], [value or "" for key, value in group.items()
                                                   if key not in ("object", "recipients", "mails")]) for group in groups]


def count_csv(text, by):
    return [(int(row[by]), int(row[by + 1]), row[:by]) for row in list(csv.reader(text.splitlines()))[1:]]


def count_text(text, _):
    rows = []
    for line in text.splitlines():
        found = re.match(r" *([\d,]+) +([\d,]+)  (\S.*)$", line)
        if found:
            values = ["" if value == "-" else value for value in re.split("  +", found[3].strip())]
            rows.append((number_of(found[1]), number_of(found[2]), values))
    return rows


def number_of(text):
    return int(text.replace(",", ""))


READERS = {"json": read_json, "csv": read_csv, "text": read_text}
COUNTERS = {"json": count_json, "csv": count_csv, "text": count_text}


def short(answer):
    return "nothing" if answer is None else f"{len(answer)}: {str(answer)[:300]}"
