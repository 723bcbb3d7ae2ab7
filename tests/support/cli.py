# SPDX-License-Identifier: BSD-2-Clause
"""The command `waybill`, with its JSON read."""
import json
import subprocess

from . import place

FOUND, NOTHING, USAGE, UNREACHABLE = 0, 1, 2, 3


class Cli:
    def __init__(self, conf):
        self.conf = conf

    def run(self, *arguments, timeout=60):
        """Any command, as typed; returns the finished process."""
        return subprocess.run([f"{place.BUILD}/waybill", "-c", self.conf, *arguments], text=True,
                              check=False, capture_output=True, timeout=timeout,
                              stdin=subprocess.DEVNULL)

    def text(self, *arguments):
        return self.run(*arguments).stdout

    def json(self, *arguments):
        """The objects that a command prints with --json; a failure raises."""
        done = self.run(*arguments, "--json")
        if done.returncode not in (FOUND, NOTHING):
            raise RuntimeError(f"waybill {' '.join(arguments)}: {done.returncode} {done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def trace(self, *arguments):
        """All waybills that fit, newest first, over as many pages as there are."""
        answer = self.json("trace", "--limit", "1000", *arguments)
        found = list(answer["waybills"]) if answer else []
        while answer and answer.get("next"):
            answer = self.json("trace", "--limit", "1000", "--before", str(answer["next"]), *arguments)
            found += answer["waybills"]
        return found

    def one(self, message_id):
        """The one waybill of this Message-ID; None if there is none; two are an error."""
        found = self.trace("--message-id", message_id)
        if len(found) > 1:
            raise AssertionError(f"{len(found)} waybills for <{message_id}>")
        return found[0] if found else None

    def show(self, waybill_id):
        return self.json("show", str(waybill_id))


def states(waybill):
    """{recipient: state}"""
    return {one["address"]: one["state"] for one in waybill["recipients"]} if waybill else {}
