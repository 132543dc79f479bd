"""A VNC client for tests, by RFC 6143; as rude as a test wants it."""

from __future__ import annotations

import socket
import struct
import zlib
from typing import Any

from machinebuilder.host.vnc.security import answer

RAW, ZLIB, ZRLE, DESKTOP_SIZE = 0, 6, 16, -223
TILE = 64


class Client:
    """A connection, greeted and with the screen's size known."""

    def __init__(
        self, port: int, version: bytes = b"003.008", password: str | None = None
    ) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.streams = {ZLIB: zlib.decompressobj(), ZRLE: zlib.decompressobj()}
        self.bytes_per_pixel = 4
        self.pixels: dict[tuple[int, int], bytes] = {}
        assert self.read(12) == b"RFB 003.008\n"
        self.send(b"RFB " + version + b"\n")
        self.agree(version, 1 if password is None else 2)
        if password is not None:
            self.send(answer(password, self.read(16)))
        if version == b"003.008" or password is not None:
            self.accepted = self.read(4) == b"\0\0\0\0"
            if not self.accepted:
                return
        self.send(b"\1")
        self.width, self.height = struct.unpack(">HH", self.read(4))
        self.format = self.read(16)
        self.name = self.read(*struct.unpack(">I", self.read(4)))

    def agree(self, version: bytes, kind: int) -> None:
        """On the kind of security."""
        if version == b"003.003":
            assert self.read(4) == bytes([0, 0, 0, kind])
        else:
            assert self.read(2) == bytes([1, kind])
            self.send(bytes([kind]))

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def closed(self) -> bool:
        """Does the server hang up, after whatever it says?"""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    # -- messages

    def set_format(self, *fields: int) -> None:
        """bits, depth, big-endian, true colour, three maxima, three shifts."""
        self.send(b"\0\0\0\0" + struct.pack(">BBBBHHHBBB3x", *fields))
        self.bytes_per_pixel = fields[0] // 8

    def set_encodings(self, *encodings: int) -> None:
        self.send(
            struct.pack(f">BBH{len(encodings)}i", 2, 0, len(encodings), *encodings)
        )

    def ask(self, incremental: bool = False, *place: int) -> None:
        place = place or (0, 0, self.width, self.height)
        self.send(struct.pack(">BB4H", 3, incremental, *place))

    def key(self, keysym: int, down: bool) -> None:
        self.send(struct.pack(">BBHI", 4, down, 0, keysym))

    def scan_code(self, code: int, down: bool) -> None:
        self.send(struct.pack(">BBHII", 255, 0, down, 0, code))

    def point(self, mask: int, x: int, y: int) -> None:
        self.send(struct.pack(">BBHH", 5, mask, x, y))

    # -- updates

    def update(self) -> list[tuple[int, ...]]:
        """The next one: its rectangles as (x, y, width, height, encoding)."""
        kind, count = struct.unpack(">BxH", self.read(4))
        assert kind == 0
        return [self.rectangle() for _ in range(count)]

    def whole(self) -> list[tuple[int, ...]]:
        """Ask for everything; the update."""
        self.ask()
        return self.update()

    def rectangle(self) -> tuple[int, ...]:
        x, y, width, height, encoding = found = struct.unpack(">4Hi", self.read(12))
        if encoding == DESKTOP_SIZE:
            self.width, self.height = width, height
        elif encoding >= 0:
            decode: Any = {RAW: self.raw, ZLIB: self.zlib, ZRLE: self.zrle}[encoding]
            decode(x, y, width, height)
        return found

    def raw(self, x: int, y: int, width: int, height: int) -> None:
        self.put(x, y, width, self.read(width * height * self.bytes_per_pixel))

    def zlib(self, x: int, y: int, width: int, height: int) -> None:
        packed = self.read(*struct.unpack(">I", self.read(4)))
        self.put(x, y, width, self.streams[ZLIB].decompress(packed))

    def zrle(self, x: int, y: int, width: int, height: int) -> None:
        packed = self.read(*struct.unpack(">I", self.read(4)))
        data = self.streams[ZRLE].decompress(packed)
        size = 3 if self.bytes_per_pixel == 4 else self.bytes_per_pixel
        for top in range(y, y + height, TILE):
            for left in range(x, x + width, TILE):
                columns, rows = min(TILE, x + width - left), min(TILE, y + height - top)
                solid, data = data[0], data[1:]
                count = 1 if solid else columns * rows
                tile, data = data[: count * size], data[count * size :]
                self.put(left, top, columns, tile * (columns * rows // count), size)
        assert not data

    def put(
        self, x: int, y: int, width: int, data: bytes, size: int | None = None
    ) -> None:
        size = size or self.bytes_per_pixel
        for n in range(len(data) // size):
            place = (x + n % width, y + n // width)
            self.pixels[place] = data[n * size : (n + 1) * size]
