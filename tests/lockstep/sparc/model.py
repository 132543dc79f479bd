# SPDX-License-Identifier: Apache-2.0
"""What all engines of a SPARC lock-step run exchange: cases and what they leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tests.lockstep.sparc.program import (
    END,
    EPILOGUE,
    NOP,
    PROLOGUE,
    START,
    USER_END,
    USER_EPILOGUE,
    USER_PROLOGUE,
    branch_always,
    encoded,
)

PADDING = 8  # words that do nothing, for branches to land on


@dataclass(frozen=True)
class Step:
    """One word of a case."""

    name: str
    word: int


@dataclass(frozen=True)
class Case:
    """A state page to begin with, and the random part of the code."""

    page: bytes
    steps: tuple[Step, ...]
    seed: int = 0
    user: bool = False

    @property
    def entry(self) -> int:
        """Where it begins."""
        return USER_PROLOGUE if self.user else PROLOGUE

    @property
    def end(self) -> int:
        """Where it ends."""
        return USER_END if self.user else END

    @property
    def code(self) -> bytes:
        """The words at START; they end by going to the epilogue."""
        words = [step.word for step in self.steps] + [NOP] * PADDING
        epilogue = USER_EPILOGUE if self.user else EPILOGUE
        return encoded(words + branch_always(START + 4 * len(words), epilogue))


@dataclass(frozen=True)
class Result:
    """The state page and the data afterwards, and how the run ended."""

    page: bytes
    data: bytes
    end: str = "end"


class Engine(Protocol):
    """What runs cases."""

    name: str

    def run(self, case: Case, data: bytes) -> Result: ...
