# SPDX-License-Identifier: Apache-2.0
"""Floating-point intrinsics of the language, on the reference CPU's exact arithmetic.

Rounding mode, sticky flags and NaN rules are in a `softfloat.Env`: the CPU's `cpu.fp`.
`use` names the one in force; the reference CPU calls it before each instruction.
"""

from __future__ import annotations

from typing import Any

from . import softfloat
from .softfloat import DOUBLE, SINGLE, Env, Format
from .types import FloatValue, coerce, f32, f64, s32, s64, u32, u64

_in_force: list[Env] = [Env()]


def use(env: Env) -> None:
    """Make this the environment of all operations that follow."""
    _in_force[0] = env


def _format(kind: type[Any]) -> Format:
    return SINGLE if kind is f32 else DOUBLE


def _apply(operation: Any, *operands: Any) -> Any:
    kind = _one_type(operands)
    patterns = [x.pattern for x in operands]
    return kind.from_pattern(operation(_in_force[0], _format(kind), *patterns))


def _one_type(operands: tuple[Any, ...]) -> Any:
    kind = type(operands[0])
    if not issubclass(kind, FloatValue) or any(type(x) is not kind for x in operands):
        names = ", ".join(type(x).__name__ for x in operands)
        raise TypeError(f"floats of one type wanted, not {names}")
    return kind


def convert_format(kind: type[FloatValue], x: FloatValue) -> int:
    """f32(x) of an f64 and f64(x) of an f32."""
    return softfloat.convert(_in_force[0], _format(type(x)), _format(kind), x.pattern)


def fadd(a: Any, b: Any) -> Any:
    return _apply(softfloat.add, a, b)


def fsub(a: Any, b: Any) -> Any:
    return _apply(softfloat.sub, a, b)


def fmul(a: Any, b: Any) -> Any:
    return _apply(softfloat.mul, a, b)


def fdiv(a: Any, b: Any) -> Any:
    return _apply(softfloat.div, a, b)


def fsqrt(a: Any) -> Any:
    return _apply(softfloat.sqrt, a)


def fma(a: Any, b: Any, c: Any) -> Any:
    """a * b + c, rounded once."""
    return _apply(softfloat.fma, a, b, c)


def fneg(a: Any) -> Any:
    """The sign bit flipped, of NaNs too."""
    kind = _one_type((a,))
    return kind.from_pattern(a.pattern ^ 1 << (kind.bits - 1))


def fabs(a: Any) -> Any:
    """The sign bit cleared, of NaNs too."""
    kind = _one_type((a,))
    return kind.from_pattern(a.pattern & ~(1 << (kind.bits - 1)))


def _compare(a: Any, b: Any, quiet: bool) -> u32:
    fmt = _format(_one_type((a, b)))
    return u32(softfloat.compare(_in_force[0], fmt, a.pattern, b.pattern, quiet))


def fcmp(a: Any, b: Any) -> u32:
    """0 equal, 1 less, 2 greater, 3 unordered; invalid on a signalling NaN only."""
    return _compare(a, b, True)


def fcmpe(a: Any, b: Any) -> u32:
    """As fcmp, but invalid on any NaN."""
    return _compare(a, b, False)


def _of_integer(kind: Any, value: int) -> Any:
    pattern = softfloat.from_integer(_in_force[0], _format(kind), value)
    return kind.from_pattern(pattern)


def s32tof(kind: Any, x: Any) -> Any:
    """`s32tof(f64, x)`: from an s32."""
    return _of_integer(kind, int(coerce(s32, x)))


def u32tof(kind: Any, x: Any) -> Any:
    """`u32tof(f64, x)`: from a u32."""
    return _of_integer(kind, int(coerce(u32, x)))


def s64tof(kind: Any, x: Any) -> Any:
    """`s64tof(f64, x)`: from an s64."""
    return _of_integer(kind, int(coerce(s64, x)))


def ftos32(x: Any) -> s32:
    """Toward zero; saturates; NaN gives 0."""
    fmt = _format(_one_type((x,)))
    return s32(softfloat.to_integer(_in_force[0], fmt, x.pattern, 32, True))


def ftou32(x: Any) -> u32:
    """Toward zero; saturates; NaN gives 0."""
    fmt = _format(_one_type((x,)))
    return u32(softfloat.to_integer(_in_force[0], fmt, x.pattern, 32, False))


def float_bits(x: Any) -> Any:
    """The bit pattern: u32 of an f32, u64 of an f64."""
    return u32(x.pattern) if _one_type((x,)) is f32 else u64(x.pattern)


def from_bits(kind: Any, x: Any) -> Any:
    """`from_bits(f32, x)`: the float with this pattern."""
    return kind.from_pattern(coerce(u32 if kind is f32 else u64, x).pattern)


__all__ = [
    "f32",
    "f64",
    "fabs",
    "fadd",
    "fcmp",
    "fcmpe",
    "fdiv",
    "float_bits",
    "fma",
    "fmul",
    "fneg",
    "from_bits",
    "fsqrt",
    "fsub",
    "ftos32",
    "ftou32",
    "s32tof",
    "s64tof",
    "u32tof",
    "use",
]
