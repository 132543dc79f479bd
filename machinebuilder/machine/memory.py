# SPDX-License-Identifier: Apache-2.0
"""A machine's buses, from the outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from machinebuilder import native
from machinebuilder.machine.failure import reason

Fill = Callable[[int, bytes], None]


class MachineBus:
    """`machine.memory`: what CPUs see at physical addresses; or another bus."""

    def __init__(self, name: str, handle: Any) -> None:
        self.name = name
        self.handle = handle
        self.flash: list[tuple[range, Fill]] = []
        """Windows that a chip fills, as writing there would be commands."""

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes; devices there are asked. ValueError where nothing is."""
        engine = native.engine()
        data = bytearray(size)
        view = engine.ffi.from_buffer(data)
        if engine.lib.mb_bus_read(self.handle, address, view, size):
            raise ValueError(reason())
        return bytes(data)

    def write(self, address: int, data: bytes) -> None:
        """Put bytes in memory, ROM or flash; ValueError where nothing is."""
        for window, fill in self.flash:
            if address in window and address + len(data) <= window.stop:
                fill(address - window.start, data)
                return
        engine = native.engine()
        view = engine.ffi.from_buffer(data)
        if engine.lib.mb_bus_write(self.handle, address, view, len(data)):
            raise ValueError(reason())

    def touches(self, address: int) -> int:
        """How often the guest accessed the stub at `address`."""
        return int(native.engine().lib.mb_bus_touches(self.handle, address))
