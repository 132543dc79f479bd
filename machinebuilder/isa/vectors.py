# SPDX-License-Identifier: Apache-2.0
"""Vector intrinsics of the language, as plain Python: one for each `v` row of
`engine/opcodes.py`, with the same name. Immediates come last and are static.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from .types import IntValue, coerce, u64, v128

Binary = Callable[[Any, Any], v128]
Shift = Callable[[Any, int], v128]


def _vector(x: Any) -> v128:
    if not isinstance(x, v128):
        raise TypeError(f"v128 wanted, not {type(x).__name__}")
    return x


def _signed(lane: int, width: int) -> int:
    return lane - ((lane >> (width - 1)) << width)


def _lanewise(width: int, lane: Callable[[int, int], int], signed: bool) -> Binary:
    def apply(a: Any, b: Any) -> v128:
        left, right = _vector(a).lanes(width), _vector(b).lanes(width)
        if signed:
            left = [_signed(x, width) for x in left]
            right = [_signed(x, width) for x in right]
        return v128.of_lanes(
            width, [lane(x, y) for x, y in zip(left, right, strict=True)]
        )

    return apply


def _family(
    widths: Sequence[int], lane: Callable[[int, int], int], signed: bool = False
) -> list[Binary]:
    return [_lanewise(width, lane, signed) for width in widths]


def _compare(test: Callable[[int, int], bool], signed: bool = False) -> list[Binary]:
    return _family((8, 16, 32), lambda x, y: -1 if test(x, y) else 0, signed)


def _shift(width: int, lane: Callable[[int, int], int], signed: bool = False) -> Shift:
    def apply(a: Any, count: int) -> v128:
        lanes = _vector(a).lanes(width)
        if signed:
            lanes = [_signed(x, width) for x in lanes]
        return v128.of_lanes(width, [lane(x, min(count, width)) for x in lanes])

    return apply


def _shifts(lane: Callable[[int, int], int], signed: bool = False) -> list[Shift]:
    return [_shift(width, lane, signed) for width in (8, 16, 32, 64)]


def _dup(width: int) -> Callable[[Any], v128]:
    def apply(x: Any) -> v128:
        if not isinstance(x, IntValue):
            raise TypeError("a lane must have a width: u32(x)")
        return v128.of_lanes(width, [x.pattern] * (128 // width))

    return apply


def vzero() -> v128:
    return v128(0)


def vpair(low: Any, high: Any) -> v128:
    """From two u64 (either may be static)."""
    return v128(coerce(u64, low).pattern | coerce(u64, high).pattern << 64)


def vlow(x: Any) -> u64:
    return u64(_vector(x).pattern)


def vhigh(x: Any) -> u64:
    return u64(_vector(x).pattern >> 64)


def vnot(a: Any) -> v128:
    return v128(~_vector(a).pattern)


def vext(a: Any, b: Any, first: int) -> v128:
    """Sixteen bytes of b:a (b above a) from byte `first` on."""
    return v128((_vector(a).pattern | _vector(b).pattern << 128) >> (8 * first))


vadd8, vadd16, vadd32, vadd64 = _family((8, 16, 32, 64), operator.add)
vsub8, vsub16, vsub32, vsub64 = _family((8, 16, 32, 64), operator.sub)
vmul8, vmul16, vmul32 = _family((8, 16, 32), operator.mul)
(vand,) = _family((64,), operator.and_)
(vor,) = _family((64,), operator.or_)
(vxor,) = _family((64,), operator.xor)
(vandn,) = _family((64,), lambda x, y: x & ~y)
(vorn,) = _family((64,), lambda x, y: x | ~y)
veq8, veq16, veq32 = _compare(operator.eq)
vgtu8, vgtu16, vgtu32 = _compare(operator.gt)
vgeu8, vgeu16, vgeu32 = _compare(operator.ge)
vgts8, vgts16, vgts32 = _compare(operator.gt, signed=True)
vges8, vges16, vges32 = _compare(operator.ge, signed=True)
vminu8, vminu16, vminu32 = _family((8, 16, 32), min)
vmaxu8, vmaxu16, vmaxu32 = _family((8, 16, 32), max)
vmins8, vmins16, vmins32 = _family((8, 16, 32), min, signed=True)
vmaxs8, vmaxs16, vmaxs32 = _family((8, 16, 32), max, signed=True)
vdup8, vdup16, vdup32, vdup64 = (_dup(width) for width in (8, 16, 32, 64))
vshl8, vshl16, vshl32, vshl64 = _shifts(operator.lshift)
vshr8, vshr16, vshr32, vshr64 = _shifts(operator.rshift)
vsar8, vsar16, vsar32, vsar64 = _shifts(operator.rshift, signed=True)
