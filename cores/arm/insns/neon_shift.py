# SPDX-License-Identifier: Apache-2.0
"""Advanced SIMD shifts by a constant (DDI 0406C A7.4.4).

L:imm6 holds the length of a lane, as its leading one, and the amount below it.
"""

from __future__ import annotations

from cores.arm.insns.neon_lanes import (
    NARROW,
    TWO,
    each_constant,
    extreme,
    narrow_constant,
    ones,
    repeated,
    saturate,
    saturate_unsigned,
    shift,
)
from cores.arm.insns.neon_saturate import choose_extreme, left_overflows, right
from cores.arm.insns.simd_registers import (
    Cpu,
    Value,
    check_neon,
    get_vector,
    lane,
    place,
    put_vector,
)
from machinebuilder.isa import (
    InsnSet,
    s64,
    select,
    u64,
    vadd8,
    vadd16,
    vadd32,
    vadd64,
    vand,
    vandn,
    vor,
    vsar8,
    vsar16,
    vsar32,
    vsar64,
    vshl8,
    vshl16,
    vshl32,
    vshl64,
    vshr8,
    vshr16,
    vshr32,
    vshr64,
)

insns = InsnSet("neon")


# -- IR operations by size -------------------------------------------------------------
def add_lanes(size: int, a: Value, b: Value) -> Value:
    if size == 0:
        return vadd8(a, b)
    if size == 1:
        return vadd16(a, b)
    if size == 2:
        return vadd32(a, b)
    return vadd64(a, b)


def left_lanes(size: int, a: Value, amount: int) -> Value:
    if size == 0:
        return vshl8(a, amount)
    if size == 1:
        return vshl16(a, amount)
    if size == 2:
        return vshl32(a, amount)
    return vshl64(a, amount)


def right_lanes(size: int, unsigned: int, a: Value, amount: int) -> Value:
    if size == 0:
        return vshr8(a, amount) if unsigned else vsar8(a, amount)
    if size == 1:
        return vshr16(a, amount) if unsigned else vsar16(a, amount)
    if size == 2:
        return vshr32(a, amount) if unsigned else vsar32(a, amount)
    return vshr64(a, amount) if unsigned else vsar64(a, amount)


# -- lengths and amounts ---------------------------------------------------------------
def lane_size(L: int, imm6: int) -> int:
    """0, 1, 2, 3 for lanes of 8, 16, 32, 64 bits."""
    if L:
        return 3
    return 2 if imm6 >= 32 else 1 if imm6 >= 16 else 0


def lane_bits(L: int, imm6: int) -> int:
    return 8 << lane_size(L, imm6)


def right_amount(L: int, imm6: int) -> int:
    """1 to the length of a lane."""
    return 64 - imm6 if L else 2 * lane_bits(L, imm6) - imm6


def left_amount(L: int, imm6: int) -> int:
    """0 to the length of a lane less one."""
    return imm6 if L else imm6 - lane_bits(L, imm6)


def shifts(L: int, imm6: int, Q: int, d: int, m: int) -> bool:
    """Not a modified immediate, which has 000 for L and the top of imm6."""
    return (L == 1 or imm6 >= 8) and (Q == 0 or (d | m) & 1 == 0)


# -- plain, accumulating, inserting ----------------------------------------------------
@insns(
    shift("U:1", "000 op:1"),
    where=shifts,
    asm="{op:vshr_vsra}{U,L,imm6:vshift_type}" + TWO + ", {L,imm6:vright}",
)
def shift_right(
    cpu: Cpu, U: int, imm6: int, op: int, L: int, Q: int, d: int, m: int
) -> None:
    """VSHR, VSRA (A8.8.398, A8.8.404)."""
    check_neon(cpu)
    size = lane_size(L, imm6)
    result = right_lanes(size, U, get_vector(cpu, Q, m), right_amount(L, imm6))
    if op:
        result = add_lanes(size, get_vector(cpu, Q, d), result)
    put_vector(cpu, Q, d, result)


def shifted_rounded(
    cpu: Cpu, old: Value, a: Value, amount: int, bits: int, unsigned: int
) -> Value:
    return right(a, amount, unsigned, 1)


def shifted_rounded_added(
    cpu: Cpu, old: Value, a: Value, amount: int, bits: int, unsigned: int
) -> Value:
    return old + right(a, amount, unsigned, 1)


@insns(
    shift("U:1", "001 op:1"),
    where=shifts,
    asm="{op:vrshr_vrsra}{U,L,imm6:vshift_type}" + TWO + ", {L,imm6:vright}",
)
def rounding_shift_right(
    cpu: Cpu, U: int, imm6: int, op: int, L: int, Q: int, d: int, m: int
) -> None:
    """VRSHR, VRSRA (A8.8.391, A8.8.394)."""
    bits, amount = lane_bits(L, imm6), right_amount(L, imm6)
    if op:
        each_constant(cpu, shifted_rounded_added, bits, U, Q, d, m, amount)
    else:
        each_constant(cpu, shifted_rounded, bits, U, Q, d, m, amount)


