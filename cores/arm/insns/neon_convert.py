# SPDX-License-Identifier: Apache-2.0
"""Advanced SIMD conversions and reciprocal estimates (DDI 0406C A7.4.4, A7.4.5)."""

from __future__ import annotations

from cores.arm.insns.neon_lanes import NARROW, TWO, each_constant, miscellaneous, shift
from cores.arm.insns.simd_registers import Cpu, Value, check_neon, lane, place
from cores.arm.insns.simd_standard import (
    neon_frecpe,
    neon_from_fixed,
    neon_from_half,
    neon_frsqrte,
    neon_to_fixed,
    neon_to_half,
    neon_urecpe,
    neon_ursqrte,
)
from machinebuilder.isa import InsnSet, u32, u64

insns = InsnSet("neon")


# -- lanes: the constant is the number of bits after the point -------------------------
def to_fixed(
    cpu: Cpu, old: Value, a: Value, places: int, bits: int, unsigned: int
) -> Value:
    return neon_to_fixed(cpu, unsigned, places, u32(a))


def from_fixed(
    cpu: Cpu, old: Value, a: Value, places: int, bits: int, unsigned: int
) -> Value:
    return neon_from_fixed(cpu, unsigned, places, u32(a))


def whole(Q: int, d: int, m: int) -> bool:
    return Q == 0 or (d | m) & 1 == 0


@insns(
    miscellaneous("10", "11", "11 op:1 U:1"),
    where=whole,
    asm="vcvt{op,U:vconverted}" + TWO,
)
def convert_integer(cpu: Cpu, op: int, U: int, Q: int, d: int, m: int) -> None:
    """VCVT (between floating-point and integer) (A8.8.305)."""
    if op:
        each_constant(cpu, to_fixed, 32, U, Q, d, m, 0)
    else:
        each_constant(cpu, from_fixed, 32, U, Q, d, m, 0)


@insns(
    shift("U:1", "111 op:1", "0"),
    asm="vcvt{op,U:vconverted}" + TWO + ", {imm6:vplaces}",
    where=lambda imm6, Q, d, m: imm6 >= 32 and whole(Q, d, m),
)
def convert_fixed(cpu: Cpu, U: int, imm6: int, op: int, Q: int, d: int, m: int) -> None:
    """VCVT (between floating-point and fixed-point) (A8.8.307)."""
    if op:
        each_constant(cpu, to_fixed, 32, U, Q, d, m, 64 - imm6)
    else:
        each_constant(cpu, from_fixed, 32, U, Q, d, m, 64 - imm6)


# -- half precision --------------------------------------------------------------------
@insns(
    miscellaneous("01", "10", "1100", "0"),
    where=lambda m: m & 1 == 0,
    asm="vcvt.f16.f32" + NARROW,
)
def to_half(cpu: Cpu, d: int, m: int) -> None:
    """VCVT (single-precision to half-precision) (A8.8.310)."""
    check_neon(cpu)
    result = u64(0)
    for i in range(4):
        half = u64(neon_to_half(cpu, u32(lane(cpu, m, i, 32, 1))))
        result = result | place(half, 16 * i, 16)
    cpu.d[d] = result


def two_singles(cpu: Cpu, m: int, i: int) -> Value:
    """Half-precision lanes i and i + 1 of D m as a doubleword of singles."""
    low = u64(neon_from_half(cpu, u32(lane(cpu, m, i, 16, 1))))
    high = u64(neon_from_half(cpu, u32(lane(cpu, m, i + 1, 16, 1))))
    return low | (high << 32)


@insns(
    miscellaneous("01", "10", "1110", "0"),
    where=lambda d: d & 1 == 0,
    asm="vcvt.f32.f16 {d:vQ}, {m:vD}",
)
def from_half(cpu: Cpu, d: int, m: int) -> None:
    """VCVT (half-precision to single-precision) (A8.8.310)."""
    check_neon(cpu)
    low = two_singles(cpu, m, 0)
    high = two_singles(cpu, m, 2)
    cpu.d[d] = low
    cpu.d[d + 1] = high


# -- estimates -------------------------------------------------------------------------
def estimate(
    cpu: Cpu, old: Value, a: Value, floating: int, bits: int, unsigned: int
) -> Value:
    return neon_frecpe(cpu, u32(a)) if floating else neon_urecpe(cpu, u32(a))


def root_estimate(
    cpu: Cpu, old: Value, a: Value, floating: int, bits: int, unsigned: int
) -> Value:
    return neon_frsqrte(cpu, u32(a)) if floating else neon_ursqrte(cpu, u32(a))


@insns(
    miscellaneous("10", "11", "10 F:1 op:1"),
    where=whole,
    asm="{op:vrecpe_vrsqrte}{F:vfloat_estimate}" + TWO,
)
def reciprocal(cpu: Cpu, F: int, op: int, Q: int, d: int, m: int) -> None:
    """VRECPE, VRSQRTE (A8.8.384, A8.8.391)."""
    if op:
        each_constant(cpu, root_estimate, 32, 1, Q, d, m, F)
    else:
        each_constant(cpu, estimate, 32, 1, Q, d, m, F)
