# SPDX-License-Identifier: Apache-2.0
"""Floating-point operations, singles and doubles on the host's hardware
(SPARC V8 manual, B.30-B.35, appendix N).

Quad operations, and opf values that mean nothing, are unimplemented_FPop.
"""

from __future__ import annotations

from typing import Any

from cores.sparc.formats import Cpu, Value, double_register
from cores.sparc.insns.fp_state import check_fpu
from machinebuilder.isa import (
    InsnSet,
    extern,
    f32,
    f64,
    fadd,
    fcmp,
    fcmpe,
    fdiv,
    float_bits,
    fmul,
    from_bits,
    fsqrt,
    fsub,
    ftos32,
    s32,
    s32tof,
    select,
    u8,
    u32,
    u64,
)

insns = InsnSet("v8")

MOVES = 1  # opf of FMOVs: raises nothing
UNIMPLEMENTED = 3  # FSR.ftt


@extern(effects="writes")
def fp_exact(cpu: Cpu, opf: u32, rd: u32, a: u64, b: u64) -> None:
    """The operation with FSR's traps: writes rd (or fcc), or is an fp_exception."""
    cpu.fp_exact(int(opf), int(rd), int(a), int(b))


@extern(effects="exits")
def fp_unimplemented(cpu: Cpu) -> None:
    """The FPop goes into FQ; fp_exception, ftt unimplemented_FPop."""
    cpu.queue(UNIMPLEMENTED)


# -- operands: bit patterns; doubles when `wide` ---------------------------------------
def get(cpu: Cpu, wide: int, n: int) -> Value:
    if wide:
        return cpu.d[double_register(n)]
    return cpu.fpr[n ^ 1]


def put(cpu: Cpu, wide: int, n: int, value: Value) -> None:
    if wide:
        cpu.d[double_register(n)] = value
    else:
        cpu.fpr[n ^ 1] = value


def floating(wide: int, pattern: Value) -> Value:
    """A pattern as an IR float."""
    if wide:
        return from_bits(f64, pattern)
    return from_bits(f32, pattern)


def remember(cpu: Cpu, opf: int, a: Value, b: Value) -> None:
    """What cexc is found from, should anyone ask."""
    cpu.last_op = opf
    cpu.last_a = u64(a)
    cpu.last_b = u64(b)


# -- two operands ----------------------------------------------------------------------
def declare_binary(opf: int, mnemonic: str, meaning: Any, wide: int) -> None:
    """FADDs and the like."""

    @insns(
        f"10 fd:5 110100 fs1:5 {opf:09b} fs2:5",
        name=mnemonic,
        asm=f"{mnemonic} {{fs1:freg}}, {{fs2:freg}}, {{fd:freg}}",
    )
    def binary(cpu: Cpu, fd: int, fs1: int, fs2: int) -> None:
        check_fpu(cpu)
        a = get(cpu, wide, fs1)
        b = get(cpu, wide, fs2)
        if cpu.fp_traps:
            fp_exact(cpu, opf, fd, u64(a), u64(b))
        else:
            remember(cpu, opf, a, b)
            put(
                cpu, wide, fd, float_bits(meaning(floating(wide, a), floating(wide, b)))
            )


for _opf, _name, _meaning in (
    (0x41, "fadd", fadd),
    (0x45, "fsub", fsub),
    (0x49, "fmul", fmul),
    (0x4D, "fdiv", fdiv),
):
    declare_binary(_opf, f"{_name}s", _meaning, 0)
    declare_binary(_opf + 1, f"{_name}d", _meaning, 1)


def is_single_nan(pattern: Value) -> Value:
    return (pattern & 0x7FFF_FFFF) > 0x7F80_0000


@insns(
    "10 fd:5 110100 fs1:5 001101001 fs2:5",
    asm="fsmuld {fs1:freg}, {fs2:freg}, {fd:freg}",
)
def fsmuld(cpu: Cpu, fd: int, fs1: int, fs2: int) -> None:
    """FsMULd: the product of singles, exact as a double. Widened NaNs are all quiet,
    so which one is the result must be found before.
    """
    check_fpu(cpu)
    a = get(cpu, 0, fs1)
    b = get(cpu, 0, fs2)
    if cpu.fp_traps or is_single_nan(a) or is_single_nan(b):
        fp_exact(cpu, 0x69, fd, u64(a), u64(b))
    else:
        remember(cpu, 0x69, a, b)
        product = fmul(f64(from_bits(f32, a)), f64(from_bits(f32, b)))
        put(cpu, 1, fd, float_bits(product))


