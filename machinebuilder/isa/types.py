# SPDX-License-Identifier: Apache-2.0
"""The value types of the instruction language, as plain Python.

Integers wrap at their width and mix with plain ints (which take their type), never with
another width. A comparison gives u1. Floats and vectors are opaque bit patterns: only
the intrinsics work on them. The compiler maps the same names to IR types; see
`docs/writing-a-core.md`.
"""

from __future__ import annotations

import struct
from typing import Any, ClassVar


class Value:
    """What every type of the language has: a width and a bit pattern."""

    __slots__ = ()
    bits: ClassVar[int]

    @property
    def pattern(self) -> int:
        """The value as an unsigned number of `bits` bits."""
        raise NotImplementedError


class IntValue(int, Value):
    """An integer of fixed width. Do not use directly: u1 ... s64."""

    __slots__ = ()
    bits: ClassVar[int] = 0
    signed: ClassVar[bool] = False

    def __new__(cls, x: Any = 0) -> IntValue:
        if not isinstance(x, int):
            raise TypeError(
                f"{cls.__name__}() takes an integer, not {type(x).__name__}"
            )
        number = int(x) & ((1 << cls.bits) - 1)
        if cls.signed and number >> (cls.bits - 1):
            number -= 1 << cls.bits
        return int.__new__(cls, number)

    @property
    def pattern(self) -> int:
        return int(self) & ((1 << self.bits) - 1)

    def _number(self, other: Any) -> int:
        """The other operand, in this type."""
        if isinstance(other, IntValue):
            if type(other) is not type(self):
                raise TypeError(
                    f"{type(self).__name__} and {type(other).__name__} do not "
                    "mix: convert one of them"
                )
            return int(other)
        if not isinstance(other, int):
            raise TypeError(
                f"{type(self).__name__} does not mix with {type(other).__name__}"
            )
        return int(type(self)(other))

    def _make(self, number: int) -> Any:
        return type(self)(number)

    def __add__(self, other: Any) -> Any:
        return self._make(int(self) + self._number(other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self._make(int(self) - self._number(other))

    def __rsub__(self, other: Any) -> Any:
        return self._make(self._number(other) - int(self))

    def __mul__(self, other: Any) -> Any:
        return self._make(int(self) * self._number(other))

    __rmul__ = __mul__

    def __and__(self, other: Any) -> Any:
        return self._make(int(self) & self._number(other))

    __rand__ = __and__

    def __or__(self, other: Any) -> Any:
        return self._make(int(self) | self._number(other))

    __ror__ = __or__

    def __xor__(self, other: Any) -> Any:
        return self._make(int(self) ^ self._number(other))

    __rxor__ = __xor__

    def __invert__(self) -> Any:
        return self._make(~int(self))

    def __neg__(self) -> Any:
        return self._make(-int(self))

    def __lshift__(self, count: Any) -> Any:
        return self._make(int(self) << min(_count(count), self.bits))

    def __rlshift__(self, other: Any) -> Any:
        raise TypeError(
            "a static value cannot be shifted by a dynamic count: give it a type"
        )

    def __rshift__(self, count: Any) -> Any:
        return self._make(int(self) >> min(_count(count), self.bits))

    def __rrshift__(self, other: Any) -> Any:
        raise TypeError(
            "a static value cannot be shifted by a dynamic count: give it a type"
        )

    def __floordiv__(self, other: Any) -> Any:
        return self._make(_quotient(int(self), self._number(other)))

    def __rfloordiv__(self, other: Any) -> Any:
        return self._make(_quotient(self._number(other), int(self)))

    def __mod__(self, other: Any) -> Any:
        divisor = self._number(other)
        return self._make(int(self) - divisor * _quotient(int(self), divisor))

    def __rmod__(self, other: Any) -> Any:
        number = self._number(other)
        return self._make(number - int(self) * _quotient(number, int(self)))

    def __eq__(self, other: object) -> Any:
        return u1(int(self) == self._number(other))

    def __ne__(self, other: object) -> Any:
        return u1(int(self) != self._number(other))

    def __lt__(self, other: Any) -> Any:
        return u1(int(self) < self._number(other))

    def __le__(self, other: Any) -> Any:
        return u1(int(self) <= self._number(other))

    def __gt__(self, other: Any) -> Any:
        return u1(int(self) > self._number(other))

    def __ge__(self, other: Any) -> Any:
        return u1(int(self) >= self._number(other))

    def __hash__(self) -> int:
        return int.__hash__(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({int(self):#x})"


def _count(count: int) -> int:
    """A shift count as the language reads it: unsigned, of its own width."""
    return count.pattern if isinstance(count, IntValue) else count


def _quotient(a: int, b: int) -> int:
    """C's division: toward zero; by zero gives 0."""
    if b == 0:
        return 0
    magnitude = abs(a) // abs(b)
    return magnitude if (a < 0) == (b < 0) else -magnitude


class u1(IntValue):  # noqa: N801 (the language's own names)
    """A truth value."""

    __slots__ = ()
    bits = 1


class u8(IntValue):  # noqa: N801
    __slots__ = ()
    bits = 8


class u16(IntValue):  # noqa: N801
    __slots__ = ()
    bits = 16


class u32(IntValue):  # noqa: N801
    __slots__ = ()
    bits = 32


class u64(IntValue):  # noqa: N801
    __slots__ = ()
    bits = 64


class s8(IntValue):  # noqa: N801
    __slots__ = ()
    bits, signed = 8, True


class s16(IntValue):  # noqa: N801
    __slots__ = ()
    bits, signed = 16, True


class s32(IntValue):  # noqa: N801
    __slots__ = ()
    bits, signed = 32, True


class s64(IntValue):  # noqa: N801
    __slots__ = ()
    bits, signed = 64, True


class Opaque(Value):
    """A bit pattern that operators do not apply to."""

    __slots__ = ("_pattern",)

    def __init__(self, pattern: int) -> None:
        self._pattern = pattern & ((1 << self.bits) - 1)

    @property
    def pattern(self) -> int:
        return self._pattern

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.pattern == self._pattern

    def __hash__(self) -> int:
        return hash((type(self), self._pattern))

    def __repr__(self) -> str:
        return f"{type(self).__name__}:{self._pattern:#0{self.bits // 4 + 2}x}"


class FloatValue(Opaque):
    """An IEEE number. `f32(x)` converts from the other format, rounding as the CPU."""

    __slots__ = ()
    struct_code: ClassVar[str]

    def __init__(self, x: Any = 0.0) -> None:
        super().__init__(_float_pattern(type(self), x))

    @classmethod
    def from_pattern(cls, pattern: int) -> Any:
        made = cls.__new__(cls)
        made._pattern = pattern & ((1 << cls.bits) - 1)
        return made

    def __float__(self) -> float:
        """For people and tests; the language has no such operation."""
        raw = self._pattern.to_bytes(self.bits // 8, "little")
        return float(struct.unpack("<" + self.struct_code, raw)[0])


class f32(FloatValue):  # noqa: N801
    __slots__ = ()
    bits, struct_code = 32, "f"


class f64(FloatValue):  # noqa: N801
    __slots__ = ()
    bits, struct_code = 64, "d"


def _float_pattern(cls: type[FloatValue], x: Any) -> int:
    from . import floating  # the arithmetic needs the types first

    if isinstance(x, cls):
        return x.pattern
    if isinstance(x, FloatValue):
        return floating.convert_format(cls, x)
    if isinstance(x, float):
        return int.from_bytes(struct.pack("<" + cls.struct_code, x), "little")
    raise TypeError(
        f"{cls.__name__}() takes a float; for integers see s32tof, from_bits"
    )


class v128(Opaque):  # noqa: N801
    """A vector register of 16 bytes; lane 0 is the least significant."""

    __slots__ = ()
    bits = 128

    def lanes(self, width: int) -> list[int]:
        """The lanes of `width` bits as unsigned numbers."""
        mask = (1 << width) - 1
        return [(self._pattern >> at) & mask for at in range(0, 128, width)]

    @classmethod
    def of_lanes(cls, width: int, lanes: list[int]) -> v128:
        mask = (1 << width) - 1
        return cls(sum((lane & mask) << (width * i) for i, lane in enumerate(lanes)))


INT_TYPES: tuple[type[IntValue], ...] = (u1, u8, u16, u32, u64, s8, s16, s32, s64)
FLOAT_TYPES: tuple[type[FloatValue], ...] = (f32, f64)
TYPES: tuple[type[Value], ...] = (*INT_TYPES, *FLOAT_TYPES, v128)


def from_pattern(kind: type[Any], pattern: int) -> Any:
    """A value of type `kind` with these bits."""
    if issubclass(kind, FloatValue):
        return kind.from_pattern(pattern)
    return kind(pattern)


def coerce(kind: type[Any], x: Any) -> Any:
    """`x` as a value of `kind`: a static int takes the type, all else must be of it."""
    if type(x) is kind:
        return x
    if (
        isinstance(x, int)
        and not isinstance(x, IntValue)
        and issubclass(kind, IntValue)
    ):
        return kind(x)
    raise TypeError(f"{kind.__name__} wanted, not {type(x).__name__}: convert it")
