# SPDX-License-Identifier: Apache-2.0
"""A set's C file: decision tree, dispatch to the instructions, disassembler."""

from __future__ import annotations

import ast
from typing import Any

from . import text
from .core import Core
from .decoder import Decoder, Leaf, Switch
from .errors import IsaError
from .insns import Insn
from .operands import Operand, parse_template
from .patterns import Pattern
from .unit import Unit
from .values import Cpu, NeedConst, Static, Text, Value


def field_c(pattern: Pattern, name: str) -> str:
    """The C expression of a field of `word`."""
    parts, left = [], pattern.field_width(name)
    for piece in pattern.fields[name]:
        left -= piece.width
        part = f"(word >> {piece.shift} & {(1 << piece.width) - 1:#x}u)"
        parts.append(f"{part} << {left}" if left else part)
    return f"(int64_t)({' | '.join(parts)})"


def set_file(core: Core, decoder: Decoder, symbols: dict[Insn, str]) -> str:
    """The text of `<isa>_<set>.c`."""
    unit = Unit(core)
    tests = {insn: _test(unit, insn) for insn in decoder.insns}
    numbers = {insn: number for number, insn in enumerate(decoder.insns, 1)}
    printers = [_printer(unit, insn) for insn in decoder.insns]
    tree = "\n".join(_tree(decoder.tree, tests, numbers, 1))
    name = f"{core.name}_{decoder.name}"
    listed = ",\n".join(f"    {symbols[insn]}" for insn in decoder.insns)
    texts = ",\n".join(f"    print_{n}" for n in range(1, len(printers) + 1))
    prints = "\n".join(
        f"static void print_{n}(struct mb_tr *tr, struct mb_text *out, "
        f"uint32_t word)\n{{\n{body}}}\n"
        for n, body in enumerate(printers, 1)
    )
    return TEMPLATE.format(
        isa=core.name,
        set=decoder.name,
        name=name,
        unit=unit.text(),
        tree=tree,
        table=listed,
        prints=prints,
        texts=texts,
    )


TEMPLATE = """\
#include "{isa}_insns.h"

{unit}
/* The number of the instruction, 0 if there is none. */
static unsigned decode(struct mb_tr *tr, uint32_t word)
{{
{tree}
    return 0;
}}

static void (*const translators[])(struct mb_tr *tr, uint32_t word) = {{
{table}
}};

enum mb_insn_result {isa}_translate_{set}(struct mb_tr *tr, uint32_t word)
{{
    unsigned number = decode(tr, word);
    if (!number)
        return MB_INSN_UNDEFINED;
    translators[number - 1](tr, word);
    return MB_INSN_OK;
}}

{prints}
static void (*const printers[])(struct mb_tr *tr, struct mb_text *out,
                                uint32_t word) = {{
{texts}
}};

bool {isa}_disassemble_{set}(uint32_t word, uint64_t pc, uint32_t flags, char *text,
                             size_t size)
{{
    struct mb_tr tr = {{.pc = pc, .flags = flags}};
    struct mb_text out = {{text, size}};
    unsigned number = decode(&tr, word);
    if (!number)
        return false;
    printers[number - 1](&tr, &out, word);
    return true;
}}
"""


def _test(unit: Unit, insn: Insn) -> str:
    """The C condition under which a word of the leaf is this instruction."""
    pattern = insn.pattern
    condition = f"(word & {pattern.mask:#x}u) == {pattern.value:#x}u"
    if insn.where is None:
        return condition
    bound: dict[str, Value] = {
        name: Static(field_c(pattern, name), frozenset({name}))
        for name in insn.where_fields
    }
    try:
        compiled = unit.compile(None, ast.Pass(), insn.where, bound)
    except NeedConst as need:
        raise IsaError(need.where, need.message) from None
    arguments = ", ".join(
        ["tr", *(field_c(pattern, name) for name in insn.where_fields)]
    )
    return f"{condition} && {compiled.name}({arguments})"


def _tree(
    node: Leaf | Switch, tests: dict[Insn, str], numbers: dict[Insn, int], depth: int
) -> list[str]:
    pad = "    " * depth
    if isinstance(node, Leaf):
        lines = []
        for insn in node.insns:
            lines += [f"{pad}if ({tests[insn]})", f"{pad}    return {numbers[insn]};"]
        return lines
    lines = [f"{pad}switch (word >> {node.shift} & {node.mask:#x}) {{"]
    by_branch: dict[Any, list[int]] = {}
    for number, branch in enumerate(node.branches):
        by_branch.setdefault(branch, []).append(number)
    for branch, chosen in by_branch.items():
        inner = _tree(branch, tests, numbers, depth + 1)
        if inner:
            lines += [f"{pad}case {number}:" for number in chosen]
            lines += [*inner, f"{pad}    break;"]
    return [*lines, f"{pad}}}"]


# -- disassembler
def _printer(unit: Unit, insn: Insn) -> str:
    lines: list[str] = []
    for part in parse_template(unit.core, insn):
        if isinstance(part, str):
            lines.append(f'mb_text_add(out, "%s", {text.quoted(part)});')
        else:
            lines.append(_operand(unit, insn, part))
    return "".join(f"    {line}\n" for line in lines)


def _operand(unit: Unit, insn: Insn, operand: Operand) -> str:
    values = [field_c(insn.pattern, name) for name in operand.fields]
    if not values and operand.formatter is None:
        return ""
    if operand.formatter is None:
        return f'mb_text_add(out, "%lld", (long long)({values[0]}));'
    if not callable(operand.formatter):
        names = ", ".join(text.quoted(name) for name in operand.formatter)
        table = unit.table("char *const", names)
        count = len(operand.formatter)
        return f'mb_text_add(out, "%s", {table}[mb_s_index(tr, {values[0]}, {count})]);'
    import inspect

    bound: dict[str, Value] = {}
    fields = iter(values)
    for name in inspect.signature(operand.formatter).parameters:
        bound[name] = (
            Cpu() if name == "cpu" else Static(next(fields), frozenset({name}))
        )
    try:
        compiled = unit.compile(None, ast.Pass(), operand.formatter, bound)
    except NeedConst as need:
        raise IsaError(need.where, need.message) from None
    if not isinstance(compiled.result, Text):
        raise IsaError(
            insn.place, f"{operand.formatter.__name__} does not return a string"
        )
    return f"{compiled.name}({', '.join(['tr', 'out', *values])});"
