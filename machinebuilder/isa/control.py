# SPDX-License-Identifier: Apache-2.0
"""`cpu.load(...)`, `cpu.branch(...)` and the other methods of the CPU."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from . import arithmetic
from .function import Function
from .merge import run_arms
from .operators import truth
from .types import TYPES, IntValue, u32, u64
from .values import (
    Const,
    Dyn,
    Obj,
    Static,
    Text,
    Value,
    c_of,
    describe,
    is_static,
    literal_text,
)

Arguments = dict[str, Value]
SIGNATURES: dict[str, tuple[str, ...]] = {
    "load": ("type", "address", "aligned", "user", "word_aligned"),
    "store": ("type", "address", "value", "aligned", "user", "word_aligned"),
    "cas": ("type", "address", "expected", "new"),
    "swap": ("type", "address", "value"),
    "fence": (),
    "branch": ("target",),
    "branch_if": ("condition", "target"),
    "end_block": (),
    "undefined": (),
    "has": ("feature",),
}
ACCESS_FLAGS = {
    "aligned": "MB_MEM_ALIGNED",
    "user": "MB_MEM_USER",
    "word_aligned": "MB_MEM_WORD_ALIGNED",
}
OPTIONAL = tuple(ACCESS_FLAGS)


def method(
    f: Function, node: ast.Call, name: str, positional: list[Value], keywords: Arguments
) -> Value:
    """A call of `cpu.<name>`."""
    names = SIGNATURES[name]
    arguments: Arguments = {n: Const(0) for n in names if n in OPTIONAL}
    if len(positional) > len(names):
        f.fail(node, f"cpu.{name} takes {len(names)} arguments")
    arguments.update(zip(names, positional, strict=False))
    arguments.update(keywords)
    if set(arguments) != set(names):
        f.fail(node, f"cpu.{name} takes ({', '.join(names)})")
    return COMPILERS[name](f, node, arguments)


def _kind(f: Function, node: ast.AST, value: Value) -> Any:
    if not isinstance(value, Obj) or value.object not in TYPES or value.object.bits < 8:
        f.fail(node, f"a type such as u32 wanted, not {describe(value)}")
    return value.object


def _address(f: Function, node: ast.AST, value: Value) -> str:
    kind = u64 if f.unit.core.address_bits == 64 else u32
    return f.to_dyn(kind, value, node).c


def _flags(f: Function, node: ast.AST, kind: type[Any], arguments: Arguments) -> str:
    """The MB_MEM_* of an access."""
    parts = []
    if issubclass(kind, IntValue) and kind.signed and kind.bits < 32:
        parts.append("MB_MEM_SIGNED")
    for name, flag in ACCESS_FLAGS.items():
        value = arguments.get(name, Const(0))
        if isinstance(value, Dyn) or not is_static(value):
            f.fail(node, f"{name} must be static")
        if isinstance(value, Const):
            parts += [flag] if value.value else []
        else:
            parts.append(f"({c_of(value)} ? {flag} : 0)")
    parts += _order(f, kind)
    return " | ".join(parts) or "0"


def _order(f: Function, kind: type[Any]) -> list[str]:
    if kind.bits == 8:
        return []
    flag = f.unit.core.state.flags.get("big_endian")
    if flag is None:
        always = getattr(f.unit.core.state, "big_endian", False)
        return ["MB_MEM_SWAP"] if always else []
    return [f"(mb_tr_flag(tr, {flag.shift}, {flag.mask:#x}u) ? MB_MEM_SWAP : 0)"]


def _load(f: Function, node: ast.AST, arguments: Arguments) -> Value:
    kind = _kind(f, node, arguments["type"])
    return f.op(
        kind,
        "load",
        arithmetic.ir_type(kind),
        _address(f, node, arguments["address"]),
        str(kind.bits // 8),
        f"(uint8_t)({_flags(f, node, kind, arguments)})",
        "0",
    )


def _store(f: Function, node: ast.AST, arguments: Arguments) -> Value:
    kind = _kind(f, node, arguments["type"])
    address = _address(f, node, arguments["address"])
    value = f.to_dyn(kind, arguments["value"], node)
    f.emit(
        f"mb_ir_store(tr->ir, {address}, {value.c}, {kind.bits // 8}, "
        f"(uint8_t)({_flags(f, node, kind, arguments)}), 0);"
    )
    return Obj(None)


def _atomic(name: str, operands: tuple[str, ...]) -> Callable[..., Value]:
    def compile_atomic(f: Function, node: ast.AST, arguments: Arguments) -> Value:
        kind = _kind(f, node, arguments["type"])
        if kind.signed and kind.bits < 32:
            f.fail(node, f"cpu.{name} takes unsigned types")
        address = _address(f, node, arguments["address"])
        values = [f.to_dyn(kind, arguments[operand], node).c for operand in operands]
        flags = " | ".join(["MB_MEM_ALIGNED", *_order(f, kind)])
        return f.op(
            kind,
            name,
            address,
            *values,
            str(kind.bits // 8),
            f"(uint8_t)({flags})",
            "0",
        )

    return compile_atomic


def _fence(f: Function, node: ast.AST, arguments: Arguments) -> Value:
    f.emit("mb_ir_fence(tr->ir);")
    return Obj(None)


def _branch(f: Function, node: ast.AST, arguments: Arguments) -> Value:
    target = arguments["target"]
    narrow = f.unit.core.address_bits == 32
    if is_static(target):
        c = f"(uint32_t)({c_of(target)})" if narrow else f"(uint64_t)({c_of(target)})"
        f.emit(f"mb_tr_branch(tr, {c});")
        return Obj(None)
    value = f.to_dyn(u32 if narrow else u64, target, node)
    wide = f.op(u64, "zext32", value.c) if narrow else value
    f.emit(f"mb_tr_jump(tr, {wide.c});")
    return Obj(None)


def _branch_if(f: Function, node: ast.AST, arguments: Arguments) -> Value:
    if not is_static(arguments["target"]):
        f.fail(node, "cpu.branch_if takes a static target")
    condition = truth(f, arguments["condition"], node)  # type: ignore[arg-type]
    run_arms(
        f, node, condition, lambda: _branch(f, node, arguments) and None, lambda: None
    )
    return Obj(None)


def _end_block(f: Function, node: ast.AST, arguments: Arguments) -> Value:
    f.emit("tr->stop = true;")
    return Obj(None)


def _undefined(f: Function, node: ast.AST, arguments: Arguments) -> Value:
    f.emit(f"{f.unit.core.name}_undefined(tr);")
    return Obj(None)


def _has(f: Function, node: ast.AST, arguments: Arguments) -> Value:
    features = f.unit.core.state.features
    wanted = arguments["feature"]
    if features is None or not isinstance(wanted, Text):
        f.fail(node, "cpu.has takes the name of one of the state's Features")
    try:
        bit = features.bit(literal_text(wanted))
    except (KeyError, TypeError) as error:
        f.fail(node, str(error.args[0]))
    state = f"((const struct {f.unit.core.name}_state *)tr->cpu)"
    return Static(
        f"(int64_t)({state}->{features.name} >> {bit} & 1)", frozenset({"a feature"})
    )


COMPILERS: dict[str, Callable[[Function, ast.AST, Arguments], Value]] = {
    "load": _load,
    "store": _store,
    "cas": _atomic("cas", ("expected", "new")),
    "swap": _atomic("swap", ("value",)),
    "fence": _fence,
    "branch": _branch,
    "branch_if": _branch_if,
    "end_block": _end_block,
    "undefined": _undefined,
    "has": _has,
}
