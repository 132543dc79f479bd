# SPDX-License-Identifier: Apache-2.0
"""A share of the SPARC lock-step runs; the package's command does the millions."""

from __future__ import annotations

import pytest

from cores.sparc import core
from machinebuilder import native
from tests.lockstep.sparc.exclusions import PLAIN, USER, WORDS

pytest.importorskip("unicorn")
RUNS = [
    ("v8_user", "reference", 1500),
    ("v8_user", "translate", 20_000),
    ("v8_user", "interpret", 10_000),
    ("v8", "translate", 2000),
    ("v8_traps", "translate", 2000),
    ("v8_traps", "interpret", 1000),
]


@pytest.mark.parametrize(("name", "engine", "count"), RUNS)
def test_random_instructions_do_the_same_as_the_judge(
    name: str, engine: str, count: int
) -> None:
    from tests.lockstep.sparc.compare import Comparison

    if engine != "reference" or name != "v8_user":
        try:
            native.core("sparc")
        except ImportError as missing:
            pytest.skip(str(missing))
    assert list(Comparison(name, engine).run(count, seed=1)) == []


def test_what_is_excluded_exists() -> None:
    names = {insn.name for insn in core.insns}
    assert {*WORDS, *PLAIN, *USER} <= names
