# SPDX-License-Identifier: Apache-2.0
"""Assembly templates: `"add{S:s}{cond} {Rd}, {Rn}, #{imm12:constant}"`.

`{fields:formatter}` gives the fields to a formatter of the core's `asm` module: a
function of static numbers that returns a string, or a tuple of strings indexed by the
one field. `{name}` is the formatter of that name, its parameters being fields by their
names; without one, it is the field as a number (all are, as long as the core has no
`asm` module). A first parameter `cpu` gives pc and flags.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Any

from .core import Core, decode
from .errors import IsaError
from .insns import Insn

PLACEHOLDER = re.compile(r"\{([\w,]+)(?::(\w+))?\}")


@dataclass(frozen=True)
class Operand:
    """A placeholder: fields, and what writes them (None: one number)."""

    fields: tuple[str, ...]
    formatter: Any
    takes_cpu: bool = False


def parse_template(core: Core, insn: Insn) -> list[str | Operand]:
    """The parts of an instruction's template."""
    parts: list[str | Operand] = []
    at = 0
    for match in PLACEHOLDER.finditer(insn.asm):
        parts.append(insn.asm[at : match.start()])
        parts.append(_operand(core, insn, match[1].split(","), match[2]))
        at = match.end()
    parts.append(insn.asm[at:])
    if any("{" in part or "}" in part for part in parts if isinstance(part, str)):
        raise IsaError(
            insn.place, f"template {insn.asm!r} has braces that are no operand"
        )
    return [part for part in parts if part != ""]


def _operand(
    core: Core, insn: Insn, names: list[str], formatter: str | None
) -> Operand:
    wanted = formatter or names[0]
    found = getattr(core.asm, wanted, None)
    if core.asm is None:
        return Operand(
            tuple(names[:1]) if names[0] in insn.pattern.fields else (), None
        )
    if formatter and found is None:
        raise IsaError(
            insn.place,
            f"{core.package}.asm has no formatter {formatter!r}, which "
            f"{insn.asm!r} wants",
        )
    fields = list(names)
    takes_cpu = False
    if callable(found):
        parameters = list(inspect.signature(found).parameters)
        takes_cpu = parameters[:1] == ["cpu"]
        if not formatter:
            fields = parameters[takes_cpu:]
        elif len(fields) != len(parameters) - takes_cpu:
            raise IsaError(insn.place, f"{wanted} takes {parameters}, not {fields}")
    for name in fields:
        if name not in insn.pattern.fields:
            raise IsaError(
                insn.place,
                f"template {insn.asm!r} names {name!r}, which is "
                "neither a field nor a formatter",
            )
    if found is not None and not callable(found) and len(fields) != 1:
        raise IsaError(insn.place, f"a table of names writes one field, not {fields}")
    return Operand(tuple(fields), found, takes_cpu)


class Site:
    """What formatters see as `cpu`: the instruction's address and the flags."""

    def __init__(self, core: Core, pc: int, flags: int) -> None:
        self.pc = pc
        for flag in core.state.flags.values():
            setattr(self, flag.name, flags >> flag.shift & ((1 << flag.width) - 1))


def disassemble(
    set_name: str, core: Core, word: int, pc: int = 0, flags: int = 0
) -> str | None:
    """The text of one word, None if it is no instruction."""
    found = decode(set_name, core, word)
    if found is None:
        return None
    insn, fields = found
    site = Site(core, pc, flags)
    return "".join(
        part if isinstance(part, str) else _write(part, fields, site)
        for part in parse_template(core, insn)
    )


def _write(operand: Operand, fields: dict[str, int], site: Site) -> str:
    values = [fields[name] for name in operand.fields]
    if operand.formatter is None:
        return str(values[0]) if values else ""
    if callable(operand.formatter):
        return str(operand.formatter(*([site] if operand.takes_cpu else []), *values))
    return str(operand.formatter[values[0]])
