# SPDX-License-Identifier: BSD-2-Clause
"""Whatever stands in a mail is shown as what it is: mails with hostile texts in every field go through
the real mail server and the milter into the store, and the page is opened on each of them.

With --every each text is put into each field; else each text into one field, in turn."""
import csv
import io
import json
import re

import pytest

from browser import DESKTOP, PHONE
from desk import HelpDesk
from hostile import FIELDS, HostileSink, spread
from payloads import BYTES, PAYLOADS
from support import place
from walk import log_in, search

ALL = "from:@hostile.example since:-1h"
# What is one text of a waybill as the API tells it, and where the text that was sent stands in it.
TOLD = {"subject": "%s", "from": '"%s" <plain@hostile.example>', "list": "%s <list.hostile.example>", "auto": "%s",
        "date": "%s", "sender": '"%s"@hostile.example', "recipient": '"%s"@'}


@pytest.fixture(name="hostile", scope="module")
def desk_with_hostile_mails(browser, request): # pylint: disable=unused-argument
    with HelpDesk(sink=HostileSink) as desk:
        desk.mails = spread(PAYLOADS + BYTES, request.config.getoption("--every"))
        world = desk.world
        for mail in desk.mails:
            world.sink.replies[mail.number] = mail.data("reply")
            mail.send(world.postfix.port)

        def ends(waybill):
            return waybill["finished"] or any(to["state"] == "delayed" for to in waybill["recipients"])

        def settled():
            return {waybill["queue_id"]: waybill for waybill in world.cli.trace("from:@hostile.example") if ends(waybill)}

        place.wait_until(lambda: len(settled()) == len(desk.mails), 60, "each mail has found its end, or is put off", 0.5)
        for mail in desk.mails:
            mail.send_report(world.postfix.port)

        def reported():
            # The store may know such a mail twice: what the milter and what the log say of it differs.
            return {waybill["queue_id"] for waybill in world.cli.trace("from:@hostile.example")
                    if any(report["trust"] == "claimed" for report in waybill["reports"])}

        place.wait_until(lambda: len(reported()) == len(desk.mails), 60, "each report is read", 0.5)
        codes = settled()
        for mail in desk.mails:
            mail.code = codes[mail.queue_id]["trace_id"]
        yield desk


@pytest.fixture(name="page")
def page_of_a_test(browser, hostile):
    browser.forget()
    browser.faults()
    log_in(browser, hostile, "desk")
    yield browser
    assert browser.faults() == []


def plain(text):
    """Without blanks, and without what cannot be seen, which the page spells out."""
    text = re.sub("\u2039U\\+[0-9A-F]+\u203a", "", text)
    return "".join(letter for letter in text if letter.isprintable() and not letter.isspace())


def texts_of(waybill):
    """All that the waybill tells of what strangers wrote."""
    client = waybill["client"]
    yield from (waybill[key] for key in ("sender", "header_from", "message_id", "subject") if waybill[key])
    yield from (client["helo"],)
    for to in waybill["recipients"]:
        yield from (to[key] for key in ("recipient", "response") if to[key])


def test_the_store_has_what_was_sent(hostile):
    compared = 0
    for mail in hostile.mails:
        waybill = hostile.web.ask(f"/api/v1/waybills/{mail.code}", hostile.tokens["desk"]).json()
        text = json.dumps(waybill, ensure_ascii=False)
        assert "\ufffd" not in text or any(not isinstance(sent, str) or not sent.isascii() for sent in mail.texts.values())
        told = {"subject": waybill["subject"], "from": waybill["header_from"], "list": waybill["list_id"],
                "auto": waybill["auto_submitted"], "date": waybill["date"], "sender": waybill["sender"],
                "recipient": waybill["recipients"][0]["recipient"]}
        for field, form in TOLD.items():
            sent = mail.texts.get(field)
            if isinstance(sent, str) and sent.isascii() and sent.isprintable() and len(sent) < 120 \
                    and not set(sent) & set('\\"') and "=?" not in sent and sent == sent.strip():
                assert (told[field] or "").startswith(form % sent), (field, sent, told[field])
                compared += 1
    assert compared > (80 if len(hostile.mails) < 100 else 700), compared