def insert(cpu: Cpu, Q: int, d: int, bits: int, mask: int, value: Value) -> None:
    """Bits of `value` where `mask` has ones in every lane, else the old ones."""
    wanted = repeated(bits, mask)
    put_vector(
        cpu, Q, d, vor(vand(value, wanted), vandn(get_vector(cpu, Q, d), wanted))
    )


@insns(
    shift("1", "0100"),
    where=shifts,
    asm="vsri{L,imm6:vshift_bits}" + TWO + ", {L,imm6:vright}",
)
def shift_right_insert(cpu: Cpu, imm6: int, L: int, Q: int, d: int, m: int) -> None:
    """VSRI (A8.8.405)."""
    check_neon(cpu)
    bits, amount = lane_bits(L, imm6), right_amount(L, imm6)
    value = right_lanes(lane_size(L, imm6), 1, get_vector(cpu, Q, m), amount)
    insert(cpu, Q, d, bits, ones(bits - amount), value)


@insns(
    shift("0", "0101"),
    where=shifts,
    asm="vshl{L,imm6:vshift_int}" + TWO + ", {L,imm6:vleft}",
)
def shift_left(cpu: Cpu, imm6: int, L: int, Q: int, d: int, m: int) -> None:
    """VSHL (immediate) (A8.8.395)."""
    check_neon(cpu)
    put_vector(
        cpu,
        Q,
        d,
        left_lanes(lane_size(L, imm6), get_vector(cpu, Q, m), left_amount(L, imm6)),
    )


@insns(
    shift("1", "0101"),
    where=shifts,
    asm="vsli{L,imm6:vshift_bits}" + TWO + ", {L,imm6:vleft}",
)
def shift_left_insert(cpu: Cpu, imm6: int, L: int, Q: int, d: int, m: int) -> None:
    """VSLI (A8.8.400)."""
    check_neon(cpu)
    bits, amount = lane_bits(L, imm6), left_amount(L, imm6)
    value = left_lanes(lane_size(L, imm6), get_vector(cpu, Q, m), amount)
    insert(cpu, Q, d, bits, ones(bits) & ~ones(amount), value)


# -- saturating ------------------------------------------------------------------------
def left_saturated(
    cpu: Cpu, old: Value, a: Value, amount: int, bits: int, unsigned: int
) -> Value:
    overflow = left_overflows(a, s64(amount), bits, unsigned)
    return choose_extreme(cpu, overflow, extreme(a, bits, unsigned), a << amount)


def left_saturated_unsigned(
    cpu: Cpu, old: Value, a: Value, amount: int, bits: int, unsigned: int
) -> Value:
    """Of a signed value to an unsigned one."""
    overflow = (a < 0) | left_overflows(a, s64(amount), bits, 1)
    limit = select(a < 0, s64(0), extreme(a, bits, 1))
    return choose_extreme(cpu, overflow, limit, a << amount)


@insns(
    shift("1", "0110"),
    where=shifts,
    asm="vqshlu{L,imm6:vshift_signed}" + TWO + ", {L,imm6:vleft}",
)
def saturating_shift_unsigned(
    cpu: Cpu, imm6: int, L: int, Q: int, d: int, m: int
) -> None:
    """VQSHLU (A8.8.380)."""
    each_constant(
        cpu,
        left_saturated_unsigned,
        lane_bits(L, imm6),
        0,
        Q,
        d,
        m,
        left_amount(L, imm6),
    )


@insns(
    shift("U:1", "0111"),
    where=shifts,
    asm="vqshl{U,L,imm6:vshift_type}" + TWO + ", {L,imm6:vleft}",
)
def saturating_shift_left(
    cpu: Cpu, U: int, imm6: int, L: int, Q: int, d: int, m: int
) -> None:
    """VQSHL (immediate) (A8.8.380)."""
    each_constant(
        cpu, left_saturated, lane_bits(L, imm6), U, Q, d, m, left_amount(L, imm6)
    )


# -- narrowing -------------------------------------------------------------------------
def narrows(imm6: int, m: int) -> bool:
    return imm6 >= 8 and m & 1 == 0


def narrowed(
    cpu: Cpu, old: Value, a: Value, amount: int, bits: int, unsigned: int
) -> Value:
    return a >> amount


def narrowed_rounded(
    cpu: Cpu, old: Value, a: Value, amount: int, bits: int, unsigned: int
) -> Value:
    return right(a, amount, 0, 1)


