"""A core written by a careless author: one function in a file of its own."""

from __future__ import annotations

import importlib.util
import textwrap
from pathlib import Path
from types import ModuleType

from machinebuilder.isa import Core, IsaError
from machinebuilder.isa.insns import InsnSet
from machinebuilder.isa.output import Problems, generate
from tests.isa.toy.state import ToyState

HEAD = """\
from machinebuilder.isa import *
insns = InsnSet("w32")
P = "0000 a:4 b:4 c:4 imm:16"
"""


def load(path: Path, body: str) -> ModuleType:
    path.write_text(HEAD + textwrap.dedent(body), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def core_of(module: ModuleType) -> Core:
    core = Core("careless", "tests.isa.toy", ToyState)
    declared = [v for v in vars(module).values() if isinstance(v, InsnSet)]
    core.__dict__["insns"] = [insn for one in declared for insn in one.insns]
    return core


def errors_of(path: Path, body: str) -> list[str]:
    """What the compiler says of this source, as `line:column: message`."""
    try:
        generate(core_of(load(path, body)))
    except Problems as problems:
        found = problems.errors
    except IsaError as error:
        found = [error]
    else:
        return []
    assert all(error.where.file == str(path) for error in found), found
    return [f"{e.where.line}:{e.where.column + 1}: {e.message}" for e in found]
