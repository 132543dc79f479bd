# SPDX-License-Identifier: Apache-2.0
"""VFP conversions: VCVT, VCVTR, VCVTB, VCVTT (DDI 0406C A8.8.305-A8.8.311)."""

from __future__ import annotations

from cores.arm.insns.simd_exact import (
    fixed_shape,
    fp_convert,
    fp_from_fixed,
    fp_to_fixed,
)
from cores.arm.insns.simd_fpscr import exactly, exponent, is_usual, is_zero
from cores.arm.insns.simd_registers import (
    Cpu,
    Value,
    check_vfp_scalar,
    get,
    put,
    register,
)
from machinebuilder.isa import (
    InsnSet,
    f32,
    f64,
    float_bits,
    ftos32,
    ftou32,
    s32,
    s32tof,
    sext,
    u32,
    u32tof,
    u64,
)

insns = InsnSet("vfp")


def size_of(sz: int) -> int:
    return 64 if sz else 32


def put_bits(cpu: Cpu, sz: int, d: int, value: Value) -> None:
    """Write the low 32 bits, or when sz all 64, of a u64."""
    if sz:
        cpu.d[d] = value
    else:
        cpu.s[d] = u32(value)


# -- integers --------------------------------------------------------------------------
def truncated(unsigned: int, value: Value) -> Value:
    """Toward zero, by the host's unit."""
    if unsigned:
        return ftou32(value)
    return u32(ftos32(value))


def to_integer(
    cpu: Cpu, sz: int, unsigned: int, toward_zero: int, value: Value
) -> Value:
    """A number to a 32-bit integer, as u32."""
    if toward_zero and not cpu.fp_flush:
        return truncated(unsigned, value)
    pattern, shape = float_bits(value), fixed_shape(32, unsigned, 0)
    if toward_zero and is_usual(sz, pattern):
        result = truncated(unsigned, value)
    else:
        result = u32(fp_to_fixed(cpu, size_of(sz), shape, toward_zero, u64(pattern)))
    return result


@insns(
    "cond:4 1110 1 D:1 11 110 s:1 Vd:4 101 sz:1 op:1 1 M:1 0 Vm:4",
    asm="{op:vcvtr_vcvt}{cond:vcond}{s:vsign32}{sz:vfloat} {D,Vd:vs}, {sz,M,Vm:vr}",
)
def float_to_integer(
    cpu: Cpu, D: int, s: int, Vd: int, sz: int, op: int, M: int, Vm: int
) -> None:
    """VCVT (toward zero), VCVTR (as FPSCR says)."""
    check_vfp_scalar(cpu)
    value = get(cpu, sz, register(cpu, sz, M, Vm))
    cpu.s[Vd * 2 + D] = to_integer(cpu, sz, 1 - s, op, value)


@insns(
    "cond:4 1110 1 D:1 11 1000 Vd:4 101 sz:1 s:1 1 M:1 0 Vm:4",
    asm="vcvt{cond:vcond}{sz:vfloat}{s:vsign32} {sz,D,Vd:vr}, {M,Vm:vs}",
)
def integer_to_float(
    cpu: Cpu, D: int, Vd: int, sz: int, s: int, M: int, Vm: int
) -> None:
    """VCVT (integer to floating-point). No mode but rounding matters."""
    check_vfp_scalar(cpu)
    number = cpu.s[Vm * 2 + M]
    d = register(cpu, sz, D, Vd)
    if sz:
        result = s32tof(f64, s32(number)) if s else u32tof(f64, number)
    else:
        result = s32tof(f32, s32(number)) if s else u32tof(f32, number)
    put(cpu, sz, d, result)


# -- fixed point -----------------------------------------------------------------------
def fraction_bits(sx: int, imm: int) -> int:
    """Bits after the point; negative is unpredictable."""
    return (32 if sx else 16) - imm


@insns(
    "cond:4 1110 1 D:1 11 1 op:1 1 U:1 Vd:4 101 sf:1 sx:1 1 i:1 0 imm4:4",
    where=lambda sx, imm4, i: imm4 * 2 + i <= (32 if sx else 16),
    asm="vcvt{cond:vcond}{op,U,sf,sx:vfixed} {sf,D,Vd:vr}, {sf,D,Vd:vr}, "
    "{sx,imm4,i:vfixed_places}",
)
def fixed_point(
    cpu: Cpu, D: int, op: int, U: int, Vd: int, sf: int, sx: int, i: int, imm4: int
) -> None:
    """VCVT (between floating-point and fixed-point)."""
    check_vfp_scalar(cpu)
    d = register(cpu, sf, D, Vd)
    width = 32 if sx else 16
    shape = fixed_shape(width, U, fraction_bits(sx, imm4 * 2 + i))
    value = u64(float_bits(get(cpu, sf, d)))
    if op:
        result = fp_to_fixed(cpu, size_of(sf), shape, 1, value)
        if not U:
            result = sext(result, width)
    else:
        result = fp_from_fixed(cpu, size_of(sf), shape, 1, value)
    put_bits(cpu, sf, d, result)


# -- formats ---------------------------------------------------------------------------
def changes_format(sz: int, x: Value) -> Value:
    """Is it denormal in neither format, before rounding?"""
    if sz:
        return exponent(1, x) >= 897 or is_zero(x)
    return is_usual(0, x)


@insns(
    "cond:4 1110 1 D:1 11 0111 Vd:4 101 sz:1 11 M:1 0 Vm:4",
    asm="vcvt{cond:vcond}{sz:vnarrowed} {sz,D,Vd:vother}, {sz,M,Vm:vr}",
)
def double_single(cpu: Cpu, D: int, Vd: int, sz: int, M: int, Vm: int) -> None:
    """VCVT (between double-precision and single-precision): sz is the source's."""
    check_vfp_scalar(cpu)
    value = get(cpu, sz, register(cpu, sz, M, Vm))
    d = register(cpu, 1 - sz, D, Vd)
    if not exactly(cpu):
        if sz:
            cpu.fs[d] = f32(value)
        else:
            cpu.fd[d] = f64(value)
    else:
        pattern = float_bits(value)
        if not cpu.fp_default_nan and changes_format(sz, pattern):
            result = u64(float_bits(f32(value) if sz else f64(value)))
        else:
            result = fp_convert(cpu, size_of(sz), size_of(1 - sz), u64(pattern))
        put_bits(cpu, 1 - sz, d, result)


@insns(
    "cond:4 1110 1 D:1 11 001 op:1 Vd:4 101 (0) T:1 1 M:1 0 Vm:4",
    asm="{T:vcvtb_vcvtt}{cond:vcond}{op:vhalved} {D,Vd:vs}, {M,Vm:vs}",
)
def half(cpu: Cpu, D: int, op: int, Vd: int, T: int, M: int, Vm: int) -> None:
    """VCVTB, VCVTT: the bottom or top half of a single register is half precision."""
    check_vfp_scalar(cpu)
    d = Vd * 2 + D
    value = cpu.s[Vm * 2 + M]
    if op:
        result = u32(fp_convert(cpu, 32, 16, u64(value)))
        if T:
            cpu.s[d] = (cpu.s[d] & 0xFFFF) | (result << 16)
        else:
            cpu.s[d] = (cpu.s[d] & 0xFFFF_0000) | result
    else:
        bits = value >> 16 if T else value & 0xFFFF
        cpu.s[d] = u32(fp_convert(cpu, 16, 32, u64(bits)))