@pytest.mark.parametrize("size", (DESKTOP, PHONE), ids=("desktop", "phone"))
def test_each_mail_is_shown_as_it_is(page, hostile, size):
    page.shape(size)
    for mail in hostile.mails:
        waybill = hostile.web.ask(f"/api/v1/waybills/{mail.code}", hostile.tokens["desk"]).json()
        page.script("location.hash = arguments[0]", f"#/mail/{mail.code}")
        page.wait(lambda code=mail.code: code in page.text("article#mail") and page.text("#verdict"),
                  f"{mail.code} is shown")
        article, verdict = plain(page.text("article#mail")), page.see("#verdict").text
        assert "127.0.0.1" in verdict and len(verdict) < 2000, (mail.texts, verdict)
        for text in texts_of(waybill):
            assert plain(text) in article, (mail.texts, text)
        assert page.overflow() == [], mail.texts
        assert page.script("return document.querySelectorAll('#mail :is(script, iframe, object, embed, img, form, base,"
                           " link, meta, style, [onerror], [onload], [style*=url])').length") == 0, mail.texts
        assert page.faults() == [], mail.texts
    page.picture(f"hostile-mail-{size[0]}")


@pytest.mark.parametrize("size", (DESKTOP, PHONE), ids=("desktop", "phone"))
def test_lists_show_them_as_they_are(page, hostile, size):
    page.shape(size)
    search(page, ALL, min(len(hostile.mails), 25))
    while page.all("#more") and page.see("#more").is_displayed():
        before = len(page.all("ol#results > li"))
        page.see("#more").click()
        page.wait(lambda count=before: len(page.all("ol#results > li")) > count, "more are shown")
    rows = {row["code"]: plain(row["text"]) for row in page.script(
        "return [...document.querySelectorAll('ol#results > li a.open')]"
        ".map(a => ({code: a.href.split('/').pop(), text: a.textContent}))")}
    mails = {mail["trace_id"]: mail for mail in hostile.world.cli.trace(ALL)}
    assert set(rows) >= {mail.code for mail in hostile.mails}
    for code, row in rows.items():
        assert plain(mails[code]["subject"] or "") in row and plain(mails[code]["sender"]) in row, mails[code]
        assert any(plain(to["recipient"]) in row for to in mails[code]["recipients"]), mails[code]
    assert page.overflow() == []
    page.picture(f"hostile-results-{size[0]}")
    page.see("#nav-board").click()
    page.see("section#board")
    page.wait(lambda: "hostile" in page.text("section#board") or "h0.example" in page.text("section#board"), "the board")
    assert page.overflow() == []
    page.picture(f"hostile-board-{size[0]}")


def test_more_is_shown_than_fits_one_page(page, hostile): # pylint: disable=unused-argument
    search(page, "since:-1h", 25)
    page.see("#more").click()
    page.wait(lambda: len(page.all("ol#results > li")) > 25, "more are shown")


def test_the_live_view_shows_them_as_they_are(page, hostile):
    page.shape(PHONE)
    page.see("#nav-live").click()
    again = spread(PAYLOADS[::10] if len(hostile.mails) < 100 else PAYLOADS, False)
    for mail in again:
        hostile.world.sink.replies[mail.number] = mail.data("reply")
        mail.send(hostile.world.postfix.port)
    page.wait(lambda: f"@{again[-1].domain}" in page.text("ol#events"), "the last mail goes by", 20)
    assert page.overflow() == []
    page.picture("hostile-live")


def test_no_cell_of_the_export_is_a_formula(hostile):
    answer = hostile.web.ask("/api/v1/export", hostile.tokens["desk"], q=ALL, **{"as": "csv"})
    assert answer.status == 200
    head, *rows = csv.reader(io.StringIO(answer.body.decode("utf-8"), newline=""), strict=True)
    assert len(rows) >= len(hostile.mails) and all(len(row) == len(head) for row in rows)
    for row in rows:
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell
            assert "\n" not in cell and "\r" not in cell
    assert any(cell.startswith("'=") for row in rows for cell in row)
    lines = hostile.web.ask("/api/v1/export", hostile.tokens["desk"], q=ALL, **{"as": "jsonl"}).body.decode().splitlines()
    assert {line["trace_id"] for line in map(json.loads, lines) if line["object"] == "waybill"} >= \
        {mail.code for mail in hostile.mails}


def test_how_many_there_were(hostile):
    tried = sum(len(mail.texts) + len(mail.refused) for mail in hostile.mails)
    refused = sum(len(mail.refused) for mail in hostile.mails)
    print(f"{len(PAYLOADS + BYTES)} texts, {len(FIELDS)} fields, {len(hostile.mails)} mails: {tried - refused} fields of"
          f" mails had one, {refused} were refused by the mail server")
    assert len(PAYLOADS) >= 200 and tried - refused >= 0.8 * tried
