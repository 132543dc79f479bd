"""What loads and stores of A32, T32 and T16 share (DDI 0406C A8.5).

A load writes the base back after the access and before its result, so that a fault
leaves the registers as they were.
"""

from __future__ import annotations

from cores.arm.formats import NOT_EXCLUSIVE, Cpu, Value, read, write_loaded
from machinebuilder.isa import s8, s16, s32, u8, u16, u32, u64

BYTE, HALF, WORD = 0, 1, 2


def offset_by(base: Value, up: int, offset: Value) -> Value:
    """base + offset or base - offset."""
    if up:
        return base + offset
    return base - offset


def load(cpu: Cpu, size: int, signed: int, address: Value, user: int = 0) -> Value:
    """A byte, half or word as u32."""
    if size == WORD:
        return cpu.load(u32, address, aligned=cpu.strict_alignment, user=user)
    if size == HALF and signed:
        return u32(s32(cpu.load(s16, address, aligned=cpu.strict_alignment, user=user)))
    if size == HALF:
        return u32(cpu.load(u16, address, aligned=cpu.strict_alignment, user=user))
    if signed:
        return u32(s32(cpu.load(s8, address, user=user)))
    return u32(cpu.load(u8, address, user=user))


def store(cpu: Cpu, size: int, address: Value, value: Value, user: int = 0) -> None:
    """The low byte, half or word of a u32."""
    if size == WORD:
        cpu.store(u32, address, value, aligned=cpu.strict_alignment, user=user)
    elif size == HALF:
        cpu.store(u16, address, u16(value), aligned=cpu.strict_alignment, user=user)
    else:
        cpu.store(u8, address, u8(value), user=user)


def load_indexed(
    cpu: Cpu,
    size: int,
    signed: int,
    Rt: int,
    Rn: int,
    base: Value,
    target: Value,
    index: int,
    wback: int,
    user: int = 0,
) -> None:
    """Load Rt from `target` (index) or `base`; with wback Rn becomes `target`."""
    data = load(cpu, size, signed, target if index else base, user)
    if wback:
        cpu.r[Rn] = target
    write_loaded(cpu, Rt, data)


def store_indexed(
    cpu: Cpu,
    size: int,
    Rt: int,
    Rn: int,
    base: Value,
    target: Value,
    index: int,
    wback: int,
    user: int = 0,
) -> None:
    """Store Rt."""
    store(cpu, size, target if index else base, read(cpu, Rt), user)
    if wback:
        cpu.r[Rn] = target


def load_pair(cpu: Cpu, address: Value) -> Value:
    """LDRD: two words in one access, at a word's address whatever SCTLR.A says."""
    both = cpu.load(u64, address, word_aligned=True)
    if cpu.big_endian:
        return u32(both >> 32), u32(both)
    return u32(both), u32(both >> 32)


def store_pair(cpu: Cpu, address: Value, first: Value, second: Value) -> None:
    """STRD."""
    if cpu.big_endian:
        both = (u64(first) << 32) | u64(second)
    else:
        both = (u64(second) << 32) | u64(first)
    cpu.store(u64, address, both, word_aligned=True)


def load_pair_indexed(
    cpu: Cpu,
    Rt: int,
    Rt2: int,
    Rn: int,
    base: Value,
    target: Value,
    index: int,
    wback: int,
) -> None:
    """LDRD with its forms of address."""
    first, second = load_pair(cpu, target if index else base)
    if wback:
        cpu.r[Rn] = target
    cpu.r[Rt] = first
    cpu.r[Rt2] = second


def store_pair_indexed(
    cpu: Cpu,
    Rt: int,
    Rt2: int,
    Rn: int,
    base: Value,
    target: Value,
    index: int,
    wback: int,
) -> None:
    """STRD with its forms of address."""
    store_pair(cpu, target if index else base, cpu.r[Rt], cpu.r[Rt2])
    if wback:
        cpu.r[Rn] = target


def swap_words(cpu: Cpu, value: Value) -> Value:
    """The order in which LDREXD and STREXD see a pair of registers."""
    if cpu.big_endian:
        return (value << 32) | (value >> 32)
    return value


def load_exclusive(cpu: Cpu, size: int, address: Value) -> Value:
    """LDREX, LDREXB, LDREXH: remember the address and what was read."""
    if size == WORD:
        data = cpu.load(u32, address, aligned=True)
    elif size == HALF:
        data = u32(cpu.load(u16, address, aligned=True))
    else:
        data = u32(cpu.load(u8, address))
    cpu.exclusive_address = address
    cpu.exclusive_value = u64(data)
    return data


def store_exclusive(cpu: Cpu, size: int, Rd: int, address: Value, value: Value) -> None:
    """STREX, STREXB, STREXH: Rd is 0 if memory still is what LDREX read."""
    failed = u32(1)
    if cpu.exclusive_address == address:
        expected = u32(cpu.exclusive_value)
        if size == WORD:
            old = cpu.cas(u32, address, expected, value)
        elif size == HALF:
            old = u32(cpu.cas(u16, address, u16(expected), u16(value)))
        else:
            old = u32(cpu.cas(u8, address, u8(expected), u8(value)))
        failed = u32(old != expected)
    cpu.exclusive_address = NOT_EXCLUSIVE
    cpu.r[Rd] = failed


def load_exclusive_pair(cpu: Cpu, Rt: int, Rt2: int, address: Value) -> None:
    """LDREXD."""
    both = cpu.load(u64, address, aligned=True)
    cpu.exclusive_address = address
    cpu.exclusive_value = both
    ordered = swap_words(cpu, both)
    cpu.r[Rt] = u32(ordered)
    cpu.r[Rt2] = u32(ordered >> 32)


def store_exclusive_pair(cpu: Cpu, Rd: int, Rt: int, Rt2: int, address: Value) -> None:
    """STREXD."""
    failed = u32(1)
    if cpu.exclusive_address == address:
        value = swap_words(cpu, (u64(cpu.r[Rt2]) << 32) | u64(cpu.r[Rt]))
        old = cpu.cas(u64, address, cpu.exclusive_value, value)
        failed = u32(old != cpu.exclusive_value)
    cpu.exclusive_address = NOT_EXCLUSIVE
    cpu.r[Rd] = failed
