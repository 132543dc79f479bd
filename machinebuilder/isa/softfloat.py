# SPDX-License-Identifier: Apache-2.0
"""Exact IEEE 754 arithmetic in plain Python: the reference for floating point.

Values are bit patterns (ints); a `Format` says how they read. Every operation works on
exact integers and rounds once, so it is right by construction, and slow. What the
standard leaves open (NaN payloads, tininess, flushing) is in the `Env`.

IEEE 754-2008 sections 4-7; ARM's choices from DDI 0406C A2.7 and its FP pseudocode.

Omitted: traps, decimal formats, signalling of exact underflow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from math import isqrt

from .floatformat import DOUBLE, FORMATS, HALF, SINGLE, Format


class Rounding(IntEnum):
    """Rounding directions; the first four as the engine's mb_rounding."""

    NEAREST = 0
    DOWN = 1
    UP = 2
    ZERO = 3
    AWAY = 4  # to nearest, ties away from zero


# Exception flags, numbered as in the engine's MB_FP_* (and MXCSR).
INVALID, INPUT_DENORMAL, DIVZERO, OVERFLOW, UNDERFLOW, INEXACT = 1, 2, 4, 8, 16, 32

EQUAL, LESS, GREATER, UNORDERED = 0, 1, 2, 3


ChooseNaN = Callable[[Format, list[int]], int]


def first_signalling(fmt: Format, operands: list[int]) -> int:
    """ARM's rule: the first signalling NaN, else the first quiet one."""
    signalling = [x for x in operands if fmt.is_signalling(x)]
    return signalling[0] if signalling else first_operand(fmt, operands)


def first_operand(fmt: Format, operands: list[int]) -> int:
    """The rule of x86's SSE: the first NaN of whatever kind."""
    return next(x for x in operands if fmt.is_nan(x))


@dataclass
class Env:
    """What the standard leaves to the machine, and the sticky flags."""

    rounding: int = Rounding.NEAREST
    flush: bool = False  # subnormal inputs and results become zero
    default_nan: bool = False  # every NaN result is the default NaN
    half_without_inf: bool = False  # ARM's alternative half precision
    tiny_before: bool = True  # tininess is detected before rounding
    choose_nan: ChooseNaN = first_signalling
    flags: int = 0

    def unpack(self, fmt: Format, bits: int) -> int:
        """Flush a subnormal input if the mode says so; half precision never does."""
        if self.flush and fmt is not HALF and fmt.is_subnormal(bits):
            self.flags |= INPUT_DENORMAL
            return fmt.zero(fmt.sign(bits))
        return bits

    def nan(self, fmt: Format, operands: list[int]) -> int | None:
        """The NaN that results from operands of which one may be a NaN; else None."""
        if not any(fmt.is_nan(x) for x in operands):
            return None
        if any(fmt.is_signalling(x) for x in operands):
            self.flags |= INVALID
        if self.default_nan:
            return fmt.default_nan()
        return self.choose_nan(fmt, operands) | fmt.quiet_bit

    def invalid(self, fmt: Format) -> int:
        self.flags |= INVALID
        return fmt.default_nan()


def exact(fmt: Format, bits: int) -> tuple[int, int]:
    """A finite value as (signed integer, power of two)."""
    biased, mantissa = fmt.biased(bits), fmt.mantissa(bits)
    if biased:
        mantissa |= 1 << fmt.fraction
    value = -mantissa if fmt.sign(bits) else mantissa
    return value, fmt.least + max(biased - 1, 0)


def _round_up(rounding: int, sign: int, odd: int, rest: int, half: int) -> bool:
    """Whether to add one in the last place, `rest` having been cut off below it."""
    match rounding:
        case Rounding.NEAREST:
            return rest > half or (rest == half and bool(odd))
        case Rounding.AWAY:
            return rest >= half
        case Rounding.UP:
            return rest > 0 and not sign
        case Rounding.DOWN:
            return rest > 0 and bool(sign)
        case _:
            return False


