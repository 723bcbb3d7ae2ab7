# SPDX-License-Identifier: BSD-2-Clause
"""The page of the help desk as it is served: every file of it, by its exact name, and nothing else."""
import json
import os
import pathlib
import re

import pytest

from support import place
from support.web import Web
from support.world import World

SOURCE = pathlib.Path(place.SOURCE, "milter/answer/http/page")
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml", ".json": "application/json"}
USER = ("waybill-web", "secret")


@pytest.fixture(name="web", scope="module")
def a_web():
    with World() as world:
        web = Web(world.daemon, USER)
        folder = pathlib.Path(web.daemon.base, "web_page_directory")
        for name, size in (("secret.txt", 9), (".hidden.js", 9), ("large.js", (512 << 10) + 1)):
            (folder / name).write_bytes(b" " * size)
        (folder / "folder.js").mkdir()
        yield web.start()
        assert web.stop() == 0, web.log_text()


def files():
    return sorted(path.name for path in SOURCE.iterdir() if path.suffix in TYPES)


def test_each_file_is_served_as_what_it_is(web):
    assert len(files()) > 20
    for name in files():
        answer = web.ask("/" if name == "index.html" else f"/page/{name}")
        assert (answer.status, answer.body) == (200, (SOURCE / name).read_bytes()), name
        assert answer.headers["Content-Type"] == TYPES[os.path.splitext(name)[1]], name


def test_the_page_may_load_nothing_from_elsewhere_and_stand_in_no_frame(web):
    for path in ("/", "/page/app.js", "/page/messages/en.json"):
        headers = web.ask(path).headers
        rules = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
        assert rules.pop("img-src") == "'self' data:"
        for name in ("default-src", "base-uri", "frame-ancestors"):
            assert rules.pop(name) == "'none'", name
        assert set(rules) == {"script-src", "style-src", "connect-src", "font-src", "form-action"}
        assert set(rules.values()) == {"'self'"}
        assert headers["X-Frame-Options"] == "DENY" and headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer" and "camera=()" in headers["Permissions-Policy"]
        assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert "script-src" not in web.ask("/api/v1/health").headers["Content-Security-Policy"]


def test_only_exact_names_are_served(web):
    for path in ("/page/", "/page", "/page/index.html", "/page/secret.txt", "/page/.hidden.js", "/page/folder.js", "/page/large.js",
                 "/page/App.js", "/page/app.js/", "/page/app.js%00", "/page/app%2ejs", "/page/../page/app.js", "/page/..%2fweb.conf",
                 "/page/../../web.conf", "/page/%2e%2e/%2e%2e/web.conf", "/page//app.js", "//page/app.js", "/page/./app.js",
                 "/page\\app.js", "/page/messages/", "/page/messages/..%2f..%2fweb.conf", "/page/messages/app.js",
                 "/page/messages/EN.json", "/index.html", "/favicon.ico", "/page/" + 9999 * "a"):
        answer = web.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("ascii"))
        assert answer.startswith(b"HTTP/1.1 404 "), (path, answer[:40])
    assert web.ask("/page/app.js", method="POST").status == 405


def test_what_is_known_is_not_sent_again(web):
    first = web.ask("/page/app.js")
    again = web.ask("/page/app.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"") and "no-cache" in first.headers["Cache-Control"]
    head = web.ask("/page/app.js", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(first.body)


def test_the_languages_are_those_that_have_a_file(web):
    known = web.ask("/page/messages/languages.json").json()["languages"]
    assert known == sorted(known) and {"en", "de"} <= set(known)
    for language in known:
        words = web.ask(f"/page/messages/{language}.json").json()
        text = pathlib.Path(place.SOURCE, f"milter/answer/messages/{language}.json").read_text(encoding="utf-8")
        assert words == json.loads(text), language
        assert words["page.search.go"]


def test_no_file_lies_there_for_nothing():
    texts = {name: (SOURCE / name).read_text(encoding="utf-8") for name in files()}
    seen, left = {"index.html"}, ["index.html"]
    while left:
        named = set(re.findall(r'(?:page/|\./)([\w.-]+\.(?:css|js|svg))', texts[left.pop()]))
        assert named <= set(texts), named - set(texts)
        left += named - seen
        seen |= named
    assert seen == set(texts)
    listed = re.findall(r"milter/answer/http/page/(\S+)", pathlib.Path(place.SOURCE, "milter/answer/Makemodule.am").read_text("utf-8"))
    assert sorted(listed) == files()


def test_the_page_needs_no_store_and_the_api_no_page():
    with World() as world:
        web = Web(world.daemon, USER, web_page_directory="/nowhere/page").start()
        try:
            assert web.ask("/").status == 404 and web.ask("/").json()["detail"]
            assert web.ask("/api/v1/search").status == 401
            assert web.log_text().count("/nowhere/page") == 1
        finally:
            assert web.stop() == 0
        web = Web(world.daemon, USER).start()
        try:
            world.redis.stop()
            assert web.ask("/api/v1/health").status == 503
            assert web.ask("/").status == web.ask("/page/app.js").status == 200
        finally:
            assert web.stop() == 0
            world.redis.start()
