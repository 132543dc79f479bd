# SPDX-License-Identifier: Apache-2.0
"""FPSCR and the arithmetic modes that it selects (DDI 0406C A2.7, B4.1.56).

FPSCR is kept in parts: NZCV, QC and IDC as fields, the control bits in `fp_control`
and as translation flags, rounding and the other sticky flags in the host's MXCSR
(the reference's `cpu.fp`). VFP arithmetic runs on IR floats, which do as IEEE says;
with flush-to-zero or default NaN it takes the exact helpers of fp.c instead.

Omitted: trapped exceptions (the enable bits stay 0), short vectors.
"""

from __future__ import annotations

from cores.arm.insns.simd_registers import Cpu, Value
from machinebuilder.isa import extern, softfloat, u1, u32

AHP, DN, FZ = 1 << 26, 1 << 25, 1 << 24
RMODE_SHIFT, VECTORS = 22, 0x0037_0000
CONTROL = AHP | DN | FZ | 3 << RMODE_SHIFT | VECTORS
QC, IDC = 1 << 27, 1 << 7

# FPSCR.RMode: nearest, plus infinity, minus infinity, zero.
ROUNDINGS = (
    softfloat.Rounding.NEAREST,
    softfloat.Rounding.UP,
    softfloat.Rounding.DOWN,
    softfloat.Rounding.ZERO,
)
# Cumulative bits of FPSCR and of the engine: IOC, DZC, OFC, UFC, IXC.
STICKY = (
    (1, softfloat.INVALID),
    (2, softfloat.DIVZERO),
    (4, softfloat.OVERFLOW),
    (8, softfloat.UNDERFLOW),
    (16, softfloat.INEXACT),
)


def exactly(cpu: Cpu) -> Value:
    """Does FPSCR ask for what IR floats do not do?"""
    return cpu.fp_default_nan or cpu.fp_flush


# FPSCR.FZ flushes denormals, which the host's unit does not do with ARM's flags. Where
# none is involved it has the right value and flags; else all is computed exactly. Of
# patterns, doubles' when sz:
def is_usual(sz: int, x: Value) -> Value:
    """Not denormal."""
    return ((x << 1) - 1) >> (53 if sz else 24) != 0


def is_zero(x: Value) -> Value:
    """Of either sign."""
    return x << 1 == 0


def exponent(sz: int, x: Value) -> Value:
    """As it is encoded."""
    return x >> 52 & 0x7FF if sz else x >> 23 & 0xFF


@extern(effects="reads")
def fpscr_read(cpu: Cpu) -> u32:
    """All of FPSCR."""
    value = int(cpu.fp_n) << 31 | int(cpu.fp_z) << 30 | int(cpu.fp_c) << 29
    value |= int(cpu.fp_v) << 28 | int(cpu.fp_qc) * QC | int(cpu.fp_idc) * IDC
    value |= sum(bit for bit, flag in STICKY if cpu.fp.flags & flag)
    return u32(value | int(cpu.fp_control))


@extern(effects="writes")
def fpscr_write(cpu: Cpu, value: u32) -> None:
    """Write FPSCR, and put rounding mode and translation flags in force."""
    word = int(value)
    cpu.fp_n, cpu.fp_z = u1(word >> 31), u1(word >> 30)
    cpu.fp_c, cpu.fp_v = u1(word >> 29), u1(word >> 28)
    cpu.fp_qc, cpu.fp_idc = u1(word >> 27), u1(word >> 7)
    cpu.fp_control = u32(word & CONTROL)
    cpu.fp_default_nan, cpu.fp_flush = word >> 25 & 1, word >> 24 & 1
    cpu.fp_vectors = int(word & VECTORS != 0)
    fp = cpu.fp
    fp.rounding = ROUNDINGS[word >> RMODE_SHIFT & 3]
    fp.half_without_inf = bool(word & AHP)
    fp.default_nan, fp.flush = bool(word & DN), bool(word & FZ)
    fp.flags = sum(flag for bit, flag in STICKY if word & bit)


def accrue(cpu: Cpu, env: softfloat.Env) -> None:
    """Reference only: the flags that arithmetic in `env` raised become sticky."""
    if env.flags & softfloat.INPUT_DENORMAL:
        cpu.fp_idc = u1(1)
    cpu.fp.flags |= env.flags & ~softfloat.INPUT_DENORMAL


def vfp_env(cpu: Cpu) -> softfloat.Env:
    """Reference only: FPSCR's arithmetic, with no flag raised yet."""
    fp = cpu.fp
    return softfloat.Env(fp.rounding, fp.flush, fp.default_nan, fp.half_without_inf)


def neon_env(cpu: Cpu) -> softfloat.Env:
    """Reference only: the standard FPSCR value of Advanced SIMD; AHP is FPSCR's."""
    return softfloat.Env(
        flush=True, default_nan=True, half_without_inf=cpu.fp.half_without_inf
    )
