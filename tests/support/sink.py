# SPDX-License-Identifier: BSD-2-Clause
"""The next mail server: takes mails, or not, as the recipient's local part or domain begins:
later, later1 or later-bob at any domain, or bob@later.example.

    ok...     taken                      later...   451 once, then taken
    never...  550 at RCPT                busy...    451 for ever
    full...   552 at RCPT                spam...    554 after DATA
    lies...   550 with words that imitate a log line
    slow...   taken after two seconds    gone...    connection cut at RCPT, once, then taken
    anything else is taken.
"""
import asyncio
import re
import time

from .loop_server import LoopServer

LIE = (b"550-5.1.1 \x1b[31mno such user\r\n"
       b"550 5.1.1 second line) status=sent (250 2.0.0 Ok: queued as 4LIES0lies0)\r\n")
KINDS = ("ok", "later", "never", "busy", "full", "spam", "lies", "slow", "gone")
ANSWERS = {
    "never": b"550 5.1.1 no such user here\r\n",
    "full": b"552 5.2.2 mailbox full\r\n",
    "busy": b"451 4.3.2 busy, come again\r\n",
    "lies": LIE,
}


class Sink(LoopServer):
    """`mails` grows by one dict for each mail that was taken."""

    def __init__(self, port, host="127.0.0.1"):
        super().__init__(port, host)
        self.mails = []
        self.refused = []
        self._put_off = set()

    def recipients(self):
        """Every (recipient, Message-ID) that was taken; one that came twice is there twice."""
        return [(to, mail["message_id"]) for mail in list(self.mails) for to in mail["to"]]

    async def _session(self, reader, writer):
        sender, recipients = None, []
        writer.write(b"220 sink.example ESMTP\r\n")
        while line := await reader.readline():
            verb, argument = line[:4].upper(), line.decode("utf-8", "replace")
            if verb == b"EHLO":
                writer.write(b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
                             b"250-SMTPUTF8\r\n250-DSN\r\n250 SIZE 10000000\r\n")
            elif verb == b"MAIL":
                sender, recipients = _address(argument), []
                writer.write(b"250 2.1.0 Ok\r\n")
            elif verb == b"RCPT":
                answer = await self._rcpt(_address(argument))
                if answer is None:
                    return
                if answer.startswith(b"250"):
                    recipients.append(_address(argument))
                writer.write(answer)
            elif verb == b"DATA":
                writer.write(await self._data(reader, writer, sender, recipients))
            elif verb == b"QUIT":
                writer.write(b"221 2.0.0 Bye\r\n")
                await writer.drain()
                return
            else:
                writer.write(b"250 2.0.0 Ok\r\n")
            await writer.drain()

    async def _rcpt(self, to):
        kind = _kind(to)
        if kind == "slow":
            await asyncio.sleep(2)
        if kind in ("later", "gone") and to not in self._put_off:
            self._put_off.add(to)
            return b"451 4.2.0 come again later\r\n" if kind == "later" else None
        answer = ANSWERS.get(kind, b"250 2.1.5 Ok\r\n")
        if not answer.startswith(b"250"):
            self.refused.append(to)
        return answer

    async def _data(self, reader, writer, sender, recipients):
        if not recipients:
            return b"554 5.5.1 no valid recipients\r\n"
        writer.write(b"354 go on\r\n")
        await writer.drain()
        text = await reader.readuntil(b"\r\n.\r\n")
        refusal = self._refuse(text, recipients)
        if refusal is not None:
            return refusal
        found = re.search(rb"(?im)^message-id:\s*<([^>\r\n]*)>", text)
        self.mails.append({"time": time.time(), "from": sender, "to": recipients,
                           "size": len(text), "text": text,
                           "message_id": found.group(1).decode("utf-8", "replace") if found else ""})
        return b"250 2.0.0 Ok: queued as SINK%06d\r\n" % len(self.mails)


    def _refuse(self, text, recipients):
        """The words for a mail that is not taken at its end, or None."""
        return b"554 5.7.1 looks like spam\r\n" if any(map(_is_spam, recipients)) else None


def _is_spam(to):
    return _kind(to) == "spam"


def _kind(to):
    local, _, domain = to.rpartition("@")
    for part in (local, domain):
        word = re.match(r"[a-z]*", part).group()
        if word in KINDS:
            return word
    return "ok"


def _address(command):
    found = re.search(r'<((?:"(?:\\.|[^"\\])*"|[^">])*)>', command)
    return found.group(1) if found else ""
