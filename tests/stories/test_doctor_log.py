# SPDX-License-Identifier: BSD-2-Clause
"""A log that the daemon cannot read, or reads twice, and a machine that has no room for its journal:
found under their names, and healed by exactly the line that doctor prints."""
import collections
import json
import os
import shutil
import subprocess

import pytest

from support import place
from support.keeper import Keeper

Bad = collections.namedtuple("Bad", "check severity breaks")


@pytest.fixture(name="keeper", scope="module")
def one_keeper():
    base = place.new_directory("story")
    keeper = Keeper(base)
    try:
        with open(f"{base}/mail.log", "w", encoding="ascii"):
            pass
        os.chmod(base, 0o755)
        yield keeper.start()
    finally:
        keeper.redis.stop()
        shutil.rmtree(base)


def follow_nothing(keeper):
    keeper.option("log_source = {}")


def follow_twice(keeper):
    keeper.option('log_source = {"journal", "/var/log/mail.log"}')


def put_the_log_behind_a_door(keeper):
    os.makedirs(f"{keeper.base}/closed", 0o700, exist_ok=True)
    os.chmod(f"{keeper.base}/closed", 0o700)
    with open(f"{keeper.base}/closed/mail.log", "w", encoding="ascii"):
        pass
    keeper.option(f'log_source = {{"{keeper.base}/closed/mail.log"}}')


def take_the_journal_away(keeper):
    os.chown(keeper.daemon.state, 0, 0)
    os.chmod(keeper.daemon.state, 0o700)


def want_more_than_there_is(keeper):
    keeper.option("journal_max_mb = 1048576")


ROWS = [
    Bad("log-followed", "warning", follow_nothing),
    Bad("log-once", "warning", follow_twice),
    Bad("log-readable", "fault", put_the_log_behind_a_door),
    Bad("journal-writable", "fault", take_the_journal_away),
    Bad("journal-disk", "warning", want_more_than_there_is),
]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may act as the daemon's user")
@pytest.mark.parametrize("row", ROWS, ids=[row.breaks.__name__ for row in ROWS])
def test_what_is_broken_is_named_and_its_line_heals_it(keeper, row):
    try:
        row.breaks(keeper)
        found = keeper.findings("--only", row.check)
        assert [(one["check"], one["severity"]) for one in found] == [(row.check, row.severity)]
        assert found[0]["what"] and found[0]["matter"]
        keeper.heal(found[0])
        assert keeper.findings("--only", row.check) == []
    finally:
        keeper.restore()


def test_a_log_of_root_alone_is_given_to_a_group_that_the_daemon_is_in(keeper):
    path = f"{keeper.base}/mail.log"
    try:
        os.chmod(path, 0o600)
        os.chown(path, 0, 0)
        found = keeper.findings("--only", "log-readable")
        assert [one["severity"] for one in found] == ["fault"]
        assert found[0]["heal"] == (f"chgrp adm {path} && chmod g+r {path} && usermod -aG adm nobody && "
                                    "systemctl reload-or-restart waybill")
    finally:
        os.chmod(path, 0o644)
        keeper.restore()


def test_who_may_not_read_the_configuration_is_told_so_and_nothing_else(keeper):
    try:
        os.chmod(keeper.daemon.conf, 0o600)
        done = subprocess.run([f"{place.BUILD}/waybill", "-c", keeper.daemon.conf, "doctor", "--json",
                               "--only", "settings"], check=False, capture_output=True, text=True,
                              user=65534, group=65534, extra_groups=[])
        finding, = json.loads(done.stdout)["findings"]
        assert (finding["severity"], finding["heal"]) == ("unknown", None) and "as root" in finding["what"]
    finally:
        os.chmod(keeper.daemon.conf, 0o644)
