# SPDX-License-Identifier: BSD-2-Clause
"""The help desk's minute: somebody calls and asks for his mail. Walked at two widths, by hand and by
keyboard, in the dark, on paper, in German; each walk leaves pictures of itself."""
import time

import pytest
from selenium.webdriver.common.keys import Keys

from browser import DESKTOP, PHONE
from walk import log_in, open_mail, search, show_mail

SIZES = {"desktop": DESKTOP, "phone": PHONE}
SERVERS_WORDS = "please come back later, we are greylisting you"


def copied(page):
    """What the button leaves in the clipboard."""
    page.devtools("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    page.driver.execute_script("window.focus()")
    page.see("#copy").click()
    return page.driver.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "setTimeout(() => navigator.clipboard.readText().then(done, e => done('no clipboard: ' + e)), 200)")


@pytest.mark.parametrize("name", SIZES)
def test_the_minute_of_the_help_desk(page, desk, name):
    to = f"bob-{name}@wait.example"
    code = desk.send_delayed(to)
    page.shape(SIZES[name])
    began = time.monotonic()
    page.open(desk.url)
    page.see("form#login")
    page.picture(f"{name}-1-login")
    log_in(page, desk)
    page.picture(f"{name}-2-search")
    found = search(page, f"to:{to}", 1)
    assert to in found[0].text and code in found[0].text
    page.picture(f"{name}-3-results")
    open_mail(page, found[0])
    verdict = page.see("#verdict").text
    assert to in page.see("article#mail").text and code in page.text("article#mail")
    assert "127.0.0.1" in verdict, verdict
    assert SERVERS_WORDS in page.text("#evidence")
    assert page.overflow() == []
    page.picture(f"{name}-4-delayed")
    text = copied(page)
    assert to in text and code in text and page.text("#copy-text").strip() == text.strip()
    page.see("#watch").click()
    page.wait(lambda: page.text("#live-state").strip(), "it says that it follows")
    page.picture(f"{name}-5-following")
    desk.take()
    page.wait(lambda: page.see("#verdict").text != verdict, "the verdict is a new one", 20)
    assert "SINK" in page.text("article#mail")
    page.picture(f"{name}-6-delivered")
    page.see("#nav-board").click()
    page.see("section#board")
    page.wait(lambda: "never.example" in page.text("section#board"), "the destination that fails most")
    assert page.overflow() == []
    page.picture(f"{name}-7-board")
    assert time.monotonic() - began < 60


def test_all_of_it_by_keyboard_alone(page, desk):
    to = "bob-keyboard@wait.example"
    desk.send_delayed(to)
    page.shape(DESKTOP)
    page.open(desk.url)
    page.see("form#login #token")
    page.tab_to("#token")
    page.press(desk.tokens["desk"], Keys.ENTER)
    page.see("form#search #q")
    page.tab_to("#q")
    page.press(f"to:{to}", Keys.ENTER)
    page.wait(lambda: len(page.all("ol#results > li.mail")) == 1, "it is found")
    page.tab_to("ol#results a.open, ol#results > li.mail a")
    assert page.script("return getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.press(Keys.ENTER)
    verdict = page.see("#verdict").text
    page.tab_to("#copy")
    page.press(Keys.SPACE)
    page.tab_to("#watch")
    page.press(Keys.ENTER)
    page.wait(lambda: page.text("#live-state").strip(), "it says that it follows")
    desk.take()
    page.wait(lambda: page.see("#verdict").text != verdict, "the verdict is a new one", 20)
    page.tab_to("#nav-board", 100)
    page.press(Keys.ENTER)
    page.see("section#board")
    page.picture("keyboard-board")


@pytest.mark.parametrize("name", SIZES)
def test_in_the_dark_it_is_dark(page, desk, name):
    page.shape(SIZES[name], dark=True)
    show_mail(page, desk, "to:carl@never.example")
    red, green, blue = page.script(
        "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)")
    assert red + green + blue < 200
    page.picture(f"{name}-dark-failed")
    page.see("#nav-board").click()
    page.see("section#board")
    page.wait(lambda: "never.example" in page.text("section#board"), "the board is there")
    page.picture(f"{name}-dark-board")
    page.see("#nav-live").click()
    page.picture(f"{name}-dark-live")


def test_on_paper_stands_what_a_file_needs(page, desk):
    page.shape(DESKTOP)
    show_mail(page, desk, "to:fay@full.example")
    verdict = " ".join(page.see("#verdict").text.split())
    text = " ".join(page.paper("mail")[1].split())
    assert verdict[:60] in text and "552 5.2.2 mailbox full" in text and "emil@ok.example" in text
    page.shape(DESKTOP, paper=True)
    page.picture("paper")
    assert not page.see("article#mail").find_element("css selector", "#copy").is_displayed()
    assert not any(found.is_displayed() for found in page.all("nav#main, form#search"))


def test_in_german(page, desk):
    page.shape(DESKTOP)
    show_mail(page, desk, "to:carl@never.example")
    english = page.see("#verdict").text
    page.script("const list = document.querySelector('#language'); list.value = 'de';"
                "list.dispatchEvent(new Event('change', {bubbles: true}))")
    page.wait(lambda: page.see("#verdict").text != english, "the verdict in German")
    assert page.script("return document.documentElement.lang") == "de"
    page.picture("german-mail")
    for view in ("board", "live", "search"):
        page.see(f"#nav-{view}").click()
        page.wait(lambda: page.script("return document.title"), "a title")
        page.picture(f"german-{view}")
    page.driver.refresh()
    page.see("form#search #q")
    assert page.script("return document.documentElement.lang") == "de"


def test_a_wrong_token_is_told_in_one_line(page, desk):
    page.shape(PHONE)
    page.open(desk.url)
    page.see("#token").send_keys("wbt_" + 64 * "0")
    page.see("#login-button").click()
    problem = page.see("#problem")
    assert problem.get_attribute("role") == "alert" and len(problem.text) < 200
    page.picture("phone-wrong-token")


def test_a_query_with_a_mistake_says_where(page, desk):
    log_in(page, desk)
    page.see("#q").send_keys("state:faild\n")
    assert "failed" in page.see("#problem").text
    page.picture("desktop-mistake")
    page.faults()  # the console tells of the answer 400, too


def test_who_leaves_has_left(page, desk):
    log_in(page, desk)
    cookie = page.driver.get_cookies()
    assert [c["name"] for c in cookie] == ["waybill"] and cookie[0]["httpOnly"]
    assert desk.tokens["desk"] not in page.script("return JSON.stringify(localStorage) + JSON.stringify(sessionStorage)"
                                                  " + location.href + document.cookie")
    page.see("#logout").click()
    page.see("form#login #token")
    assert page.driver.get_cookies() == []
    page.driver.refresh()
    page.see("form#login #token")
