# SPDX-License-Identifier: Apache-2.0
"""PL061 -- ARM PrimeCell general-purpose I/O (ARM DDI 0190): eight lines.

A board may say that a power button is on one of the lines: `power_key: 3`. Pressing it
(`machine.power_button()`) raises the line for 100 ms.

Omitted: the integration-test registers. Hardware control (GPIOAFSEL) is kept and leaves
the lines as they are; lines that nobody drives read as zero.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.device import Alarm, Bits, Device, IrqIn, IrqOut, Param, Reg, State

PRESS_NS = 100_000_000
KEY_POWER = 116
"""The code of a power key in Linux's input events."""


class PL061(Device):
    """Eight lines, each an input that can interrupt, or an output."""

    span = 0x1000
    compatible = ("arm,pl061", "arm,primecell")
    dt_name = "gpio"

    power_key = Param("integer", min=0, max=7, doc="the line that a power button is on")
    irq = IrqOut(doc="GPIOINTR: a line's interrupt is raised and not masked")
    out = IrqOut(doc="the lines that are outputs", count=8)
    line = IrqIn(doc="levels from outside", count=8)
    release = Alarm(doc="the power button is let go")
    pressed = State(False, doc="the power button is held down")

    data = Reg(
        0x000,
        count=256,
        step=4,
        doc="GPIODATA: bits 9-2 of the address mask the lines",
    )
    direction = Reg(0x400, lines=Bits(7, 0), doc="GPIODIR: 1 is an output")
    sense = Reg(0x404, lines=Bits(7, 0), doc="GPIOIS: 1 detects levels, 0 edges")
    both = Reg(0x408, lines=Bits(7, 0), doc="GPIOIBE: both edges")
    event = Reg(0x40C, lines=Bits(7, 0), doc="GPIOIEV: 1 high or rising, 0 opposite")
    mask = Reg(0x410, lines=Bits(7, 0), doc="GPIOIE: 1 lets the interrupt through")
    raw = Reg(0x414, "ro", lines=Bits(7, 0), doc="GPIORIS")
    masked = Reg(0x418, "ro", lines=Bits(7, 0), doc="GPIOMIS: raw and mask")
    clear = Reg(0x41C, "wo", lines=Bits(7, 0), doc="GPIOIC: forget edges")
    alternate = Reg(0x420, lines=Bits(7, 0), doc="GPIOAFSEL")
    ident = Reg(0xFE0, "ro", count=8, doc="GPIOPeriphID, GPIOPCellID")

    driven = State(0, doc="what the guest wrote to the lines")
    edges = State(0, doc="edges that were detected")
    seen = State(0, doc="levels when edges were last looked for")

    @property
    def levels(self) -> int:
        """All lines: outputs as written, inputs as driven from outside."""
        outside = sum(level << index for index, level in enumerate(self.line))
        if self.pressed:
            outside |= 1 << self.power_key
        driven: int = self.driven & self.direction
        return driven | outside & ~int(self.direction) & 0xFF

    def detect(self) -> None:
        """Remember the edges since the last call, of lines that detect edges."""
        now = self.levels
        changed = (now ^ self.seen) & ~int(self.sense)
        wanted = self.both | ~(now ^ int(self.event))
        self.edges |= changed & wanted & 0xFF
        self.seen = now

    def power_button(self) -> bool:
        if self.power_key is None:
            return False
        self.pressed = True
        self.release.at_ns(self.clock.ns + PRESS_NS)
        self.detect()
        return True

    @release.rings
    def let_go(self) -> None:
        self.pressed = False
        self.detect()

    @line.changed
    def hear(self, level: bool, index: int) -> None:
        self.detect()

    @data.read
    def read_lines(self, index: int) -> int:
        return self.levels & index

    @data.write
    def write_lines(self, value: int, index: int) -> None:
        self.driven = self.driven & ~index | value & index
        self.detect()

    @direction.write
    def turn(self, value: int) -> None:
        self.detect()

    @raw.read
    def status(self) -> int:
        """Detected edges, and lines that have the level that interrupts."""
        level: int = self.sense & ~(self.levels ^ int(self.event))
        return (self.edges & ~int(self.sense) | level) & 0xFF

    @masked.read
    def shown(self) -> int:
        return self.status() & self.mask

    @clear.write
    def acknowledge(self, value: int) -> None:
        self.edges &= ~value

    @ident.read
    def identify(self, index: int) -> int:
        return (0x61, 0x10, 0x04, 0x00, 0x0D, 0xF0, 0x05, 0xB1)[index]

    @irq.level
    def interrupt(self) -> int:
        return self.shown()

    @out.level
    def output(self, index: int) -> int:
        level: int = self.driven & self.direction & 1 << index
        return level

    @classmethod
    def devicetree(cls, node: Any, view: Any) -> None:
        node["clocks"] = view.clock(24_000_000)
        node["clock-names"] = "apb_pclk"
        node["gpio-controller"] = True
        node["#gpio-cells"] = 2
        line = view.device.params["power_key"]
        if line is not None:
            _add_power_key(view, view.device.name, line)


def _add_power_key(view: Any, gpio: str, line: int) -> None:
    keys = view.root.child("gpio-keys")
    keys["compatible"] = "gpio-keys"
    key = keys.child("poweroff")
    key["label"] = "power button"
    key["linux,code"] = KEY_POWER
    key["gpios"] = [view.phandle(gpio), line, 0]
