# SPDX-License-Identifier: BSD-2-Clause
"""`waybill status`: a line that is true, with the most serious first, and a row for each mail server."""
import json
import re
import time

import pytest

from support import place
from support.smtp_client import Client
from support.world import World

WELL, TROUBLE, UNREACHABLE = 0, 1, 3


@pytest.fixture(name="world", scope="module")
def one_world():
    with World() as world:
        yield world


def status(world, *words):
    done = world.cli.run("status", *words)
    return done.returncode, done.stdout


def told(world, *words):
    code, text = status(world, "--json", *words)
    answer = json.loads(text)
    assert answer["object"] == "status" and (code == WELL) == answer["well"]
    return answer


def first_line(world):
    return status(world)[1].splitlines()[0]


class Other:
    """What a waybilld on another host wrote into the store, and its end."""

    def __init__(self, world, host="mx2.example.org", ago=0, **fields):
        self.redis = world.redis
        now = int(time.time() * 1000)
        self.fields = {"version": "0.1.0", "host": host, "written": now - ago, "started": now - 3600000,
                       "clock_ahead_ms": 0, "log_until": now - ago, "journal_bytes": 0,
                       "journal_age_ms": 0, "facts_lost": 0, "facts_lost_at": 0, "mails_hour": 4,
                       "answers": 100, "answers_over_1s": 0, "answers_over_1s_at": 0,
                       "answer_slowest_us": 2500, **fields}

    def __enter__(self):
        self.redis.ask("SADD", "wb:nodes", 42)
        self.redis.ask("HSET", "wb:sheet:42", *[str(word) for pair in self.fields.items() for word in pair])

    def __exit__(self, *_):
        self.redis.ask("SREM", "wb:nodes", 42)
        self.redis.ask("DEL", "wb:sheet:42")


def test_all_is_well_and_no_mail_was_delayed_by_us(world):
    client = Client(world.postfix.port)
    client.send("sender@shop.example", ["ok-ann@sink.example"], "status-1@shop.example")
    client.quit()
    world.wait_for_states("status-1@shop.example", {"ok-ann@sink.example": "delivered"})
    place.wait_until(lambda: "no mail was delayed by us" in first_line(world), 20, "it is measured", 0.5)
    assert re.fullmatch(r"All is well: 1 mail server watched, no mail was delayed by us "
                        r"\(slowest answer \d+(\.\d)? ms of [\d,]+ since \d\d:\d\d\)\.", first_line(world))
    answer = told(world)
    host = answer["hosts"][0]
    assert answer["well"] and answer["troubles"] == []
    assert (host["host"], host["mta"], host["logs"]) == ("mx.example", "postfix", [f"log:{world.postfix.log}"])
    assert host["mails"] == host["mails_hour"] == 1 and host["journal_bytes"] == 0
    assert host["answers"] >= 5 and 0 < host["answer_slowest_us"] < 1000000
    assert abs(host["clock_ahead_ms"]) < 1000


def test_a_name_that_nobody_has_is_told_as_that(world):
    code, text = status(world, "--host", "nobody.example.org")
    assert code == TROUBLE
    assert text == ("Trouble: no mail server of the name 'nobody.example.org' has ever written into "
                    "this store.\n")
    assert status(world, "--host", "mx")[0] == WELL  # mx.example, as everywhere


NOW = 0
ROWS = [  # (trouble, what the line says, fields of mx2's sheet)
    ("silent", "mx2.example.org was not heard of for 4 min", {"ago": 240000}),
    ("slow", "mx2.example.org let its mail server wait for more than a second, 3 times",
     {"answers_over_1s": 3, "answers_over_1s_at": NOW, "answer_slowest_us": 1400000}),
    ("rival", "mx2.example.org shares its node number 42 with another machine", {"rival": "mx9"}),
    ("facts_lost", "mx2.example.org lost 7 facts", {"facts_lost": 7, "facts_lost_at": NOW}),
    ("log_blind", "mx2.example.org cannot read its mail log", {"log_until": 0}),
    ("log_behind", "mx2.example.org is 5 min behind in its mail log", {"log_until": -300000}),
    ("journal_waiting", "mx2.example.org has facts in its journal that have waited for the store for 2 min",
     {"journal_bytes": 5000000, "journal_age_ms": 120000}),
    ("clock", "mx2.example.org's clock is 7.0 s ahead of that of the store", {"clock_ahead_ms": 7000}),
]


