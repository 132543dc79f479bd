# SPDX-License-Identifier: Apache-2.0
"""Advanced SIMD saturating arithmetic, and shifts by a register (DDI 0406C A7.4.1)."""

from __future__ import annotations

from cores.arm.insns.neon_lanes import (
    REVERSED,
    THREE,
    each,
    extreme,
    first,
    same,
    saturate,
    wholes,
)
from cores.arm.insns.simd_registers import Cpu, Value
from machinebuilder.isa import InsnSet, add_with_carry, s64, select, sext, u64

insns = InsnSet("neon")


# -- addition and subtraction ----------------------------------------------------------
def choose_extreme(cpu: Cpu, overflow: Value, limit: Value, value: Value) -> Value:
    """The limit and QC on overflow, else the value."""
    cpu.fp_qc = cpu.fp_qc | overflow
    return select(overflow, limit, value)


def sum_saturated(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    if bits != 64:
        return saturate(cpu, a + b, bits, unsigned)
    result, carry, overflow = add_with_carry(u64(a), u64(b), 0)
    return choose_extreme(
        cpu, carry if unsigned else overflow, extreme(a, 64, unsigned), s64(result)
    )


def difference_saturated(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    if bits != 64:
        return saturate(cpu, a - b, bits, unsigned)
    result, carry, overflow = add_with_carry(u64(a), ~u64(b), 1)
    if unsigned:
        return choose_extreme(cpu, not carry, s64(0), s64(result))
    return choose_extreme(cpu, overflow, extreme(a, 64, 0), s64(result))


@insns(
    same("U:1", "size:2", "0000", "1"), where=wholes, asm="vqadd{U,size:vtype}" + THREE
)
def saturating_add(cpu: Cpu, U: int, size: int, Q: int, d: int, n: int, m: int) -> None:
    """VQADD (A8.8.370)."""
    each(cpu, sum_saturated, 8 << size, U, Q, d, first(n), m)


@insns(
    same("U:1", "size:2", "0010", "1"), where=wholes, asm="vqsub{U,size:vtype}" + THREE
)
def saturating_subtract(
    cpu: Cpu, U: int, size: int, Q: int, d: int, n: int, m: int
) -> None:
    """VQSUB (A8.8.382)."""
    each(cpu, difference_saturated, 8 << size, U, Q, d, first(n), m)


# -- doubling multiplication -----------------------------------------------------------
def product_high(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    """The upper half of 2 * a * b."""
    return saturate(cpu, (a * b) >> (bits - 1), bits, 0)


def product_high_rounded(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return saturate(cpu, (a * b + (1 << (bits - 2))) >> (bits - 1), bits, 0)


@insns(
    same("rounded:1", "size:2", "1011", "0"),
    asm="{rounded:vqdmulh_vqrdmulh}{size:vsigned}" + THREE,
    where=lambda size, Q, d, n, m: (size == 1 or size == 2) and wholes(Q, d, n, m),
)
def doubling_multiply_high(
    cpu: Cpu, rounded: int, size: int, Q: int, d: int, n: int, m: int
) -> None:
    """VQDMULH, VQRDMULH (A8.8.372, A8.8.376)."""
    if rounded:
        each(cpu, product_high_rounded, 8 << size, 0, Q, d, first(n), m)
    else:
        each(cpu, product_high, 8 << size, 0, Q, d, first(n), m)


# -- shifts by the signed low byte of a lane -------------------------------------------
def right(a: Value, count: Value, unsigned: int, rounded: int) -> Value:
    """a / 2**count, down or to nearest; any count from 1 on."""
    if unsigned:
        x = u64(a)
        if rounded:
            return s64((x >> count) + ((x >> (count - 1)) & 1))
        return s64(x >> count)
    if rounded:
        return (a >> count) + ((a >> (count - 1)) & 1)
    return a >> count


def shifted(cpu: Cpu, a: Value, b: Value, unsigned: int, rounded: int) -> Value:
    count = sext(b, 8)
    moved = right(a, u64(-count), unsigned, rounded)
    return select(count < 0, moved, a << u64(count))


def shift_plain(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return shifted(cpu, a, b, unsigned, 0)


def shift_rounded(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return shifted(cpu, a, b, unsigned, 1)


def left_overflows(a: Value, count: Value, bits: int, unsigned: int) -> Value:
    """Does a << count (count an s64 from 0 on) leave the lane?"""
    far = (count >= bits) & (a != 0)
    if unsigned:
        return far | ((count < bits) & ((u64(a) >> u64(bits - count)) != 0))
    rest = a >> u64(bits - 1 - count)
    return far | ((count < bits) & (rest != 0) & (rest != -1))


def shifted_saturated(
    cpu: Cpu, a: Value, b: Value, bits: int, unsigned: int, rounded: int
) -> Value:
    count = sext(b, 8)
    moved = right(a, u64(-count), unsigned, rounded)
    overflow = (count >= 0) & left_overflows(a, count, bits, unsigned)
    kept = select(count < 0, moved, a << u64(count))
    return choose_extreme(cpu, overflow, extreme(a, bits, unsigned), kept)


def shift_saturated(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return shifted_saturated(cpu, a, b, bits, unsigned, 0)


def shift_saturated_rounded(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return shifted_saturated(cpu, a, b, bits, unsigned, 1)


# The value is in Vm and the count in Vn.
@insns(
    same("U:1", "size:2", "0100", "0"),
    where=wholes,
    asm="vshl{U,size:vtype}" + REVERSED,
)
def shift_register(cpu: Cpu, U: int, size: int, Q: int, d: int, n: int, m: int) -> None:
    """VSHL (register) (A8.8.396)."""
    each(cpu, shift_plain, 8 << size, U, Q, d, m, first(n))


@insns(
    same("U:1", "size:2", "0101", "0"),
    where=wholes,
    asm="vrshl{U,size:vtype}" + REVERSED,
)
def rounding_shift(cpu: Cpu, U: int, size: int, Q: int, d: int, n: int, m: int) -> None:
    """VRSHL (A8.8.390)."""
    each(cpu, shift_rounded, 8 << size, U, Q, d, m, first(n))


@insns(
    same("U:1", "size:2", "0100", "1"),
    where=wholes,
    asm="vqshl{U,size:vtype}" + REVERSED,
)
def saturating_shift(
    cpu: Cpu, U: int, size: int, Q: int, d: int, n: int, m: int
) -> None:
    """VQSHL (register) (A8.8.379)."""
    each(cpu, shift_saturated, 8 << size, U, Q, d, m, first(n))


@insns(
    same("U:1", "size:2", "0101", "1"),
    where=wholes,
    asm="vqrshl{U,size:vtype}" + REVERSED,
)
def saturating_rounding_shift(
    cpu: Cpu, U: int, size: int, Q: int, d: int, n: int, m: int
) -> None:
    """VQRSHL (A8.8.377)."""
    each(cpu, shift_saturated_rounded, 8 << size, U, Q, d, m, first(n))
