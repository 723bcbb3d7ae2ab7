# SPDX-License-Identifier: BSD-2-Clause
"""Under each kind of our keys stands once what we never wrote: every command ends in time, names the key
in a line, and answers the rest; waybilld takes mails as before."""
import concurrent.futures
import os
import re
import shutil
import subprocess
import time

import pytest

from support import built, place
from support.cli import FOUND, NOTHING, UNREACHABLE, USAGE, Cli
from support.daemon import Daemon
from support.private_redis import PrivateRedis
from support.questions import Mail, Maker, Recipient, fact, facts

NODE, MAILS, SENDER = 1, 200, "shop@shop.example"
SECONDS = 15 * place.PATIENCE
WORDS = [b"", b"\0\0", b"\xff\xfe\xc3(", b"\x1b]0;x\x07\x1b[2J", b"-1", b"-9223372036854775808",
         b"99999999999999999999999", b"4102444800000000", b"9 x", b"nan", b"r\n\n", b"a" * 70000]
HUGE = 20 << 20
FRAME = b"\x28\xb5\x2f\xfd"
NEWER = "format 9 is newer than this program"

# {kind of key: the commands that read it}; SILENT below is what foreign fields make no difference to.
READ_BY = {
    "r:YYMMDD:HHMM:N": "trace by-id show stats", "rr:YYMMDD:HHMM:N": "trace refused stats",
    "t:YYMMDD:HHMM:N": "trace show", "u:YYMMDD:HHMM:N": "show",
    "rt:YYMMDD:HHMM:N": "refused", "ru:YYMMDD:HHMM:N": "refused",
    "x:YYMMDD:K:HEX": "by-id", "rx:YYMMDD:K:HEX": "by-to", "d:YYMMDD": "by-id", "rd:YYMMDD": "by-id",
    "h:YYMMDD:KIND:TERM": "by-from", "rh:YYMMDD:KIND:TERM": "by-from",
    "hp:YYMMDD:PART:KIND:TERM": "by-from", "rhp:YYMMDD:PART:KIND:TERM": "by-from",
    "st:delayed": "delayed", "ev:S": "follow", "nodes": "status trace", "apart": "show",
    "node:NN": "status stats", "beat:NN": "status stats", "sheet:NN": "status", "gap:YYMMDD": "coverage",
    "count:YYMMDDHH:NN": "stats", "tomb": "receipt", "tomb:HASH": "receipt", "audit:YYMMDDHH": "audit",
    "dict:V": "trace show stats", "tokens": "tokens", "token:HASH": "tokens",
}
WITH_MUCH = ["r:YYMMDD:HHMM:N", "tomb"]
READ_BY_WEB = {"session:HASH"}  # in test_web_session.py
UNREAD = {"subscription:NAME", "lease:S"}  # no program of ours reads them yet


def kinds():
    """{key, as the table of keys.c has it: type}"""
    with open(f"{place.SOURCE}/milter/store/keys.c", encoding="ascii") as file:
        table = file.read().partition("key_rows[] = {")[2].partition("\n};")[0]
    return dict(re.findall(r'\{"([^"]+)", "([^"]+)",', table))


def pattern(kind):
    """'r:YYMMDD:HHMM:N' -> what fits 'wb:r:261122:1420:1'."""
    shape = kind.replace("YYMMDDHH", r"\d{8}").replace("YYMMDD", r"\d{6}").replace("HHMM", r"\d{4}")
    shape = re.sub(r"\b(NN|N|K|S|V|PART)\b", r"\\d+", shape)
    return re.compile("wb:" + re.sub(r"\b(HEX|HASH|KIND|TERM|NAME)\b", ".+", shape), re.DOTALL)


