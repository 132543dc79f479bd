# SPDX-License-Identifier: Apache-2.0
"""Advanced SIMD's arithmetic on singles: C in fp_neon.c, reference here.

It uses the standard FPSCR value: flush to zero, default NaN, round to nearest (DDI
0406C A2.7.7); the estimates and steps are A2.7.8's.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt

from cores.arm.insns.simd_exact import plain
from cores.arm.insns.simd_fpscr import accrue, neon_env
from cores.arm.insns.simd_registers import Cpu
from machinebuilder.isa import extern, u32
from machinebuilder.isa import softfloat as sf

ONE_AND_A_HALF, TWO, THREE = 0x3FC0_0000, 0x4000_0000, 0x4040_0000
TRUE = 0xFFFF_FFFF
HUGE = 253  # biased exponent of 2**126


def run(cpu: Cpu, operation: Callable[..., int], *operands: object) -> u32:
    """Reference only: an operation on singles under the standard FPSCR."""
    env = neon_env(cpu)
    result = operation(env, sf.SINGLE, *plain(operands))
    accrue(cpu, env)
    return u32(result)


# -- arithmetic ------------------------------------------------------------------------
@extern(effects="writes")
def neon_fadd(cpu: Cpu, a: u32, b: u32) -> u32:
    return run(cpu, sf.add, a, b)


@extern(effects="writes")
def neon_fsub(cpu: Cpu, a: u32, b: u32) -> u32:
    return run(cpu, sf.sub, a, b)


@extern(effects="writes")
def neon_fmul(cpu: Cpu, a: u32, b: u32) -> u32:
    return run(cpu, sf.mul, a, b)


@extern(effects="writes")
def neon_fma(cpu: Cpu, a: u32, b: u32, c: u32) -> u32:
    return run(cpu, sf.fma, a, b, c)


@extern(effects="writes")
def neon_fmax(cpu: Cpu, a: u32, b: u32) -> u32:
    return run(cpu, sf.maximum, a, b)


@extern(effects="writes")
def neon_fmin(cpu: Cpu, a: u32, b: u32) -> u32:
    return run(cpu, sf.minimum, a, b)


# -- all lanes of an instruction: D registers, or quadwords when Q (fp_neon_sse.c) -----
def every(
    cpu: Cpu, Q: u32, d: u32, operation: Callable[..., u32], n: list[u32], m: list[u32]
) -> None:
    """Reference only: the operation on lanes n and m to the lanes from D d on."""
    values = [int(operation(cpu, a, b)) for a, b in zip(n, m, strict=True)]
    for r in range(int(Q) + 1):
        cpu.d[int(d) + r] = values[2 * r] | values[2 * r + 1] << 32


def singles(cpu: Cpu, Q: u32, n: u32) -> list[u32]:
    """Reference only: the lanes from D n on."""
    words = [int(cpu.d[int(n) + r]) for r in range(int(Q) + 1)]
    return [u32(word >> shift & TRUE) for word in words for shift in (0, 32)]


@extern(effects="writes")
def neon_sums(cpu: Cpu, Q: u32, d: u32, n: u32, m: u32) -> None:
    every(cpu, Q, d, neon_fadd, singles(cpu, Q, n), singles(cpu, Q, m))


@extern(effects="writes")
def neon_differences(cpu: Cpu, Q: u32, d: u32, n: u32, m: u32) -> None:
    every(cpu, Q, d, neon_fsub, singles(cpu, Q, n), singles(cpu, Q, m))


@extern(effects="writes")
def neon_products(cpu: Cpu, Q: u32, d: u32, n: u32, m: u32) -> None:
    every(cpu, Q, d, neon_fmul, singles(cpu, Q, n), singles(cpu, Q, m))


@extern(effects="writes")
def neon_products_added(cpu: Cpu, Q: u32, d: u32, n: u32, m: u32) -> None:
    """Rounded twice."""
    lanes = zip(singles(cpu, Q, n), singles(cpu, Q, m), strict=True)
    products = [neon_fmul(cpu, a, b) for a, b in lanes]
    every(cpu, Q, d, neon_fadd, singles(cpu, Q, d), products)


# -- comparison: all ones where true ---------------------------------------------------
@extern(effects="writes")
def neon_fceq(cpu: Cpu, a: u32, b: u32) -> u32:
    return u32(TRUE if run(cpu, sf.compare, a, b) == sf.EQUAL else 0)


@extern(effects="writes")
def neon_fcge(cpu: Cpu, a: u32, b: u32) -> u32:
    order = int(run(cpu, sf.compare, a, b, 0))
    return u32(TRUE if order in (sf.EQUAL, sf.GREATER) else 0)


@extern(effects="writes")
def neon_fcgt(cpu: Cpu, a: u32, b: u32) -> u32:
    return u32(TRUE if run(cpu, sf.compare, a, b, 0) == sf.GREATER else 0)


# -- conversion ------------------------------------------------------------------------
@extern(effects="writes")
def neon_to_fixed(cpu: Cpu, unsigned: u32, fraction_bits: u32, a: u32) -> u32:
    """Toward zero."""
    return run(cpu, sf.to_integer, a, 32, not unsigned, fraction_bits)


@extern(effects="writes")
def neon_from_fixed(cpu: Cpu, unsigned: u32, fraction_bits: u32, a: u32) -> u32:
    """To nearest."""
    number = int(a) if unsigned else sf.signed(int(a), 32)
    return run(cpu, sf.from_integer, number, fraction_bits)


@extern(effects="writes")
def neon_to_half(cpu: Cpu, a: u32) -> u32:
    return run(cpu, lambda env, fmt, x: sf.convert(env, fmt, sf.HALF, x), a)


@extern(effects="writes")
def neon_from_half(cpu: Cpu, a: u32) -> u32:
    return run(cpu, lambda env, fmt, x: sf.convert(env, sf.HALF, fmt, x), a)


# -- reciprocals: Newton-Raphson steps -------------------------------------------------
def _step(
    env: sf.Env, fmt: sf.Format, a: int, b: int, start: int, degenerate: int
) -> int:
    """start - a * b, or the constant for infinity times zero."""
    x, y = env.unpack(fmt, a), env.unpack(fmt, b)
    nan = env.nan(fmt, [a, b])
    if nan is not None:
        return nan
    if (fmt.is_infinite(x) and fmt.is_zero(y)) or (
        fmt.is_zero(x) and fmt.is_infinite(y)
    ):
        return degenerate
    return sf.sub(env, fmt, start, sf.mul(env, fmt, x, y))


def _reciprocal_step(env: sf.Env, fmt: sf.Format, a: int, b: int) -> int:
    return _step(env, fmt, a, b, TWO, TWO)


def _root_step(env: sf.Env, fmt: sf.Format, a: int, b: int) -> int:
    return sf.div(env, fmt, _step(env, fmt, a, b, THREE, THREE), TWO)


@extern(effects="writes")
def neon_frecps(cpu: Cpu, a: u32, b: u32) -> u32:
    """2 - a * b."""
    return run(cpu, _reciprocal_step, a, b)


@extern(effects="writes")
def neon_frsqrts(cpu: Cpu, a: u32, b: u32) -> u32:
    """(3 - a * b) / 2."""
    return run(cpu, _root_step, a, b)


# -- reciprocals: estimates of nine bits -----------------------------------------------
def reciprocal_estimate(q: int) -> int:
    """256 / ((q + 1/2) / 512), rounded; q from 256 to 511, so is the result."""
    return (2 * 262144 + (2 * q + 1)) // (2 * (2 * q + 1))


def root_estimate(q: int, scale: int) -> int:
    """256 / sqrt((q + 1/2) / scale), rounded; q from 128 to 255, scale 256 or 512."""
    return (isqrt((scale << 19) // (2 * q + 1)) + 1) // 2


def _reciprocal(env: sf.Env, fmt: sf.Format, a: int) -> int:
    x = env.unpack(fmt, a)
    nan = env.nan(fmt, [a])
    if nan is not None:
        return nan
    sign, exponent = fmt.sign(x), fmt.biased(x)
    if fmt.is_zero(x):
        env.flags |= sf.DIVZERO
        return fmt.infinity(sign)
    if exponent >= HUGE:
        env.flags |= 0 if fmt.is_infinite(x) else sf.UNDERFLOW
        return fmt.zero(sign)
    estimate = reciprocal_estimate(256 | fmt.mantissa(x) >> 15)
    return fmt.zero(sign) | (253 - exponent) << 23 | (estimate & 0xFF) << 15


def _root(env: sf.Env, fmt: sf.Format, a: int) -> int:
    x = env.unpack(fmt, a)
    nan = env.nan(fmt, [a])
    if nan is not None:
        return nan
    if fmt.is_zero(x):
        env.flags |= sf.DIVZERO
        return fmt.infinity(fmt.sign(x))
    if fmt.sign(x):
        return env.invalid(fmt)
    if fmt.is_infinite(x):
        return 0
    exponent = fmt.biased(x)
    estimate = root_estimate(128 | fmt.mantissa(x) >> 16, 512 if exponent & 1 else 256)
    return (380 - exponent) // 2 << 23 | (estimate & 0xFF) << 15


@extern(effects="writes")
def neon_frecpe(cpu: Cpu, a: u32) -> u32:
    return run(cpu, _reciprocal, a)


@extern(effects="writes")
def neon_frsqrte(cpu: Cpu, a: u32) -> u32:
    return run(cpu, _root, a)


@extern(effects="pure")
def neon_urecpe(cpu: Cpu, a: u32) -> u32:
    """Of a fraction from 1/2 to 1, as 32 bits after the point."""
    word = int(a)
    return u32(reciprocal_estimate(word >> 23) << 23 if word >> 31 else TRUE)


@extern(effects="pure")
def neon_ursqrte(cpu: Cpu, a: u32) -> u32:
    """Of a fraction from 1/4 to 1."""
    word = int(a)
    if word >> 30 == 0:
        return u32(TRUE)
    if word >> 31:
        return u32(root_estimate(word >> 24, 256) << 23)
    return u32(root_estimate(word >> 23, 512) << 23)
