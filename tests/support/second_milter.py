# SPDX-License-Identifier: BSD-2-Clause
"""A milter that Postfix asks after ours: it says no by the recipients' names.

    spam...    the whole mail is refused at its end
    nobody...  the recipient is refused at RCPT
"""
import struct

from .loop_server import LoopServer
from .milter import packet


class SecondMilter(LoopServer):
    async def _session(self, reader, writer):
        spam = False
        while True:
            size = struct.unpack("!I", await reader.readexactly(4))[0]
            body = await reader.readexactly(size)
            command, rest = body[:1], body[1:]
            if command == b"Q":
                return
            if command == b"O":
                writer.write(packet(b"O", struct.pack("!III", 6, 0, 0)))
            elif command == b"R" and rest.startswith(b"<nobody"):
                writer.write(packet(b"y", b"550 5.7.1 not for him\0"))
            elif command == b"E" and spam:
                writer.write(packet(b"y", b"550 5.7.1 a second opinion\0"))
            elif command not in (b"D", b"A", b"K"):  # macros, abort and a new session have no answer
                writer.write(packet(b"c"))
            spam = command != b"M" and (spam or (command == b"R" and rest.startswith(b"<spam")))
            await writer.drain()
