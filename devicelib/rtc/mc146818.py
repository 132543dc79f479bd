# SPDX-License-Identifier: Apache-2.0
"""MC146818 -- Motorola real-time clock with memory (MC146818A data sheet, 1984), as the
PC/AT has it: an index port and a data port, 128 bytes, the century in byte 0x32.

Nothing runs from second to second: time, flags and the next interrupt follow from the
machine's clock and from when the guest changed something.

Omitted: the square wave, daylight saving, the slower crystals, and an alarm by date.
The memory lasts until power off. The mask of NMI is kept, and masks nothing yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from machinebuilder.device import Alarm, Device, IrqOut, Param, Region, State

SECOND, SECOND_ALARM, MINUTE, MINUTE_ALARM, HOUR, HOUR_ALARM = range(6)
WEEKDAY, DAY, MONTH, YEAR, A, B, C, D = range(6, 14)
CENTURY = 0x32
TIME_OF_DAY = (SECOND, MINUTE, HOUR, WEEKDAY, DAY, MONTH, YEAR, CENTURY)
ALARMS = (SECOND_ALARM, MINUTE_ALARM, HOUR_ALARM)

UPDATING = 0x80
DIVIDER, RUNS = 0x70, 0x20
"""Register A: a divider above `RUNS` holds the chain in reset, or tests it."""
SET, PERIODIC, ALARM, UPDATED, SQUARE_WAVE, BINARY, HOURS_24 = (
    0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02,
)  # fmt: skip
"""Register B; those of interrupts are flags in register C too."""
REQUEST = 0x80
VALID = 0x80
ANY = 0xC0
"""An alarm byte from here up matches always."""
AFTERNOON = 0x80
NMI_MASK = 0x80

NS = 1_000_000_000
DAY_SECONDS = 86_400
CRYSTAL = 32_768
WARNING_NS = 244_000
"""How long before an update register A tells of it."""
EPOCH = date(1970, 1, 1).toordinal()
THURSDAY = 4


def fresh() -> bytearray:
    """The memory when the battery was put in."""
    memory = bytearray(128)
    memory[A], memory[B], memory[D] = 0x26, HOURS_24, VALID
    return memory


class MC146818(Device):
    """A clock with an alarm, a periodic interrupt, and memory for settings."""

    sits_on = "io"
    acpi_hid = "PNP0B00"

    ports = Region(2, name="", doc="the index, with the mask of NMI in bit 7; the byte")

    start = Param("time", default="host", doc="time of day at power-on, UTC")
    irq = IrqOut(doc="a flag that is enabled: periodic, alarm or update")
    wake = Alarm(doc="the next moment at which an enabled flag is raised")

    index = State(0, doc="the byte that the data port shows")
    nmi_masked = State(0, doc="bit 7 of the index port")
    memory_ = State(fresh, doc="all bytes; those of time as last looked at", kept=True)
    shift = State(0, doc="ns by which the guest set the clock", kept=True)
    weekday_shift = State(0, doc="days by which it set the weekday", kept=True)
    flags = State(0, doc="periodic, alarm, updated: as of `since`")
    since = State(0, doc="ns up to which the flags are known")

    @classmethod
    def acpi(cls, node: Any, view: Any) -> None:
        view.power.present |= {"legacy", "rtc"}
        view.power.century = CENTURY

    def power_on(self) -> None:
        self.memory_[B] &= ~(PERIODIC | ALARM | UPDATED | SQUARE_WAVE)
        self.since = self.clock.ns

    # -- the bus

    @ports.read
    def load(self, offset: int, size: int) -> int:
        data = self.read_byte() if offset + size > 1 else 0
        return (0xFF | data << 8) if offset == 0 else data

    @ports.write
    def store(self, offset: int, value: int, size: int) -> None:
        if offset == 0:
            self.index, self.nmi_masked = value & 0x7F, value >> 7 & 1
            value >>= 8
        if offset + size > 1:
            self.write_byte(self.index, value & 0xFF)

    def read_byte(self) -> int:
        if self.index == C:
            return self.acknowledge()
        if self.index == A:
            return int(self.memory_[A] | (UPDATING if self.is_about_to_update() else 0))
        if self.index in TIME_OF_DAY:
            self.look()
        return int(self.memory_[self.index])

    def write_byte(self, index: int, value: int) -> None:
        if index in (C, D):
            return
        if index == A:
            value &= ~UPDATING
        if index == B and value & SET:
            value &= ~UPDATED
        if index in (A, B) or index in TIME_OF_DAY or index in ALARMS:
            self.change(index, value)
        else:
            self.memory_[index] = value

    def acknowledge(self) -> int:
        """Register C: reading it takes all flags back."""
        self.latch()
        flags = self.flags
        request = REQUEST if self.line() else 0
        self.flags = 0
        self.arm()
        return int(flags | request)

    def change(self, index: int, value: int) -> None:
        """A byte that time or interrupts depend on."""
        self.latch()
        self.look()
        chain_ran, ran = self.chain_runs, self.runs
        self.memory_[index] = value
        if self.chain_runs and not chain_ran:
            self.shift += NS // 2 - self.now % NS
        if self.runs and (index in TIME_OF_DAY or not ran):
            self.set_time()
        self.arm()

    @irq.level
    def line(self) -> int:
        return self.flags & self.memory_[B] & (PERIODIC | ALARM | UPDATED)

    # -- time

    @property
    def now(self) -> int:
        """Nanoseconds since 1970, as the guest set it."""
        return int(self.start) * NS + self.shift + self.clock.ns

    @property
    def chain_runs(self) -> bool:
        """Does the divider count?"""
        return (self.memory_[A] & DIVIDER) <= RUNS

    @property
    def runs(self) -> bool:
        """Does the time of day go on?"""
        return self.chain_runs and not self.memory_[B] & SET

    def is_about_to_update(self) -> bool:
        return self.runs and self.now % NS >= NS - WARNING_NS

    def look(self) -> None:
        """Put the time into its bytes; they stay as they are while it stands still."""
        if not self.runs:
            return
        now = time.gmtime(self.now // NS)
        weekday = (now.tm_wday + 1 + self.weekday_shift) % 7 + 1
        values = (now.tm_sec, now.tm_min, now.tm_hour, weekday, now.tm_mday,
                  now.tm_mon, now.tm_year % 100, now.tm_year // 100)  # fmt: skip
        for index, value in zip(TIME_OF_DAY, values, strict=True):
            encode = self.encode_hour if index == HOUR else self.encode
            self.memory_[index] = encode(value) & 0xFF

    def set_time(self) -> None:
        """Go on from what is in the bytes; only whole seconds change."""
        second, minute, hour, weekday, day, month, year, century = (
            self.decode(self.memory_[index]) for index in TIME_OF_DAY
        )
        hour = self.decode_hour(self.memory_[HOUR])
        days = days_from(century * 100 + year, month, day)
        wanted = days * DAY_SECONDS + hour * 3600 + minute * 60 + second
        self.shift += (wanted - self.now // NS) * NS
        passed = self.now // NS // DAY_SECONDS
        self.weekday_shift = (weekday - 1 - passed - THURSDAY) % 7

    def encode(self, value: int) -> int:
        """A number as register B wants it: binary, or two decimal digits."""
        if self.memory_[B] & BINARY:
            return value
        return value // 10 << 4 | value % 10

    def decode(self, value: int) -> int:
        if self.memory_[B] & BINARY:
            return value
        return (value >> 4) * 10 + (value & 15)

    def encode_hour(self, hour: int) -> int:
        if self.memory_[B] & HOURS_24:
            return self.encode(hour)
        return self.encode((hour + 11) % 12 + 1) | (AFTERNOON if hour >= 12 else 0)

    def decode_hour(self, value: int) -> int:
        if self.memory_[B] & HOURS_24:
            return self.decode(value)
        afternoon = 12 if value & AFTERNOON else 0
        return self.decode(value & ~AFTERNOON) % 12 + afternoon

    # -- flags

    def latch(self) -> None:
        """Raise the flags of what happened since the last time."""
        now, past = self.now, self.now - (self.clock.ns - self.since)
        raised = 0
        if self.cycles and self.ticks(now) > self.ticks(past):
            raised |= PERIODIC
        if self.runs and now // NS > past // NS:
            alarm = self.next_alarm(past // NS)
            rang = alarm is not None and alarm <= now // NS
            raised |= UPDATED | (ALARM if rang else 0)
        self.flags |= raised
        self.since = self.clock.ns

    def arm(self) -> None:
        """Wake up when the next enabled flag is due that is not raised yet."""
        ahead = self.now - self.clock.ns
        due = [moment - ahead for moment in self.moments()]
        if due:
            self.wake.at_ns(min(due))
        else:
            self.wake.cancel()

    def moments(self) -> list[int]:
        """When the flags that are awaited are due, in ns of the guest's time."""
        awaited = self.memory_[B] & ~self.flags
        found: list[int | None] = []
        if awaited & PERIODIC and self.cycles:
            tick = self.ticks(self.now) + 1
            found.append(-(-tick * self.cycles * NS // CRYSTAL))
        if self.runs and awaited & UPDATED:
            found.append((self.now // NS + 1) * NS)
        if self.runs and awaited & ALARM:
            alarm = self.next_alarm(self.now // NS)
            found.append(None if alarm is None else alarm * NS)
        return [moment for moment in found if moment is not None]

    @wake.rings
    def notice(self) -> None:
        self.latch()
        self.arm()

    @property
    def cycles(self) -> int:
        """The periodic interrupt's period in cycles of the crystal, or 0 (table 5)."""
        rate = self.memory_[A] & 15
        if not rate or not self.chain_runs:
            return 0
        return int(1 << (rate + 6 if rate < 3 else rate - 1))

    def ticks(self, now: int) -> int:
        """Periods up to a moment."""
        return now * CRYSTAL // (self.cycles * NS)

    def next_alarm(self, second: int) -> int | None:
        """The first second after `second` at which all alarm bytes match."""
        alarm = [self.memory_[index] for index in ALARMS]
        seconds = matching(alarm[0], 60, self.encode)
        minutes = matching(alarm[1], 60, self.encode)
        hours = matching(alarm[2], 24, self.encode_hour)
        midnight, passed = second - second % DAY_SECONDS, second % DAY_SECONDS
        today = first_from(passed + 1, hours, minutes, seconds)
        if today is not None:
            return midnight + today
        tomorrow = first_from(0, hours, minutes, seconds)
        return None if tomorrow is None else midnight + DAY_SECONDS + tomorrow


def matching(alarm: int, count: int, encode: Callable[[int], int]) -> list[int]:
    """The numbers below `count` at which an alarm byte matches."""
    return [value for value in range(count) if alarm >= ANY or encode(value) == alarm]


def first_from(
    start: int, hours: Sequence[int], minutes: Sequence[int], seconds: Sequence[int]
) -> int | None:
    """The first second of a day, from `start` on, that is one of these."""
    for hour in hours:
        if hour < start // 3600:
            continue
        for minute in minutes:
            minute_of_day = hour * 60 + minute
            if minute_of_day < start // 60:
                continue
            for second in seconds:
                if minute_of_day * 60 + second >= start:
                    return minute_of_day * 60 + second
    return None


def days_from(year: int, month: int, day: int) -> int:
    """Days since 1970. A date that does not exist counts on from the month's first."""
    year += (month - 1) // 12
    first = date(min(max(year, 1), 9999), (month - 1) % 12 + 1, 1)
    return first.toordinal() - EPOCH + day - 1
