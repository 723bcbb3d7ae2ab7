# SPDX-License-Identifier: BSD-2-Clause
"""The MTA's side of the milter protocol, version 6: every packet can also be made wrong."""
import socket
import struct

CONTINUE, ACCEPT, SKIP = b"c", b"a", b"s"
ALL_ACTIONS, ALL_PROTOCOL = 0x1FF, 0x1FFFFF  # what Postfix 3.7 and Sendmail 8.17 offer
SKIP_FLAG = 0x400
CHUNK = 65535
# command: the flag by which the milter says that it will not answer it
NO_REPLY = {b"C": 0x1000, b"H": 0x2000, b"M": 0x4000, b"R": 0x8000, b"T": 0x10000, b"U": 0x20000,
            b"L": 0x80, b"N": 0x40000, b"B": 0x80000}


class Ended(Exception):
    """The milter closed the connection."""


def packet(command, data=b""):
    return struct.pack("!I", len(data) + 1) + command + data


def strings(*texts):
    return b"".join((text if isinstance(text, bytes) else text.encode()) + b"\0" for text in texts)


def option_negotiation(actions=ALL_ACTIONS, protocol=ALL_PROTOCOL, version=6):
    return packet(b"O", struct.pack("!III", version, actions, protocol))


def macros(command, **values):
    """macros(b"R", i="4jX3", rcpt_mailer="error"); names of more than a letter get their braces."""
    words = []
    for name, value in values.items():
        words += [name if len(name) == 1 else "{" + name + "}", value]
    return packet(b"D", command + strings(*words))


def connect(host="mail.sender.example", address="192.0.2.7", port=40112, family=None):
    if address is None:
        return packet(b"C", strings(host) + b"U")
    family = family or (b"6" if ":" in address else b"4")
    return packet(b"C", strings(host) + family + struct.pack("!H", port) + strings(address))


def helo(name="mail.sender.example"):
    return packet(b"H", strings(name))


def mail(*words):
    return packet(b"M", strings(*words))


def rcpt(*words):
    return packet(b"R", strings(*words))


def data():
    return packet(b"T")


def header(name, value):
    return packet(b"L", strings(name, value))


def end_of_header():
    return packet(b"N")


def body(chunk):
    return packet(b"B", chunk)


def end_of_message():
    return packet(b"E")


def abort():
    return packet(b"A")


def quit_session():
    return packet(b"Q")


def quit_for_new_connection():
    return packet(b"K")


def whole_session(sender="<alice@sender.example>", recipient="<bob@next.example>", queue_id="4jX3rc3lgMz1bwkK"):
    """The packets of one mail as Postfix sends them, to the end of the session."""
    return [
        option_negotiation(),
        macros(b"C", daemon_name="mx.facts.example", daemon_port="25", client_addr="192.0.2.7",
               client_name="mail.sender.example", client_port="40112"),
        connect(), helo(),
        macros(b"M", mail_addr=sender.strip("<>")), mail(sender, "SIZE=100"),
        macros(b"R", rcpt_mailer="smtp", rcpt_host="next.example", rcpt_addr=recipient.strip("<>")), rcpt(recipient),
        macros(b"T", i=queue_id), data(),
        header("Subject", " Hello"), header("Message-ID", " <1@sender.example>"),
        macros(b"N", i=queue_id), end_of_header(), body(b"Hello\r\n"),
        macros(b"E", i=queue_id), end_of_message(), abort(), quit_session(),
    ]


class Session:
    """One connection of an MTA. A command that the milter answers returns the answer's letter."""

    def __init__(self, path, seconds=10):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        self.socket.connect(path)
        self.granted = self.actions = 0
        self.asked = {}  # stage: macros

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, raw):
        self.socket.sendall(raw)

    def _read(self, size):
        got = b""
        while len(got) < size:
            try:
                piece = self.socket.recv(size - len(got))
            except ConnectionError:
                piece = b""
            if not piece:
                raise Ended
            got += piece
        return got

    def answer(self):
        """(letter, data) of the next packet."""
        size = struct.unpack("!I", self._read(4))[0]
        whole = self._read(size)
        return whole[:1], whole[1:]

    def negotiate(self, **offer):
        self.send(option_negotiation(**offer))
        letter, rest = self.answer()
        assert letter == b"O", letter
        _, self.actions, self.granted = struct.unpack("!III", rest[:12])
        lists = rest[12:]
        while lists:
            stage = struct.unpack("!I", lists[:4])[0]
            names, _, lists = lists[4:].partition(b"\0")
            self.asked[stage] = names.decode()
        return self

    def command(self, raw):
        """Send one packet; its answer's letter, or None where none was agreed or is due."""
        self.send(raw)
        letter = raw[4:5]
        if letter in b"DAQK" or self.granted & NO_REPLY.get(letter, 0):
            return None
        return self.answer()[0]

    def ended(self):
        """Wait for the milter to close; an answer before that is an error."""
        try:
            letter, _ = self.answer()
        except Ended:
            return True
        raise AssertionError(f"an answer {letter!r} instead of the end")
