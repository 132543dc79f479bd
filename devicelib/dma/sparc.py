# SPDX-License-Identifier: Apache-2.0
"""DMA2, the SBus DMA controller of sun4m (LSI L64854; NCR89C100 MACIO manual, chapter
4): channel 0 serves a SCSI controller, channel 1 an Ethernet one.

Each channel's chip sits on a bus of its own: `{model: scsi.esp, bus: dma.scsi}`. It has
its registers 4 or 8 MiB behind those of the DMA controller, as on all machines with it.

Omitted: the buffers between the bus and the chips (transfers are complete when they are
asked for, so there is nothing to drain), the byte counter and next-address registers,
burst sizes, the parallel port's channel.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.device import Bit, Bits, Bus, Device, IrqIn, IrqOut, Reg, Region

SCSI, NET = 0, 1
PENDING, ERROR, ENABLE_IRQ, DRAIN = 1 << 0, 1 << 1, 1 << 4, 3 << 2
INVALIDATE, RESET, TO_MEMORY, ENABLE = 1 << 5, 1 << 7, 1 << 8, 1 << 9
LOADED = 1 << 26
VERSION = 0xA000_0000
STATUS = PENDING | ERROR | DRAIN | LOADED | 0xF000_0000
WORD = 0xFFFF_FFFF
MIB = 1 << 20


class SparcDma(Device):
    """Two channels between SBus and chips that have 8- or 16-bit buses."""

    sits_on = "sbus"
    big_endian = True

    registers = Region(0x20, at=0, doc="four words for each channel")
    scsi_window = Region(0x40, at=4 * MIB, bus="scsi", doc="the SCSI controller")
    net_window = Region(4, at=8 * MIB, bus="net", doc="the Ethernet controller")

    scsi = Bus("scsi-dma", doc="channel 0", at=0x40)
    net = Bus("net-dma", doc="channel 1", at=4)
    line = IrqIn(doc="interrupts of the two chips", count=2)
    scsi_irq = IrqOut(doc="channel 0: its chip's, or an access failed")
    net_irq = IrqOut(doc="channel 1: its chip's, or an access failed")

    control = Reg(
        0x00, region="registers", count=2, step=0x10, reset=VERSION,
        pending=Bit(0, "ro"), error=Bit(1, "ro"), draining=Bits(3, 2, "ro"),
        irq_enable=Bit(4), invalidate=Bit(5), drain=Bit(6), reset_=Bit(7),
        to_memory=Bit(8), enable=Bit(9), options=Bits(25, 10), loaded=Bit(26, "ro"),
        more_options=Bit(27), version=Bits(31, 28, "ro"), doc="D_CSR, E_CSR",
    )  # fmt: skip
    address = Reg(0x04, region="registers", count=2, step=0x10, doc="D_ADDR, E_ADDR")
    left = Reg(0x08, region="registers", count=2, step=0x10, doc="byte counter")
    base = Reg(
        0x0C, region="registers", count=2, step=0x10,
        doc="channel 1: the high byte of all its addresses",
    )  # fmt: skip

    @control.read
    def status(self, channel: int) -> int:
        return self.control[channel] | (PENDING if self.line[channel] else 0)

    @control.write
    def command(self, value: int, channel: int) -> None:
        control = self.control[channel] & ~INVALIDATE
        if value & INVALIDATE:
            control &= ~ERROR
        if value & RESET:
            control &= ~(ERROR | LOADED)
            for chip in self._served(channel).values():
                chip.hardware_reset()
        self.control[channel] = control
        if control & ENABLE and channel == SCSI:
            for chip in self.scsi.values():
                chip.dma_enabled()

    @address.write
    def load(self, value: int, channel: int) -> None:
        self.control[channel] |= LOADED

    @scsi_irq.level
    def scsi_level(self) -> bool:
        return self._level(SCSI)

    @net_irq.level
    def net_level(self) -> bool:
        return self._level(NET)

    def _level(self, channel: int) -> bool:
        control = self.control[channel]
        wanted = self.line[channel] or control & ERROR
        return bool(wanted and control & ENABLE_IRQ)

    def _served(self, channel: int) -> dict[int | str, Any]:
        return self.net if channel == NET else self.scsi

    # -- what the chips ask

    @property
    def enabled(self) -> bool:
        """May the SCSI controller transfer?"""
        return bool(self.control[SCSI] & ENABLE)

    def fetch(self, size: int) -> bytes:
        """The SCSI controller's next bytes from memory; zeros where there is none."""
        data = self.dma.read(self.address[SCSI], size)
        self._advance(size, failed=data is None)
        return bytes(size) if data is None else data

    def store(self, data: bytes) -> None:
        """The SCSI controller's next bytes to memory."""
        done = self.dma.write(self.address[SCSI], data)
        self._advance(len(data), failed=not done)

    def _advance(self, size: int, failed: bool) -> None:
        self.address[SCSI] = self.address[SCSI] + size & WORD
        if failed:
            self._fail(SCSI)

    def read_at(self, address: int, size: int) -> bytes | None:
        """What the Ethernet controller has at its 24-bit address; None: nothing."""
        data = self.dma.read(self._based(address), size)
        if data is None:
            self._fail(NET)
        return data

    def write_at(self, address: int, data: bytes) -> bool:
        """Change memory of the Ethernet controller; False: nothing is there."""
        done = self.dma.write(self._based(address), data)
        if not done:
            self._fail(NET)
        return done

    def _based(self, address: int) -> int:
        return self.base[NET] & 0xFF00_0000 | address & 0xFF_FFFF

    def _fail(self, channel: int) -> None:
        self.control[channel] = (self.control[channel] | ERROR) & ~ENABLE
        self.log(f"channel {channel}: access to memory that is not there")
