# SPDX-License-Identifier: Apache-2.0
"""Advanced SIMD floating point, on singles (DDI 0406C A7.4.1, A7.4.3, A7.4.5).

Conversions and estimates are in neon_convert.py.
"""

from __future__ import annotations

from cores.arm.insns.neon_lanes import (
    BY_SCALAR,
    PAIRS,
    THREE,
    TWO,
    each,
    each_constant,
    each_scalar,
    first,
    miscellaneous,
    pairs,
    same,
    scalar,
    wholes,
)
from cores.arm.insns.simd_registers import Cpu, Value, check_neon
from cores.arm.insns.simd_standard import (
    neon_differences,
    neon_fadd,
    neon_fceq,
    neon_fcge,
    neon_fcgt,
    neon_fma,
    neon_fmax,
    neon_fmin,
    neon_fmul,
    neon_frecps,
    neon_frsqrts,
    neon_fsub,
    neon_products,
    neon_products_added,
    neon_sums,
)
from machinebuilder.isa import InsnSet, u32

insns = InsnSet("neon")

SIGN, MAGNITUDE = 0x8000_0000, 0x7FFF_FFFF


# -- lanes -----------------------------------------------------------------------------
def total(cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int) -> Value:
    return neon_fadd(cpu, u32(a), u32(b))