@insns(
    shift("0", "1000", "0", "rounded:1"),
    where=narrows,
    asm="{rounded:vshrn_vrshrn}{imm6:vnarrow_int}" + NARROW + ", {imm6:vright_narrow}",
)
def shift_right_narrow(cpu: Cpu, imm6: int, rounded: int, d: int, m: int) -> None:
    """VSHRN, VRSHRN (A8.8.399, A8.8.392)."""
    bits, amount = lane_bits(0, imm6), right_amount(0, imm6)
    if rounded:
        narrow_constant(cpu, narrowed_rounded, bits, 0, d, m, amount)
    else:
        narrow_constant(cpu, narrowed, bits, 0, d, m, amount)


def narrowed_saturated(
    cpu: Cpu, old: Value, a: Value, amount: int, bits: int, unsigned: int
) -> Value:
    if unsigned:
        return saturate_unsigned(cpu, u64(a) >> amount, bits)
    return saturate(cpu, a >> amount, bits, 0)


def narrowed_rounded_saturated(
    cpu: Cpu, old: Value, a: Value, amount: int, bits: int, unsigned: int
) -> Value:
    if unsigned:
        return saturate_unsigned(cpu, u64(right(a, amount, 1, 1)), bits)
    return saturate(cpu, right(a, amount, 0, 1), bits, 0)


def narrowed_to_unsigned(
    cpu: Cpu, old: Value, a: Value, amount: int, bits: int, unsigned: int
) -> Value:
    return saturate(cpu, a >> amount, bits, 1)


def narrowed_rounded_to_unsigned(
    cpu: Cpu, old: Value, a: Value, amount: int, bits: int, unsigned: int
) -> Value:
    return saturate(cpu, right(a, amount, 0, 1), bits, 1)


@insns(
    shift("1", "1000", "0", "rounded:1"),
    where=narrows,
    asm="{rounded:vqshrun_vqrshrun}{imm6:vnarrow_signed}"
    + NARROW
    + ", {imm6:vright_narrow}",
)
def saturating_narrow_unsigned(
    cpu: Cpu, imm6: int, rounded: int, d: int, m: int
) -> None:
    """VQSHRUN, VQRSHRUN (A8.8.381, A8.8.378)."""
    bits, amount = lane_bits(0, imm6), right_amount(0, imm6)
    if rounded:
        narrow_constant(cpu, narrowed_rounded_to_unsigned, bits, 0, d, m, amount)
    else:
        narrow_constant(cpu, narrowed_to_unsigned, bits, 0, d, m, amount)


@insns(
    shift("U:1", "1001", "0", "rounded:1"),
    where=narrows,
    asm="{rounded:vqshrn_vqrshrn}{U,imm6:vnarrow_type}"
    + NARROW
    + ", {imm6:vright_narrow}",
)
def saturating_narrow(
    cpu: Cpu, U: int, imm6: int, rounded: int, d: int, m: int
) -> None:
    """VQSHRN, VQRSHRN (A8.8.381, A8.8.378)."""
    bits, amount = lane_bits(0, imm6), right_amount(0, imm6)
    if rounded:
        narrow_constant(cpu, narrowed_rounded_saturated, bits, U, d, m, amount)
    else:
        narrow_constant(cpu, narrowed_saturated, bits, U, d, m, amount)


# -- lengthening -----------------------------------------------------------------------
def longer(cpu: Cpu, bits: int, unsigned: int, m: int, amount: int, half: int) -> Value:
    """One D register of lanes of m, twice as long and shifted left."""
    result = u64(0)
    for i in range(32 // bits):
        value = lane(cpu, m, half * (32 // bits) + i, bits, unsigned) << amount
        result = result | place(value, i * 2 * bits, 2 * bits)
    return result


def shift_long(cpu: Cpu, bits: int, unsigned: int, d: int, m: int, amount: int) -> None:
    """Lanes of m to twice their length, shifted left."""
    check_neon(cpu)
    low = longer(cpu, bits, unsigned, m, amount, 0)
    high = longer(cpu, bits, unsigned, m, amount, 1)
    cpu.d[d] = low
    cpu.d[d + 1] = high


@insns(
    shift("U:1", "1010", "0", "0"),
    where=lambda imm6, d: imm6 >= 8 and d & 1 == 0,
    asm="{imm6:vlonger}{U,imm6:vlong_type} {d:vQ}, {m:vD}{imm6:vleft_long}",
)
def shift_left_long(cpu: Cpu, U: int, imm6: int, d: int, m: int) -> None:
    """VSHLL, VMOVL (A8.8.397, A8.8.346)."""
    shift_long(cpu, lane_bits(0, imm6), U, d, m, left_amount(0, imm6))
