# SPDX-License-Identifier: Apache-2.0
"""Intrinsics to IR: one function for each name of `intrinsics.py` and `floating.py`;
the vector operations follow their rows in `engine/opcodes.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from machinebuilder.engine.opcodes import OPS

from . import arithmetic, floating, intrinsics, vectors
from .arithmetic import (
    canonical,
    host_width,
    number,
    require_int,
    same_type,
    zero_extended,
)
from .function import Function
from .operators import truth
from .types import (
    FLOAT_TYPES,
    f32,
    s32,
    s64,
    u1,
    u32,
    u64,
    v128,
)
from .values import (
    Const,
    Dyn,
    Obj,
    Static,
    Tup,
    Value,
    c_of,
    deps_of,
    describe,
    is_static,
)

Lowering = Callable[[Function, ast.Call, list[Value]], Value]
TABLE: dict[Any, Lowering] = {}


def lowers(*functions: Any) -> Callable[[Lowering], Lowering]:
    """Register the lowering of intrinsics."""

    def register(lowering: Lowering) -> Lowering:
        for function in functions:
            TABLE[function] = lowering
        return lowering

    return register


def intrinsic(
    f: Function, node: ast.Call, function: Any, arguments: list[Value]
) -> Value:
    """A call of an intrinsic; the Python one says how many arguments there are."""
    code = getattr(function, "__code__", None)
    if code is not None and len(arguments) != code.co_argcount:
        f.fail(node, f"{function.__name__} takes {code.co_argcount} arguments")
    return TABLE[function](f, node, arguments)


# -- integers
def _carry_operands(f: Function, node: ast.AST, values: list[Value]) -> list[str]:
    kind, (a, b) = same_type(f, node, *values[:2])
    if kind.bits < 32:
        f.fail(node, "add_with_carry works on 32 and 64 bits")
    return [a.c, b.c, f.to_dyn(u1, values[2], node).c]


@lowers(intrinsics.add_with_carry)
def add_with_carry(f: Function, node: ast.Call, values: list[Value]) -> Value:
    kind, _ = same_type(f, node, *values[:2])
    operands = _carry_operands(f, node, values)
    return Tup(
        (
            f.op(kind, "addc", *operands),
            f.op(u1, "carry", *operands),
            f.op(u1, "overflow", *operands),
        )
    )


@lowers(intrinsics.carry_out)
def carry_out(f: Function, node: ast.Call, values: list[Value]) -> Value:
    return f.op(u1, "carry", *_carry_operands(f, node, values))


@lowers(intrinsics.sub_overflow)
def sub_overflow(f: Function, node: ast.Call, values: list[Value]) -> Value:
    kind, (a, b) = same_type(f, node, *values)
    if kind.bits < 32:
        f.fail(node, "sub_overflow works on 32 and 64 bits")
    return f.op(u1, "suboverflow", a.c, b.c)


@lowers(intrinsics.clz)
def clz(f: Function, node: ast.Call, values: list[Value]) -> Value:
    x = zero_extended(f, require_int(f, node, values[0]))
    zeros = f.op(x.type, "clz", x.c)
    spare = host_width(x.type) - x.type.bits
    return f.op(x.type, "sub", zeros.c, number(x.type, spare)) if spare else zeros


@lowers(intrinsics.ctz)
def ctz(f: Function, node: ast.Call, values: list[Value]) -> Value:
    if is_static(values[0]):
        return Static(f"(int64_t)__builtin_ctzll({c_of(values[0])})", deps_of(*values))
    x = require_int(f, node, values[0])
    if x.type.bits < 32:
        x = f.op(x.type, "or", x.c, number(x.type, 1 << x.type.bits))
    return f.op(x.type, "ctz", x.c)


@lowers(intrinsics.popcount)
def popcount(f: Function, node: ast.Call, values: list[Value]) -> Value:
    value = values[0]
    if isinstance(value, Const):
        return Const(value.value.bit_count())
    if isinstance(value, Static):
        return Static(f"(int64_t)__builtin_popcountll({value.c})", value.deps)
    x = zero_extended(f, require_int(f, node, value))
    return f.op(x.type, "popcount", x.c)


@lowers(intrinsics.bswap, intrinsics.bitrev)
def reverse(f: Function, node: ast.Call, values: list[Value]) -> Value:
    x = require_int(f, node, values[0])
    assert isinstance(node.func, ast.Name | ast.Attribute)
    name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
    turned = f.op(x.type, name, x.c)
    spare = host_width(x.type) - x.type.bits
    if not spare:
        return turned
    moved = f.dyn(x.type, f"mb_d_shr(tr->ir, 32, {turned.c}, {spare})")
    return canonical(f, x.type, moved.c)


@lowers(intrinsics.ror)
def ror(f: Function, node: ast.Call, values: list[Value]) -> Value:
    x, count = require_int(f, node, values[0]), values[1]
    if x.type.bits < 32:
        f.fail(node, "ror works on 32 and 64 bits")
    if is_static(count):
        amount = f"mb_d_count(tr->ir, ({c_of(count)}) & {x.type.bits - 1})"
    else:
        counter = zero_extended(f, require_int(f, node, count))
        wide = host_width(counter.type) == 64
        amount = f.op(u32, "trunc", counter.c).c if wide else counter.c
    return f.op(x.type, "ror", x.c, amount)


@lowers(intrinsics.sext)
def sext(f: Function, node: ast.Call, values: list[Value]) -> Value:
    value, width = values
    if not is_static(width):
        f.fail(node, "sext takes a static number of bits")
    if is_static(value):
        return Static(f"mb_s_sext({c_of(value)}, {c_of(width)})", deps_of(*values))
    x = require_int(f, node, value)
    extended = f.dyn(
        x.type, f"mb_d_sext(tr->ir, {host_width(x.type)}, {x.c}, {c_of(width)})"
    )
    return canonical(f, x.type, extended.c)


@lowers(intrinsics.mul_high)
def mul_high(f: Function, node: ast.Call, values: list[Value]) -> Value:
    kind, (a, b) = same_type(f, node, *values)
    if kind.bits >= 32:
        return f.op(kind, "mulhs" if kind.signed else "mulhu", a.c, b.c)
    product = f.op(kind, "mul", a.c, b.c)
    shift = "mb_d_sar" if kind.signed else "mb_d_shr"
    moved = f.dyn(kind, f"{shift}(tr->ir, 32, {product.c}, {kind.bits})")
    return canonical(f, kind, moved.c)


@lowers(intrinsics.select)
def select(f: Function, node: ast.Call, values: list[Value]) -> Value:
    condition = truth(f, values[0], node)
    if isinstance(condition, Dyn):
        return arithmetic.select(f, node, condition, values[1], values[2])
    if isinstance(condition, Const):
        return values[1] if condition.value else values[2]
    from .expressions import choose

    return choose(f, node, condition, lambda: values[1], lambda: values[2])


@lowers(intrinsics.bits)
def bits(f: Function, node: ast.Call, values: list[Value]) -> Value:
    value, high, low = values
    if not is_static(high) or not is_static(low):
        f.fail(node, "bits takes static numbers")
    if is_static(value):
        return Static(
            f"mb_s_bits({c_of(value)}, {c_of(high)}, {c_of(low)})", deps_of(*values)
        )
    x = zero_extended(f, require_int(f, node, value))
    width = host_width(x.type)
    moved = f.dyn(x.type, f"mb_d_shr(tr->ir, {width}, {x.c}, {c_of(low)})")
    mask = f"(mb_s_shl(1, ({c_of(high)}) - ({c_of(low)}) + 1) - 1)"
    cast = "uint64_t" if width == 64 else "uint32_t"
    part = f.op(
        x.type, "and", moved.c, f"mb_ir_const(tr->ir, MB_I{width}, ({cast}){mask})"
    )
    return canonical(f, x.type, part.c) if x.type.signed else part


# -- floating point
def _floats(f: Function, node: ast.AST, values: list[Value]) -> tuple[Any, list[str]]:
    kind = values[0].type if isinstance(values[0], Dyn) else None
    for value in values:
        if (
            not isinstance(value, Dyn)
            or value.type is not kind
            or (kind not in FLOAT_TYPES)
        ):
            f.fail(node, f"floats of one type wanted, not {describe(value)}")
    return kind, [value.c for value in values if isinstance(value, Dyn)]


def _float_op(name: str, result: type[Any] | None = None) -> Lowering:
    def lower(f: Function, node: ast.Call, values: list[Value]) -> Value:
        kind, operands = _floats(f, node, values)
        return f.op(result or kind, name, *operands)

    return lower


for _name in ("fadd", "fsub", "fmul", "fdiv", "fsqrt", "fma", "fneg", "fabs"):
    TABLE[getattr(floating, _name)] = _float_op(_name)
for _name, _result in (("fcmp", u32), ("fcmpe", u32), ("ftos32", s32), ("ftou32", u32)):
    TABLE[getattr(floating, _name)] = _float_op(_name, _result)


def _of_integer(name: str, source: type[Any]) -> Lowering:
    def lower(f: Function, node: ast.Call, values: list[Value]) -> Value:
        kind = _float_kind(f, node, values[0])
        value = f.to_dyn(source, values[1], node)
        return f.op(kind, name, f"MB_F{kind.bits}", value.c)

    return lower


for _name, _source in (("s32tof", s32), ("u32tof", u32), ("s64tof", s64)):
    TABLE[getattr(floating, _name)] = _of_integer(_name, _source)


def _float_kind(f: Function, node: ast.AST, value: Value) -> Any:
    if not isinstance(value, Obj) or value.object not in FLOAT_TYPES:
        f.fail(node, f"f32 or f64 wanted, not {describe(value)}")
    return value.object


@lowers(floating.float_bits)
def float_bits(f: Function, node: ast.Call, values: list[Value]) -> Value:
    kind, (c,) = _floats(f, node, values)
    return f.op(u32 if kind is f32 else u64, f"bits{kind.bits}", c)


@lowers(floating.from_bits)
def from_bits(f: Function, node: ast.Call, values: list[Value]) -> Value:
    kind = _float_kind(f, node, values[0])
    pattern = f.to_dyn(u32 if kind is f32 else u64, values[1], node)
    return f.op(kind, f"float{kind.bits}", pattern.c)


# -- vectors: the signature and the immediate of the row
def _vector_op(name: str, signature: str, immediate: bool) -> Lowering:
    inputs, result = (part.split() for part in signature.split("->"))
    kind = v128 if result == ["v128"] else u64

    def lower(f: Function, node: ast.Call, values: list[Value]) -> Value:
        operands = [
            _vector_operand(f, node, wanted, value)
            for wanted, value in zip(inputs, values, strict=False)
        ]
        if immediate:
            if not is_static(values[-1]):
                f.fail(node, f"{name} takes a static number last")
            operands.append(f"(uint64_t)({c_of(values[-1])})")
        return f.op(kind, name, *operands)

    return lower


def _vector_operand(f: Function, node: ast.AST, wanted: str, value: Value) -> str:
    if wanted == "v128":
        return f.to_dyn(v128, value, node).c
    if wanted == "i64":
        return f.to_dyn(u64, value, node).c
    return require_int(f, node, value).c


for _op in OPS:
    if _op.name.startswith("v") and hasattr(vectors, _op.name):
        TABLE[getattr(vectors, _op.name)] = _vector_op(_op.name, _op.sig, bool(_op.aux))