def round_integer(rounding: int, value: int, shift: int) -> tuple[int, bool]:
    """value / 2**shift as (rounded integer, was it inexact)."""
    if shift <= 0:
        return value << -shift, False
    sign, magnitude = int(value < 0), abs(value)
    kept, rest = magnitude >> shift, magnitude & ((1 << shift) - 1)
    kept += _round_up(rounding, sign, kept & 1, rest, 1 << (shift - 1))
    return (-kept if sign else kept), rest != 0


def _overflow(env: Env, fmt: Format, sign: int, rounding: int) -> int:
    env.flags |= OVERFLOW | INEXACT
    toward: dict[int, bool] = {
        Rounding.UP: not sign,
        Rounding.DOWN: bool(sign),
        Rounding.ZERO: False,
    }
    return fmt.infinity(sign) if toward.get(rounding, True) else fmt.largest(sign)


def round_pack(
    env: Env,
    fmt: Format,
    sign: int,
    magnitude: int,
    power: int,
    rounding: int | None = None,
) -> int:
    """magnitude * 2**power, not zero, in `fmt`. Sticky bits may be in magnitude's bit 0
    as long as it has some bits more than the format."""
    rounding = env.rounding if rounding is None else rounding
    least = fmt.least
    top = magnitude.bit_length() + power - 1  # exponent of the leading one
    tiny = top < least + fmt.fraction
    if tiny and env.flush and fmt is not HALF:
        env.flags |= UNDERFLOW
        return fmt.zero(sign)
    place = max(top - fmt.fraction, least)  # of the result's last bit
    value, inexact = round_integer(
        rounding, -magnitude if sign else magnitude, place - power
    )
    value = abs(value)
    if tiny and not env.tiny_before:
        tiny = _still_tiny(env, fmt, sign, magnitude, power, rounding)
    biased = place - least + 1 if value >> fmt.fraction else 0
    if value >> (fmt.fraction + 1):
        value, biased = value >> 1, biased + 1
    if fmt is HALF and env.half_without_inf:
        if biased > fmt.top:
            env.flags |= INVALID
            return fmt.zero(sign) | (fmt.zero(1) - 1)
    elif biased >= fmt.top:
        return _overflow(env, fmt, sign, rounding)
    if inexact:
        env.flags |= INEXACT | (UNDERFLOW if tiny else 0)
    return fmt.zero(sign) | biased << fmt.fraction | fmt.mantissa(value)


def _still_tiny(
    env: Env, fmt: Format, sign: int, magnitude: int, power: int, rounding: int
) -> bool:
    """Tininess after rounding: rounded as if the exponent range were unbounded."""
    place = magnitude.bit_length() + power - 1 - fmt.fraction
    value, _ = round_integer(rounding, -magnitude if sign else magnitude, place - power)
    return abs(value).bit_length() + place - 1 < fmt.least + fmt.fraction


def _sum(
    env: Env, fmt: Format, a: tuple[int, int], b: tuple[int, int], zero_sign: int | None
) -> int:
    """Round the exact sum; `zero_sign` if both are zeros of one sign."""
    power = min(a[1], b[1])
    total = (a[0] << (a[1] - power)) + (b[0] << (b[1] - power))
    if total == 0:
        down = env.rounding == Rounding.DOWN
        return fmt.zero(int(down) if zero_sign is None else zero_sign)
    return round_pack(env, fmt, int(total < 0), abs(total), power)


def add(env: Env, fmt: Format, a: int, b: int) -> int:
    x, y = env.unpack(fmt, a), env.unpack(fmt, b)
    nan = env.nan(fmt, [a, b])
    if nan is not None:
        return nan
    sign_x, sign_y = fmt.sign(x), fmt.sign(y)
    if fmt.is_infinite(x) or fmt.is_infinite(y):
        if fmt.is_infinite(x) and fmt.is_infinite(y) and sign_x != sign_y:
            return env.invalid(fmt)
        return x if fmt.is_infinite(x) else y
    both_zero = fmt.is_zero(x) and fmt.is_zero(y) and sign_x == sign_y
    return _sum(env, fmt, exact(fmt, x), exact(fmt, y), sign_x if both_zero else None)


def sub(env: Env, fmt: Format, a: int, b: int) -> int:
    """a - b. A NaN in b keeps its sign: it is chosen before the sign is changed."""
    return add(env, fmt, a, b if fmt.is_nan(b) else b ^ fmt.zero(1))


