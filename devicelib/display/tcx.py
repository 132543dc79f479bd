# SPDX-License-Identifier: Apache-2.0
"""TCX, Sun's SBus frame buffer (S24, SUNW,tcx), in its 8-bit version: one byte for each
of 1024 x 768 pixels, and a table of 256 colours in a Brooktree-like DAC.

Its FCode PROM tells firmware about it: the one in Debian's qemu-system-data, unless the
board names another. Without any, firmware finds the slot empty.

Omitted: 24-bit pixels, stippling and block moves (the STIP and BLIT windows), the
cursor, interrupts at the vertical blank. THC and TEC, which time and draw, only
keep what is written.
"""

from __future__ import annotations

from pathlib import Path

from machinebuilder.device import Device, Param, Picture, Region, State

WIDTH, HEIGHT, COLOURS = 1024, 768, 256
MIB = 1 << 20
INDEX, COLOUR = 0x0, 0x4
STORE_SIZE = 0x1000
INSTALLED = Path("/usr/share/qemu/QEMU,tcx.bin")


class Tcx(Device):
    """A picture of 1024 x 768 pixels in 256 colours."""

    sits_on = "sbus"
    big_endian = True

    code = Region(0x1_0000, at=0, memory="rom", doc="FCode")
    dac = Region(0x10, at=0x20_0000, doc="colours, in the high bytes of words")
    timing = Region(STORE_SIZE, at=0x30_1000, doc="THC")
    drawing = Region(STORE_SIZE, at=0x70_0000, doc="TEC")
    pixels = Region(MIB, at=0x80_0000, memory="ram", doc="line by line from top left")

    fcode = Param("path", doc="image of the FCode PROM")

    index = State(0, doc="the colour that is set next")
    component = State(0, doc="0 red, 1 green, 2 blue")
    colours = State(lambda: bytearray(3 * COLOURS))
    kept_timing = State(lambda: bytearray(STORE_SIZE))
    kept_drawing = State(lambda: bytearray(STORE_SIZE))

    def power_on(self) -> None:
        path = Path(self.fcode or INSTALLED)
        if self.fcode or path.exists():
            with path.open("rb") as file:
                self.code.load(0, file.read(self.code.size))

    # -- the DAC

    @dac.read
    def read_dac(self, offset: int, size: int) -> int:
        """Colours can be read back as they are written."""
        if offset != COLOUR:
            return self._word(self.index, size) if offset == INDEX else 0
        value = self.colours[3 * self.index + self.component]
        self._next_component()
        return self._word(value, size)

    @dac.write
    def write_dac(self, offset: int, value: int, size: int) -> None:
        part = value >> 8 * (size - 1) & 0xFF
        if offset == INDEX:
            self.index, self.component = part, 0
        elif offset == COLOUR:
            self.colours[3 * self.index + self.component] = part
            self._next_component()

    def _word(self, value: int, size: int) -> int:
        return value << 8 * (size - 1)

    def _next_component(self) -> None:
        self.component = (self.component + 1) % 3
        if self.component == 0:
            self.index = (self.index + 1) % COLOURS

    # -- THC and TEC

    @timing.read
    def read_timing(self, offset: int, size: int) -> int:
        return int.from_bytes(self.kept_timing[offset : offset + size], "big")

    @timing.write
    def write_timing(self, offset: int, value: int, size: int) -> None:
        self.kept_timing[offset : offset + size] = value.to_bytes(size, "big")

    @drawing.read
    def read_drawing(self, offset: int, size: int) -> int:
        return int.from_bytes(self.kept_drawing[offset : offset + size], "big")

    @drawing.write
    def write_drawing(self, offset: int, value: int, size: int) -> None:
        self.kept_drawing[offset : offset + size] = value.to_bytes(size, "big")

    # -- what a person sees

    def picture(self) -> Picture:
        return Picture(
            WIDTH, HEIGHT, self.pixels.look(0, WIDTH * HEIGHT), bytes(self.colours)
        )
