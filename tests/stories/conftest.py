# SPDX-License-Identifier: BSD-2-Clause
"""What the stories share. They need root, a build (WAYBILL_BUILD) and real servers; no mocks."""
import os
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import place  # noqa: E402
from support.world import World  # noqa: E402

QUICK = bool(os.environ.get("WAYBILL_QUICK"))


def pytest_configure():
    if os.getuid() != 0:
        pytest.exit("the stories need root: Postfix does", 77)
    for program in ("waybilld", "waybill"):
        if not os.path.exists(f"{place.BUILD}/{program}"):
            pytest.exit(f"there is no {place.BUILD}/{program}: run tests/run, or set WAYBILL_BUILD", 2)


@pytest.fixture(autouse=True)
def no_report_of_a_sanitizer():
    """Under tests/run --sanitize a report fails the story in which it came up."""
    folder = os.environ.get("WAYBILL_REPORTS")
    before = set(os.listdir(folder)) if folder else set()
    yield
    for name in sorted(set(os.listdir(folder)) - before) if folder else []:
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
            pytest.fail(f"{name}:\n{file.read()[:4000]}")


@pytest.fixture(name="world", scope="module")
def shared_world():
    """One running world for all stories of a file that do not disturb each other."""
    with World() as world:
        yield world


@pytest.fixture(name="place_of_story")
def directory_of_story():
    """A directory for stories that start their servers themselves; removed at the end."""
    path = place.new_directory("story")
    yield path
    shutil.rmtree(path, ignore_errors=True)


def scaled(number, quick):
    """A story's size, or its quick one."""
    return quick if QUICK else number