def mul(env: Env, fmt: Format, a: int, b: int) -> int:
    x, y = env.unpack(fmt, a), env.unpack(fmt, b)
    nan = env.nan(fmt, [a, b])
    if nan is not None:
        return nan
    sign = fmt.sign(x) ^ fmt.sign(y)
    if fmt.is_infinite(x) or fmt.is_infinite(y):
        if fmt.is_zero(x) or fmt.is_zero(y):
            return env.invalid(fmt)
        return fmt.infinity(sign)
    (xv, xp), (yv, yp) = exact(fmt, x), exact(fmt, y)
    if not xv or not yv:
        return fmt.zero(sign)
    return round_pack(env, fmt, sign, abs(xv * yv), xp + yp)


def div(env: Env, fmt: Format, a: int, b: int) -> int:
    x, y = env.unpack(fmt, a), env.unpack(fmt, b)
    nan = env.nan(fmt, [a, b])
    if nan is not None:
        return nan
    sign = fmt.sign(x) ^ fmt.sign(y)
    if fmt.is_infinite(x):
        return env.invalid(fmt) if fmt.is_infinite(y) else fmt.infinity(sign)
    if fmt.is_infinite(y):
        return fmt.zero(sign)
    if fmt.is_zero(y):
        if fmt.is_zero(x):
            return env.invalid(fmt)
        env.flags |= DIVZERO
        return fmt.infinity(sign)
    (xv, xp), (yv, yp) = exact(fmt, x), exact(fmt, y)
    if not xv:
        return fmt.zero(sign)
    extra = 2 * fmt.width
    quotient, rest = divmod(abs(xv) << extra, abs(yv))
    return round_pack(env, fmt, sign, quotient << 1 | bool(rest), xp - yp - extra - 1)


def sqrt(env: Env, fmt: Format, a: int) -> int:
    x = env.unpack(fmt, a)
    nan = env.nan(fmt, [a])
    if nan is not None:
        return nan
    if fmt.is_zero(x):
        return x
    if fmt.sign(x):
        return env.invalid(fmt)
    if fmt.is_infinite(x):
        return x
    value, power = exact(fmt, x)
    extra = 2 * fmt.width + (power & 1)  # makes the power even
    value <<= extra
    root = isqrt(value)
    return round_pack(
        env, fmt, 0, root << 1 | (root * root != value), (power - extra) // 2 - 1
    )


def fma(env: Env, fmt: Format, a: int, b: int, c: int) -> int:
    """a * b + c, rounded once. ARM looks for NaNs in the order c, a, b, and makes an
    invalid product with a quiet addend the default NaN."""
    x, y, z = (env.unpack(fmt, v) for v in (a, b, c))
    bad_product = (fmt.is_infinite(x) and fmt.is_zero(y)) or (
        fmt.is_zero(x) and fmt.is_infinite(y)
    )
    nan = env.nan(fmt, [c, a, b])
    if bad_product and (nan is None or not fmt.is_signalling(c)):
        return env.invalid(fmt)
    if nan is not None:
        return nan
    sign = fmt.sign(x) ^ fmt.sign(y)
    if fmt.is_infinite(x) or fmt.is_infinite(y):
        if fmt.is_infinite(z) and fmt.sign(z) != sign:
            return env.invalid(fmt)
        return fmt.infinity(sign)
    if fmt.is_infinite(z):
        return z
    (xv, xp), (yv, yp) = exact(fmt, x), exact(fmt, y)
    zeros = not xv * yv and fmt.is_zero(z) and fmt.sign(z) == sign
    return _sum(env, fmt, (xv * yv, xp + yp), exact(fmt, z), sign if zeros else None)


def compare(env: Env, fmt: Format, a: int, b: int, quiet: bool = True) -> int:
    """EQUAL, LESS, GREATER or UNORDERED; not quiet: any NaN is invalid."""
    x, y = env.unpack(fmt, a), env.unpack(fmt, b)
    if fmt.is_nan(x) or fmt.is_nan(y):
        if not quiet or fmt.is_signalling(x) or fmt.is_signalling(y):
            env.flags |= INVALID
        return UNORDERED
    keys = [-(v & ~fmt.zero(1)) if fmt.sign(v) else v for v in (x, y)]
    return EQUAL if keys[0] == keys[1] else LESS if keys[0] < keys[1] else GREATER


