# SPDX-License-Identifier: BSD-2-Clause
"""A server of tests: asyncio in a thread of its own."""
import asyncio
import threading


class LoopServer:
    """Serves connections to `host`:`port` by _session(reader, writer), which a subclass has."""

    def __init__(self, port, host="127.0.0.1"):
        self.port, self.host = port, host
        self._loop = asyncio.new_event_loop()
        self._server = None
        self._thread = None

    def start(self):
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        if not ready.wait(10) or self._server is None:
            raise RuntimeError(f"{type(self).__name__} cannot listen on port {self.port}")
        return self

    def _run(self, ready):
        asyncio.set_event_loop(self._loop)
        try:
            self._server = self._loop.run_until_complete(
                asyncio.start_server(self._serve, self.host, self.port, backlog=200, limit=1 << 20))
        finally:
            ready.set()
        self._loop.run_forever()
        self._server.close()
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
            await self._session(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ValueError):
            pass
        finally:
            writer.close()

    async def _session(self, reader, writer):
        raise NotImplementedError
