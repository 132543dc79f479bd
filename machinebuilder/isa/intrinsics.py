# SPDX-License-Identifier: Apache-2.0
"""Integer operations of the language that Python has no operator for, as plain Python.

Each is also a row of the compiler's table (`lowering.py`). Those that make sense
without a width take static ints too: popcount, sext, bits, select, ctz.
"""

from __future__ import annotations

from typing import Any

from .types import IntValue, coerce, u1


def _typed(*operands: Any) -> tuple[type[Any], list[Any]]:
    """The one dynamic type of the operands, and all of them in it."""
    for operand in operands:
        if isinstance(operand, IntValue):
            return type(operand), [coerce(type(operand), x) for x in operands]
    raise TypeError("at least one operand must have a width: u32(x)")


def _signed(x: Any) -> int:
    return x.pattern - ((x.pattern >> (x.bits - 1)) << x.bits)  # type: ignore[no-any-return]


def add_with_carry(a: Any, b: Any, carry: Any) -> tuple[Any, u1, u1]:
    """The sum a + b + carry, its carry out and its signed overflow."""
    kind, (a, b) = _typed(a, b)
    carry = int(coerce(u1, carry))
    total = a.pattern + b.pattern + carry
    result = kind(total)
    overflow = _signed(a) + _signed(b) + carry != _signed(result)
    return result, u1(total >> kind.bits), u1(overflow)


def carry_out(a: Any, b: Any, carry: Any) -> u1:
    """Carry out of a + b + carry."""
    return add_with_carry(a, b, carry)[1]


def sub_overflow(a: Any, b: Any) -> u1:
    """Signed overflow of a - b."""
    kind, (a, b) = _typed(a, b)
    return u1(_signed(a) - _signed(b) != _signed(kind(a.pattern - b.pattern)))


def clz(x: Any) -> Any:
    """Leading zeros; the width if x is 0."""
    return type(x)(x.bits - x.pattern.bit_length())


def ctz(x: Any) -> Any:
    """Trailing zeros; the width if x is 0 (a static x must not be 0)."""
    if not isinstance(x, IntValue):
        assert x, "ctz of a static 0 has no value"
        return (x & -x).bit_length() - 1
    pattern = x.pattern
    return type(x)((pattern & -pattern).bit_length() - 1 if pattern else x.bits)


def popcount(x: Any) -> Any:
    """Number of ones."""
    if not isinstance(x, IntValue):
        return int(x).bit_count()
    return type(x)(x.pattern.bit_count())


def bswap(x: Any) -> Any:
    """Bytes reversed (16, 32 or 64 bits)."""
    size = x.bits // 8
    return type(x)(int.from_bytes(x.pattern.to_bytes(size, "little"), "big"))


def bitrev(x: Any) -> Any:
    """Bits reversed."""
    return type(x)(int(f"{x.pattern:0{x.bits}b}"[::-1], 2))


def ror(x: Any, count: Any) -> Any:
    """Rotate right; the count is taken modulo the width."""
    amount = (count.pattern if isinstance(count, IntValue) else count) % x.bits
    return type(x)(x.pattern >> amount | x.pattern << (x.bits - amount))


def sext(x: Any, bits: int) -> Any:
    """The low `bits` bits as a signed number, in the type of x."""
    pattern = (x.pattern if isinstance(x, IntValue) else x) & ((1 << bits) - 1)
    number = pattern - ((pattern >> (bits - 1)) << bits)
    return type(x)(number) if isinstance(x, IntValue) else number


def mul_high(a: Any, b: Any) -> Any:
    """The high half of the product, signed if the type is."""
    kind, (a, b) = _typed(a, b)
    return kind((int(a) * int(b)) >> kind.bits)


def select(condition: Any, a: Any, b: Any) -> Any:
    """a if condition is not 0, else b; both are evaluated."""
    if isinstance(a, IntValue) and isinstance(b, int):
        b = coerce(type(a), b)
    elif isinstance(b, IntValue) and isinstance(a, int):
        a = coerce(type(b), a)
    elif type(a) is not type(b) and not (isinstance(a, int) and isinstance(b, int)):
        raise TypeError("the two values of a select must have one type")
    return a if condition else b


def bits(x: Any, high: int, low: int) -> Any:
    """Bits high..low of x, in the type of x."""
    pattern = x.pattern if isinstance(x, IntValue) else x
    part = (pattern >> low) & ((1 << (high - low + 1)) - 1)
    return type(x)(part) if isinstance(x, IntValue) else part