def maximum(env: Env, fmt: Format, a: int, b: int, sign: int = 0) -> int:
    """The larger (sign 1: the smaller) operand; +0 is larger than -0; a NaN wins."""
    x, y = env.unpack(fmt, a), env.unpack(fmt, b)
    nan = env.nan(fmt, [a, b])
    if nan is not None:
        return nan
    order = compare(env, fmt, x, y)
    if order == EQUAL:
        return x if fmt.sign(x) == sign else y
    return x if (order == GREATER) != bool(sign) else y


def minimum(env: Env, fmt: Format, a: int, b: int) -> int:
    return maximum(env, fmt, a, b, 1)


def convert(env: Env, source: Format, target: Format, a: int) -> int:
    """Between formats."""
    x = env.unpack(source, a)
    sign = source.sign(x)
    if source.is_nan(x) and not (source is HALF and env.half_without_inf):
        return _convert_nan(env, source, target, x)
    if source.is_infinite(x) and not (source is HALF and env.half_without_inf):
        if target is HALF and env.half_without_inf:
            env.flags |= INVALID
            return target.zero(sign) | (target.zero(1) - 1)
        return target.infinity(sign)
    value, power = exact(source, x)
    if not value:
        return target.zero(sign)
    return round_pack(env, target, sign, abs(value), power)


def _convert_nan(env: Env, source: Format, target: Format, a: int) -> int:
    if source.is_signalling(a):
        env.flags |= INVALID
    if target is HALF and env.half_without_inf:
        env.flags |= INVALID
        return target.zero(source.sign(a))
    if env.default_nan:
        return target.default_nan()
    move = target.fraction - source.fraction
    fraction = source.mantissa(a) << move if move >= 0 else source.mantissa(a) >> -move
    return target.infinity(source.sign(a)) | fraction | target.quiet_bit


def to_integer(
    env: Env,
    fmt: Format,
    a: int,
    width: int,
    signed: bool,
    fraction_bits: int = 0,
    rounding: int = Rounding.ZERO,
) -> int:
    """a * 2**fraction_bits as an integer of `width` bits (its bit pattern): saturating,
    NaN gives 0, either raises invalid (and then not inexact)."""
    x = env.unpack(fmt, a)
    least = -1 << (width - 1) if signed else 0
    most = least + (1 << width) - 1
    if fmt.is_nan(x):
        env.flags |= INVALID
        return 0
    if fmt.is_infinite(x):
        value, inexact = (least - 1 if fmt.sign(x) else most + 1), False
    else:
        number, power = exact(fmt, x)
        value, inexact = round_integer(rounding, number, -power - fraction_bits)
    if not least <= value <= most:
        env.flags |= INVALID
        value, inexact = min(max(value, least), most), False
    if inexact:
        env.flags |= INEXACT
    return value & ((1 << width) - 1)


def from_integer(
    env: Env,
    fmt: Format,
    value: int,
    fraction_bits: int = 0,
    rounding: int | None = None,
) -> int:
    """value / 2**fraction_bits, value being a Python integer of either sign."""
    if value == 0:
        return fmt.zero(0)
    return round_pack(env, fmt, int(value < 0), abs(value), -fraction_bits, rounding)


def signed(pattern: int, width: int) -> int:
    """The two's complement number with this pattern."""
    return pattern - (pattern >> (width - 1) << width)


__all__ = [
    "DIVZERO",
    "DOUBLE",
    "EQUAL",
    "FORMATS",
    "GREATER",
    "HALF",
    "INEXACT",
    "INPUT_DENORMAL",
    "INVALID",
    "LESS",
    "OVERFLOW",
    "SINGLE",
    "UNDERFLOW",
    "UNORDERED",
    "ChooseNaN",
    "Env",
    "Format",
    "Rounding",
    "add",
    "compare",
    "convert",
    "div",
    "exact",
    "first_operand",
    "first_signalling",
    "fma",
    "from_integer",
    "maximum",
    "minimum",
    "mul",
    "round_integer",
    "round_pack",
    "signed",
    "sqrt",
    "sub",
    "to_integer",
]