def distance(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return neon_fsub(cpu, u32(a), u32(b)) & MAGNITUDE


def product(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return neon_fmul(cpu, u32(a), u32(b))


def product_added(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return neon_fadd(cpu, u32(old), neon_fmul(cpu, u32(a), u32(b)))


def product_subtracted(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return neon_fadd(cpu, u32(old), neon_fmul(cpu, u32(a), u32(b)) ^ SIGN)


def fused_added(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return neon_fma(cpu, u32(a), u32(b), u32(old))


def fused_subtracted(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return neon_fma(cpu, u32(a) ^ SIGN, u32(b), u32(old))


def larger(cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int) -> Value:
    return neon_fmax(cpu, u32(a), u32(b))


def smaller(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return neon_fmin(cpu, u32(a), u32(b))


def is_equal(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return neon_fceq(cpu, u32(a), u32(b))


def is_not_less(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return neon_fcge(cpu, u32(a), u32(b))


def is_greater(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return neon_fcgt(cpu, u32(a), u32(b))


def is_absolutely_not_less(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return neon_fcge(cpu, u32(a) & MAGNITUDE, u32(b) & MAGNITUDE)


def is_absolutely_greater(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return neon_fcgt(cpu, u32(a) & MAGNITUDE, u32(b) & MAGNITUDE)


def reciprocal_step(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return neon_frecps(cpu, u32(a), u32(b))


def root_step(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return neon_frsqrts(cpu, u32(a), u32(b))


# -- three registers -------------------------------------------------------------------
@insns(same("0", "op:1 0", "1101", "0"), where=wholes, asm="{op:vadd_vsub}.f32" + THREE)
def add_float(cpu: Cpu, op: int, Q: int, d: int, n: int, m: int) -> None:
    """VADD, VSUB (floating-point)."""
    check_neon(cpu)
    if op:
        neon_differences(cpu, Q, d, first(n), m)
    else:
        neon_sums(cpu, Q, d, first(n), m)


@insns(same("1", "10", "1101", "0"), where=wholes, asm="vabd.f32" + THREE)
def absolute_difference_float(cpu: Cpu, Q: int, d: int, n: int, m: int) -> None:
    """VABD (floating-point) (A8.8.279)."""
    each(cpu, distance, 32, 1, Q, d, first(n), m)


@insns(same("0", "op:1 0", "1101", "1"), where=wholes, asm="{op:vmla_vmls}.f32" + THREE)
def multiply_accumulate_float(
    cpu: Cpu, op: int, Q: int, d: int, n: int, m: int
) -> None:
    """VMLA, VMLS (floating-point): rounded twice."""
    if op:
        each(cpu, product_subtracted, 32, 1, Q, d, first(n), m)
    else:
        check_neon(cpu)
        neon_products_added(cpu, Q, d, first(n), m)


@insns(same("1", "00", "1101", "1"), where=wholes, asm="vmul.f32" + THREE)
def multiply_float(cpu: Cpu, Q: int, d: int, n: int, m: int) -> None:
    """VMUL (floating-point)."""
    check_neon(cpu)
    neon_products(cpu, Q, d, first(n), m)


@insns(same("0", "op:1 0", "1100", "1"), where=wholes, asm="{op:vfma_vfms}.f32" + THREE)
def fused_float(cpu: Cpu, op: int, Q: int, d: int, n: int, m: int) -> None:
    """VFMA, VFMS: rounded once."""
    if op:
        each(cpu, fused_subtracted, 32, 1, Q, d, first(n), m)
    else:
        each(cpu, fused_added, 32, 1, Q, d, first(n), m)


@insns(same("0", "op:1 0", "1111", "0"), where=wholes, asm="{op:vmax_vmin}.f32" + THREE)
def maximum_float(cpu: Cpu, op: int, Q: int, d: int, n: int, m: int) -> None:
    """VMAX, VMIN (floating-point) (A8.8.335)."""
    if op:
        each(cpu, smaller, 32, 1, Q, d, first(n), m)
    else:
        each(cpu, larger, 32, 1, Q, d, first(n), m)


@insns(
    same("0", "op:1 0", "1111", "1"),
    where=wholes,
    asm="{op:vrecps_vrsqrts}.f32" + THREE,
)
def step_float(cpu: Cpu, op: int, Q: int, d: int, n: int, m: int) -> None:
    """VRECPS, VRSQRTS (A8.8.385, A8.8.392)."""
    if op:
        each(cpu, root_step, 32, 1, Q, d, first(n), m)
    else:
        each(cpu, reciprocal_step, 32, 1, Q, d, first(n), m)


# -- comparison ------------------------------------------------------------------------
@insns(same("0", "00", "1110", "0"), where=wholes, asm="vceq.f32" + THREE)
def equal_float(cpu: Cpu, Q: int, d: int, n: int, m: int) -> None:
    """VCEQ (register, floating-point)."""
    each(cpu, is_equal, 32, 1, Q, d, first(n), m)


@insns(same("1", "op:1 0", "1110", "0"), where=wholes, asm="{op:vcge_vcgt}.f32" + THREE)
def not_less_float(cpu: Cpu, op: int, Q: int, d: int, n: int, m: int) -> None:
    """VCGE, VCGT (register, floating-point)."""
    if op:
        each(cpu, is_greater, 32, 1, Q, d, first(n), m)
    else:
        each(cpu, is_not_less, 32, 1, Q, d, first(n), m)


@insns(
    same("1", "op:1 0", "1110", "1"), where=wholes, asm="{op:vacge_vacgt}.f32" + THREE
)
def absolutely_not_less(cpu: Cpu, op: int, Q: int, d: int, n: int, m: int) -> None:
    """VACGE, VACGT (A8.8.281)."""
    if op:
        each(cpu, is_absolutely_greater, 32, 1, Q, d, first(n), m)
    else:
        each(cpu, is_absolutely_not_less, 32, 1, Q, d, first(n), m)


def equal_to_zero(
    cpu: Cpu, old: Value, a: Value, zero: int, bits: int, unsigned: int
) -> Value:
    return neon_fceq(cpu, u32(a), u32(zero))


def not_below_zero(
    cpu: Cpu, old: Value, a: Value, zero: int, bits: int, unsigned: int
) -> Value:
    return neon_fcge(cpu, u32(a), u32(zero))


def above_zero(
    cpu: Cpu, old: Value, a: Value, zero: int, bits: int, unsigned: int
) -> Value:
    return neon_fcgt(cpu, u32(a), u32(zero))


def not_above_zero(
    cpu: Cpu, old: Value, a: Value, zero: int, bits: int, unsigned: int
) -> Value:
    return neon_fcge(cpu, u32(zero), u32(a))


def below_zero(
    cpu: Cpu, old: Value, a: Value, zero: int, bits: int, unsigned: int
) -> Value:
    return neon_fcgt(cpu, u32(zero), u32(a))


@insns(
    miscellaneous("10", "01", "1 op:3"),
    asm="{op:vcompare0}.f32" + TWO + ", #0",
    where=lambda op, Q, d, m: op < 5 and (Q == 0 or (d | m) & 1 == 0),
)
def compare_float_zero(cpu: Cpu, op: int, Q: int, d: int, m: int) -> None:
    """VCGT, VCGE, VCEQ, VCLE, VCLT (immediate #0, floating-point)."""
    if op == 0:
        each_constant(cpu, above_zero, 32, 1, Q, d, m, 0)
    elif op == 1:
        each_constant(cpu, not_below_zero, 32, 1, Q, d, m, 0)
    elif op == 2:
        each_constant(cpu, equal_to_zero, 32, 1, Q, d, m, 0)
    elif op == 3:
        each_constant(cpu, not_above_zero, 32, 1, Q, d, m, 0)
    else:
        each_constant(cpu, below_zero, 32, 1, Q, d, m, 0)


# -- pairs and scalars -----------------------------------------------------------------
@insns("1111 0011 0 d:1 00 n:4 d:4 1101 n:1 0 m:1 0 m:4", asm="vpadd.f32" + PAIRS)
def pairwise_add_float(cpu: Cpu, d: int, n: int, m: int) -> None:
    """VPADD (floating-point) (A8.8.363)."""
    pairs(cpu, total, 32, 1, d, first(n), m)


@insns(
    "1111 0011 0 d:1 op:1 0 n:4 d:4 1111 n:1 0 m:1 0 m:4",
    asm="{op:vpmax_vpmin}.f32" + PAIRS,
)
def pairwise_maximum_float(cpu: Cpu, op: int, d: int, n: int, m: int) -> None:
    """VPMAX, VPMIN (floating-point) (A8.8.365)."""
    if op:
        pairs(cpu, smaller, 32, 1, d, first(n), m)
    else:
        pairs(cpu, larger, 32, 1, d, first(n), m)


@insns(
    scalar("Q:1", "0 op:1 01"),
    asm="{op:vmla_vmls}.f32" + BY_SCALAR,
    where=lambda size, Q, d, n: size == 2 and (Q == 0 or (d | n >> 1) & 1 == 0),
)
def accumulate_float_by_scalar(
    cpu: Cpu, Q: int, op: int, d: int, n: int, m: int
) -> None:
    """VMLA, VMLS (by scalar, floating-point)."""
    if op:
        each_scalar(cpu, product_subtracted, 32, 1, Q, d, first(n), m & 15, m >> 4)
    else:
        each_scalar(cpu, product_added, 32, 1, Q, d, first(n), m & 15, m >> 4)


@insns(
    scalar("Q:1", "1001"),
    asm="vmul.f32" + BY_SCALAR,
    where=lambda size, Q, d, n: size == 2 and (Q == 0 or (d | n >> 1) & 1 == 0),
)
def multiply_float_by_scalar(cpu: Cpu, Q: int, d: int, n: int, m: int) -> None:
    """VMUL (by scalar, floating-point)."""
    each_scalar(cpu, product, 32, 1, Q, d, first(n), m & 15, m >> 4)
