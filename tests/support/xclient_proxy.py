# SPDX-License-Identifier: BSD-2-Clause
"""Stands between a client and our Postfix, and gives the client a name and an address by XCLIENT, so
that servers on one machine can be strangers to each other."""
import asyncio
import threading


class XclientProxy:
    """Listens at 127.0.0.1; every session goes to `target`, a port there."""

    def __init__(self, port, target, name, address):
        self.port, self._target = port, target
        self._xclient = f"XCLIENT NAME={name} ADDR={address} PORT=4711\r\n".encode()
        self._loop = asyncio.new_event_loop()
        self._thread = None

    def start(self):
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError(f"the proxy cannot listen on port {self.port}")
        return self

    def _run(self, ready):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", self.port))
        ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))

    def stop(self):
        if self._thread:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)
            self._thread = None

    async def _serve(self, reader, writer):
        try:
            theirs, to_them = await asyncio.open_connection("127.0.0.1", self._target)
            await theirs.readline()
            to_them.write(self._xclient)  # answered by a new greeting, which is the client's
            await asyncio.gather(self._pass_on(reader, to_them), self._pass_on(theirs, writer))
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    @staticmethod
    async def _pass_on(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()
