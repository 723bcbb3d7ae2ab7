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

    def objects(self, command, *arguments):
        """The objects that a command prints with --json, one a line; a failure raises."""
        done = self.run(command, *arguments, "--json")
        if done.returncode not in (FOUND, NOTHING):
            raise RuntimeError(f"waybill {command} {' '.join(arguments)}: {done.returncode} {done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def trace(self, *arguments):
        """All waybills that fit, newest first; the last object tells of the search itself."""
        *waybills, page = self.objects("trace", "--limit", "10000", *arguments)
        assert page["object"] == "page" and page["count"] == len(waybills), page
        return waybills

    def one(self, message_id):
        """The one waybill of this Message-ID; None if there is none; two are an error."""
        found = self.trace("--message-id", message_id)
        if len(found) > 1:
            raise AssertionError(f"{len(found)} waybills for <{message_id}>")
        return found[0] if found else None

    def show(self, case_code):
        return self.objects("show", case_code)[0]


def states(waybill):
    """{recipient: state}"""
    return {to["recipient"]: to["state"] for to in waybill["recipients"]} if waybill else {}