def mails():
    """Of one sender, so that his term has keys of its own; every second one was refused."""
    now = int(time.time()) * 1000
    for number in range(MAILS):
        to = Recipient(f"ann{number % 7}@a.example", state="rejected", reason="userunknown", status="5.1.1")
        if number % 2 == 0:
            to = Recipient(to.address, state=("delayed", "delivered", "failed")[number // 2 % 3],
                           reason="mailboxfull", status="4.2.2", servers=[("mx1.a.example", "192.0.2.9")])
        at = now - 100 * number
        yield Mail(Maker.id_of(at, number), at, "mx.example", f"4Q{number:x}Z", SENDER, None,
                   f"{number}@shop.example", "shop", "one.client.example", "192.0.2.7", None, "Your order", [to])


def late_subject(mail):
    """Refused when its header was there already."""
    if mail.recipients[0].state == "rejected":
        yield fact(mail.arrived + 1, "m", "header", w=str(mail.number), host=mail.host, inst="postfix", subject=mail.subject)


def raw(text):
    return text.encode("utf-8", "surrogateescape")


# ---- what may stand there ----

def other_type(redis, key, kind):
    redis.ask("DEL", key)
    redis.ask(*(("RPUSH", key, "x") if kind == "string" else ("SET", key, "x")))


def garbage(redis, key, kind):
    if kind == "hash":
        words = [word for i, name in enumerate(redis.ask("HKEYS", key)) for word in (raw(name), WORDS[i % len(WORDS)])]
        redis.ask("HSET", key, *words, *[word for i, name in enumerate(WORDS) for word in (name, WORDS[-i])])
    elif kind == "set":
        redis.ask("SADD", key, *WORDS)
    elif kind == "zset":
        redis.ask("ZADD", key, *[word for score in ("inf", "-inf", "1e300", "-1") for name in WORDS
                                 for word in (score, score.encode() + name)])
    elif kind == "stream":
        redis.ask("XADD", key, "4102444800000-1", "w", "-1", "a", WORDS[3], "t", WORDS[6], "", WORDS[1])
    else:
        redis.ask("SET", key, b"\x37\xa4\x30\xec\0\xff\x1b[2J" * 100)


def huge(redis, key, kind):
    much = b"\x1b" * HUGE
    add = {"hash": ["HSET", key, raw((redis.ask("HKEYS", key) if kind == "hash" else [""])[0])],
           "set": ["SADD", key], "zset": ["ZADD", key, 1], "stream": ["XADD", key, "*", "w"],
           "string": ["SET", key]}[kind]
    redis.ask(*add, much)


CROWD = {"hash": "redis.call('HSET', KEYS[1], 'x'..i, i)", "set": "redis.call('SADD', KEYS[1], 'x'..i)",
         "zset": "redis.call('ZADD', KEYS[1], i, 'x'..i)", "stream": "redis.call('XADD', KEYS[1], '*', 'x', i)"}


def crowd(redis, key, kind):
    if kind in CROWD:
        redis.ask("EVAL", f"for i = 1, 100000 do {CROWD[kind]} end", 1, key)


def each_record(change):
    def of(redis, key, kind):
        del kind
        values = redis.ask("HGETALL", key)
        redis.ask("HSET", key, *[word for name, value in zip(values[::2], values[1::2])
                                 for word in (raw(name), change(raw(value)))])
    return of


POISONS = {"other-type": other_type, "garbage": garbage, "huge": huge, "crowd": crowd}
OF_RECORDS = {"newer": each_record(lambda value: b"9 x y z\n"), "cut": each_record(lambda value: value[:-9]),
              "other-dictionary": each_record(lambda value: value[:5] + b"\x01\x90" + value[7:])}
LIFELIKE = {"newer": NEWER, "cut": "no whole zstd frame", "other-dictionary": "put the dictionary 36865 back"}


class Store:
    """Mails that went the real way into a Redis, half of a frame each; a waybilld that runs; and a person
    who was forgotten."""

    def __init__(self, base):
        self.base = base
        self.redis = PrivateRedis(f"{base}/redis", "--appendonly", "no")
        self.log = f"{base}/mail.log"
        with open(self.log, "wb"):
            pass
        with open(f"{base}/key", "w", opener=lambda path, flags: os.open(path, flags, 0o600), encoding="ascii") as file:
            file.write("sixteen bytes, and some more\n")
        self.daemon = Daemon(f"{base}/daemon", self.redis.address, log_source=[self.log], node=0, key_file=f"{base}/key")
        self.cli, self.saved, self.lines = Cli(self.daemon.conf), [], 0

    def start(self):
        self.redis.start()
        self.mails = list(mails())
        self.ship()
        self.daemon.start()
        self.cli.run("forget", "nobody@example.org", "--yes")
        self.cli.run("token", "add", "--role", "desk", "--name", "desk", "--expires", "1d")
        place.wait_until(lambda: self.keys_of("sheet:NN") and self.keys_of("count:YYMMDDHH:NN"), 20, "its sheet is there")
        if not self.keys_of("gap:YYMMDD"):
            now = int(time.time() * 1000)
            self.redis.ask("HSET", time.strftime("wb:gap:%y%m%d", time.gmtime()), f"00 log {now - 9000}", f"{now - 5000} 3 dropped")

    def ship(self):
        os.makedirs(f"{self.base}/state")
        with open(f"{self.base}/ship.conf", "w", encoding="ascii") as file:
            file.write(f'redis = "{self.redis.address}"\nstate_directory = "{self.base}/state"\nhold_seconds = 1\n'
                       'compression = "zstd"\nreply_retention_days = 5\nsubject_retention_days = 3\n'
                       'refused_retention_days = 20\nrefused_per_client = 1000000\nsubject = "full"\n')
        subprocess.run([built.program("tests/support/ship_facts"), file.name, str(NODE)], check=True, text=True,
                       input="".join(line for mail in self.mails for line in [*facts(mail), *late_subject(mail)]))

    def stop(self):
        self.daemon.kill()
        self.redis.stop()

    def commands(self):
        whole, refused = self.mails[0].number, self.mails[1].number
        return {"trace": ["trace", "--since", "-1d"], "by-to": ["trace", "to:ann3@a.example"],
                "by-from": ["trace", f"from:{SENDER}"], "by-id": ["trace", "-m", "0@shop.example"],
                "delayed": ["trace", "--state", "delayed"], "show": ["show", str(whole)], "raw": ["show", "--raw", str(whole)],
                "refused": ["show", str(refused)], "stats": ["stats"], "coverage": ["stats", "--coverage"],
                "follow": ["follow", "--for", "1"], "export": ["export-person", "ann2@a.example"],
                "audit": ["audit"], "status": ["status"], "receipt": ["forget", "nobody@example.org", "--status"],
                "tokens": ["token", "list"],
                "doctor": ["doctor", "--config-directory", self.base]}

    def run(self, words):
        """(exit code, both outputs); it ends in time, and puts no control character on a terminal."""
        done = subprocess.run([f"{place.BUILD}/waybill", "-c", self.daemon.conf, *words], capture_output=True,
                              timeout=SECONDS, stdin=subprocess.DEVNULL, check=False)
        said = done.stdout + done.stderr
        assert done.returncode in (FOUND, NOTHING, USAGE, UNREACHABLE), (words, done.returncode, said[-3000:])
        assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", said), (words, said)
        assert said.decode() is not None
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def keys_of(self, kind):
        fits = pattern(kind)
        return [key for key in self.redis.keys("wb:*") if fits.fullmatch(key)]

    def poison(self, keys, change):
        for key in map(raw, keys):
            self.redis.ask("COPY", key, b"saved:" + key)
            self.saved.append(key)
            change(self.redis, key, self.redis.ask("TYPE", key))

    def heal(self):
        for key in self.saved:
            self.redis.ask("DEL", key)
            self.redis.ask("RENAME", b"saved:" + key, key)
        self.saved = []

    def takes_a_mail(self):
        """waybilld still reads its log and writes what stands there: returns the id in the queue."""
        self.lines += 1
        queue_id = f"4W{self.lines:04}ZZ"
        now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        with open(self.log, "a", encoding="ascii") as file:
            file.write(f"{now} mx postfix/qmgr[7]: {queue_id}: from=<eve@b.example>, size=400, nrcpt=1 (queue active)\n"
                       f"{now} mx postfix/smtp[8]: {queue_id}: to=<bob@c.example>, relay=mx.c.example[192.0.2.3]:25, "
                       "delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)\n"
                       f"{now} mx postfix/qmgr[7]: {queue_id}: removed\n")
        return queue_id


@pytest.fixture(name="store", scope="module")
def one_store():
    store = Store(place.new_directory("hostile"))
    try:
        store.start()
        yield store
    finally:
        store.stop()
        shutil.rmtree(store.base, ignore_errors=True)


@pytest.fixture(autouse=True)
def all_is_well_again(store):
    yield
    store.heal()


def test_each_kind_of_key_has_a_case(store):
    """A new kind needs a row in READ_BY, and mails here that make one."""
    assert set(READ_BY) | READ_BY_WEB | UNREAD == set(kinds())
    assert [kind for kind in READ_BY if not store.keys_of(kind)] == []


def told(store, names):
    """Run these commands at once: {command: (exit code, output, errors)}."""
    commands = store.commands()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(store.run, [commands[name] for name in names])))


