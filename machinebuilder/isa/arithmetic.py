# SPDX-License-Identifier: Apache-2.0
"""Operators on dynamic values, to IR.

Types narrower than 32 bits live in i32 in canonical form: unsigned ones zero-extended,
signed ones sign-extended; `canonical` restores it after an operation.
"""

from __future__ import annotations

import ast
from typing import Any

from .function import Function
from .types import FloatValue, IntValue, u1
from .values import (
    Dyn,
    Text,
    Tup,
    Value,
    c_of,
    describe,
    is_static,
)

SIMPLE = {"+": "add", "-": "sub", "*": "mul", "&": "and", "|": "or", "^": "xor"}
COMPARISONS = {
    "==": ("eq", False),
    "!=": ("ne", False),
    "<": ("lt", False),
    "<=": ("le", False),
    ">": ("lt", True),
    ">=": ("le", True),
}


def host_width(kind: type[Any]) -> int:
    """Bits of the IR type that holds it."""
    return 64 if kind.bits == 64 else 32


def ir_type(kind: type[Any]) -> str:
    """The enum mb_type that holds it."""
    if issubclass(kind, FloatValue):
        return f"MB_F{kind.bits}"
    if kind.bits == 128:
        return "MB_V128"
    return f"MB_I{host_width(kind)}"


def number(kind: type[Any], value: int) -> str:
    """A constant operand of the IR type that holds `kind`."""
    if host_width(kind) == 64:
        return f"mb_ir_const(tr->ir, MB_I64, UINT64_C({value & (1 << 64) - 1:#x}))"
    return f"mb_ir_const(tr->ir, MB_I32, {value & 0xFFFFFFFF:#x}u)"


def canonical(f: Function, kind: type[Any], c: str) -> Dyn:
    """The low bits of an i32 or i64 value, as `kind` is held."""
    if kind.bits >= 32:
        return Dyn(kind, c)
    if kind.signed:
        return f.op(kind, f"sext{kind.bits}", c)
    return f.op(kind, "and", c, number(kind, (1 << kind.bits) - 1))


def zero_extended(f: Function, value: Dyn) -> Dyn:
    """The pattern of a narrow value without its sign."""
    if value.type.bits >= 32 or not value.type.signed:
        return value
    return f.op(
        value.type, "and", value.c, number(value.type, (1 << value.type.bits) - 1)
    )


def require_int(f: Function, node: ast.AST, value: Value) -> Dyn:
    """A dynamic integer."""
    if not isinstance(value, Dyn) or not issubclass(value.type, IntValue):
        f.fail(node, f"an integer with a width wanted, not {describe(value)}")
    return value


def same_type(
    f: Function, node: ast.AST, *values: Value
) -> tuple[type[Any], list[Dyn]]:
    """The one dynamic type of the operands, and all of them in it."""
    for value in values:
        if isinstance(value, Dyn):
            kind = value.type
            for other in values:
                if isinstance(other, Dyn) and other.type is not kind:
                    f.fail(
                        node,
                        f"{kind.__name__} and {other.type.__name__} do not mix: "
                        "convert one of them",
                    )
            return kind, [f.to_dyn(kind, other, node) for other in values]
    raise f.error(node, "at least one operand must have a width: u32(x)")


def operate(f: Function, node: ast.AST, sign: str, a: Value, b: Value) -> Dyn:
    """a sign b, at least one of them dynamic."""
    if sign in ("<<", ">>"):
        return shift(f, node, sign, require_int(f, node, a), b)
    kind, (x, y) = same_type(f, node, a, b)
    require_int(f, node, x)
    if sign in COMPARISONS:
        return compare(f, sign, kind, x, y)
    if sign in SIMPLE:
        result = f.op(kind, SIMPLE[sign], x.c, y.c)
        if sign in "&|^" and kind.bits < 32:
            return result  # canonical operands give a canonical result
    else:
        name = ("div" if sign == "//" else "rem") + ("s" if kind.signed else "u")
        result = f.op(kind, name, x.c, y.c)
    return canonical(f, kind, result.c)


def compare(f: Function, sign: str, kind: type[Any], a: Dyn, b: Dyn) -> Dyn:
    """A comparison of two values of one type, as u1."""
    name, swapped = COMPARISONS[sign]
    if swapped:
        a, b = b, a
    if name in ("lt", "le"):
        name += "s" if kind.signed else "u"
    return f.op(u1, name, a.c, b.c)


