# SPDX-License-Identifier: BSD-2-Clause
"""What the tests with a browser share: one Chromium, and one help desk with its mails."""
import importlib.util
import os
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import place  # noqa: E402
from stories.conftest import no_report_of_a_sanitizer  # noqa: E402,F401 pylint: disable=unused-import

THERE = {"chromium": shutil.which("chromium"), "chromium-driver": shutil.which("chromedriver"),
         "poppler-utils": shutil.which("pdftotext"), "python3-selenium": importlib.util.find_spec("selenium")}
MISSING = " ".join(package for package, path in THERE.items() if not path)


def pytest_addoption(parser):
    parser.addoption("--every", action="store_true", help="each hostile text in each field of a mail")


def pytest_configure():
    if os.getuid() != 0:
        pytest.exit("the tests with a browser need root: Postfix does", 77)
    if not os.path.exists(f"{place.BUILD}/waybill-web"):
        pytest.exit(f"there is no {place.BUILD}/waybill-web: run tests/run, or set WAYBILL_BUILD", 2)
    if MISSING:
        pytest.exit(f"NO TEST WITH A BROWSER IS RUN: please install {MISSING}", 0)


@pytest.fixture(name="browser", scope="session")
def one_browser():
    from browser import Browser # pylint: disable=import-outside-toplevel # it needs what may be missing
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture(name="desk", scope="session")
def one_help_desk():
    from desk import HelpDesk # pylint: disable=import-outside-toplevel
    with HelpDesk() as desk:
        yield desk


@pytest.fixture(name="page")
def page_of_a_test(browser, desk): # pylint: disable=unused-argument
    """The browser as it never was here; whatever the page does wrong fails the test."""
    browser.forget()
    browser.faults()
    yield browser
    assert browser.faults() == []
