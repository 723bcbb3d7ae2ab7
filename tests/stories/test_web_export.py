# SPDX-License-Identifier: BSD-2-Clause
"""Exports of more mails than memory may take, by clients that read, do not read, and go away."""
import http.client
import json
import shutil
import time

import pytest

from support import place
from support.filled import Filled

MAILS, PATH = 40000, "/api/v1/export?q=since:-40d&as="


@pytest.fixture(name="store", scope="module")
def a_store_of_many_mails():
    base = place.new_directory("export")
    try:
        with Filled(base, MAILS) as filled:
            yield filled
    finally:
        shutil.rmtree(base)


def read(client):
    """(status, body, was it whole)"""
    response = http.client.HTTPResponse(client)
    try:
        response.begin()
        return response.status, response.read(), True
    except http.client.IncompleteRead as why:
        return response.status, why.partial, False
    except ConnectionResetError:
        return response.status, b"", False
    finally:
        client.close()


def whole(store, token, form):
    """The lines of an export, and by how many megabytes waybill-web grew at most."""
    before = store.memory()[0]
    status, body, complete = read(store.begin(PATH + form, token))
    assert (status, complete) == (200, True)
    return body.decode().splitlines(), store.memory()[1] - before, len(body) / 2**20


def test_an_export_of_any_size_takes_the_same_memory(store):
    token = store.token("reader")
    told, grown, size = whole(store, token, "csv")
    codes = {line.split(",")[1] for line in told[1:]}
    assert len(codes) >= MAILS * 0.98 and size > 15 and grown < 8, (len(codes), size, grown)
    lines, grown, size = whole(store, token, "jsonl")
    page = json.loads(lines[-1])
    assert page["object"] == "page" and page["count"] == len(lines) - 1 == len(codes) and size > 60 and grown < 45, \
        (page, len(lines), len(codes), size, grown)
    assert {json.loads(line)["trace_id"] for line in lines[:-1:50]} <= codes


def test_who_does_not_read_has_two_at_most_and_holds_up_nobody(store):
    token, other = store.token("silent"), store.token("other")
    before = store.memory()[0]
    silent = [store.begin(PATH + "csv", token, receive=4096) for _ in range(2)]
    try:
        for client in silent:
            assert client.recv(12) == b"HTTP/1.1 200"
        status, body, _ = read(store.begin(PATH + "csv", token))
        assert status == 503 and b"too many exports" in body
        time.sleep(1)
        status, body, complete = read(store.begin(PATH + "csv", other))
        assert (status, complete) == (200, True) and body.count(b"\n") > MAILS * 0.98
        assert store.memory()[0] - before < 12
    finally:
        for client in silent:
            client.close()
    place.wait_until(lambda: read(store.begin("/api/v1/export?q=to:@nowhere.example", token))[0] == 200, 10,
                     "who went away has a place again", 0.2)


def entries(store):
    return {(entry["who"], entry["what"]): entry["count"] for entry in store.cli.objects("audit", "--since", "-1h")
            if entry["what"].startswith("export")}


def test_what_is_cut_is_told_with_what_was_sent_and_does_not_look_whole(store):
    token = store.token("leaver")
    client = store.begin(PATH + "csv", token, receive=4096)
    assert client.recv(12) == b"HTTP/1.1 200"
    client.close()
    place.wait_until(lambda: ("leaver", "export-cut") in entries(store), 10, "it stands in the audit", 0.2)
    assert 0 < entries(store)["leaver", "export-cut"] < MAILS
    assert entries(store)["reader", "exported"] > MAILS * 0.98
    late = store.begin(PATH + "csv", store.token("late"), receive=4096)
    revoked = store.begin(PATH + "csv", token, receive=4096)
    assert late.recv(12) == revoked.recv(12) == b"HTTP/1.1 200"
    store.cli.run("token", "revoke", "leaver")
    time.sleep(6)  # so long a process may take him for known
    assert not is_whole(revoked)
    began = time.monotonic()
    assert store.web.stop() == 0 and time.monotonic() - began < 5
    assert not is_whole(late)


def is_whole(client):
    """What comes after the first bytes: does it end as it should?"""
    body = b""
    try:
        while block := client.recv(1 << 20):
            body += block
    except ConnectionResetError:
        pass
    client.close()
    return body.endswith(b"\r\n0\r\n\r\n")
