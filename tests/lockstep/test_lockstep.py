# SPDX-License-Identifier: Apache-2.0
"""A small share of the lock-step runs; the package's command does the millions."""

from __future__ import annotations

import pytest

from cores.arm import core
from machinebuilder import native
from tests.lockstep.exclusions import WORDS
from tests.lockstep.sets import SETS

pytest.importorskip("unicorn")
COUNT = 3000


@pytest.mark.parametrize("engine", ["reference", "translate", "interpret"])
@pytest.mark.parametrize("name", sorted(SETS))
def test_random_instructions_do_the_same_as_the_judge(name: str, engine: str) -> None:
    from tests.lockstep.compare import Comparison

    if engine != "reference":
        try:
            native.core("arm")
        except ImportError as missing:
            pytest.skip(str(missing))
    comparison = Comparison(name, engine)
    assert list(comparison.run(COUNT, seed=1)) == []


TIERS = {
    "first": {"MB_UNITS": "short", "MB_WINDOWS": "none"},
    "long": {"MB_UNITS": "long", "MB_WINDOWS": "none"},
    "windows": {"MB_UNITS": "long", "MB_WINDOWS": "all"},
}


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("name", sorted(SETS))
def test_loops_go_round_as_the_judge_s(
    name: str, tier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.lockstep.compare import Comparison

    for variable, value in TIERS[tier].items():
        monkeypatch.setenv(variable, value)
    comparison = Comparison(name, "translate", length=12, loops=True)
    assert list(comparison.run(COUNT, seed=1)) == []


def test_what_is_excluded_exists() -> None:
    there = {f"{insn.set}.{insn.name}" for insn in core.insns}
    names = {insn.name for insn in core.insns}
    for word in WORDS:
        assert word in there or word.removeprefix("*.") in names, word
