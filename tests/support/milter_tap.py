# SPDX-License-Identifier: BSD-2-Clause
"""Stands between Postfix and the milter, passes every byte on, and notes each end of message:
which mail, when the MTA asked, when the milter answered. What it says was answered, was answered."""
import os
import select
import socket
import struct
import threading
import time

HEADER, END_OF_BODY, BODY, MAIL = b"L", b"E", b"B", b"M"
PROGRESS = b"p"


class MilterTap:
    def __init__(self, path, target):
        self.path, self.target = path, target
        self.answered = []  # (Message-ID, seconds from question to answer)
        self._listener = None
        self._stopped = False

    def start(self):
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        os.chmod(self.path, 0o777)
        self._listener.listen(200)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def stop(self):
        self._stopped = True
        if self._listener:
            self._listener.close()

    def _accept(self):
        while not self._stopped:
            try:
                mta, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(mta,), daemon=True).start()

    def _relay(self, mta):
        with mta, socket.socket(socket.AF_UNIX) as milter:
            session = _Session(self.answered)
            try:
                milter.connect(self.target)
                while True:
                    ready = select.select([mta, milter], [], [])[0]
                    for source, target, seen in ((milter, mta, session.from_milter),
                                                 (mta, milter, session.from_mta)):
                        if source in ready:
                            data = source.recv(65536)
                            if not data:
                                return
                            target.sendall(data)
                            seen(data)
            except OSError:
                return  # one side died; closing the other tells it


class _Session:
    def __init__(self, answered):
        self._answered = answered
        self._asked = None
        self._message_id = None
        self._rest = {"mta": b"", "milter": b""}

    def from_mta(self, data):
        for command, payload in self._packets("mta", data):
            if command == MAIL:
                self._message_id = None
            elif command == HEADER and payload.lower().startswith(b"message-id\0"):
                self._message_id = payload.split(b"\0")[1].strip().strip(b"<>").decode()
            elif command == END_OF_BODY:
                self._asked = time.monotonic()

    def from_milter(self, data):
        for command, _ in self._packets("milter", data):
            if self._asked is not None and command != PROGRESS:
                self._answered.append((self._message_id, time.monotonic() - self._asked))
                self._asked = None

    def _packets(self, side, data):
        rest, packets = self._rest[side] + data, []
        while len(rest) >= 4:
            (size,) = struct.unpack(">I", rest[:4])
            if len(rest) < 4 + size:
                break
            packets.append((rest[4:5], rest[5:4 + size]))
            rest = rest[4 + size:]
        self._rest[side] = rest
        return packets
