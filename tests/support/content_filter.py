# SPDX-License-Identifier: BSD-2-Clause
"""A content filter behind Postfix: takes a mail by SMTP and hands it in at another port.

    passes     by default: it says yes when the mail is handed in, and repeats the answer
    late...    recipient: it waits two seconds first
    apart...   recipient: it says yes at once, with a name of its own, and hands the mail in later
    lost...    recipient: it says yes, and forgets the mail
"""
import asyncio
import re

from .loop_server import LoopServer


class ContentFilter(LoopServer):
    """`target`: the port where mail is handed in, at 127.0.0.1. `xforward`: take XFORWARD, and pass
    it on as it came."""

    def __init__(self, port, target, xforward):
        super().__init__(port)
        self.target, self.xforward = target, xforward
        self.taken = 0

    async def _session(self, reader, writer):
        writer.write(b"220 filter.example ESMTP\r\n")
        envelope = []
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(b"250-filter.example\r\n" + (
                    b"250-XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE\r\n" if self.xforward
                    else b"") + b"250 8BITMIME\r\n")
            elif verb in (b"MAIL", b"RCPT", b"XFOR"):
                envelope.append(line)
                writer.write(b"250 2.0.0 Ok\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                await writer.drain()
                text = await reader.readuntil(b"\r\n.\r\n")
                writer.write(await self._take(envelope, text))
                envelope = []
            elif verb == b"QUIT":
                writer.write(b"221 2.0.0 Bye\r\n")
                return
            else:
                writer.write(b"250 2.0.0 Ok\r\n")
            await writer.drain()

    async def _take(self, envelope, text):
        self.taken += 1
        kind = re.search(rb"RCPT TO:<([a-z]*)", b"".join(envelope), re.I).group(1)
        own = b"250 2.0.0 Ok: queued as FILTER%06d\r\n" % self.taken
        if kind == b"lost":
            return own
        if kind == b"apart":
            self._loop.create_task(self._later(envelope, text))
            return own
        if kind == b"late":
            await asyncio.sleep(2)
        return await self._hand_in(envelope, text)

    async def _later(self, envelope, text):
        await asyncio.sleep(2)
        await self._hand_in(envelope, text)

    async def _hand_in(self, envelope, text):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.target)
        words = b""
        for part in (None, b"EHLO filter.example\r\n", *envelope, b"DATA\r\n", text, b"QUIT\r\n"):
            if part is not None:
                writer.write(part)
            answer = await reader.readline()
            while answer[3:4] == b"-":
                answer = await reader.readline()
            if part is text:
                words = answer
        writer.close()
        return b"250 2.0.0 from MTA(smtp:[127.0.0.1]): " + words
