# SPDX-License-Identifier: Apache-2.0
"""Advanced SIMD operations on registers of different lengths (DDI 0406C A7.4.2)."""

from __future__ import annotations

from cores.arm.insns.neon_lanes import (
    LONG,
    different,
    first,
    lengthen,
    narrow,
)
from cores.arm.insns.neon_saturate import difference_saturated, sum_saturated
from cores.arm.insns.simd_registers import Cpu, Value, check_neon
from machinebuilder.isa import InsnSet, select, u64

insns = InsnSet("neon")


# -- lanes -----------------------------------------------------------------------------
def long_sum(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return a + b


def long_difference(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return a - b


def long_distance(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return select(a < b, b - a, a - b)


def long_distance_added(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return old + select(a < b, b - a, a - b)


def long_product(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return a * b


def long_product_added(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return old + a * b


def long_product_subtracted(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return old - a * b


def doubled_product(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    """2 * a * b: only the product of the two least numbers saturates."""
    product = a * b
    return sum_saturated(cpu, old, product, product, bits, 0)


def doubled_product_added(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    product = doubled_product(cpu, old, a, b, bits, 0)
    return sum_saturated(cpu, old, old, product, bits, 0)


def doubled_product_subtracted(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    product = doubled_product(cpu, old, a, b, bits, 0)
    return difference_saturated(cpu, old, old, product, bits, 0)


# -- addition, subtraction -------------------------------------------------------------
def long_operands(size: int, d: int, n: int, wide: int) -> bool:
    """The long ones are quadwords."""
    return size != 3 and d & 1 == 0 and (wide == 0 or (n >> 1) & 1 == 0)


@insns(
    different("U:1", "00 op:1 wide:1"),
    where=long_operands,
    asm="{op,wide:vlong}{U,size:vtype} {d:vQ}, {wide,n:vn}, {m:vD}",
)
def add_long(
    cpu: Cpu, U: int, size: int, op: int, wide: int, d: int, n: int, m: int
) -> None:
    """VADDL, VADDW, VSUBL, VSUBW (A8.8.285, A8.8.418)."""
    if op:
        lengthen(cpu, long_difference, 8 << size, U, wide, d, first(n), m, -1)
    else:
        lengthen(cpu, long_sum, 8 << size, U, wide, d, first(n), m, -1)


def high_half(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return (a + b) >> bits


def high_half_rounded(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return (a + b + (1 << (bits - 1))) >> bits


def high_half_difference(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return (a - b) >> bits


def high_half_difference_rounded(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return (a - b + (1 << (bits - 1))) >> bits


def narrow_operands(size: int, n: int, m: int) -> bool:
    """The operands are quadwords."""
    return size != 3 and (n >> 1 | m) & 1 == 0


@insns(
    different("rounded:1", "01 op:1 0"),
    where=narrow_operands,
    asm="{rounded,op:vhalving}{size:vint_long} {d:vD}, {n:vQn}, {m:vQ}",
)
def add_narrow(
    cpu: Cpu, rounded: int, size: int, op: int, d: int, n: int, m: int
) -> None:
    """VADDHN, VRADDHN, VSUBHN, VRSUBHN (A8.8.284, 383, 417, 395)."""
    if op:
        if rounded:
            narrow(cpu, high_half_difference_rounded, 8 << size, 0, d, first(n), m)
        else:
            narrow(cpu, high_half_difference, 8 << size, 0, d, first(n), m)
    elif rounded:
        narrow(cpu, high_half_rounded, 8 << size, 0, d, first(n), m)
    else:
        narrow(cpu, high_half, 8 << size, 0, d, first(n), m)


@insns(
    different("U:1", "01 op:1 1"),
    where=lambda size, d: size != 3 and d & 1 == 0,
    asm="{op:vabal_vabdl}{U,size:vtype}" + LONG,
)
def difference_long(
    cpu: Cpu, U: int, size: int, op: int, d: int, n: int, m: int
) -> None:
    """VABAL, VABDL (A8.8.277, A8.8.278)."""
    if op:
        lengthen(cpu, long_distance, 8 << size, U, 0, d, first(n), m, -1)
    else:
        lengthen(cpu, long_distance_added, 8 << size, U, 0, d, first(n), m, -1)


# -- multiplication --------------------------------------------------------------------
def multiply_long(
    cpu: Cpu, op: int, bits: int, U: int, d: int, n: int, m: int, index: int
) -> None:
    """op 0: VMLAL, 1: VMLSL, 2: VMULL."""
    if op == 0:
        lengthen(cpu, long_product_added, bits, U, 0, d, n, m, index)
    elif op == 1:
        lengthen(cpu, long_product_subtracted, bits, U, 0, d, n, m, index)
    else:
        lengthen(cpu, long_product, bits, U, 0, d, n, m, index)


def multiply_doubled(
    cpu: Cpu, op: int, bits: int, d: int, n: int, m: int, index: int
) -> None:
    """op 0: VQDMLAL, 1: VQDMLSL, 2: VQDMULL."""
    if op == 0:
        lengthen(cpu, doubled_product_added, bits, 0, 0, d, n, m, index)
    elif op == 1:
        lengthen(cpu, doubled_product_subtracted, bits, 0, 0, d, n, m, index)
    else:
        lengthen(cpu, doubled_product, bits, 0, 0, d, n, m, index)


@insns(
    different("U:1", "1 op:2 0"),
    asm="{op:vmull_op}{U,size:vtype}" + LONG,
    where=lambda op, size, d: op != 3 and size != 3 and d & 1 == 0,
)
def multiply_lengthening(
    cpu: Cpu, U: int, size: int, op: int, d: int, n: int, m: int
) -> None:
    """VMLAL, VMLSL, VMULL (integer) (A8.8.336, A8.8.350)."""
    multiply_long(cpu, op, 8 << size, U, d, first(n), m, -1)


@insns(
    different("0", "1 op:2 1"),
    asm="{op:vqdmull_op}{size:vsigned}" + LONG,
    where=lambda op, size, d: op != 3 and (size == 1 or size == 2) and d & 1 == 0,
)
def multiply_doubling(cpu: Cpu, size: int, op: int, d: int, n: int, m: int) -> None:
    """VQDMLAL, VQDMLSL, VQDMULL (A8.8.371, A8.8.373)."""
    multiply_doubled(cpu, op, 8 << size, d, first(n), m, -1)


def carryless_long(a: Value, b: Value, half: int) -> Value:
    """Four products of polynomials over {0, 1}, 16 bits each."""
    result = u64(0)
    for i in range(4):
        factor = (b >> (32 * half + 8 * i)) & 0xFF
        wide = (a >> (32 * half + 8 * i)) & 0xFF
        product = u64(0)
        for bit in range(8):
            product = product ^ ((wide << bit) * ((factor >> bit) & 1))
        result = result | (product << (16 * i))
    return result


@insns(
    "1111 0010 1 d:1 00 n:4 d:4 1110 n:1 0 m:1 0 m:4",
    where=lambda d: d & 1 == 0,
    asm="vmull.p8" + LONG,
)
def multiply_polynomials_long(cpu: Cpu, d: int, n: int, m: int) -> None:
    """VMULL (polynomial) (A8.8.350)."""
    check_neon(cpu)
    low = carryless_long(cpu.d[first(n)], cpu.d[m], 0)
    high = carryless_long(cpu.d[first(n)], cpu.d[m], 1)
    cpu.d[d] = low
    cpu.d[d + 1] = high
