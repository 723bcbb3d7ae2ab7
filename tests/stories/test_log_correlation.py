# SPDX-License-Identifier: BSD-2-Clause
"""A mail that goes on under another queue id of the same host is followed to its end, and nobody
but our own log leads there."""
import pytest

from support import place
from support.smtp_client import Client
from support.world import World


@pytest.fixture(scope="module", name="world")
def _world():
    with World() as world:
        yield world


def send(world, recipient, message_id):
    client = Client(world.postfix.port)
    client.send("shop@shop.example", [recipient], message_id)
    client.quit()


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
