# SPDX-License-Identifier: BSD-2-Clause
"""The ways through the page that several tests take, by its ids alone."""


def log_in(page, desk, who="desk"):
    page.open(desk.url)
    page.see("form#login #token").send_keys(desk.tokens[who])
    page.see("#login-button").click()
    page.see("form#search #q")


def search(page, words, count):
    """Type a query and wait for so many mails."""
    field = page.see("form#search #q")
    field.clear()
    field.send_keys(words + "\n")
    page.wait(lambda: len(page.all("ol#results > li.mail")) == count, f"{count} mails are found by {words}")
    return page.all("ol#results > li.mail")


def open_mail(page, item):
    item.find_element("css selector", "a.open").click()
    page.see("article#mail #verdict")


def show_mail(page, desk, words):
    """Log in and open the one mail that fits."""
    log_in(page, desk)
    open_mail(page, search(page, words, 1)[0])
