# SPDX-License-Identifier: BSD-2-Clause
"""kill -9 of waybilld, ten times, under load: what was answered is not forgotten."""
import threading
import time

from support.smtp_client import Client, Reply
from support.world import World

from conftest import scaled

KILLS = scaled(10, 3)


class Load:
    """Some clients that hand in mails, a new session each few mails, until told to stop: after a
    milter's death Postfix asks no milter for the rest of a session."""

    def __init__(self, port, clients=4):
        self.port, self.accepted, self.refused = port, [], []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,))
                         for number in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self, name):
        number = 0
        while not self._stop.is_set():
            client = Client(self.port)
            for _ in range(5):
                number += 1
                message_id = f"killed-{name}-{number}@shop.example"
                try:
                    client.send("shop@shop.example", [f"ok-{name}-{number}@sink.example"], message_id)
                    self.accepted.append(message_id)
                except (OSError, Reply) as why:
                    self.refused.append((message_id, str(why)))
                    break
                time.sleep(0.01)
            client.quit()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_ten_kills_lose_no_mail_whose_end_was_answered():
    with World(tap=True) as world:
        load = Load(world.postfix.port)
        for _ in range(KILLS):
            time.sleep(0.7)
            world.daemon.kill()
            time.sleep(0.2)
            world.daemon.start()
        time.sleep(0.5)
        load.stop()
        assert load.refused == [], "Postfix said no to a mail"
        answered = {message_id for message_id, _ in world.tap.answered}
        print(f"{len(load.accepted)} mails accepted, {len(answered)} of them answered by the milter")
        assert len(answered) > 20 * KILLS

        world.wait_until_queue_is_empty()
        world.wait_until_traced(answered | set(load.accepted))
        unseen = answered - world.seen_by_milter()
        assert unseen == set(), "traced by the log only, though the milter had answered"
        # What is left as accepted are sessions that a kill cut before the queue id was known: there
        # is nothing by which their half could be joined to the log's.
        left = world.cli.trace("--state", "accepted")
        assert all(waybill["queue_id"] is None for waybill in left)
        assert set(world.outcomes().values()) == {1}


def test_two_starts_find_their_own_stale_socket():
    """Nobody removes the socket of a killed daemon but the next one."""
    with World() as world:
        for _ in range(3):
            world.daemon.kill()
            world.daemon.start()
        client = Client(world.postfix.port)
        client.send("shop@shop.example", ["ok@sink.example"], "after@shop.example")
        client.quit()
        waybill = world.wait_for_states("after@shop.example", {"ok@sink.example": "delivered"})
        assert waybill["client"]["helo"] == "client.example", "the milter did not see it"
