# SPDX-License-Identifier: BSD-2-Clause
"""Every route, everybody, every door: nobody reads what is not his, and a foreign mail and a missing one
cannot be told apart, not by their time either."""
import http.client
import socket
import statistics
import time

import pytest

from support import place
from support.doors import HEADER, PEOPLE, RANKS, SENDERS, SEES, Doors, routes
from support.world import World

MISSING = "251121576320300412"
ENDLESS = "/api/v1/events"
BODIES = {"/api/v1/session": b"{}", "/api/v1/explain": b"550 5.1.1 no such user"}
PAIRS, TRIES = 200, 3


@pytest.fixture(name="doors", scope="module")
def all_doors():
    with World(daemon={"own_sources": ["127.0.0.0/8"]}) as world:
        doors = Doors(world)
        yield doors
        assert doors.web.stop() == 0, doors.web.log_text()


@pytest.fixture(name="people", scope="module")
def all_people(doors):
    return {who: doors.of(who) for who in PEOPLE}


def read_stream(doors, door, path):
    """The head of an answer that does not end, and what follows at once."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in door.headers.items())
    with doors.web.connect(10 * place.PATIENCE) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
        data = client.recv(65536)
        client.settimeout(0.05)
        try:
            while more := client.recv(65536):
                data += more
        except TimeoutError:
            pass
    return int(data.split()[1]), data.decode("utf-8", "replace")


def ask(doors, door, method, path, proof=True, **arguments):
    """(status, all that was read)"""
    if path == ENDLESS:
        return read_stream(doors, door, path)
    headers = dict(door.headers)
    if proof and door.proof:
        headers["X-CSRF-Token"] = door.proof
    body = next((body for start, body in BODIES.items() if path.startswith(start)), None)
    answer = doors.web.ask(path, method=method, headers=headers, body=body if method == "POST" else None, **arguments)
    return answer.status, str(answer.headers) + answer.body.decode("utf-8", "replace")


def paths_of(doors, method, path):
    """A route as it can be asked: with each of the mails, and one that is not there."""
    if "*" not in path:
        return [path]
    if "waybills" not in path:
        return [path.replace("*", "app.css")]
    assert method == "GET"
    ids = [mail[key] for mail in doors.mails.values() for key in ("trace_id", "waybill_id")]
    return [path.replace("*", code) for code in [*ids, MISSING]]


def check_read(doors, door, told, what):
    seen = [secret for secret in doors.hidden_from(door.who) if secret in told]
    assert not seen, f"{door}, {what}: reads {seen}"


def test_every_route_tells_everybody_what_is_his_alone(doors, people):
    rows = routes()
    assert len(rows) >= 10 and {"POST", "DELETE"} <= {method for method, _, _ in rows}
    for method, route, least in rows:
        for path in paths_of(doors, method, route):
            for who, ways in people.items():
                rank = PEOPLE[who][0]
                for door in ways:
                    if (method, route) == ("DELETE", "/api/v1/session") and door.name == "session":
                        continue  # of test_web_session.py; the next rows are asked by this one
                    status, told = ask(doors, door, method, path)
                    check_read(doors, door, told, f"{method} {path}")
                    assert (status == 403) == (rank < RANKS[least]), (door, method, path, status)
                    assert status in (200, 400, 403, 404), (door, method, path, status)
                    if "waybills" in path:
                        sees = any(doors.mails[name][key] in path for name in SEES[who] for key in ("trace_id", "waybill_id"))
                        assert status == (200 if sees else 404), (door, path, status)


def test_who_is_nobody_reads_nothing(doors):
    for door in doors.of_nobody():
        for method, route, least in routes():
            for path in paths_of(doors, method, route):
                status, told = ask(doors, door, method, path)
                check_read(doors, door, told, f"{method} {path}")
                if least != "HTTP_ANYBODY":
                    assert status == 401, (door, method, path, status)


def test_nothing_is_changed_through_a_door_that_a_foreign_page_can_use(doors, people):
    for method, route, least in routes():
        if method == "GET" or least == "HTTP_ANYBODY":
            continue
        for who, ways in people.items():
            for door in ways[1:]:
                assert ask(doors, door, method, route, proof=False)[0] == 403, (door, route)
                assert "X-CSRF-Token" in ask(doors, door, method, route, proof=False)[1]
            assert ask(doors, ways[1], "GET", "/api/v1/session")[0] == 200, who


def test_no_question_leads_to_what_is_not_his(doors, people):
    """By each value of the mails: who may not see them finds and counts nothing, and nothing names them."""
    for name, mail in doors.mails.items():
        questions = [f"from:{SENDERS[name]}", f"queue-id:{mail['queue_id']}", f"message-id:{mail['message_id']}",
                     f"to:{mail['recipients'][0]['recipient']}", f"subject:Subject-of-{name}"]
        for who, ways in people.items():
            for question in questions:
                for path, more in (("/api/v1/search", {}), ("/api/v1/stats", {"by": "to,from"}),
                                   ("/api/v1/export", {"as": "csv"}), ("/api/v1/export", {"as": "jsonl"})):
                    status, told = ask(doors, ways[0], "GET", path, q=question, **more)
                    assert status in (200, 400), (who, path, question, told)
                    if name not in SEES[who]:
                        told = told.replace(question, "")
                    check_read(doors, ways[0], told, f"{path} {question}")
                    if name in SEES[who] and path != "/api/v1/stats" and "subject" not in question:
                        assert mail["trace_id"] in told, (who, path, question)


class Line:
    """One connection that asks again and again, and how long each answer takes."""

    def __init__(self, doors, door):
        self.connection = http.client.HTTPConnection("waybill", timeout=30)
        self.connection.sock = socket.socket(socket.AF_UNIX)
        self.connection.sock.connect(doors.web.socket)
        self.headers = door.headers

    def ask(self, code):
        began = time.perf_counter()
        self.connection.request("GET", f"/api/v1/waybills/{code}", headers=self.headers)
        response = self.connection.getresponse()
        body = response.read()
        taken = time.perf_counter() - began
        assert response.status == 404
        return taken, (body, sorted((name, value) for name, value in response.getheaders() if name != "Date"))


def differs(one, other):
    """Do these times come from two kinds of answers? By medians, and by ranks (Mann and Whitney), since what
    disturbs the one disturbs the other."""
    ratio = statistics.median(one) / statistics.median(other)
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(place for place, (_, kind) in enumerate(ranked, 1) if kind == 0)
    count = len(one)
    expected, deviation = count * (2 * count + 1) / 2, (count * count * (2 * count + 1) / 12) ** 0.5
    score = (ranks - expected) / deviation
    print(f"median {statistics.median(one) * 1e6:.0f} and {statistics.median(other) * 1e6:.0f} us, ranks {score:+.1f}")
    return not 0.8 < ratio < 1.25 or abs(score) > 5


@pytest.mark.parametrize("who, foreign", [("ann", "bob"), ("other", "ann"), ("below", "bob")])
def test_a_foreign_mail_is_answered_as_one_that_is_not_there(doors, people, who, foreign):
    line = Line(doors, people[who][0])
    there = doors.mails[foreign]["waybill_id"]
    near = there[:-3] + f"{(int(there[-3:]) + 500) % 1000:03}"  # of the same ten minutes
    for _ in range(TRIES):
        times = {there: [], near: []}
        for number in range(PAIRS):
            answers = {}
            for code in ((there, near) if number % 2 else (near, there)):
                taken, answers[code] = line.ask(code)
                times[code].append(taken)
            assert answers[there] == answers[near]
        if not differs(times[there], times[near]):
            return
    pytest.fail(f"{who} can tell by the time that there is a mail of {foreign}")


def test_what_a_door_says_of_itself_is_not_believed_from_two(doors):
    for value in ("admin, ann", "admin\tann", "", "admin "):
        status, told = ask(doors, type("Both", (), {"headers": {HEADER: value}, "proof": None, "who": None}), "GET", "/api/v1/audit")
        assert (status, "entries" in told) in ((401, False), (200, True)), value
        assert status == 401 or value.strip() == "admin"
