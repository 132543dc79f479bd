# SPDX-License-Identifier: Apache-2.0
"""Advanced SIMD operations on two registers (DDI 0406C A7.4.5).

Floating-point ones are in neon_float.py and neon_convert.py.
"""

from __future__ import annotations

from cores.arm.insns.neon_lanes import (
    NARROW,
    TWO,
    each_constant,
    miscellaneous,
    narrow_constant,
    saturate,
)
from cores.arm.insns.neon_same import EQUAL, GREATER, MAXIMUM, NOT_LESS, SUBTRACT
from cores.arm.insns.neon_shift import (
    narrowed,
    narrowed_saturated,
    narrowed_to_unsigned,
    shift_long,
)
from cores.arm.insns.simd_registers import (
    Cpu,
    Value,
    check_neon,
    extract,
    get_vector,
    lane,
    place,
    put_vector,
)
from machinebuilder.isa import InsnSet, clz, popcount, select, u64, vnot, vzero

insns = InsnSet("neon")


def whole(Q: int, d: int, m: int) -> bool:
    return Q == 0 or (d | m) & 1 == 0


def whole_not_64(size: int, Q: int, d: int, m: int) -> bool:
    return size != 3 and whole(Q, d, m)


# -- order of lanes --------------------------------------------------------------------
@insns(
    miscellaneous("size:2", "00", "00 op:2"),
    asm="{op:vrev}{size:vsize}" + TWO,
    where=lambda size, op, Q, d, m: op + size < 3 and whole(Q, d, m),
)
def reverse(cpu: Cpu, size: int, op: int, Q: int, d: int, m: int) -> None:
    """VREV64, VREV32, VREV16 (A8.8.386): lanes backwards within each group."""
    check_neon(cpu)
    bits, last = 8 << size, (1 << (3 - op - size)) - 1
    for r in range(Q + 1):
        result = u64(0)
        for i in range(64 // bits):
            result = result | place(lane(cpu, m + r, i ^ last, bits, 1), i * bits, bits)
        cpu.d[d + r] = result


@insns(miscellaneous("00", "10", "0000"), where=whole, asm="vswp" + TWO)
def swap(cpu: Cpu, Q: int, d: int, m: int) -> None:
    """VSWP (A8.8.420)."""
    check_neon(cpu)
    a, b = get_vector(cpu, Q, d), get_vector(cpu, Q, m)
    put_vector(cpu, Q, d, b)
    put_vector(cpu, Q, m, a)


TRANSPOSE, UNZIP, ZIP = 1, 2, 3


def source(
    cpu: Cpu, op: int, bits: int, Q: int, d: int, m: int, second: int, j: int
) -> Value:
    """What becomes lane j of the first (d) or second register."""
    count = (64 << Q) // bits
    if op == TRANSPOSE:
        return lane(cpu, m if j & 1 else d, j - (j & 1) + second, bits, 1)
    if op == UNZIP:
        k = 2 * j + second
        return lane(cpu, m if k >= count else d, k % count, bits, 1)
    k = j + second * count
    return lane(cpu, m if k & 1 else d, k >> 1, bits, 1)


def permuted(
    cpu: Cpu, op: int, bits: int, Q: int, d: int, m: int, second: int, r: int
) -> Value:
    """Doubleword r of the first or second register."""
    result = u64(0)
    for i in range(64 // bits):
        value = source(cpu, op, bits, Q, d, m, second, r * (64 // bits) + i)
        result = result | place(value, i * bits, bits)
    return result


@insns(
    miscellaneous("size:2", "10", "00 op:2"),
    asm="{op:vpermute}{size:vsize}" + TWO,
    where=lambda size, op, Q, d, m: (
        op != 0
        and whole_not_64(size, Q, d, m)
        and not (op != 1 and size == 2 and Q == 0)
    ),
)
def permute(cpu: Cpu, size: int, op: int, Q: int, d: int, m: int) -> None:
    """VTRN, VUZP, VZIP (A8.8.422, A8.8.424, A8.8.425)."""
    check_neon(cpu)
    bits = 8 << size
    first, second = (
        permuted(cpu, op, bits, Q, d, m, 0, 0),
        permuted(cpu, op, bits, Q, d, m, 1, 0),
    )
    if Q:
        first_high, second_high = (
            permuted(cpu, op, bits, Q, d, m, 0, 1),
            permuted(cpu, op, bits, Q, d, m, 1, 1),
        )
        cpu.d[d + 1] = first_high
        cpu.d[m + 1] = second_high
    cpu.d[d] = first
    cpu.d[m] = second


# -- sums of neighbours ----------------------------------------------------------------
def neighbours(word: Value, i: int, bits: int, unsigned: int) -> Value:
    """The sum of lanes 2i and 2i + 1."""
    return extract(word, 2 * i * bits, bits, unsigned) + extract(
        word, (2 * i + 1) * bits, bits, unsigned
    )


@insns(
    miscellaneous("size:2", "00", "accumulate:1 10 U:1"),
    where=whole_not_64,
    asm="{accumulate:vpaddl_vpadal}{U,size:vtype}" + TWO,
)
def pairwise_add_long(
    cpu: Cpu, size: int, accumulate: int, U: int, Q: int, d: int, m: int
) -> None:
    """VPADDL, VPADAL (A8.8.364, A8.8.361)."""
    check_neon(cpu)
    bits = 8 << size
    for r in range(Q + 1):
        result = u64(0)
        for i in range(32 // bits):
            value = neighbours(cpu.d[m + r], i, bits, U)
            if accumulate:
                value = value + lane(cpu, d + r, i, 2 * bits, 1)
            result = result | place(value, i * 2 * bits, 2 * bits)
        cpu.d[d + r] = result


# -- counting bits ---------------------------------------------------------------------
def sign_bits(
    cpu: Cpu, old: Value, a: Value, unused: int, bits: int, unsigned: int
) -> Value:
    """How many bits below the sign equal it."""
    return clz(u64(a ^ (a >> 63))) - (65 - bits)


def zero_bits(
    cpu: Cpu, old: Value, a: Value, unused: int, bits: int, unsigned: int
) -> Value:
    return clz(u64(a)) - (64 - bits)


def one_bits(
    cpu: Cpu, old: Value, a: Value, unused: int, bits: int, unsigned: int
) -> Value:
    return popcount(u64(a))


@insns(
    miscellaneous("size:2", "00", "100 op:1"),
    where=whole_not_64,
    asm="{op:vcls_vclz}{size:vsigned}" + TWO,
)
def count_leading(cpu: Cpu, size: int, op: int, Q: int, d: int, m: int) -> None:
    """VCLS, VCLZ (A8.8.299, A8.8.302)."""
    if op:
        each_constant(cpu, zero_bits, 8 << size, 1, Q, d, m, 0)
    else:
        each_constant(cpu, sign_bits, 8 << size, 0, Q, d, m, 0)


@insns(miscellaneous("00", "00", "1010"), where=whole, asm="vcnt.8" + TWO)
def count_ones(cpu: Cpu, Q: int, d: int, m: int) -> None:
    """VCNT (A8.8.304)."""
    each_constant(cpu, one_bits, 8, 1, Q, d, m, 0)


@insns(miscellaneous("00", "00", "1011"), where=whole, asm="vmvn" + TWO)
def invert(cpu: Cpu, Q: int, d: int, m: int) -> None:
    """VMVN (register) (A8.8.354)."""
    check_neon(cpu)
    put_vector(cpu, Q, d, vnot(get_vector(cpu, Q, m)))


# -- signs -----------------------------------------------------------------------------
def magnitude_saturated(
    cpu: Cpu, old: Value, a: Value, unused: int, bits: int, unsigned: int
) -> Value:
    return saturate(cpu, select(a < 0, -a, a), bits, 0)


def negated_saturated(
    cpu: Cpu, old: Value, a: Value, unused: int, bits: int, unsigned: int
) -> Value:
    return saturate(cpu, -a, bits, 0)


@insns(
    miscellaneous("size:2", "00", "111 op:1"),
    where=whole_not_64,
    asm="{op:vqabs_vqneg}{size:vsigned}" + TWO,
)
def saturating_absolute(cpu: Cpu, size: int, op: int, Q: int, d: int, m: int) -> None:
    """VQABS, VQNEG (A8.8.369, A8.8.375)."""
    if op:
        each_constant(cpu, negated_saturated, 8 << size, 0, Q, d, m, 0)
    else:
        each_constant(cpu, magnitude_saturated, 8 << size, 0, Q, d, m, 0)


@insns(
    miscellaneous("size:2", "01", "011 op:1"),
    where=whole_not_64,
    asm="{op:vabs_vneg}{size:vsigned}" + TWO,
)
def absolute(cpu: Cpu, size: int, op: int, Q: int, d: int, m: int) -> None:
    """VABS, VNEG (integer) (A8.8.280, A8.8.355)."""
    check_neon(cpu)
    a = get_vector(cpu, Q, m)
    negative = SUBTRACT[size](vzero(), a)
    put_vector(cpu, Q, d, negative if op else MAXIMUM[0][size](a, negative))


@insns(
    miscellaneous("10", "01", "111 op:1"), where=whole, asm="{op:vabs_vneg}.f32" + TWO
)
def absolute_float(cpu: Cpu, op: int, Q: int, d: int, m: int) -> None:
    """VABS, VNEG (floating-point): of NaNs too."""
    check_neon(cpu)
    for r in range(Q + 1):
        if op:
            cpu.d[d + r] = cpu.d[m + r] ^ 0x8000_0000_8000_0000
        else:
            cpu.d[d + r] = cpu.d[m + r] & 0x7FFF_FFFF_7FFF_FFFF


@insns(
    miscellaneous("size:2", "01", "0 op:3"),
    asm="{op:vcompare0}{size:vsigned}" + TWO + ", #0",
    where=lambda size, op, Q, d, m: op < 5 and whole_not_64(size, Q, d, m),
)
def compare_zero(cpu: Cpu, size: int, op: int, Q: int, d: int, m: int) -> None:
    """VCGT, VCGE, VCEQ, VCLE, VCLT (immediate #0)."""
    check_neon(cpu)
    a, zero = get_vector(cpu, Q, m), vzero()
    if op == 0:
        result = GREATER[0][size](a, zero)
    elif op == 1:
        result = NOT_LESS[0][size](a, zero)
    elif op == 2:
        result = EQUAL[size](a, zero)
    elif op == 3:
        result = NOT_LESS[0][size](zero, a)
    else:
        result = GREATER[0][size](zero, a)
    put_vector(cpu, Q, d, result)


# -- lengths ---------------------------------------------------------------------------
@insns(
    miscellaneous("size:2", "10", "0100", "unsigned:1"),
    asm="{unsigned:vmovn_vqmovun}{unsigned,size:vmoved}" + NARROW,
    where=lambda size, m: size != 3 and m & 1 == 0,
)
def move_narrow(cpu: Cpu, size: int, unsigned: int, d: int, m: int) -> None:
    """VMOVN, VQMOVUN (A8.8.347, A8.8.374)."""
    if unsigned:
        narrow_constant(cpu, narrowed_to_unsigned, 8 << size, 0, d, m, 0)
    else:
        narrow_constant(cpu, narrowed, 8 << size, 0, d, m, 0)


@insns(
    miscellaneous("size:2", "10", "0101", "U:1"),
    asm="vqmovn{U,size:vtype_long}" + NARROW,
    where=lambda size, m: size != 3 and m & 1 == 0,
)
def move_narrow_saturated(cpu: Cpu, size: int, U: int, d: int, m: int) -> None:
    """VQMOVN (A8.8.374)."""
    narrow_constant(cpu, narrowed_saturated, 8 << size, U, d, m, 0)


@insns(
    miscellaneous("size:2", "10", "0110", "0"),
    asm="vshll{size:vint} {d:vQ}, {m:vD}, {size:vlength}",
    where=lambda size, d: size != 3 and d & 1 == 0,
)
def shift_left_long_maximum(cpu: Cpu, size: int, d: int, m: int) -> None:
    """VSHLL by the length of a lane (A8.8.397)."""
    shift_long(cpu, 8 << size, 1, d, m, 8 << size)
