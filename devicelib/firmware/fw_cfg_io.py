# SPDX-License-Identifier: Apache-2.0
"""Firmware configuration of a PC, in ports (qemu/docs/specs/fw_cfg.rst): selector and
data at 0x510 and 0x511, and an interface by which the chip copies items to memory.

Omitted: items that the guest may write; a DMA write is an error.
"""

from __future__ import annotations

from devicelib.firmware._items import FirmwareItems
from machinebuilder.device import Region, State

ERROR, READ, SKIP, SELECT, WRITE = 1, 2, 4, 8, 16
"""Of the control word in memory."""
SIGNATURE = b"QEMU CFG"
REQUEST = 16
"""Bytes of a request in memory: control, length, address."""
CHUNK = 1 << 16


class FirmwareConfigIo(FirmwareItems):
    """Items through ports, or straight to memory."""

    sits_on = "io"
    acpi_hid = "QEMU0002"
    features = 1 | 2

    ports = Region(2, at=0, doc="the selector, 16 bits; the data in its upper byte")
    window = Region(8, at=4, name="dma", doc="address of a request, big-endian")

    address = State(lambda: bytearray(8), doc="of the request, as far as written")

    @ports.read
    def load(self, offset: int, size: int) -> int:
        return self.take(1)[0] if offset == 1 else 0

    @ports.write
    def store(self, offset: int, value: int, size: int) -> None:
        if offset == 0:
            self.select(value)

    @window.read
    def identify(self, offset: int, size: int) -> int:
        return int.from_bytes(SIGNATURE[offset : offset + size], "little")

    @window.write
    def request(self, offset: int, value: int, size: int) -> None:
        """The last byte of the address starts the transfer."""
        self.address[offset : offset + size] = value.to_bytes(size, "little")
        if offset + size == len(self.address):
            self.serve(int.from_bytes(self.address, "big"))
            self.address = bytearray(8)

    def serve(self, address: int) -> None:
        """Do what a request in memory says, and put the outcome into its control."""
        request = self.dma.read(address, REQUEST)
        if request is None:
            self.log(f"a request at {address:#x}, where no memory is")
            return
        control = int.from_bytes(request[:4], "big")
        length = int.from_bytes(request[4:8], "big")
        target = int.from_bytes(request[8:], "big")
        done = self.perform(control, length, target)
        self.dma.write(address, (0 if done else ERROR).to_bytes(4, "big"))

    def perform(self, control: int, length: int, target: int) -> bool:
        """One request; False: it cannot be done."""
        if control & SELECT:
            self.select(control >> 16)
        if control & READ:
            return self.copy(target, length)
        if control & (SKIP | WRITE):
            self.take(min(length, len(self.items.get(self.selected, b""))))
        return not control & WRITE

    def copy(self, target: int, length: int) -> bool:
        """Bytes of the item to memory, as far as there is memory."""
        while length:
            size = min(length, CHUNK)
            if not self.dma.write(target, self.take(size)):
                return False
            target, length = target + size, length - size
        return True
