# SPDX-License-Identifier: BSD-2-Clause
"""What a version leaves behind, as text: a journal, a store, and what `waybill` says of them.

    sudo WAYBILL_BUILD=build /usr/bin/python3 tests/support/upgrade_data.py

writes tests/golden/upgrade/VERSION from the build: once, when VERSION is released, never again. The
story test_upgrade_data.py has every later build read it.

    journal   files of the journal: "== PATH", then its bytes in hexadecimal, 32 a line; "-- N" is N
              bytes of zeros
    store     commands for Redis, a JSON list each; without times of expiry
    trace     what `waybill trace --json` prints; show: `waybill show --json` of each of these mails"""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import place  # noqa: E402
from support.smtp_client import Client  # noqa: E402
from support.world import World  # noqa: E402

FOLDER = f"{place.SOURCE}/tests/golden/upgrade"
LINE = 32
# Who is alive, who counts and which machine has which number is of the day; all else is data.
OF_THE_DAY = ("wb:beat:", "wb:node:", "wb:count:", "wb:gap:")
RECIPIENTS = ("ok-ann@sink.example", "later-bob@sink.example", "never-carl@sink.example", "ann@box.example")


def journal_as_text(state):
    lines = []
    for folder, _, names in sorted(os.walk(f"{state}/journal")):
        for name in sorted(names):
            lines.append(f"== {os.path.relpath(os.path.join(folder, name), state)}")
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
            body = data.rstrip(b"\0")
            lines += [body[at:at + LINE].hex() for at in range(0, len(body), LINE)]
            if len(data) > len(body):
                lines.append(f"-- {len(data) - len(body)}")
    return "".join(line + "\n" for line in lines)


def journal_from_text(text, state):
    """Write the files below `state`."""
    file = None
    for line in text.splitlines():
        if line.startswith("== "):
            path = f"{state}/{line[3:]}"
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            if file:
                file.close()
            file = open(path, "wb")  # pylint: disable=consider-using-with
        elif line.startswith("-- "):
            file.write(bytes(int(line[3:])))
        else:
            file.write(bytes.fromhex(line))
    file.close()


def store_as_text(redis):
    commands = []
    for key in redis.keys("wb:*"):
        if key.startswith(OF_THE_DAY):
            continue
        kind = redis.ask("TYPE", key)
        if kind == "hash":
            commands.append(["HSET", key, *redis.ask("HGETALL", key)])
        elif kind == "set":
            commands.append(["SADD", key, *sorted(redis.ask("SMEMBERS", key))])
        elif kind == "zset":
            flat = redis.ask("ZRANGE", key, 0, -1, "WITHSCORES")
            commands.append(["ZADD", key, *(word for pair in zip(flat[1::2], flat[::2]) for word in pair)])
        elif kind == "stream":
            commands += [["XADD", key, entry[0], *entry[1]] for entry in redis.ask("XRANGE", key, "-", "+")]
        else:
            commands.append(["SET", key, redis.ask("GET", key)])
    return "".join(json.dumps(command) + "\n" for command in commands)


def fill_store(redis, text):
    for line in text.splitlines():
        redis.ask(*(word.encode("utf-8", "surrogateescape") for word in json.loads(line)))


def answers(cli, since):
    """What the command says of every mail from that day on: (trace, show), a JSON object a line, in
    an order of their own."""
    objects = sorted(cli.trace("--since", since), key=lambda mail: mail["trace_id"])
    shown = [cli.show(mail["trace_id"]) for mail in objects]
    return tuple("".join(json.dumps(one, sort_keys=True, ensure_ascii=False) + "\n" for one in some)
                 for some in (objects, shown))


def make(version):
    """Mails of each fate while Redis is away; then the same journal is shipped."""
    with World(daemon={"retention_days": 3650}) as world:
        world.redis.kill()
        for number, to in enumerate(RECIPIENTS):
            client = Client(world.postfix.port)
            client.send(f"shop{number}@shop.example", [to], f"upgrade-{number}@shop.example")
            client.quit()
        client = Client(world.postfix.port)
        client.begin("shop@shop.example", ["refused@sink.example"])
        client.quit()
        world.wait_until_queue_is_empty()
        last = re.findall(r": (\w+): removed$", world.postfix.log_text(), re.MULTILINE)[-1]
        place.wait_until(lambda: world.journal_has(f"q={last}"), 30, "the log is read to its end")
        world.daemon.stop()
        files = {"journal": journal_as_text(world.daemon.state)}
        world.redis.start()
        world.daemon.start()
        place.wait_until(lambda: len(world.cli.trace()) >= len(RECIPIENTS) + 1, 30, "all is shipped")
        place.wait_until_rests(lambda: store_as_text(world.redis))
        world.daemon.stop()
        files["store"] = store_as_text(world.redis)
        files["trace"], files["show"] = answers(world.cli, "-1d")
    os.makedirs(f"{FOLDER}/{version}")
    for name, text in files.items():
        with open(f"{FOLDER}/{version}/{name}", "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    make(subprocess.run([f"{place.BUILD}/waybilld", "--version"], check=True, text=True,
                        capture_output=True).stdout.split()[1])
