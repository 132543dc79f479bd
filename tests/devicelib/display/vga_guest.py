"""A guest's way with a VGA: modes as firmware sets them, and what it draws.

`Guest(card)` works on anything with `out`, `inp`, `write` and `read`, as tests/qtest.py
has them: the chip on the bench (`Card`), QEMU's, or a whole machine.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from native_bench import Chip

PORTS, EXTENSION, WINDOW, VRAM, REGISTERS = range(5)
SIZES = {"b": 1, "w": 2, "l": 4}


class Mode(NamedTuple):
    """Registers of the PS/2's BIOS: output, sequencer, CRTC, graphics, attributes."""

    output: int
    sequencer: str
    crtc: str
    graphics: str
    attributes: str


PLAIN = "000102030405060708090a0b0c0d0e0f"
EGA = "000102030405140738393a3b3c3d3e3f"
MODES = {
    "text": Mode(
        0x67, "0300030002",
        "5f4f50825581bf1f004f0d0e00000000 9c8e8f281f96b9a3ff",
        "0000000000100e00ff", EGA + "0c000f0800",
    ),
    "text8": Mode(
        0x67, "0301030002",
        "5f4f50825581bf1f004f0d0e00000000 9c8e8f281f96b9a3ff",
        "0000000000100e00ff", EGA + "08000f0000",
    ),
    "cga4": Mode(
        0x63, "0309030002",
        "2d2728902b80bf1f00c1000000000000 9c8e8f140096b9a2ff",
        "0000000000300f00ff", "00131517020406071011121314151617" + "0100030000",
    ),
    "cga2": Mode(
        0x63, "0301010006",
        "5f4f50825480bf1f00c1000000000000 9c8e8f280096b9c2ff",
        "0000000000000d00ff", "00" + 15 * "17" + "0100010000",
    ),
    "ega": Mode(
        0x63, "03090f0006",
        "2d2728902b80bf1f00c0000000000000 9c8e8f140096b9e3ff",
        "0000000000000500ff", PLAIN + "01000f0000",
    ),
    "vga16": Mode(
        0xE3, "03010f0006",
        "5f4f508254800b3e0040000000000000 ea8cdf2800e704e3ff",
        "000000000000050fff", EGA + "01000f0000",
    ),
    "vga256": Mode(
        0x63, "03010f000e",
        "5f4f50825480bf1f0041000000000000 9c8e8f284096b9a3ff",
        "000000000040050fff", PLAIN + "41000f0000",
    ),
    "x": Mode(
        0xE3, "03010f0006",
        "5f4f508254800d3e0041000000000000 eaacdf2800e706e3ff",
        "000000000040050fff", PLAIN + "41000f0000",
    ),
}  # fmt: skip

Colour = tuple[int, int, int]


class Card:
    """The chip on the bench, as a guest finds it."""

    def __init__(self, **params: object) -> None:
        self.chip = Chip("display.vga", **params)
        self.chip.reset()
        self.vram = self.chip.memory(VRAM)

    def out(self, port: int, value: int, width: str = "b") -> None:
        region, start = (PORTS, 0x3B0) if port >= 0x3B0 else (EXTENSION, 0x1CE)
        self.chip.write(region, port - start, value, SIZES[width])

    def inp(self, port: int, width: str = "b") -> int:
        region, start = (PORTS, 0x3B0) if port >= 0x3B0 else (EXTENSION, 0x1CE)
        return self.chip.read(region, port - start, SIZES[width])

    def write(self, address: int, data: bytes) -> None:
        for n, byte in enumerate(data):
            self.chip.write(WINDOW, address - 0xA_0000 + n, byte, 1)

    def read(self, address: int, size: int) -> bytes:
        at = address - 0xA_0000
        return bytes(self.chip.read(WINDOW, at + n, 1) for n in range(size))


class Guest:
    """A driver of the card."""

    def __init__(self, card: Any) -> None:
        self.card = card

    def index(self, port: int, index: int, value: int) -> None:
        """A register behind an index port."""
        self.card.out(port, value << 8 | index, "w")

    def sequencer(self, index: int, value: int) -> None:
        self.index(0x3C4, index, value)

    def graphics(self, index: int, value: int) -> None:
        self.index(0x3CE, index, value)

    def crtc(self, index: int, value: int) -> None:
        self.index(0x3D4, index, value)

    def attribute(self, index: int, value: int) -> None:
        """And the screen on, as it stays after the last one."""
        self.card.inp(0x3DA)
        self.card.out(0x3C0, index | 0x20)
        self.card.out(0x3C0, value)

    def set(self, name: str) -> None:
        """A mode; the cursor is off, and the first 16 colours are there."""
        mode = MODES[name]
        self.card.out(0x3C2, mode.output)
        self.crtc(0x11, 0)
        for index, value in enumerate(bytes.fromhex(mode.sequencer)):
            self.sequencer(index, value)
        for index, value in enumerate(bytes.fromhex(mode.crtc)):
            if index != 0x11:
                self.crtc(index, value)
        for index, value in enumerate(bytes.fromhex(mode.graphics)):
            self.graphics(index, value)
        for index, value in enumerate(bytes.fromhex(mode.attributes)):
            self.attribute(index, value)
        self.crtc(0x0A, 0x20)
        self.colours()

    def colours(self) -> None:
        """The DAC: EGA's 64 colours, then a ramp."""
        self.card.out(0x3C6, 0xFF)
        self.card.out(0x3C8, 0)
        for colour in range(256):
            for part in dac(colour):
                self.card.out(0x3C9, part)

    def vbe(self, index: int, value: int) -> None:
        self.card.out(0x1CE, index, "w")
        self.card.out(0x1CF, value, "w")

    def read_vbe(self, index: int) -> int:
        self.card.out(0x1CE, index, "w")
        return int(self.card.inp(0x1CF, "w"))

    def set_vbe(self, width: int, height: int, depth: int, flags: int = 0x41) -> None:
        """A mode of the extension, on top of what the VGA does."""
        self.vbe(4, 0)
        for index, value in ((1, width), (2, height), (3, depth), (4, flags)):
            self.vbe(index, value)
        self.card.inp(0x3DA)
        self.card.out(0x3C0, 0x20)

    def planes(self, enabled: int) -> None:
        """Those that are written."""
        self.sequencer(2, enabled)

    def font(self, glyphs: dict[str, bytes], at: int = 0) -> None:
        """Shapes of characters, into plane 2; back to text."""
        self.planes(4)
        self.sequencer(4, 6)
        self.graphics(5, 0)
        self.graphics(6, 4)
        for character, rows in glyphs.items():
            self.card.write(0xA_0000 + at + 32 * ord(character), rows)
        self.planes(3)
        self.sequencer(4, 2)
        self.graphics(5, 0x10)
        self.graphics(6, 0x0E)

    def text(self, cell: int, words: str, attribute: int) -> None:
        data = b"".join(bytes((ord(c), attribute)) for c in words)
        self.card.write(0xB_8000 + 2 * cell, data)


def dac(colour: int) -> Colour:
    """What `Guest.colours` puts in the DAC: six bits each."""
    if colour >= 64:
        return colour & 63, colour >> 2, 63 - (colour & 63)
    low = [(colour >> bit & 1) * 42 for bit in (2, 1, 0)]
    high = [(colour >> bit & 1) * 21 for bit in (5, 4, 3)]
    return low[0] + high[0], low[1] + high[1], low[2] + high[2]


def rgb(colour: int) -> Colour:
    """As a picture has it."""
    red, green, blue = (part << 2 | part >> 4 for part in dac(colour))
    return red, green, blue
