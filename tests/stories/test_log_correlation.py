# SPDX-License-Identifier: BSD-2-Clause
"""A mail that goes on under another queue id of the same host is followed to its end, and nobody
but our own log leads there."""
import pytest

from support import place
from support.cli import states
from support.content_filter import ContentFilter
from support.smtp_client import Client
from support.world import World


@pytest.fixture(scope="module", name="world")
def _world():
    with World() as world:
        yield world


def send(world, recipient, message_id, sender="shop@shop.example"):
    client = Client(world.postfix.port)
    queue_id, _ = client.send(sender, [recipient], message_id)
    client.quit()
    return queue_id


def by_queue_id(world, queue_id, wanted, seconds=30):
    """The mail with this queue id, when its recipients have these states."""
    def look():
        for found in world.cli.trace("--queue-id", queue_id):
            if states(found) == wanted:
                return found
        return None
    return world.cli.show(place.wait_until(look, seconds, f"{queue_id} is {wanted}")["trace_id"])


def settled(world, message_id, wanted):
    """The first mail of this Message-ID that has these states, with all that `show` tells."""
    def look():
        for found in world.cli.trace("--message-id", message_id):
            if {to["recipient"]: to["state"] for to in found["recipients"]} == wanted:
                return found
        return None
    return world.cli.show(place.wait_until(look, 30, f"{message_id} is {wanted}")["trace_id"])


def test_a_local_forward_is_followed_to_its_end(world):
    send(world, "list@mx.example", "forward@shop.example")
    after = settled(world, "forward@shop.example", {"ok-list@sink.example": "delivered"})
    mail = settled(world, "forward@shop.example", {"list@mx.example": "expanded"})
    step, = mail["chain"]
    assert (step["way"], step["recipient"], step["step_before"]) == ("forward", "list@mx.example", None)
    assert step["trace_id"] == after["trace_id"]
    assert [to["state"] for to in step["recipients"]] == ["delivered"]
    assert mail["came_from"] is None and not mail["chain_bounded"]
    assert after["came_from"]["trace_id"] == mail["trace_id"]
    assert after["chain"] == []
    page = world.cli.text("show", mail["trace_id"])
    assert f"forwarded here, went on as {after['queue_id']} ({after['trace_id']}), and there:" in page
    assert f"before: {mail['trace_id']}, forwarded here" in world.cli.text("show", after["trace_id"])


def test_a_virtual_alias_ends_where_it_went(world):
    send(world, "team@alias.example", "team@shop.example")
    mail = settled(world, "team@shop.example", {
        "team@alias.example": "expanded", "team1@sink.example": "delivered",
        "team2@sink.example": "delivered"})
    assert mail["chain"] == []


# ---- a content filter ----


class FilteredWorld(World):
    """All mail that comes in goes through a filter, and from there in at another port, which our
    milter sees, too, or not."""

    def __init__(self, xforward, seen):
        super().__init__()
        port = place.free_port()
        self.filter = ContentFilter(place.free_port(), port, xforward)
        self.postfix.set(content_filter=f"smtp:[127.0.0.1]:{self.filter.port}",
                         smtp_send_xforward_command="yes" if xforward else "no")
        self.postfix.serve(f"127.0.0.1:{port} inet n - n - - smtpd -o content_filter="
                           " -o smtpd_authorized_xforward_hosts=127.0.0.0/8"
                           + ("" if seen else " -o smtpd_milters="))

    def start(self):
        self.filter.start()
        return super().start()

    def close(self):
        self.filter.stop()
        super().close()


@pytest.fixture(scope="module", name="filtered", params=[
    (True, True), (True, False), (False, True), (False, False)],
    ids=["xforward-seen", "xforward-unseen", "plain-seen", "plain-unseen"])
def _filtered(request):
    with FilteredWorld(*request.param) as filtered:
        yield filtered


def second_pass(world, message_id, first, wanted):
    """The mail behind the filter."""
    def look():
        return next((found for found in world.cli.trace("--message-id", message_id)
                     if found["trace_id"] != first["trace_id"] and states(found) == wanted), None)
    return world.cli.show(place.wait_until(look, 30, f"{message_id} is {wanted}")["trace_id"])


def assert_two_passes(world, message_id, recipient, ends):
    queue_id = send(world, recipient, message_id)
    first = by_queue_id(world, queue_id, {recipient: "delivered"})
    second = second_pass(world, message_id, first, {recipient: ends})
    first = world.cli.show(first["trace_id"])
    step, *reports = first["chain"]
    assert (step["way"], step["step_before"]) == ("filter", None)
    assert [(report["way"], report["step_before"]) for report in reports] == (
        [("report", 0)] if ends == "failed" else [])
    assert (step["trace_id"], step["queue_id"]) == (second["trace_id"], second["queue_id"])
    assert states(step) == {recipient: ends}
    assert second["came_from"]["trace_id"] == first["trace_id"]
    assert second["came_from"]["way"] == "filter" and len(second["chain"]) == len(reports)
    rows = {row["trace_id"]: row["came_from"] for row in world.cli.trace("--message-id", message_id)}
    assert rows == {first["trace_id"]: None, second["trace_id"]: second["came_from"]}
    return first, second


def test_behind_a_filter_the_end_of_the_way_is_told(filtered):
    first, second = assert_two_passes(filtered, "pass@shop.example", "ok-f@sink.example", "delivered")
    page = filtered.cli.text("show", first["trace_id"])
    assert f"handed to our filter, went on as {second['queue_id']}" in page
    assert "which took it as SINK" in page
    table = filtered.cli.text("trace", "--message-id", "pass@shop.example")
    row, = (line for line in table.splitlines() if f" {second['trace_id']} " in line)
    assert f"(filter of {first['trace_id']}) " in row
    assert table.count("(filter of ") == 1


def test_what_fails_behind_a_filter_has_failed(filtered):
    first, _ = assert_two_passes(filtered, "fail@shop.example", "never-f@sink.example", "failed")
    page = filtered.cli.text("show", first["trace_id"])
    assert "refused for good" in page and "reported to the sender, went on as " in page


def test_a_filter_may_be_slow(filtered):
    assert_two_passes(filtered, "slow@shop.example", "late-f@sink.example", "delivered")


def test_a_filter_that_answers_first_is_known_by_what_it_passes_on(filtered):
    if filtered.filter.xforward:
        assert_two_passes(filtered, "apart@shop.example", "apart-f@sink.example", "delivered")
        return
    first = by_queue_id(filtered, send(filtered, "apart-f@sink.example", "apart@shop.example"),
                        {"apart-f@sink.example": "delivered"})
    second = second_pass(filtered, "apart@shop.example", first, {"apart-f@sink.example": "delivered"})
    assert filtered.cli.show(first["trace_id"])["chain"] == [], "nothing names the second pass"
    assert second["came_from"] is None


def test_what_a_filter_loses_is_not_made_up(filtered):
    first = by_queue_id(filtered, send(filtered, "lost-f@sink.example", "lost@shop.example"),
                        {"lost-f@sink.example": "delivered"})
    assert first["chain"] == []
    assert "took it as FILTER" in filtered.cli.text("show", first["trace_id"])
    assert len(filtered.cli.trace("--message-id", "lost@shop.example")) == 1