@pytest.mark.parametrize("kind", READ_BY)
def test_a_key_of_another_type_is_named_and_the_rest_is_answered(store, kind):
    keys = store.keys_of(kind)
    store.poison(keys, other_type)
    answers = told(store, READ_BY[kind].split())
    for command, (code, _, errors) in answers.items():
        assert any(key in errors for key in keys), (command, code, errors)
        assert len(errors.splitlines()) <= (6 if command == "follow" else 2), errors


@pytest.mark.parametrize("poison", ["garbage", "huge", "crowd"])
def test_what_is_no_value_of_ours_stops_no_command(store, poison):
    for kind in READ_BY if poison == "garbage" else WITH_MUCH:
        store.poison(store.keys_of(kind)[:1 if poison != "garbage" else None], POISONS[poison])
    answers = told(store, store.commands() if poison == "garbage" else ["trace", "show", "status", "receipt"])
    store.heal()
    assert store.run(store.commands()["trace"])[0] == FOUND
    assert sum(code == FOUND for code, _, _ in answers.values()) > len(answers) // 6, answers


@pytest.mark.parametrize("poison", OF_RECORDS)
def test_a_record_that_cannot_be_read_is_named_with_the_reason(store, poison):
    keys = store.keys_of("r:YYMMDD:HHMM:N")
    store.poison([key for key in keys if key.endswith(f":{NODE}")], OF_RECORDS[poison])
    for command, (code, output, errors) in told(store, ["trace", "show", "stats"]).items():
        assert LIFELIKE[poison] in errors and "wb:r:" in errors, (command, errors)
        assert code == (NOTHING if command == "show" else FOUND), (command, code)
        assert command == "show" or "rejected" in output, "the refused mails can still be read"


