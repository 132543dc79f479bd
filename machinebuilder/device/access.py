# SPDX-License-Identifier: Apache-2.0
"""Turning accesses on the bus into accesses to declared registers.

An access may be narrower than a register, or span several: each register is read or
written once, in order of address. Bytes where no register is read as zero; the first
time the chip's name and the offset are logged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from machinebuilder.device.chip import Device
from machinebuilder.device.declare import Region
from machinebuilder.device.register import Reg

Entry = tuple[int, Callable[[], int], Callable[[int], None], bool]
"""Of a register at its offset: bytes, how to read and write it, and whether reading it
has no effect, so that no line can change."""

LOW = [(1 << 8 * size) - 1 for size in range(9)]
"""Masks of the low bytes."""


class RegisterFile:
    """The registers of one window of one chip."""

    def __init__(self, device: Device, region: Region) -> None:
        self._device = device
        self._region = region
        self._big = device.big_endian
        self._at: dict[int, tuple[Reg, int]] = {}
        for reg in device.regs.values():
            if reg.region == region.name:
                for index in range(reg.count):
                    self._at[reg.offset + index * reg.step] = (reg, index)
        self.entries: dict[int, Entry] = {}
        if region.on_read is None and region.on_write is None:
            self.entries = {at: self._entry(*found) for at, found in self._at.items()}

    def name_at(self, offset: int) -> str:
        """What to call that offset in traces."""
        found = self._covering(offset)
        if found is None:
            return f"{self._region.name}+{offset:#x}"
        _, reg, index = found
        return f"{reg.name}[{index}]" if reg.count > 1 else reg.name

    def read(self, offset: int, size: int) -> int:
        """What the guest reads."""
        if self._region.on_read is not None:
            return self._region.on_read(self._device, offset, size) & LOW[size]
        entry = self.entries.get(offset)
        if entry is not None and size == entry[0]:
            return entry[1]() & LOW[size]
        return self._read_span(offset, size)

    def write(self, offset: int, value: int, size: int) -> None:
        """What the guest writes."""
        if self._region.on_write is not None:
            self._region.on_write(self._device, offset, value, size)
            return
        entry = self.entries.get(offset)
        if entry is not None and size == entry[0]:
            entry[2](value)
        else:
            self._write_span(offset, value, size)

    # -- one register

    def _entry(self, reg: Reg, index: int) -> Entry:
        def write(value: int) -> None:
            self._write(reg, index, value)

        pure = reg.on_read is None
        return reg.bytes, self._reader(reg, index), write, pure

    def _reader(self, reg: Reg, index: int) -> Callable[[], int]:
        device, state, name = self._device, self._device.__dict__, reg.name
        handler, shown = reg.on_read, ~reg.hidden_bits
        if handler is not None and reg.count == 1:
            return cast(Callable[[], int], handler.__get__(device))
        if handler is not None:
            return lambda: handler(device, index)
        if reg.count > 1:
            return lambda: state[name][index] & shown
        if reg.mode == "wo" and not reg.fields:
            return self._unreadable(reg)
        return lambda: state[name] & shown

    def _unreadable(self, reg: Reg) -> Callable[[], int]:
        def read() -> int:
            self._device.log(f"{reg.name} is write-only, and was read")
            return 0

        return read

    def _write(self, reg: Reg, index: int, value: int) -> None:
        device = self._device
        value &= reg.mask
        if reg.mode == "ro" and not (reg.stored_bits or reg.cleared_bits):
            if reg.on_write is None:
                device.log(f"{reg.name} is read-only, and {value:#x} was written")
                return
        elif reg.fields:
            value &= reg.stored_bits | reg.cleared_bits
        old = self._stored(reg, index)
        new = old & ~reg.stored_bits | value & reg.stored_bits
        new &= ~(value & reg.cleared_bits)
        if new != old:
            self._store(reg, index, new)
        if reg.on_write is not None:
            which = () if reg.count == 1 else (index,)
            reg.on_write(device, value, *which)

    def _stored(self, reg: Reg, index: int) -> int:
        value = self._device.__dict__[reg.name]
        return int(value if reg.count == 1 else value[index])

    def _store(self, reg: Reg, index: int, value: int) -> None:
        if reg.count == 1:
            reg.store(self._device, value)
        else:
            self._device.__dict__[reg.name][index] = value

    # -- accesses that are not to one whole register

    def _covering(self, offset: int) -> tuple[int, Reg, int] | None:
        for back in range(8):
            entry = self._at.get(offset - back)
            if entry is not None:
                reg, index = entry
                return (offset - back, reg, index) if back < reg.bytes else None
        return None

    def _shifts(
        self, offset: int, size: int, start: int, bytes: int, first: int, end: int
    ) -> tuple[int, int]:
        """Where the bytes `first` to `end` are: within an access of `size` bytes at
        `offset`, and within a register of `bytes` at `start`."""
        if self._big:
            return 8 * (offset + size - end), 8 * (start + bytes - end)
        return 8 * (first - offset), 8 * (first - start)

    def _read_span(self, offset: int, size: int) -> int:
        value, position, known = 0, offset, False
        while position < offset + size:
            found = self._covering(position)
            if found is None:
                position += 1
                continue
            start, reg, _ = found
            end = min(start + reg.bytes, offset + size)
            here, there = self._shifts(offset, size, start, reg.bytes, position, end)
            part = self.entries[start][1]() >> there
            value |= (part & LOW[end - position]) << here
            position, known = end, True
        if not known:
            self._device.log(f"nothing to read at {self._region.name}+{offset:#x}")
        return value

    def _write_span(self, offset: int, value: int, size: int) -> None:
        position, known = offset, False
        while position < offset + size:
            found = self._covering(position)
            if found is None:
                position += 1
                continue
            start, reg, index = found
            end = min(start + reg.bytes, offset + size)
            mask = LOW[end - position]
            here, shift = self._shifts(offset, size, start, reg.bytes, position, end)
            part = (value >> here) & mask
            kept = self._stored(reg, index) & reg.stored_bits & ~reg.hidden_bits
            self._write(reg, index, kept & ~(mask << shift) | part << shift)
            position, known = end, True
        if not known:
            self._device.log(f"nothing at {self._region.name}+{offset:#x} to write to")