# -- one operand -----------------------------------------------------------------------
def integer_of(wide: int, pattern: Value) -> Value:
    """Toward zero; a NaN gives the largest number."""
    if wide:
        is_nan = (pattern & 0x7FFF_FFFF_FFFF_FFFF) > 0x7FF0_0000_0000_0000
    else:
        is_nan = is_single_nan(pattern)
    return select(is_nan, u32(0x7FFF_FFFF), u32(ftos32(floating(wide, pattern))))


def single_root(pattern: Value) -> Value:
    return float_bits(fsqrt(from_bits(f32, pattern)))


def double_root(pattern: Value) -> Value:
    return float_bits(fsqrt(from_bits(f64, pattern)))


def integer_to_single(pattern: Value) -> Value:
    return float_bits(s32tof(f32, s32(pattern)))


def integer_to_double(pattern: Value) -> Value:
    return float_bits(s32tof(f64, s32(pattern)))


def single_to_integer(pattern: Value) -> Value:
    return integer_of(0, pattern)


def double_to_integer(pattern: Value) -> Value:
    return integer_of(1, pattern)


def single_to_double(pattern: Value) -> Value:
    return float_bits(f64(from_bits(f32, pattern)))


def double_to_single(pattern: Value) -> Value:
    return float_bits(f32(from_bits(f64, pattern)))


def declare_unary(
    opf: int, mnemonic: str, meaning: Any, from_wide: int, to_wide: int
) -> None:
    """Square roots and conversions."""

    @insns(
        f"10 fd:5 110100 xxxxx {opf:09b} fs2:5",
        name=mnemonic,
        asm=f"{mnemonic} {{fs2:freg}}, {{fd:freg}}",
    )
    def unary(cpu: Cpu, fd: int, fs2: int) -> None:
        check_fpu(cpu)
        b = get(cpu, from_wide, fs2)
        if cpu.fp_traps:
            fp_exact(cpu, opf, fd, 0, u64(b))
        else:
            remember(cpu, opf, u64(0), b)
            put(cpu, to_wide, fd, meaning(b))


declare_unary(0x29, "fsqrts", single_root, 0, 0)
declare_unary(0x2A, "fsqrtd", double_root, 1, 1)
declare_unary(0xC4, "fitos", integer_to_single, 0, 0)
declare_unary(0xC8, "fitod", integer_to_double, 0, 1)
declare_unary(0xD1, "fstoi", single_to_integer, 0, 0)
declare_unary(0xD2, "fdtoi", double_to_integer, 1, 0)
declare_unary(0xC9, "fstod", single_to_double, 0, 1)
declare_unary(0xC6, "fdtos", double_to_single, 1, 0)


def declare_move(opf: int, mnemonic: str, keep: int, flip: int) -> None:
    """FMOVs, FNEGs, FABSs: bits, whatever they mean."""

    @insns(
        f"10 fd:5 110100 xxxxx {opf:09b} fs2:5",
        name=mnemonic,
        asm=f"{mnemonic} {{fs2:freg}}, {{fd:freg}}",
    )
    def move(cpu: Cpu, fd: int, fs2: int) -> None:
        check_fpu(cpu)
        cpu.last_op = MOVES
        put(cpu, 0, fd, (get(cpu, 0, fs2) & keep) ^ flip)


declare_move(0x01, "fmovs", 0xFFFF_FFFF, 0)
declare_move(0x05, "fnegs", 0xFFFF_FFFF, 0x8000_0000)
declare_move(0x09, "fabss", 0x7FFF_FFFF, 0)


# -- comparison ------------------------------------------------------------------------
def declare_compare(opf: int, mnemonic: str, meaning: Any, wide: int) -> None:
    """FCMP; FCMPE raises invalid for quiet NaNs too."""

    @insns(
        f"10 xxxxx 110101 fs1:5 {opf:09b} fs2:5",
        name=mnemonic,
        asm=f"{mnemonic} {{fs1:freg}}, {{fs2:freg}}",
    )
    def compare(cpu: Cpu, fs1: int, fs2: int) -> None:
        check_fpu(cpu)
        a = get(cpu, wide, fs1)
        b = get(cpu, wide, fs2)
        if cpu.fp_traps:
            fp_exact(cpu, opf, 0, u64(a), u64(b))
        else:
            remember(cpu, opf, a, b)
            cpu.fcc = u8(meaning(floating(wide, a), floating(wide, b)))


declare_compare(0x51, "fcmps", fcmp, 0)
declare_compare(0x52, "fcmpd", fcmp, 1)
declare_compare(0x55, "fcmpes", fcmpe, 0)
declare_compare(0x56, "fcmped", fcmpe, 1)


@insns("10 xxxxx 11010 x xxxxx xxxxxxxxx xxxxx", asm="fpop")
def fpop(cpu: Cpu) -> None:
    """Any other FPop."""
    check_fpu(cpu)
    fp_unimplemented(cpu)
