# SPDX-License-Identifier: Apache-2.0
"""M48T08 -- ST Timekeeper: 8 KiB of battery-backed memory with a clock at its end.

Sun's IDPROM is in the last bytes before the clock (Sun NVRAM FAQ): format, machine
type, Ethernet address, date, serial number, and the exclusive or of all that.

The contents outlive a reset, and last until power off.

Omitted: calibration, the oscillator's stop bit, the battery flag.
"""

from __future__ import annotations

import time
from functools import reduce
from operator import xor

from machinebuilder.device import Device, Param, Region, State

SIZE = 0x2000
IDPROM = 0x1FD8
CLOCK = 0x1FF8
"""Control, seconds, minutes, hours, day of the week, day, month, year: in BCD."""
WRITE, READ = 0x80, 0x40
"""In the control byte: the clock's bytes stand still while one of them is set."""


def bcd(value: int) -> int:
    """A number below 100 as two decimal digits."""
    return value // 10 << 4 | value % 10


def binary(value: int) -> int:
    """Two decimal digits as a number."""
    return (value >> 4) * 10 + (value & 15)


class M48T08(Device):
    """Memory that keeps what is written, and the time in its last eight bytes."""

    sits_on = ("mmio", "obio")

    window = Region(SIZE, name="", at=0, doc="memory and clock")

    start = Param("time", default="host", doc="time of day at power-on")
    base_year = Param(
        "integer", default=1968, min=0, max=9999, doc="the clock's year 0"
    )
    mac = Param(
        "string", default="", doc="Ethernet address for an IDPROM; none: no IDPROM"
    )
    machine = Param(
        "integer", default=0x80, min=0, max=255, doc="the IDPROM's machine type"
    )
    serial = Param(
        "integer", default=0x12_3456, min=0, max=0xFF_FFFF, doc="serial number"
    )

    memory_ = State(lambda: bytearray(SIZE), doc="what was written", kept=True)
    offset = State(0, doc="seconds by which the guest set the clock", kept=True)

    def power_on(self) -> None:
        """A new one holds the identity that the board gives it."""
        if self.mac and not any(self.memory_):
            ident = self.idprom()
            self.memory_[IDPROM : IDPROM + len(ident)] = ident

    def idprom(self) -> bytes:
        """Who this machine is."""
        address = bytes.fromhex(self.mac.replace(":", ""))
        date = bytes(4)
        body = (
            bytes((1, self.machine)) + address + date + self.serial.to_bytes(3, "big")
        )
        return body + bytes((reduce(xor, body),)) + bytes(16)

    def time(self) -> list[int]:
        """The clock's eight bytes now, the control byte first."""
        now = time.gmtime(self.start + self.offset + self.clock.seconds)
        year = (now.tm_year - self.base_year) % 100
        parts = (now.tm_sec, now.tm_min, now.tm_hour, (now.tm_wday + 1) % 7 + 1,
                 now.tm_mday, now.tm_mon, year)  # fmt: skip
        return [self.memory_[CLOCK], *map(bcd, parts)]

    def hold(self) -> None:
        """Put the time where the guest finds it standing still."""
        self.memory_[CLOCK:] = bytes(self.time())

    def set_clock(self) -> None:
        """The guest wrote the clock's bytes, and lets it run again."""
        second, minute, hour, _, day, month, year = map(
            binary, self.memory_[CLOCK + 1 :]
        )
        year = self.base_year + year
        try:
            wanted = _seconds(year, month, day, hour, minute, second)
        except ValueError:
            self.log("the clock was set to what is no time")
            return
        self.offset = wanted - self.start - self.clock.seconds

    @window.read
    def load(self, offset: int, size: int) -> int:
        held = self.memory_[CLOCK] & (WRITE | READ)
        if offset + size > CLOCK and not held:
            self.hold()
        return int.from_bytes(self.memory_[offset : offset + size], "little")

    @window.write
    def store(self, offset: int, value: int, size: int) -> None:
        before = self.memory_[CLOCK]
        self.memory_[offset : offset + size] = value.to_bytes(size, "little")
        changed = before ^ self.memory_[CLOCK]
        if changed & ~before & (WRITE | READ):
            self.hold()
        elif changed & before & WRITE:
            self.set_clock()


def _seconds(
    year: int, month: int, day: int, hour: int, minute: int, second: int
) -> int:
    from datetime import UTC, datetime

    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return int(moment.timestamp())
