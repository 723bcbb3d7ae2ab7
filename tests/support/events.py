# SPDX-License-Identifier: BSD-2-Clause
"""Somebody who follows /api/v1/events, as a browser does it."""
import http.client
import json
import threading
import urllib.parse

from . import place


class Events:
    """A context manager. `events`: [(name, id, data)] until now; `status`; `ended`: the server ended it, in order."""

    def __init__(self, web, token, after=None, **arguments):
        self.events, self.comments, self.place, self.ended = [], 0, None, None
        self._connection = http.client.HTTPConnection("waybill", timeout=60)
        self._connection.sock = web.connect(60)
        fields = {"Authorization": f"Bearer {token}"}
        if after:
            fields["Last-Event-ID"] = after
        path = "/api/v1/events" + ("?" + urllib.parse.urlencode(arguments) if arguments else "")
        self._connection.request("GET", path, headers=fields)
        self._socket = self._connection.sock
        self._response = self._connection.getresponse()
        self.status, self.headers = self._response.status, self._response.headers
        if self.status == 200:
            self._reader = threading.Thread(target=self._read, daemon=True)
            self._reader.start()
            place.wait_until(lambda: self.place, 10, "the stream begins", 0.02)
        else:
            self.problem = json.loads(self._response.read())

    def _read(self):
        fields = {}
        try:
            while line := self._response.readline():
                line = line.decode().rstrip("\n")
                name, _, value = line.partition(": ")
                if line == "":
                    self.place = fields.get("id", self.place)
                    if "data" in fields:
                        self.events.append((fields["event"], fields["id"], json.loads(fields["data"])))
                    fields = {}
                elif name == "":
                    self.comments += 1
                else:
                    assert name in ("id", "event", "data", "retry") and name not in fields, line
                    fields[name] = value
            self.ended = "whole"
        except (http.client.HTTPException, OSError, ValueError) as why:
            self.ended = f"cut: {why}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self._socket.shutdown(2)
        except OSError:
            pass
        self._socket.close()

    def named(self, name):
        return [data for event, _, data in list(self.events) if event == name]

    def told(self, code=None):
        """[(what, recipient)] of a mail, or of all."""
        return [(name, data["recipient"] and data["recipient"]["recipient"]) for name, _, data in list(self.events)
                if "trace_id" in data and code in (None, data["trace_id"])]

    def wait_for(self, count, seconds=20):
        place.wait_until(lambda: len(self.told()) >= count, seconds, f"{count} events are told", 0.05)
        return self
