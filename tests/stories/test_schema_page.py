# SPDX-License-Identifier: BSD-2-Clause
"""Every line for redis-cli in waybill-schema(7), run as it is printed, against real mails."""
import hashlib
import os
import pathlib
import re
import shlex
import subprocess

import pytest

from support import place
from support.smtp_client import Client
from support.world import World

TO = "ok-ann@sink.example"
WORDS = "queued%20as%20SINK", "queued as SINK"  # the next hop's, in the formats of a record


PAGE = pathlib.Path(place.SOURCE, "packaging/man/waybill-schema.7")


def lines_of_the_page():
    return re.findall(r"^\$ (redis-cli .*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


class Mail:
    """A mail of ours in the place of the page's."""

    def __init__(self, world, message_id):
        client = Client(world.postfix.port)
        client.send("sender@shop.example", [TO], message_id)
        client.quit()
        waybill = world.wait_for_states(message_id, {TO: "delivered"})
        place.wait_until(lambda: "removed" in str(world.cli.show(waybill["trace_id"])), 20, "it is removed")
        raw = world.cli.text("show", "--raw", waybill["trace_id"])
        self.raw, self.head = raw, raw.split("\n", 1)[0].split()
        _, _, self.day, self.slice, self.node = self.head[0].split(":")
        self.ref = self.head[1]
        number = int(self.day + self.ref)
        self.words = [("251121:1600:3", f"{self.day}:{self.slice}:{self.node}"),
                      ("25112116:03", f"{self.day}{self.slice[:2]}:{int(self.node):02}"),
                      ("576320300412", self.ref), ("ev:12", f"ev:{number % 16}"),
                      ("251121", self.day), (":03", f":{int(self.node):02}")]

    def line(self, line, dictionary):
        for theirs, ours in self.words:
            line = line.replace(theirs, ours)
        return line.replace("dict:41234", dictionary)


@pytest.fixture(name="store", scope="module")
def store_with_both_codecs():
    with World(daemon={"reply_retention_days": 7}) as world:
        text = Mail(world, f"text-{os.getpid()}@shop.example")
        world.daemon.configure(compression="zstd")
        world.daemon.reload()
        world.daemon.wait_for_log("compression applied")
        yield world, text, Mail(world, f"zstd-{os.getpid()}@shop.example")


def run(world, line):
    done = subprocess.run(line.replace("redis-cli ", f"redis-cli -p {world.redis.port} "), shell=True,
                          check=False, capture_output=True, cwd=world.base, timeout=20)
    assert done.returncode == 0, (line, done.stderr)
    return done.stdout.decode(errors="replace")


def test_the_way_of_a_term_is_the_one_that_the_page_goes(store):
    """Its sums are run as they stand there; a real term is where they lead to."""
    world, text, _ = store
    page = PAGE.read_text(encoding="utf-8").replace("\\e", "\\")
    lines = page.split("By hand:", 1)[1].split(".Ed", 1)[0].splitlines()
    for line, answer in zip(lines, lines[1:]):
        if line.startswith("$ ") and "redis-cli" not in line:
            done = subprocess.run(["bash", "-c", line[2:]], check=True, capture_output=True, text=True)
            assert done.stdout.strip() == answer, line
    _, key, _, _, members, *_ = shlex.split(next(line for line in lines if "SSCAN" in line)[len("$ redis-cli "):])
    digits = hashlib.sha1(b"r:bob@example.com").hexdigest()
    assert (key, members) == (f"wb:x:251121:10:{int(digits[-5:], 16) % 1024:x}",
                              f"{1000000 + int(digits[:6], 16) % 8200000}*")
    digits = hashlib.sha1(f"r:{TO}".encode()).hexdigest()
    found = [member for k in world.redis.ask("SMEMBERS", f"wb:d:{text.day}") for member in world.redis.ask(
        "SMEMBERS", f"wb:x:{text.day}:{k}:{int(digits[-5:], 16) % (1 << int(k)):x}")]
    assert f"{1000000 + int(digits[:6], 16) % 8200000}{text.ref}" in found, found


def test_every_line_of_the_page_works(store):
    world, text, packed = store
    dictionary = world.redis.keys("wb:dict:*")[0].removeprefix("wb:")
    lines = lines_of_the_page()
    assert len(lines) >= 12, lines
    for line in lines:
        mail = packed if "zstd" in line else text
        answer = run(world, mail.line(line, dictionary))
        assert "ERR" not in answer and "WRONGTYPE" not in answer, (line, answer)
        for mark, expected in (("HGET wb:r:", TO), ("--scan", "wb:dict:"), ("HKEYS", mail.ref),
                               ("HGETALL wb:node:", "machine"), ("HGETALL wb:beat", "milter"),
                               ("HGETALL wb:sheet", "retention_days"), ("XREVRANGE", "delivery.delivered"),
                               ("SMEMBERS wb:nodes", mail.node), ("SMEMBERS wb:d:", "8")):
            assert mark not in line or expected in answer, (line, answer)
        if "HGET wb:t:" in line:
            assert any(words in answer for words in WORDS), (line, answer)
        if "HGET wb:r:" in line:
            assert not any(words in answer for words in WORDS), (line, answer)
        if "TTL wb:" in line:
            days = 30 if "wb:r:" in line else 7
            assert days * 86400 <= int(answer) <= (days + 1) * 86400 + 3600, (line, answer)


def test_raw_prints_text_and_frame_alike(store):
    _, text, packed = store
    assert text.head[2] == "text," and packed.head[2] == "zstd,", (text.raw, packed.raw)
    assert TO in packed.raw and any(words in packed.raw for words in WORDS), packed.raw
    assert f"wb:t:{packed.day}:{packed.slice}:{packed.node} {packed.ref} zstd," in packed.raw


def test_a_missing_dictionary_is_told_and_the_other_mail_is_still_answered(store):
    world, text, packed = store
    key = world.redis.keys("wb:dict:*")[0]
    world.redis.ask("RENAME", key, "kept")
    try:
        shown = world.cli.run("show", str(int(packed.day + packed.ref)))
        assert f"not in the store (key {key})" in shown.stderr, shown
        assert TO in world.cli.text("show", str(int(text.day + text.ref)))
    finally:
        world.redis.ask("RENAME", "kept", key)
    assert TO in world.cli.text("show", str(int(packed.day + packed.ref)))
