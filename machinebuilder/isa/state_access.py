# SPDX-License-Identifier: Apache-2.0
"""`cpu.r[i]`, `cpu.n`, `cpu.thumb`, `cpu.pc`: reading and writing guest state."""

from __future__ import annotations

import ast
from typing import Any

from . import arithmetic
from .expressions import expression
from .function import Function
from .state import Array, Field, Flag, View
from .types import IntValue
from .values import (
    Bank,
    Cpu,
    Dyn,
    Method,
    Obj,
    Static,
    Value,
    c_of,
    describe,
    is_static,
)

FLAGS_DEPS = frozenset({"a translation flag"})
PC_DEPS = frozenset({"cpu.pc"})
METHODS = (
    "load",
    "store",
    "cas",
    "swap",
    "fence",
    "branch",
    "branch_if",
    "end_block",
    "undefined",
    "has",
)


def read_attribute(f: Function, node: ast.Attribute) -> Value:
    """`x.name`: of the CPU, or of a module at build time."""
    base = expression(f, node.value)
    if isinstance(base, Cpu):
        return _read_cpu(f, node, node.attr)
    if isinstance(base, Obj) and hasattr(base.object, node.attr):
        return f.wrap(getattr(base.object, node.attr), node)
    raise f.error(node, f"{describe(base)} has no attribute {node.attr}")


def _read_cpu(f: Function, node: ast.Attribute, name: str) -> Value:
    state = f.unit.core.state
    if name == "pc":
        return Static("(int64_t)tr->pc", PC_DEPS)
    if name in METHODS:
        return Method(name)
    if name in state.flags:
        return _read_flag(f, state.flags[name])
    declaration = state.fields.get(name) or state.views.get(name)
    if isinstance(declaration, Array):
        return Bank(declaration)
    if declaration is None:
        f.fail(node, f"{state.__name__} has no {name}")
    return _get(f, declaration, _offset(f, declaration, None))


def _read_flag(f: Function, flag: Flag) -> Static:
    return f.static(f"mb_tr_flag(tr, {flag.shift}, {flag.mask:#x}u)", FLAGS_DEPS)


def _offset(f: Function, declaration: Field, index: Value | None) -> str:
    """The C expression of an element's place in the state struct."""
    name = declaration.of if isinstance(declaration, View) else declaration.name
    start = f"offsetof(struct {f.unit.core.name}_state, {name})"
    if index is None:
        return start
    return f"(uint32_t)({start} + {declaration.width} * ({c_of(index)}))"


def _get(f: Function, declaration: Field, offset: str) -> Dyn:
    kind: type[Any] = declaration.type
    value = f.op(kind, "get", arithmetic.ir_type(kind), offset, str(declaration.width))
    if issubclass(kind, IntValue) and kind.signed:
        return arithmetic.canonical(f, kind, value.c)
    return value


def read_element(f: Function, node: ast.AST, bank: Bank, index: Value) -> Dyn:
    """`cpu.r[i]`."""
    declaration = bank.declaration
    return _get(f, declaration, _offset(f, declaration, _index(f, node, bank, index)))


def _index(f: Function, node: ast.AST, bank: Bank, index: Value) -> Value:
    name, count = bank.declaration.name, bank.declaration.count
    if isinstance(index, Dyn) or not is_static(index):
        f.fail(node, f"cpu.{name} is indexed by static numbers, not {describe(index)}")
    if isinstance(index, Static):
        return Static(f"mb_s_index(tr, {index.c}, {count})", index.deps)
    if not 0 <= int(c := index.value) < count:  # type: ignore[attr-defined]
        f.fail(node, f"cpu.{name} has {count} elements, no {c}")
    return index


def _put(
    f: Function, declaration: Field, offset: str, value: Value, node: ast.AST
) -> None:
    dyn = f.to_dyn(declaration.type, value, node)
    f.emit(f"mb_ir_put(tr->ir, {offset}, {declaration.width}, {dyn.c});")


def assign_attribute(f: Function, target: ast.Attribute, value: Value) -> None:
    """`cpu.n = value`."""
    if not isinstance(expression(f, target.value), Cpu):
        f.fail(target, "only attributes of cpu can be assigned")
    state, name = f.unit.core.state, target.attr
    value = f.usable(value, target)
    if name in state.flags:
        _write_flag(f, target, state.flags[name], value)
    elif name in state.fields and state.fields[name].scalar:
        field = state.fields[name]
        _put(f, field, _offset(f, field, None), value, target)
    elif name == "pc":
        f.fail(target, "the pc is changed by cpu.branch(target)")
    else:
        f.fail(target, f"{state.__name__} has no field {name} to assign")


def _write_flag(f: Function, node: ast.AST, flag: Flag, value: Value) -> None:
    place = f"tr, {flag.shift}, {flag.mask:#x}u"
    if is_static(value):
        f.emit(f"mb_tr_set_flag({place}, {c_of(value)});")
        return
    dyn = arithmetic.require_int(f, node, value)
    low = f.op(dyn.type, "trunc", dyn.c) if dyn.type.bits == 64 else dyn
    f.emit(f"mb_tr_set_flag_value({place}, {low.c});")


def assign_element(f: Function, target: ast.Subscript, value: Value) -> None:
    """`cpu.r[i] = value`."""
    bank = expression(f, target.value)
    if not isinstance(bank, Bank):
        f.fail(target, f"{describe(bank)} cannot be assigned to")
    index = _index(f, target, bank, f.keep(expression(f, target.slice)))
    _put(f, bank.declaration, _offset(f, bank.declaration, index), value, target)
