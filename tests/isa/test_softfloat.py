# SPDX-License-Identifier: Apache-2.0
"""The exact arithmetic against the host's floating point, and the standard's laws."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machinebuilder.isa import softfloat as sf
from machinebuilder.isa.softfloat import DOUBLE, HALF, SINGLE, Env, Rounding

LETTERS = {16: "eH", 32: "fI", 64: "dQ"}


def to_float(fmt: sf.Format, bits: int) -> float:
    letter, word = LETTERS[fmt.width]
    return float(struct.unpack("<" + letter, struct.pack("<" + word, bits))[0])


def to_bits(fmt: sf.Format, value: float) -> int:
    letter, word = LETTERS[fmt.width]
    return int(struct.unpack("<" + word, struct.pack("<" + letter, value))[0])


def patterns(fmt: sf.Format) -> st.SearchStrategy[int]:
    """Any pattern, and often one near the borders of the format."""
    corners = [
        fmt.zero(0),
        1,
        fmt.mantissa(-1),
        fmt.mantissa(-1) + 1,
        fmt.largest(0),
        fmt.infinity(0),
        to_bits(fmt, 1.0),
        to_bits(fmt, 1.5),
    ]
    signed = [c | fmt.zero(s) for c in corners for s in (0, 1)]
    near = st.builds(
        lambda a, b: (a + b) & (2 * fmt.zero(1) - 1),
        st.sampled_from(signed),
        st.integers(-2, 2),
    )
    return st.one_of(st.integers(0, 2 * fmt.zero(1) - 1), near)


def same(fmt: sf.Format, bits: int, value: float) -> bool:
    if math.isnan(value):
        return fmt.is_nan(bits)
    return bits == to_bits(fmt, value)


def divide(a: float, b: float) -> float:
    if b == 0 and not math.isnan(a):
        sign = math.copysign(1, a) * math.copysign(1, b)
        return math.nan if a == 0 else math.copysign(math.inf, sign)
    return a / b if b else math.nan


HOST: dict[str, Callable[[float, float], float]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": divide,
}


@pytest.mark.parametrize("name", HOST)
@given(a=patterns(DOUBLE), b=patterns(DOUBLE))
def test_doubles_agree_with_the_host(name: str, a: int, b: int) -> None:
    ours = getattr(sf, name)(Env(), DOUBLE, a, b)
    assert same(DOUBLE, ours, HOST[name](to_float(DOUBLE, a), to_float(DOUBLE, b)))


def rounded_single(value: float) -> float:
    try:
        return to_float(SINGLE, to_bits(SINGLE, value))
    except OverflowError:
        return math.copysign(math.inf, value)


@pytest.mark.parametrize("name", HOST)
@given(a=patterns(SINGLE), b=patterns(SINGLE))
def test_singles_agree_with_doubles_rounded(name: str, a: int, b: int) -> None:
    """Rounding twice is harmless from 53 to 24 bits for these four."""
    ours = getattr(sf, name)(Env(), SINGLE, a, b)
    host = HOST[name](to_float(SINGLE, a), to_float(SINGLE, b))
    assert same(SINGLE, ours, rounded_single(host))


@given(a=patterns(DOUBLE))
def test_square_roots_agree_with_the_host(a: int) -> None:
    value = to_float(DOUBLE, a)
    host = math.sqrt(value) if value >= 0 else math.nan
    assert same(DOUBLE, sf.sqrt(Env(), DOUBLE, a), host)


@given(a=patterns(DOUBLE), b=patterns(DOUBLE), c=patterns(DOUBLE))
def test_fma_is_the_exact_sum_rounded_once(a: int, b: int, c: int) -> None:
    x, y, z = (to_float(DOUBLE, v) for v in (a, b, c))
    if not all(math.isfinite(v) for v in (x, y, z)):
        return
    total = Fraction(x) * Fraction(y) + Fraction(z)
    ours = sf.fma(Env(), DOUBLE, a, b, c)
    try:
        expected = float(total)
    except OverflowError:
        expected = math.inf if total > 0 else -math.inf
    if total:
        assert to_float(DOUBLE, ours) == expected
    else:
        assert DOUBLE.is_zero(ours)


@pytest.mark.parametrize(
    "source,target",
    [(DOUBLE, SINGLE), (SINGLE, HALF), (HALF, SINGLE), (SINGLE, DOUBLE)],
)
@given(data=st.data())
def test_conversions_agree_with_the_host(
    source: sf.Format, target: sf.Format, data: st.DataObject
) -> None:
    a = data.draw(patterns(source))
    value = to_float(source, a)
    ours = sf.convert(Env(), source, target, a)
    try:
        assert same(target, ours, value)
    except OverflowError:
        assert ours == target.infinity(source.sign(a))


@given(a=patterns(DOUBLE), b=patterns(DOUBLE), flags=st.booleans())
def test_directed_roundings_enclose_the_exact_sum(a: int, b: int, flags: bool) -> None:
    x, y = to_float(DOUBLE, a), to_float(DOUBLE, b)
    if not (math.isfinite(x) and math.isfinite(y)):
        return
    exact = Fraction(x) + Fraction(y)
    env = Env(rounding=Rounding.DOWN)
    down = to_float(DOUBLE, sf.add(env, DOUBLE, a, b))
    up = to_float(DOUBLE, sf.add(Env(rounding=Rounding.UP), DOUBLE, a, b))
    zero = to_float(DOUBLE, sf.add(Env(rounding=Rounding.ZERO), DOUBLE, a, b))
    assert (down == -math.inf or down <= exact) and (up == math.inf or exact <= up)
    assert zero == (down if exact > 0 else up) or exact == 0
    assert bool(env.flags & sf.INEXACT) == (down == -math.inf or down != exact)


@given(
    a=patterns(DOUBLE),
    width=st.sampled_from([16, 32, 64]),
    signed=st.booleans(),
    places=st.integers(0, 16),
)
def test_integers_saturate_and_truncate(
    a: int, width: int, signed: bool, places: int
) -> None:
    env = Env()
    ours = sf.to_integer(env, DOUBLE, a, width, signed, places)
    value = to_float(DOUBLE, a)
    least = -(1 << width - 1) if signed else 0
    most = least + (1 << width) - 1
    if math.isnan(value):
        expected: int = 0
    elif math.isinf(value):
        expected = most if value > 0 else least
    else:
        whole = math.trunc(Fraction(value) * (1 << places))
        expected = min(max(whole, least), most)
        assert bool(env.flags & sf.INVALID) == (whole != expected)
    assert ours == expected & ((1 << width) - 1)


@given(value=st.integers(-(1 << 63), (1 << 64) - 1), places=st.integers(0, 32))
def test_integers_become_the_nearest_float(value: int, places: int) -> None:
    env = Env()
    ours = to_float(DOUBLE, sf.from_integer(env, DOUBLE, value, places))
    assert ours == float(Fraction(value, 1 << places))
    assert bool(env.flags & sf.INEXACT) == (Fraction(ours) * (1 << places) != value)


@given(a=patterns(SINGLE), b=patterns(SINGLE))
def test_comparisons_order_numbers_and_name_nans(a: int, b: int) -> None:
    x, y = to_float(SINGLE, a), to_float(SINGLE, b)
    order = sf.compare(Env(), SINGLE, a, b)
    assert order == (
        sf.UNORDERED
        if x != x or y != y
        else sf.EQUAL
        if x == y
        else sf.LESS
        if x < y
        else sf.GREATER
    )


FLAGS = [
    ("add", (0x7F80_0000, 0xFF80_0000), 0x7FC0_0000, sf.INVALID),
    ("add", (0x7F80_0001, 0x7FC0_0002), 0x7FC0_0001, sf.INVALID),
    ("add", (0x7FC0_0002, 0x7F80_0001), 0x7FC0_0001, sf.INVALID),
    ("mul", (0x7FC0_0002, 0x7FC0_0001), 0x7FC0_0002, 0),
    ("div", (0x3F80_0000, 0x8000_0000), 0xFF80_0000, sf.DIVZERO),
    ("mul", (0x7F7F_FFFF, 0x4000_0000), 0x7F80_0000, sf.OVERFLOW | sf.INEXACT),
    ("mul", (0x0080_0001, 0x3F00_0000), 0x0040_0000, sf.UNDERFLOW | sf.INEXACT),
    ("mul", (0x0080_0000, 0x3F00_0000), 0x0040_0000, 0),
    ("fma", (0x7F80_0000, 0, 0x7FC0_0001), 0x7FC0_0000, sf.INVALID),
    ("fma", (0x3F80_0000, 0x7FC0_0001, 0x7FC0_0003), 0x7FC0_0003, 0),
    ("maximum", (0x8000_0000, 0), 0, 0),
    ("minimum", (0, 0x8000_0000), 0x8000_0000, 0),
]


@pytest.mark.parametrize("name,operands,result,flags", FLAGS)
def test_exceptions_and_nans_as_arm_defines(
    name: str, operands: tuple[int, ...], result: int, flags: int
) -> None:
    env = Env()
    assert getattr(sf, name)(env, SINGLE, *operands) == result
    assert env.flags == flags


def test_flushing_makes_subnormals_zero_and_says_so() -> None:
    env = Env(flush=True)
    assert sf.add(env, SINGLE, 0x8000_0001, 0x3F80_0000) == 0x3F80_0000
    assert env.flags == sf.INPUT_DENORMAL
    env = Env(flush=True)
    assert sf.mul(env, SINGLE, 0x8080_0000, 0x3F00_0000) == 0x8000_0000
    assert env.flags == sf.UNDERFLOW


def test_tininess_before_and_after_rounding_differ_next_to_the_least_normal() -> None:
    before, after = Env(), Env(tiny_before=False)
    for env in (before, after):  # 2**-126 - 2**-160 rounds to 2**-126
        assert sf.fma(env, SINGLE, 0x9780_0000, 0x1780_0000, 0x0080_0000) == 0x0080_0000
    assert before.flags == sf.INEXACT | sf.UNDERFLOW
    assert after.flags == sf.INEXACT


def test_alternative_half_precision_has_no_infinity() -> None:
    env = Env(half_without_inf=True)
    assert sf.convert(env, SINGLE, HALF, 0x47FF_E000) == 0x7FFF
    assert sf.convert(env, HALF, SINGLE, 0x7FFF) == 0x47FF_E000
    assert env.flags == 0
    assert sf.convert(env, SINGLE, HALF, 0xFF80_0000) == 0xFFFF
    assert env.flags == sf.INVALID
