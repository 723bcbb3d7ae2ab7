# SPDX-License-Identifier: BSD-2-Clause
"""axe-core finds nothing that is serious on any view, at both widths, in light and dark."""
import pytest

import axe
from browser import DESKTOP, PHONE
from walk import log_in, open_mail, search

SHAPES = [(size, dark) for size in (DESKTOP, PHONE) for dark in (False, True)]
BAD = ("serious", "critical")


@pytest.fixture(name="judge", scope="module")
def judge_of_pages():
    text = axe.source()
    if text is None:
        pytest.skip(f"axe-core {axe.VERSION} is neither in {axe.CACHE} nor to be had from the registry")
    return text


def views(page, desk):
    """Go through all views; the name of each while it is shown."""
    page.open(desk.url)
    page.see("form#login")
    yield "login"
    log_in(page, desk)
    yield "search"
    found = search(page, "from:orders@shop.example to:@ok.example,@never.example,@full.example", 4)
    yield "results"
    open_mail(page, found[-1])
    yield "mail"
    page.script("for (const fold of document.querySelectorAll('details')) fold.open = true")
    yield "mail, all folds open"
    page.see("#nav-live").click()
    yield "live"
    page.see("#nav-board").click()
    page.see("section#board")
    page.wait(lambda: "never.example" in page.text("section#board"), "the board is there")
    yield "board"


def test_no_view_shuts_anybody_out(page, desk, judge):
    found = []
    for view in views(page, desk):
        for size, dark in SHAPES:
            page.shape(size, dark=dark)
            for finding in axe.findings(page, judge):
                print(view, size, "dark" if dark else "light", finding)
                if finding.startswith(BAD):
                    found.append(f"{view} {size} {'dark' if dark else 'light'}: {finding}")
    assert found == []


def test_the_judge_is_awake(page, desk, judge):
    page.open(desk.url)
    page.see("form#login")
    page.script("document.body.append(document.createElement('button'))")
    assert [f for f in axe.findings(page, judge) if f.startswith("critical button-name")]
