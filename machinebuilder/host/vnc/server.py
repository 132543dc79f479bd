# SPDX-License-Identifier: Apache-2.0
"""Listens for VNC clients, on a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time

from machinebuilder.host.vnc.address import Address
from machinebuilder.host.vnc.frames import Frame
from machinebuilder.host.vnc.session import PERIOD, Session
from machinebuilder.host.vnc.source import Source

MOST_CLIENTS = 16


class Server:
    """A server that runs from its making until `close`. OSError if the address cannot
    be had."""

    def __init__(self, source: Source, address: Address) -> None:
        self._source = source
        self._password = address.password
        self._frame: Frame | None = None
        self._picture: object = None
        self._looked = 0.0
        self._sessions: set[asyncio.Task[None]] = set()
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        listener = socket.create_server((address.host, address.port), family=family)
        self.host = address.host
        self.port: int = listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(
            target=self._run, args=(listener,), name="vnc", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Let all clients go; the source is not asked after this."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join()

    def _run(self, listener: socket.socket) -> None:
        try:
            self._loop.run_until_complete(self._serve(listener))
        finally:
            self._loop.close()

    async def _serve(self, listener: socket.socket) -> None:
        server = await asyncio.start_server(self._connected, sock=listener)
        await self._end.wait()
        server.close()
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    async def _connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._sessions) >= MOST_CLIENTS or self._end.is_set():
            writer.transport.abort()
            return
        self._sessions.add(task)
        try:
            session = Session(reader, writer, self._source, self._look, self._password)
            await session.run()
        except asyncio.CancelledError:
            pass
        finally:
            self._sessions.discard(task)
            writer.transport.abort()

    def _look(self) -> Frame:
        """The screen now, or as one of the clients saw it a moment ago."""
        now = time.monotonic()
        if self._frame is None or now - self._looked >= PERIOD / 2:
            self._looked = now
            picture = self._source.picture()
            if self._frame is None or picture != self._picture:
                self._frame = Frame.of(picture)
                self._picture = picture
        return self._frame
