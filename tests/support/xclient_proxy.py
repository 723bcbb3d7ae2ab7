# SPDX-License-Identifier: BSD-2-Clause
"""Stands between a client and our Postfix, and gives the client a name and an address by XCLIENT, so
that servers on one machine can be strangers to each other."""
import asyncio

from .loop_server import LoopServer


class XclientProxy(LoopServer):
    """Listens at 127.0.0.1; every session goes to `target`, a port there."""

    def __init__(self, port, target, name, address):
        super().__init__(port)
        self._target = target
        self._xclient = f"XCLIENT NAME={name} ADDR={address} PORT=4711\r\n".encode()

    async def _session(self, reader, writer):
        theirs, to_them = await asyncio.open_connection("127.0.0.1", self._target)
        await theirs.readline()
        to_them.write(self._xclient)  # answered by a new greeting, which is the client's
        await asyncio.gather(self._pass_on(reader, to_them), self._pass_on(theirs, writer))

    @staticmethod
    async def _pass_on(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()
