# SPDX-License-Identifier: Apache-2.0
"""Run cases on two engines, and narrow a difference to one instruction."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from cores.arm import core
from tests.lockstep.engines import Engine, ReferenceEngine
from tests.lockstep.generate import Generator
from tests.lockstep.judge import Judge
from tests.lockstep.loops import LoopGenerator
from tests.lockstep.model import (
    DATA_SIZE,
    Case,
    CpuState,
    case_of,
    inside_it_block,
    lands_in_memory,
)
from tests.lockstep.sets import SETS


def _translated() -> Engine:
    from tests.lockstep.translated import TranslatedEngine

    return TranslatedEngine("translate")


def _interpreted() -> Engine:
    from tests.lockstep.translated import TranslatedEngine

    return TranslatedEngine("interpret")


ENGINES: dict[str, Callable[[], Engine]] = {
    "reference": ReferenceEngine,
    "translate": _translated,
    "interpret": _interpreted,
}


class Comparison:
    """One engine against another on one set."""

    def __init__(
        self,
        set_name: str,
        engine: str,
        against: str = "unicorn",
        length: int = 32,
        loops: bool = False,
    ) -> None:
        self.words = SETS[set_name]
        self.generator = (LoopGenerator if loops else Generator)(
            core, self.words, length
        )
        self.engine = ENGINES[engine]()
        self.judge: Engine = Judge() if against == "unicorn" else ENGINES[against]()
        self.done = 0
        self.failures: list[str] = []

    def run(self, count: int, seed: int) -> Iterator[str]:
        """Descriptions of what differs, until `count` instructions have run."""
        self._same_data(seed)
        for case in self.generator.cases(seed * 1_000_000_007):
            if self.done >= count:
                return
            self.done += len(case.steps)
            if self._differs(case):
                found = self._narrow(case)
                self.failures.append(found)
                yield found
                self._same_data(case.seed)

    def _same_data(self, seed: int) -> None:
        data = random.Random(seed).randbytes(DATA_SIZE)
        self.judge.set_data(data)
        self.engine.set_data(data)

    def _differs(self, case: Case) -> bool:
        return self._both(case) is not None

    def _both(self, case: Case) -> str | None:
        """Run on both; what differs, in words."""
        wanted = self.judge.run(case).masked(self.words.fpscr_mask)
        if lands_in_memory(case, wanted):
            self._same_data(case.seed)
            return None
        got = self.engine.run(case).masked(self.words.fpscr_mask)
        if wanted != got:
            return difference(case.before, wanted, got)
        if self.judge.data() != self.engine.data():
            return "memory differs"
        return None

    def _narrow(self, case: Case) -> str:
        """The shortest beginning of the case that differs; shown by its last step."""
        for length in range(1, len(case.steps) + 1):
            last = length == len(case.steps)
            if inside_it_block(case.steps[:length]):
                continue
            shorter = case_of(
                case.before,
                list(case.steps[:length]),
                case.branches and last,
                case.thumb,
                case.seed,
            )
            self._same_data(case.seed)
            what = self._both(shorter)
            if what is not None:
                before = self._state_before(shorter)
                step = shorter.steps[-1]
                return (
                    f"seed {case.seed}, step {length}: {step.name} {step.word:#010x}"
                    f"\n  {what}\n  before: {before}"
                )
        return f"seed {case.seed}: differs, but no beginning of it does"

    def _state_before(self, case: Case) -> str:
        shorter = case_of(
            case.before, list(case.steps[:-1]), False, case.thumb, case.seed
        )
        self._same_data(case.seed)
        return shown(self.judge.run(shorter)) if shorter.steps else shown(case.before)


def shown(state: CpuState) -> str:
    """A state in one line."""
    registers = " ".join(f"r{i}={value:x}" for i, value in enumerate(state.r))
    return f"{registers} pc={state.pc:x} cpsr={state.cpsr:x} fpscr={state.fpscr:x}"


def difference(before: CpuState, wanted: CpuState, got: CpuState) -> str:
    """The fields that are not equal: wanted, got."""
    parts = []
    for name in ("pc", "cpsr", "fpscr"):
        a, b = getattr(wanted, name), getattr(got, name)
        if a != b:
            parts.append(f"{name} wanted {a:#x} got {b:#x}")
    if wanted.end != got.end:
        parts.append(f"end wanted {wanted.end!r} got {got.end!r}")
    for letter, a_bank, b_bank in (("r", wanted.r, got.r), ("d", wanted.d, got.d)):
        parts += [
            f"{letter}{i} wanted {a:#x} got {b:#x}"
            for i, (a, b) in enumerate(zip(a_bank, b_bank, strict=True))
            if a != b
        ]
    return "; ".join(parts)
