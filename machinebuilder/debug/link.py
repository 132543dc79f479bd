# SPDX-License-Identifier: Apache-2.0
"""The debugger's socket: one client at a time, on the loopback interface only.

One thread takes connections and bytes and puts what it understood in a queue; replies
are sent by the thread that runs the machine. Whoever puts something wakes the machine.
"""

from __future__ import annotations

import contextlib
import enum
import select
import socket
import threading
from collections.abc import Callable
from queue import SimpleQueue

from .packets import Item, Reader, frame

LOOPBACK = "127.0.0.1"
PATIENCE = 10.0
"""Seconds that a client may leave replies unread."""


class Note(enum.Enum):
    """What comes beside the client's packets."""

    CONNECTED = "a client came"
    LOST = "it went"
    STOP = "the machine's owner wants it to stop"


class Link:
    """Listens from the start; `inbox` has what came, `wake` is called for each."""

    def __init__(self, port: int, wake: Callable[[], None]) -> None:
        self.inbox: SimpleQueue[Item | Note] = SimpleQueue()
        self._wake = wake
        self._listener = socket.create_server((LOOPBACK, port), backlog=1)
        self.port = int(self._listener.getsockname()[1])
        self._client: socket.socket | None = None
        self._reader = Reader()
        self._ours, self._theirs = socket.socketpair()
        self._thread = threading.Thread(target=self._watch, name="gdb", daemon=True)
        self._thread.start()

    def put(self, item: Item | Note) -> None:
        """Something for the thread that runs the machine; safe in a signal handler."""
        self.inbox.put(item)
        self._wake()

    # -- the thread

    def _watch(self) -> None:
        while True:
            sockets = [self._listener, self._theirs]
            client = self._client
            if client is not None:
                sockets.append(client)
            try:
                ready, _, _ = select.select(sockets, [], [])
            except (OSError, ValueError):  # the client was dropped meanwhile
                self._forget(client)
                continue
            if self._theirs in ready:
                return
            if client is not None and client in ready:
                self._receive(client)
            if self._listener in ready:
                self._accept()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._listener.accept()
            if self._client is not None:
                client.close()
                return
            client.settimeout(PATIENCE)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._reader = Reader()
            self._client = client
            self.put(Note.CONNECTED)

    def _receive(self, client: socket.socket) -> None:
        try:
            data = client.recv(4096)
        except OSError:
            data = b""
        if not data:
            self._forget(client)
        for item in self._reader.feed(data):
            self.put(item)

    def _forget(self, client: socket.socket | None) -> None:
        if client is not None and client is self._client:
            self._client = None
            client.close()
            self.put(Note.LOST)

    # -- the thread that runs the machine

    def send(self, data: bytes) -> None:
        """To the client, if it is still there and reads."""
        client = self._client
        if client is not None:
            try:
                client.sendall(data)
            except OSError:
                self.drop()

    def send_packet(self, payload: bytes) -> None:
        """One packet."""
        self.send(frame(payload))

    def drop(self) -> None:
        """Send the client away: the thread sees its end."""
        client = self._client
        if client is not None:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop listening."""
        with contextlib.suppress(OSError):
            self._ours.send(b"x")
        self._thread.join()
        for each in (self._client, self._listener, self._ours, self._theirs):
            if each is not None:
                each.close()
