# SPDX-License-Identifier: Apache-2.0
"""Run SPARC cases on two engines, and narrow a difference to one instruction."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.lockstep.sparc.engines import Judge, ReferenceEngine, TranslatedEngine
from tests.lockstep.sparc.generate import Generator
from tests.lockstep.sparc.model import Case, Engine, Result
from tests.lockstep.sparc.program import (
    DATA,
    DATA_SIZE,
    F_OUT,
    FSR_OUT,
    LOG,
    LOG_AT,
    PSR_OUT,
    R_OUT,
    WIM_OUT,
    WINDOWS_IN,
    WINDOWS_OUT,
    Y_OUT,
)

ENGINES: dict[str, Callable[[], Engine]] = {
    "unicorn": Judge,
    "reference": ReferenceEngine,
    "translate": lambda: TranslatedEngine("translate"),
    "interpret": lambda: TranslatedEngine("interpret"),
}
SETS = {
    "v8_user": ("unicorn", False, True),
    "v8": ("reference", False, False),
    "v8_traps": ("reference", True, False),
}
"""Set -> its judge, whether instructions may trap, whether it is for user mode."""


class Comparison:
    """One engine against another on one set."""

    def __init__(
        self, set_name: str, engine: str, against: str | None = None, length: int = 64
    ) -> None:
        judge, traps, user = SETS[set_name]
        self.generator = Generator(traps, user, length)
        self.engine = ENGINES[engine]()
        self.judge = ENGINES[against or judge]()
        self.done = 0
        self.failures: list[str] = []

    def run(self, count: int, seed: int) -> Iterator[str]:
        """Descriptions of what differs, until `count` instructions have run."""
        number = seed * 1_000_000_007
        while self.done < count:
            case = self.generator.case(number)
            number += 1
            self.done += len(case.steps)
            if self._both(case) is not None:
                found = self._narrow(case)
                self.failures.append(found)
                yield found

    def _both(self, case: Case) -> str | None:
        """Run on both; what differs, in words."""
        data = random.Random(case.seed).randbytes(DATA_SIZE)
        wanted, got = self.judge.run(case, data), self.engine.run(case, data)
        return None if wanted == got else difference(wanted, got)

    def _narrow(self, case: Case) -> str:
        """The shortest beginning of the case that differs."""
        for length in range(1, len(case.steps) + 1):
            what = self._both(replace(case, steps=case.steps[:length]))
            if what is not None:
                step = case.steps[length - 1]
                where = f"seed {case.seed}, step {length}: {step.name}"
                return f"{where} {step.word:#010x}\n  {what}"
        return f"seed {case.seed}: differs, but no beginning of it does"


def name_of(at: int) -> str:
    """What a word of the state page is."""
    single = {
        FSR_OUT: "fsr",
        Y_OUT: "y",
        PSR_OUT: "psr",
        WIM_OUT: "wim",
        LOG_AT: "traps",
    }
    if at in single:
        return single[at]
    for base, end, name in (
        (R_OUT, F_OUT, "r"),
        (F_OUT, FSR_OUT, "f"),
        (WINDOWS_OUT, WINDOWS_IN, "w"),
        (LOG, 2 * LOG, "log "),
    ):
        if base <= at < end:
            return f"{name}{(at - base) // 4}"
    return f"{at:#x}"


def difference(wanted: Result, got: Result) -> str:
    """What is not equal: wanted, got."""
    parts = []
    if wanted.end != got.end:
        parts.append(f"end wanted {wanted.end!r} got {got.end!r}")
    for at in range(0, len(wanted.page), 4):
        a, b = wanted.page[at : at + 4], got.page[at : at + 4]
        if a != b:
            parts.append(f"{name_of(at)} wanted {a.hex()} got {b.hex()}")
    parts += [
        f"memory at {DATA + at:#x} differs"
        for at in range(0, DATA_SIZE, 4)
        if wanted.data[at : at + 4] != got.data[at : at + 4]
    ][:2]
    return "; ".join(parts[:12])