def shift(f: Function, node: ast.AST, sign: str, a: Dyn, count: Value) -> Dyn:
    """a << count or a >> count; a count of the width or more gives 0, or the sign."""
    kind = a.type
    name = "mb_d_shl" if sign == "<<" else "mb_d_sar" if kind.signed else "mb_d_shr"
    width = host_width(kind)
    if is_static(count):
        amount = c_of(count)
    else:
        counter = zero_extended(f, require_int(f, node, count))
        name, amount = name + "_by", _narrow_count(f, counter)
    result = f.dyn(kind, f"{name}(tr->ir, {width}, {a.c}, {amount})")
    return canonical(f, kind, result.c) if sign == "<<" else result


def _narrow_count(f: Function, count: Dyn) -> str:
    """A shift count as i32: a large i64 one stays large."""
    if host_width(count.type) == 32:
        return count.c
    low = f.op(count.type, "trunc", count.c)
    small = f.op(u1, "ltu", count.c, number(count.type, 64))
    return f.op(u1, "select", small.c, low.c, "mb_d_count(tr->ir, 64)").c


def unary(f: Function, node: ast.AST, sign: str, a: Dyn) -> Dyn:
    """~a or -a."""
    require_int(f, node, a)
    name = "not" if sign == "~" else "neg"
    return canonical(f, a.type, f.op(a.type, name, a.c).c)


def truth(f: Function, value: Dyn, node: ast.AST) -> Dyn:
    """value != 0 as u1."""
    if value.type is u1:
        return value
    require_int(f, node, value)
    return f.op(u1, "ne", value.c, number(value.type, 0))


def negate_truth(f: Function, value: Dyn) -> Dyn:
    """not value, of a u1."""
    return f.op(u1, "eq", value.c, number(u1, 0))


def junction(f: Function, a: Value, b: Value, is_and: bool) -> Dyn:
    """Two truth values; an unknown static one is made 0 or 1."""
    parts = [
        x.c
        if isinstance(x, Dyn)
        else f.dyn(u1, f"mb_ir_const(tr->ir, MB_I32, ({c_of(x)}) != 0)").c
        for x in (a, b)
    ]
    return f.op(u1, "and" if is_and else "or", *parts)


def select(f: Function, node: ast.AST, condition: Dyn, a: Value, b: Value) -> Value:
    """a if condition else b, both computed."""
    if a == b:
        return a
    if isinstance(a, Tup) and isinstance(b, Tup) and len(a.items) == len(b.items):
        pairs = zip(a.items, b.items, strict=True)
        return Tup(tuple(select(f, node, condition, x, y) for x, y in pairs))
    if isinstance(a, Text) or isinstance(b, Text):
        f.fail(node, "a string cannot depend on guest state")
    if is_static(a) and is_static(b):
        f.fail(node, "two static values chosen at run time: give one a width, u32(...)")
    kind, (x, y) = same_type(f, node, a, b)
    return f.op(kind, "select", condition.c, x.c, y.c)


def convert(f: Function, node: ast.AST, kind: type[Any], value: Value) -> Dyn:
    """`u32(x)` and its like."""
    if is_static(value):
        return f.to_dyn(kind, value, node)
    if not isinstance(value, Dyn):
        f.fail(node, f"{kind.__name__}() of {describe(value)}")
    if value.type is kind:
        return value
    if issubclass(kind, FloatValue):
        if not issubclass(value.type, FloatValue):
            f.fail(
                node,
                f"{kind.__name__}() converts between float formats; for integers "
                "see s32tof, from_bits",
            )
        return f.op(kind, f"f{value.type.bits}to{kind.bits}", value.c)
    source = require_int(f, node, value)
    if kind.bits == 64:
        if source.type.bits == 64:
            return Dyn(kind, source.c)
        return f.op(kind, "sext32" if source.type.signed else "zext32", source.c)
    if source.type.bits == 64:
        return canonical(f, kind, f.op(kind, "trunc", source.c).c)
    return (
        Dyn(kind, source.c)
        if _holds(kind, source.type)
        else canonical(f, kind, source.c)
    )


def _holds(kind: type[Any], source: type[Any]) -> bool:
    """Is the canonical form of every `source` value also that of `kind`?"""
    if kind.bits >= 32:
        return True
    if source.signed:
        return bool(kind.signed and source.bits <= kind.bits)
    return bool(
        source.bits < kind.bits or (source.bits == kind.bits and not kind.signed)
    )
