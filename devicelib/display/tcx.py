# SPDX-License-Identifier: Apache-2.0
"""TCX, Sun's SBus frame buffer (SUNW,tcx), in its 8-bit version: one byte for each of
1024 x 768 pixels, and a table of 256 colours in a Bt458. Addresses and fields are those
of Sun's <sys/tcxreg.h> of 1994.

Register sets are 4 KiB, and repeat over the larger range that the card answers at:
firmware names THC and TEC at the beginning of their ranges, some drivers add 0x1000.

STIP and BLIT take commands at eight times the number of the first pixel, of two words:

    31..28 raster operation  7..0 colour    then the stipple: 32 pixels, leftmost first
                                             or 28..24 pixels less one, 23..0 the source

Its FCode PROM tells firmware about it: the one in Debian's qemu-system-data, unless the
board names another. Without any, firmware finds the slot empty.

Omitted: the S24's 24-bit pixels and its cursor; raster operations other than a copy;
the DAC's read and blink masks and overlay colours; interrupts and status of the
vertical blank; DHC and ALT. TEC and most of THC only keep what is written.
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path

from machinebuilder.device import Device, Param, Picture, Region, State

WIDTH, HEIGHT, COLOURS = 1024, 768, 256
MIB = 1 << 20
SET_SIZE = 0x1000  # of a set of registers, which repeats
MISC, VIDEO = 0x818, 1 << 10  # THC's HCMISC: the picture is shown
RUN, NO_SOURCE = 32, 0xFF_FFFF  # pixels of a command; BLIT's source: the colour
INSTALLED = Path("/usr/share/qemu/QEMU,tcx.bin")


class DacRegister(IntEnum):
    """The Bt458's, a word each."""

    INDEX = 0x0
    COLOUR = 0x4
    CONTROL = 0x8


def shown() -> bytearray:
    """THC with the video on."""
    return bytearray(MISC) + VIDEO.to_bytes(4, "big") + bytes(SET_SIZE - MISC - 4)


def kept(registers: bytearray, offset: int, size: int) -> int:
    offset = offset % SET_SIZE & -size
    return int.from_bytes(registers[offset : offset + size], "big")


def keep(registers: bytearray, offset: int, value: int, size: int) -> None:
    offset = offset % SET_SIZE & -size
    registers[offset : offset + size] = value.to_bytes(size, "big")


class Tcx(Device):
    """A picture of 1024 x 768 pixels in 256 colours."""

    sits_on = "sbus"
    big_endian = True

    code = Region(0x1_0000, at=0, memory="rom", doc="FCode")
    dac = Region(0x4_0000, at=0x20_0000, doc="colours, in the high bytes of words")
    timing = Region(0x8_0000, at=0x30_0000, doc="THC")
    drawing = Region(0x8_0000, at=0x70_0000, doc="TEC")
    pixels = Region(MIB, at=0x80_0000, memory="ram", doc="line by line from top left")
    stipple = Region(8 * MIB, at=0x400_0000, doc="STIP: a pattern of 32 pixels")
    blit = Region(8 * MIB, at=0x600_0000, doc="BLIT: copies up to 32 pixels")
    raw_stipple = Region(8 * MIB, at=0xC00_0000, doc="RSTIP, which is STIP")
    raw_blit = Region(8 * MIB, at=0xE00_0000, doc="RBLIT, which is BLIT")

    fcode = Param("path", doc="image of the FCode PROM")

    index = State(0, doc="the colour that is set next")
    component = State(0, doc="0 red, 1 green, 2 blue")
    colours = State(lambda: bytearray(3 * COLOURS))
    controls = State(lambda: bytearray(256), doc="the DAC's, by index")
    kept_timing = State(shown, doc="THC, as firmware leaves it")
    kept_drawing = State(lambda: bytearray(SET_SIZE))
    first_word = State(0, doc="of the command that is being written")

    def power_on(self) -> None:
        path = Path(self.fcode or INSTALLED)
        if self.fcode or path.exists():
            with path.open("rb") as file:
                self.code.load(0, file.read(self.code.size))

    # -- the DAC

    @dac.read
    def read_dac(self, offset: int, size: int) -> int:
        """Everything can be read back as it is written."""
        value = 0
        match offset % SET_SIZE:
            case DacRegister.INDEX:
                value = self.index
            case DacRegister.COLOUR:
                value = self.colours[3 * self.index + self.component]
                self._next_component()
            case DacRegister.CONTROL:
                value = self.controls[self.index]
        return value << 8 * (size - 1)

    @dac.write
    def write_dac(self, offset: int, value: int, size: int) -> None:
        part = value >> 8 * (size - 1) & 0xFF
        match offset % SET_SIZE:
            case DacRegister.INDEX:
                self.index, self.component = part, 0
            case DacRegister.COLOUR:
                self.colours[3 * self.index + self.component] = part
                self._next_component()
            case DacRegister.CONTROL:
                self.controls[self.index] = part

    def _next_component(self) -> None:
        self.component = (self.component + 1) % 3
        if self.component == 0:
            self.index = (self.index + 1) % COLOURS

    # -- THC and TEC

    @timing.read
    def read_timing(self, offset: int, size: int) -> int:
        return kept(self.kept_timing, offset, size)

    @timing.write
    def write_timing(self, offset: int, value: int, size: int) -> None:
        keep(self.kept_timing, offset, value, size)

    @drawing.read
    def read_drawing(self, offset: int, size: int) -> int:
        return kept(self.kept_drawing, offset, size)

    @drawing.write
    def write_drawing(self, offset: int, value: int, size: int) -> None:
        keep(self.kept_drawing, offset, value, size)

    # -- STIP and BLIT

    @stipple.read
    @blit.read
    @raw_stipple.read
    @raw_blit.read
    def read_command(self, offset: int, size: int) -> int:
        return 0

    @stipple.write
    @raw_stipple.write
    def write_stipple(self, offset: int, value: int, size: int) -> None:
        """The stipple's ones become the colour."""
        command = self._command(offset, value, size)
        if command is None:
            return
        first = offset // 8 % MIB
        pixels = bytearray(self._run(first, RUN))
        for i in range(len(pixels)):
            if command >> RUN - 1 - i & 1:
                pixels[i] = command >> 32 & 0xFF
        self._draw(first, bytes(pixels))

    @blit.write
    @raw_blit.write
    def write_blit(self, offset: int, value: int, size: int) -> None:
        """Pixels are copied as they were before, or filled with the colour."""
        command = self._command(offset, value, size)
        if command is None:
            return
        source, count = command & NO_SOURCE, (command >> 24) % RUN + 1
        colour = bytes([command >> 32 & 0xFF])
        pixels = (
            colour * count if source == NO_SOURCE else self._run(source % MIB, count)
        )
        self._draw(offset // 8 % MIB, pixels)

    def _command(self, offset: int, value: int, size: int) -> int | None:
        """The command that this write completes."""
        if size == 8:
            return value
        if size == 4 and offset % 8 == 4:
            return self.first_word << 32 | value
        if size == 4:
            self.first_word = value
        return None

    def _run(self, first: int, count: int) -> bytes:
        """Pixels, as far as there are any."""
        return self.pixels.look(first, min(count, MIB - first))

    def _draw(self, first: int, pixels: bytes) -> None:
        self.pixels.load(first, pixels[: MIB - first])

    # -- what a person sees

    def picture(self) -> Picture:
        video = kept(self.kept_timing, MISC, 4) & VIDEO
        colours = bytes(self.colours if video else 3 * COLOURS)
        return Picture(WIDTH, HEIGHT, self.pixels.look(0, WIDTH * HEIGHT), colours)
