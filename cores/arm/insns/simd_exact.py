# SPDX-License-Identifier: Apache-2.0
"""Exact scalar arithmetic under FPSCR, on bit patterns: C in fp.c, reference here.

DDI 0406C A2.7.4-A2.7.8 (the FPAdd ... FPToFixed pseudocode).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from cores.arm.insns.simd_fpscr import accrue, vfp_env
from cores.arm.insns.simd_registers import Cpu
from machinebuilder.isa import extern, u32, u64
from machinebuilder.isa import softfloat as sf
from machinebuilder.isa.types import IntValue


def plain(operands: Iterable[object]) -> list[object]:
    """Reference only: operands without widths, as softfloat computes on them."""
    return [int(x) if isinstance(x, IntValue) else x for x in operands]


def run(cpu: Cpu, operation: Callable[..., int], *operands: object) -> int:
    """Reference only: run an operation in FPSCR's mode."""
    env = vfp_env(cpu)
    result = operation(env, *plain(operands))
    accrue(cpu, env)
    return result


def single(name: str, operation: Callable[..., int]) -> Any:
    """An operation on two singles."""

    def exact(cpu: Cpu, a: u32, b: u32) -> u32:
        return u32(run(cpu, operation, sf.SINGLE, a, b))

    exact.__name__ = name
    return extern(effects="writes")(exact)


def double(name: str, operation: Callable[..., int]) -> Any:
    """An operation on two doubles."""

    def exact(cpu: Cpu, a: u64, b: u64) -> u64:
        return u64(run(cpu, operation, sf.DOUBLE, a, b))

    exact.__name__ = name
    return extern(effects="writes")(exact)


fp_add32, fp_add64 = single("fp_add32", sf.add), double("fp_add64", sf.add)
fp_sub32, fp_sub64 = single("fp_sub32", sf.sub), double("fp_sub64", sf.sub)
fp_mul32, fp_mul64 = single("fp_mul32", sf.mul), double("fp_mul64", sf.mul)
fp_div32, fp_div64 = single("fp_div32", sf.div), double("fp_div64", sf.div)


@extern(effects="writes")
def fp_sqrt32(cpu: Cpu, a: u32) -> u32:
    return u32(run(cpu, sf.sqrt, sf.SINGLE, a))


@extern(effects="writes")
def fp_sqrt64(cpu: Cpu, a: u64) -> u64:
    return u64(run(cpu, sf.sqrt, sf.DOUBLE, a))


@extern(effects="writes")
def fp_fma32(cpu: Cpu, a: u32, b: u32, c: u32) -> u32:
    return u32(run(cpu, sf.fma, sf.SINGLE, a, b, c))


@extern(effects="writes")
def fp_fma64(cpu: Cpu, a: u64, b: u64, c: u64) -> u64:
    return u64(run(cpu, sf.fma, sf.DOUBLE, a, b, c))


@extern(effects="writes")
def fp_compare32(cpu: Cpu, a: u32, b: u32, quiet: u32) -> u32:
    return u32(run(cpu, sf.compare, sf.SINGLE, a, b, bool(quiet)))


@extern(effects="writes")
def fp_compare64(cpu: Cpu, a: u64, b: u64, quiet: u32) -> u32:
    return u32(run(cpu, sf.compare, sf.DOUBLE, a, b, bool(quiet)))


# -- conversions: `size` and `from_size` are widths in bits ----------------------------
@extern(effects="writes")
def fp_convert(cpu: Cpu, from_size: u32, size: u32, value: u64) -> u64:
    """Between the formats of 16, 32 and 64 bits."""
    return u64(run(cpu, sf.convert, sf.FORMATS[from_size], sf.FORMATS[size], value))


def fixed_shape(width: int, unsigned: int, fraction_bits: int) -> int:
    """A fixed-point format as one number, as fp.c takes it."""
    return width | unsigned << 8 | fraction_bits << 16


@extern(effects="writes")
def fp_to_fixed(cpu: Cpu, size: u32, shape: u32, toward_zero: u32, value: u64) -> u64:
    """To an integer of shape's width; rounds as FPSCR says, or toward zero."""
    rounding = sf.Rounding.ZERO if toward_zero else cpu.fp.rounding
    return u64(
        run(
            cpu,
            sf.to_integer,
            sf.FORMATS[size],
            value,
            shape & 0xFF,
            shape & 0x100 == 0,
            shape >> 16,
            rounding,
        )
    )


@extern(effects="writes")
def fp_from_fixed(cpu: Cpu, size: u32, shape: u32, to_nearest: u32, value: u64) -> u64:
    """From an integer of shape's width; rounds as FPSCR says, or to nearest."""
    width = int(shape) & 0xFF
    number = int(value) & (1 << width) - 1
    if shape & 0x100 == 0:
        number = sf.signed(number, width)
    rounding = sf.Rounding.NEAREST if to_nearest else None
    return u64(
        run(cpu, sf.from_integer, sf.FORMATS[size], number, shape >> 16, rounding)
    )
