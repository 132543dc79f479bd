# SPDX-License-Identifier: Apache-2.0
"""One client of a VNC server: the handshake, what it says, and what it is shown
(RFC 6143, section 7; versions 3.3 and 3.7 differ in how security is told).

A client that says nonsense is let go; one that says nothing more, or does not read,
costs a task and one update. Updates are only sent on request, so none piles up.
"""

from __future__ import annotations

import asyncio
import re
import struct
import time
from collections.abc import Awaitable, Callable

from machinebuilder.host.vnc import security
from machinebuilder.host.vnc.encodings import Encoder
from machinebuilder.host.vnc.frames import Frame, Rectangle
from machinebuilder.host.vnc.hands import Keyboard, Pointer
from machinebuilder.host.vnc.pixels import PixelFormat
from machinebuilder.host.vnc.security import SecurityError
from machinebuilder.host.vnc.source import Source

VERSION = b"RFB 003.008\n"
DESKTOP_SIZE, POINTER_MOVES, EXTENDED_KEYS = -223, -257, -258
PATIENCE = 10.0
"""Seconds that a handshake may take."""
PERIOD = 1 / 30
"""Seconds between looks at the screen."""
REST = 2
"""Or so many times as long as a look took, for the machine to get on."""
CLIPBOARD_MOST = 1 << 20
CHUNK = 1 << 16


class ProtocolError(Exception):
    """The client says what the protocol does not have."""


class Session:
    """A connection, from greeting to end."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        source: Source,
        look: Callable[[], Frame],
        password: str | None = None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._name = source.name.encode()
        self._look = look
        self._password = password
        self._keyboard = Keyboard(source)
        self._pointer = Pointer(source)
        self._encoder = Encoder()
        self._known: list[int] = []
        self._told: set[int] = set()
        """Extensions that the client was told of."""
        self._shown: Frame | None = None
        """What the client has; None: it lost it."""
        self._size = (0, 0)
        self._wanted: Rectangle | None = None
        self._wanted_whole = False
        self._asked = asyncio.Event()
        self._messages: dict[int, Callable[[], Awaitable[None]]] = {
            0: self._set_pixel_format,
            2: self._set_encodings,
            3: self._request_update,
            4: self._key,
            5: self._move,
            6: self._cut_text,
            255: self._extension,
        }

    async def run(self) -> None:
        """Serve the client until it goes or errs."""
        try:
            await asyncio.wait_for(self._greet(), PATIENCE)
            updates = asyncio.create_task(self._update_forever())
            listening = asyncio.create_task(self._listen())
            tasks = {updates, listening}
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        except (ProtocolError, SecurityError, OSError, EOFError, TimeoutError):
            pass
        finally:
            self._keyboard.release_all()
            self._pointer.release_all()

    # -- the handshake

    async def _greet(self) -> None:
        self._writer.write(VERSION)
        said = await self._read(len(VERSION))
        if not re.fullmatch(rb"RFB \d{3}\.\d{3}\n", said):
            raise ProtocolError("version")
        minor = int(said[8:11])
        minor = minor if minor in (7, 8) else 3
        await security.agree(self._reader, self._writer, minor, self._password)
        await self._read(1)  # shared or not: all clients are
        frame = self._look()
        self._size = (frame.width, frame.height)
        head = struct.pack(">HH", *self._size) + PixelFormat().pack()
        self._writer.write(head + struct.pack(">I", len(self._name)) + self._name)

    # -- what the client says

    async def _listen(self) -> None:
        while True:
            kind = (await self._read(1))[0]
            if kind not in self._messages:
                raise ProtocolError(f"message {kind}")
            await self._messages[kind]()

    async def _read(self, size: int) -> bytes:
        return await self._reader.readexactly(size)

    async def _set_pixel_format(self) -> None:
        data = await self._read(19)
        try:
            self._encoder.format = PixelFormat.unpack(data[3:])
        except ValueError as error:
            raise ProtocolError(str(error)) from None
        self._shown = None

    async def _set_encodings(self) -> None:
        _, count = struct.unpack(">BH", await self._read(3))
        self._known = list(struct.unpack(f">{count}i", await self._read(4 * count)))
        self._encoder.choose(self._known)
        self._pointer.relative = POINTER_MOVES in self._known
        self._asked.set()

    async def _request_update(self) -> None:
        incremental, *place = struct.unpack(">B4H", await self._read(9))
        asked = Rectangle(*place)
        self._wanted = asked if self._wanted is None else self._wanted.around(asked)
        self._wanted_whole |= not incremental
        self._asked.set()

    async def _key(self) -> None:
        down, keysym = struct.unpack(">B2xI", await self._read(7))
        self._keyboard.keysym(keysym, bool(down))

    async def _move(self) -> None:
        self._pointer.event(*struct.unpack(">BHH", await self._read(5)))

    async def _cut_text(self) -> None:
        (size,) = struct.unpack(">3xI", await self._read(7))
        if size > CLIPBOARD_MOST:
            raise ProtocolError("clipboard")
        while size:
            size -= len(await self._read(min(size, CHUNK)))

    async def _extension(self) -> None:
        """QEMU's: 0 is a key event by scan code."""
        if (await self._read(1))[0] != 0:
            raise ProtocolError("extension")
        down, _, code = struct.unpack(">HII", await self._read(10))
        self._keyboard.scan_code(code, bool(down))

    # -- what it is shown

    async def _update_forever(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            while self._wanted is not None:
                start = time.monotonic()
                self._update()
                cost = time.monotonic() - start
                await self._writer.drain()
                await asyncio.sleep(max(PERIOD, REST * cost))

    def _update(self) -> None:
        """Answer the request, if there is anything to tell."""
        assert self._wanted is not None
        frame = self._look()
        rectangles = self._announcements(frame)
        frame = frame.fitted(*self._size)
        parts = [] if rectangles else self._parts(frame, self._wanted)
        rectangles += [
            _rectangle(p, self._encoder.encoding, self._encoder.encode(frame, p))
            for p in parts
        ]
        if not rectangles:
            return
        self._writer.write(struct.pack(">BxH", 0, len(rectangles)))
        self._writer.writelines(rectangles)
        if parts:
            everywhere = self._wanted.within(frame.all) == frame.all
            self._shown = frame if everywhere else frame.sent(self._shown, parts)
            self._wanted_whole = False
        self._wanted = None

    def _announcements(self, frame: Frame) -> list[bytes]:
        """Another size of the screen, and extensions that both know."""
        found = []
        for extension in (EXTENDED_KEYS, POINTER_MOVES):
            if extension in self._known and extension not in self._told:
                self._told.add(extension)
                found.append(_rectangle(Rectangle(0, 0, 0, 0), extension))
        size = (frame.width, frame.height)
        if size != self._size and DESKTOP_SIZE in self._known:
            self._size = size
            self._shown = None
            found.append(_rectangle(frame.all, DESKTOP_SIZE))
        return found

    def _parts(self, frame: Frame, wanted: Rectangle) -> list[Rectangle]:
        """What to send of the part that the client asks for."""
        wanted = wanted.within(frame.all)
        if not wanted.width or not wanted.height:
            return []
        if self._wanted_whole or self._shown is None:
            return [wanted]
        return frame.changed(self._shown, wanted)


def _rectangle(part: Rectangle, encoding: int, data: bytes = b"") -> bytes:
    place = (part.x, part.y, part.width, part.height)
    return struct.pack(">4Hi", *place, encoding) + data