def test_without_the_dictionary_each_command_tells_which_one_is_missing(store):
    key, = store.keys_of("dict:V")
    store.poison([key], lambda redis, name, kind: redis.ask("DEL", name))
    for command, (_, _, errors) in told(store, ["trace", "show", "stats"]).items():
        assert f"(key {key}); put the dictionary" in errors, (command, errors)


def test_waybilld_goes_on_beside_all_of_it(store):
    """Nothing of what it needs to write is ours, and then it is again."""
    for poison in (other_type, garbage):
        for kind in READ_BY:
            if kind not in ("nodes", "dict:V"):
                store.poison(store.keys_of(kind)[:2], poison)
        queue_id = store.takes_a_mail()
        time.sleep(1)
        store.heal()
        assert store.daemon.process.poll() is None, store.daemon.log_text()[-3000:]
    queue_id = store.takes_a_mail()
    place.wait_until(lambda: store.run(["trace", "-q", queue_id])[0] == FOUND, 20, "the next mail is there")
    assert "\x1b" not in store.daemon.log_text()


# ---- questions ----

def test_a_question_of_ten_thousand_terms_is_answered_or_refused_in_a_line(store):
    many = [f"to:a{number}@a.example" for number in range(10000)]
    values = "to:" + ",".join(f"a{number}@a.x" for number in range(10000))
    for words in (["trace", *many], ["trace", values], ["stats", "--by", "reason", *many], ["trace", "(" * 10000],
                  ["trace", "-" * 10000 + "to:a@b.example"], ["follow", "--for", "1", *many]):
        code, _, errors = store.run(words)
        assert code in (USAGE, NOTHING), (words[0], code, errors[:300])
        assert code == NOTHING or 0 < len(errors) < 2000, errors[:3000]


def cursor_of(store):
    output = store.run(["trace", f"from:{SENDER}", "--limit", "5", "--json"])[1]
    return re.search(r'"next":"([^"]+)"', output).group(1)


def test_a_cursor_that_was_tampered_with_is_refused_in_a_line(store):
    cursor = cursor_of(store)
    flipped = [cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1:] for at in (0, 5, len(cursor) - 1)]
    others = ["", "0", "-1", "x" * 100000, cursor * 1000, cursor[:-1], "\x1b[2J", "18446744073709551616"]
    for bad in flipped + others:
        code, output, errors = store.run(["trace", f"from:{SENDER}", "--after", bad])
        assert (code, output) == (USAGE, ""), (bad[:99], code, errors)
        assert len(errors.splitlines()) == 1 and len(errors) < 1000, errors
    assert store.run(["trace", "from:eve@b.example", "--after", cursor])[0] == USAGE, "of another question"
    assert store.run(["trace", f"from:{SENDER}", "--limit", "5", "--after", cursor])[0] == FOUND
    for bad in flipped + others:
        code, _, errors = store.run(["follow", "--for", "1", "--after", bad])
        assert code == USAGE and len(errors.splitlines()) == 1, (bad[:99], code, errors)


@pytest.mark.parametrize("since", ["1970-01-01", "2999-12-31", "-99999999999d", "99999-01-01", "1969-12-31"])
def test_a_time_far_away_is_answered_or_refused_in_a_line(store, since):
    for command in (["trace", "--since", since], ["stats", "--since", since, "--until", "2999-12-31"], ["audit", "--since", since]):
        code, _, errors = store.run(command)
        assert code in (FOUND, NOTHING, USAGE), (command, code, errors)
        assert len(errors.splitlines()) <= 4, errors


@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
@pytest.mark.parametrize("jump", ["-1h", "+1h", "-30h", "+30h"])
def test_a_clock_that_is_elsewhere_stops_no_command(store, jump):
    commands = store.commands()
    for name in ("trace", "by-from", "show", "stats", "coverage", "status", "audit", "export"):
        done = subprocess.run(["faketime", "-f", jump, f"{place.BUILD}/waybill", "-c", store.daemon.conf, *commands[name]],
                              capture_output=True, timeout=SECONDS, stdin=subprocess.DEVNULL, check=False)
        assert done.returncode in (FOUND, NOTHING, UNREACHABLE), (name, done)
