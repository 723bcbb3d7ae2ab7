# SPDX-License-Identifier: BSD-2-Clause
"""Mails that carry a hostile text in every field that a mail, or the next server, can fill."""
import re

from support import reports
from support.sink import Sink
from support.smtp_client import Client

FIELDS = ("subject", "from", "message_id", "list", "auto", "date", "sender", "recipient", "helo", "envid", "orcpt",
          "reply", "report")
PLAIN = {"subject": b"plain", "from": b"Plain", "message_id": b"plain", "list": b"plain", "auto": b"no",
         "date": b"Sun, 22 Nov 2026 19:00:00 +0000", "sender": b"plain", "recipient": b"plain", "helo": b"plain.example",
         "envid": b"plain", "orcpt": b"plain", "reply": b"no such user here", "report": b"no such user here"}
HEADER = rb"""Subject: %(subject)s
From: %(from)s <plain@hostile.example>
Message-ID: <%(message_id)s@hostile.example>
List-Id: %(list)s <list.hostile.example>
Auto-Submitted: %(auto)s
Date: %(date)s
""".replace(b"\n", b"\r\n")


class HostileSink(Sink):
    """Refuses those at hNUMBER.example with words of its own: odd ones for now, even ones for good."""

    def __init__(self, port):
        super().__init__(port)
        self.replies = {}

    async def _rcpt(self, to):
        found = re.search(r"@h(\d+)\.example$", to)
        if not found:
            return await super()._rcpt(to)
        number = int(found.group(1))
        code = b"451 4.7.1 " if number % 2 else b"550 5.7.1 "
        return code + self.replies[number][:900] + b"\r\n"


def one_line(text):
    """As bytes that may stand in a line of SMTP or of a header; the form of the next line is not touched."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return re.sub(rb"[\r\n\0]", b" ", data)


def quoted(data):
    """As a quoted string, which holds anything."""
    return b'"' + re.sub(rb'(["\\])', rb"\\\1", data) + b'"'


def local_part(data):
    return quoted(data[:400])


def xtext(data, most):
    """As RFC 3461 wants values of MAIL and RCPT; so many bytes at most."""
    coded = b""
    for byte in data:
        piece = bytes([byte]) if 33 <= byte <= 126 and byte not in b"+=" else b"+%02X" % byte
        if len(coded + piece) > most:
            break
        coded += piece
    return coded


class HostileMail:
    """Mail `number`, with `texts` ({field: text}) where they are named and plain words elsewhere."""

    def __init__(self, number, texts):
        self.domain = f"h{number}.example"
        self.number, self.texts = number, texts
        self.refused = []  # fields whose text the mail server would not have
        self.queue_id = None

    def data(self, field):
        return one_line(self.texts.get(field, PLAIN[field]))

    def send(self, port):
        """Hand it in, with plain words where the server says no."""
        client = Client(port, helo=None)
        self._say(client, lambda: b"EHLO " + self.data("helo").replace(b" ", b"/"), "helo")
        self._say(client, lambda: b"MAIL FROM:<%s@hostile.example> ENVID=%s" % (
            local_part(self.data("sender")), xtext(self.data("envid"), 100)), "envid", "sender")
        self._say(client, lambda: b"RCPT TO:<%s@%s> ORCPT=rfc822;%s" % (
            local_part(self.data("recipient")), self.domain.encode(), xtext(self.data("orcpt"), 400)), "orcpt", "recipient")
        client.say("RCPT TO:<ok@taken.example>", 250)
        client.say("DATA", 354)
        values = {field.encode(): self.data(field) for field in FIELDS}
        values[b"from"] = quoted(values[b"from"])
        client.write(HEADER % values + b"\r\nHello.\r\n")
        self.queue_id = client.say(".", 250)[1].rpartition(" ")[2]
        client.quit()

    def _say(self, client, command, *fields):
        """A command; as long as the server refuses it, one field of it after the other is given up."""
        for field in fields:
            if client.say(command())[0] == 250:
                return
            if field in self.texts:
                self.refused.append(field)
                del self.texts[field]
        client.say(command(), 250)

    def send_report(self, port):
        """What the server of taken.example is said to have written later."""
        text = reports.bounce("ok@taken.example", queue_id=self.queue_id).replace(
            "550 5.1.1 no such user here", "550 5.1.1 REASON")
        client = Client(port, helo="mx.next.example")
        client.say("MAIL FROM:<>", 250)
        client.say("RCPT TO:<plain@hostile.example>", 250)
        client.say("DATA", 354)
        lines = text.encode().replace(b"REASON", self.data("report")[:900]).split(b"\n")
        client.write(b"\r\n".join(lines))
        client.say("\r\n.", 250)
        client.quit()


def spread(texts, every):
    """The mails: with `every`, each text in each field; else each text once, in turn."""
    if every:
        sets = [{field: text for field in FIELDS} for text in texts]
    else:
        size = len(FIELDS)
        sets = [dict(zip(FIELDS, texts[at:at + size])) for at in range(0, len(texts), size)]
    return [HostileMail(number, fields) for number, fields in enumerate(sets)]