@pytest.mark.parametrize("trouble,words,fields", ROWS, ids=[row[0] for row in ROWS])
def test_each_trouble_is_named_with_what_to_do(world, trouble, words, fields):
    now = int(time.time() * 1000)
    fields = {name: value + now if name.endswith(("_at", "log_until")) and (value < 0 or name.endswith("_at"))
              else value for name, value in fields.items()}
    if trouble == "clock":
        fields["written"] = now + 7000
    with Other(world, **fields):
        answer = told(world)
        assert [one["trouble"] for one in answer["troubles"]] == [trouble], answer["troubles"]
        assert answer["troubles"][0]["what"].startswith(words) and answer["troubles"][0]["do"]
        assert first_line(world).startswith(f"Trouble: {words}")
        code, text = status(world)
        assert code == TROUBLE and "run 'waybill doctor' on mx2.example.org" in text
        assert status(world, "--host", "mx.example")[0] == WELL


def test_a_log_that_comes_after_its_reader_is_no_trouble_yet(world):
    now = int(time.time() * 1000)
    with Other(world, log_until=0, started=now - 20000):
        assert status(world)[0] == WELL
    with Other(world, log_until=0, started=now - 70000):
        assert [one["trouble"] for one in told(world)["troubles"]] == ["log_blind"]


def test_a_restart_wipes_out_no_trouble(world):
    place.wait_until(lambda: told(world)["well"], 20, "all is well before")
    key = f"wb:sheet:{told(world)['hosts'][0]['node']:02}"
    run, now = world.redis.ask("HGET", key, "run"), int(time.time() * 1000)
    world.daemon.kill()
    world.redis.ask("HSET", key, "facts_lost", "9", "facts_lost_at", str(now),
                    "answers_over_1s", "9", "answers_over_1s_at", str(now + 3600000))
    world.daemon.start()
    place.wait_until(lambda: world.redis.ask("HGET", key, "run") != run, 20,
                     "the new run has its sheet there")
    assert [one["what"] for one in told(world)["troubles"]] == ["mx.example lost facts before its last start"]
    world.redis.ask("HSET", key, "facts_lost_at", str(now - 3600001))
    place.wait_until(lambda: told(world)["well"], 20, "it is an hour old")


def test_the_most_serious_comes_first_and_an_old_delay_is_told_without_alarm(world):
    hour = 3600000
    now = int(time.time() * 1000)
    with Other(world, clock_ahead_ms=-9000, written=now - 9000, rival="mx9", journal_age_ms=90000):
        line = first_line(world)
        assert line.index("shares its node number") < line.index("journal") and "and 1 more." in line
    with Other(world, answers_over_1s=2, answers_over_1s_at=now - 2 * hour, answer_slowest_us=1400000):
        assert re.search(r"All is well: 2 mail servers watched, 2 of [\d,]+ answers since .* took more "
                         r"than a second, the last at .* \(slowest 1\.4 s\)\.", first_line(world))


def test_what_is_not_measured_is_not_praised(world):
    with Other(world, answers="", answer_slowest_us=""):
        line = first_line(world)
        assert "not known of 1 of them" in line and "no mail was delayed" not in line


def test_a_host_that_is_gone_for_longer_than_mails_are_kept_is_no_trouble(world):
    with Other(world, ago=31 * 24 * 3600000):
        assert status(world)[0] == WELL and "gone for longer" in status(world)[1]


def test_words_of_the_store_cannot_write_on_the_terminal(world):
    with Other(world, host="mx\x1b[2J\nAll is well", ago=240000):
        text = status(world)[1]
        assert "\x1b" not in text and "\\x1B[2J" in text.replace("\\x1b", "\\x1B")


def test_another_machine_of_the_same_number_is_noticed(world):
    sheet = {}

    def noticed():
        world.redis.ask("HSET", "wb:sheet:00", "run", "0123456789abcdef", "host", "clone.example.org")
        time.sleep(0.5)
        sheet.update(world.redis.contents("wb:sheet:00")["wb:sheet:00"])
        return sheet["rival"] == "clone.example.org"

    place.wait_until(noticed, 25, "the rival is seen", 0.1)
    assert "writes as node 0, too" in world.daemon.log_text()
    assert told(world)["troubles"][0]["trouble"] == "rival"


def test_a_store_that_was_never_written_into_and_one_that_is_away(world):
    world.daemon.kill()
    world.redis.ask("FLUSHALL")
    assert status(world) == (TROUBLE, "Trouble: no mail server has ever written into this store.\n")
    world.redis.stop()
    assert world.cli.run("status").returncode == UNREACHABLE
