# SPDX-License-Identifier: BSD-2-Clause
"""A sendmail.mc that asks waybill badly: found in the .cf that is made of it, and healed by the line
that doctor prints for the .mc, with Sendmail's own m4 files."""
import json
import os
import shutil
import subprocess
import tempfile

import pytest

from support.cli import Cli
from support.daemon import Daemon
from support.private_redis import PrivateRedis
from support.private_sendmail import unpack

SOURCE = """\
include(`{root}/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(`unknown')dnl
define(`confLOG_LEVEL', `9')dnl
{filters}
MAILER(local)dnl
MAILER(smtp)dnl
"""
OTHER = "INPUT_MAIL_FILTER(`other', `S=inet:8999@127.0.0.1, F=T')dnl"


class Office:
    """/etc/mail in small: a .mc, and the .cf that is made of it."""

    def __init__(self, base):
        self.base, self.root = base, unpack()
        self.mc = f"{base}/sendmail.mc"
        self.redis = PrivateRedis(f"{base}/redis")
        self.daemon = Daemon(f"{base}/daemon", self.redis.address)
        self.ours = (f"INPUT_MAIL_FILTER(`waybill', `S=unix:{self.daemon.socket}, F=, "
                     "T=C:3s;S:3s;R:3s;E:20s')dnl")

    def write(self, *filters):
        with open(self.mc, "w", encoding="ascii") as file:
            file.write(SOURCE.format(root=self.root, filters="\n".join(filters)))
        self.make()

    def make(self):
        with open(self.mc, encoding="ascii") as source, \
                open(f"{self.base}/sendmail.cf", "w", encoding="ascii") as made:
            subprocess.run(["m4", f"-D_CF_DIR_={self.root}/usr/share/sendmail/cf/"], stdin=source,
                           stdout=made, check=True)

    def put(self, line):
        """In place of the line of the same name, and before all other filters."""
        name = line.partition("'")[0]
        with open(self.mc, encoding="ascii") as file:
            kept = [one for one in file.read().splitlines() if not one.startswith(name)]
        at = next(i for i, one in enumerate(kept)
                  if one.startswith(("INPUT_MAIL_FILTER", "MAILER")))
        with open(self.mc, "w", encoding="ascii") as file:
            file.write("\n".join([*kept[:at], line, *kept[at:]]) + "\n")
        self.make()

    def troubles(self):
        done = Cli(self.daemon.conf).run("doctor", "--mta", "sendmail", "--config-directory",
                                         self.base, "--json")
        return [one for one in json.loads(done.stdout)["findings"]
                if one["check"].startswith("sendmail") and one["severity"] not in ("good", "unknown")]


@pytest.fixture(name="office", scope="module")
def one_office():
    # Sendmail trusts nothing below /tmp, where everybody may write
    base = tempfile.mkdtemp(prefix="waybill-story-", dir="/run")
    os.chmod(base, 0o755)
    try:
        yield Office(base)
    finally:
        shutil.rmtree(base)


def leave_it_out(office):
    office.write(OTHER)


def put_it_second(office):
    office.write(OTHER, office.ours)


def refuse_without_it(office):
    office.write(office.ours.replace("F=,", "F=R,"), OTHER)


def wait_for_minutes(office):
    office.write(office.ours.replace("T=C:3s;S:3s;R:3s;E:20s", "T=R:2m"))


def log_little(office):
    office.write(office.ours, "define(`confLOG_LEVEL', `5')dnl")


def let_a_group_write(office):
    office.write(office.ours)
    os.chmod(os.path.dirname(office.daemon.socket), 0o775)


@pytest.mark.parametrize("breaks, check", [
    (leave_it_out, "sendmail-asked"), (put_it_second, "sendmail-first"),
    (refuse_without_it, "sendmail-action"), (wait_for_minutes, "sendmail-times"),
    (log_little, "sendmail-log"), (let_a_group_write, "sendmail-unsafe")])
def test_what_is_broken_is_named_and_its_line_heals_it(office, breaks, check):
    office.write(office.ours, OTHER)
    assert office.troubles() == []
    breaks(office)
    found = office.troubles()
    assert [one["check"] for one in found] == [check], found
    if found[0]["file"]:
        assert found[0]["file"] == office.mc
        office.put(found[0]["heal"])
    else:
        subprocess.run(["/bin/sh", "-c", found[0]["heal"]], check=True)
    assert office.troubles() == []
