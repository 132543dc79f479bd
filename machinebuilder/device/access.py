# SPDX-License-Identifier: Apache-2.0
"""Turning accesses on the bus into accesses to declared registers.

An access may be narrower than a register, or span several: each register is read or
written once, in order of address. Bytes where no register is read as zero; the first
time the chip's name and the offset are logged.
"""

from __future__ import annotations

from machinebuilder.device.chip import Device
from machinebuilder.device.declare import Region
from machinebuilder.device.register import Reg


class RegisterFile:
    """The registers of one window of one chip."""

    def __init__(self, device: Device, region: Region) -> None:
        self._device = device
        self._region = region
        self._at: dict[int, tuple[Reg, int]] = {}
        for reg in device.regs.values():
            if reg.region == region.name:
                for index in range(reg.count):
                    self._at[reg.offset + index * reg.step] = (reg, index)

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
            return self._region.on_read(self._device, offset, size)
        entry = self._at.get(offset)
        if entry is not None and size <= entry[0].bytes:
            value = self._read(*entry)
            return value if size == entry[0].bytes else value & (1 << 8 * size) - 1
        return self._read_span(offset, size)

    def write(self, offset: int, value: int, size: int) -> None:
        """What the guest writes."""
        if self._region.on_write is not None:
            self._region.on_write(self._device, offset, value, size)
            return
        entry = self._at.get(offset)
        if entry is not None and size == entry[0].bytes:
            self._write(*entry, value)
        else:
            self._write_span(offset, value, size)

    def _read(self, reg: Reg, index: int) -> int:
        device = self._device
        if reg.on_read is not None:
            which = () if reg.count == 1 else (index,)
            return int(reg.on_read(device, *which)) & reg.mask
        if reg.mode == "wo" and not reg.fields:
            device.log(f"{reg.name} is write-only, and was read")
        return self._stored(reg, index) & ~reg.hidden_bits

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
        self._store(reg, index, new & ~(value & reg.cleared_bits))
        if reg.on_write is not None:
            which = () if reg.count == 1 else (index,)
            reg.on_write(device, value, *which)

    def _stored(self, reg: Reg, index: int) -> int:
        value = self._device.__dict__["_values"][reg.name]
        return int(value if reg.count == 1 else value[index])

    def _store(self, reg: Reg, index: int, value: int) -> None:
        if reg.count == 1:
            reg.__set__(self._device, value)
        else:
            self._device.__dict__["_values"][reg.name][index] = value

    def _covering(self, offset: int) -> tuple[int, Reg, int] | None:
        for back in range(8):
            entry = self._at.get(offset - back)
            if entry is not None:
                reg, index = entry
                return (offset - back, reg, index) if back < reg.bytes else None
        return None

    def _read_span(self, offset: int, size: int) -> int:
        value, position, known = 0, offset, False
        while position < offset + size:
            found = self._covering(position)
            if found is None:
                position += 1
                continue
            start, reg, index = found
            end = min(start + reg.bytes, offset + size)
            part = self._read(reg, index) >> 8 * (position - start)
            part &= (1 << 8 * (end - position)) - 1
            value |= part << 8 * (position - offset)
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
            mask = (1 << 8 * (end - position)) - 1
            part = (value >> 8 * (position - offset)) & mask
            shift = 8 * (position - start)
            kept = self._stored(reg, index) & reg.stored_bits & ~reg.hidden_bits
            self._write(reg, index, kept & ~(mask << shift) | part << shift)
            position, known = end, True
        if not known:
            self._device.log(f"nothing at {self._region.name}+{offset:#x} to write to")
