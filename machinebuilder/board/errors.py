# SPDX-License-Identifier: Apache-2.0
"""Board errors: where, what, why, and what to type instead.

Text from a board is shown with its control characters replaced, since a board is
untrusted and the terminal obeys them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from machinebuilder.board.codes import CODES
from machinebuilder.board.plan import Span
from machinebuilder.errors import UserError

WIDTH = 100
"""Characters of a source line that an error shows at most."""

SHOWN = 60
"""Characters of a board's text that a message repeats at most."""


@dataclass(frozen=True)
class BoardError:
    """One thing wrong with a board. `source` is the text of the line at `span`."""

    code: str
    message: str
    span: Span
    why: str = ""
    help: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        assert self.code in CODES, self.code

    def __str__(self) -> str:
        at = self.span
        file = _printable(str(at.file))
        lines = [f"{file}:{at.line}:{at.column}: {self.code}: {self.message}"]
        lines += _excerpt(self.source, at)
        lines += [f"  why:  {self.why}"] if self.why else []
        lines += [f"  help: {self.help}"] if self.help else []
        return "\n".join(lines)


class BoardErrors(UserError):
    """Everything that is wrong with a board, in the order of the file."""

    def __init__(self, errors: Sequence[BoardError]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = tuple(errors)

    def __iter__(self) -> Iterator[BoardError]:
        return iter(self.errors)

    def __len__(self) -> int:
        return len(self.errors)


def shown(text: str, limit: int = SHOWN) -> str:
    """`text` as a message may repeat it: printable, and not too long."""
    short = text if len(text) <= limit else text[: limit - 3] + "..."
    return _printable(short)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _excerpt(source: str, at: Span) -> list[str]:
    """The source line and its underline; a long line is cut around the place."""
    if not source.strip():
        return []
    start = max(0, at.column - 1 - WIDTH // 2) if len(source) > WIDTH else 0
    text = _printable(source.expandtabs(1)[start : start + WIDTH]).rstrip()
    first = at.column - 1 - start
    length = max(1, min(at.length, len(text) - first))
    number = f"{at.line:5} "
    underline = " " * first + "^" * length
    return [f"{number}| {text}", f"{' ' * len(number)}| {underline}"]


class TooManyErrorsError(Exception):
    """The reporter is full: nobody reads further."""


class Reporter:
    """Collects the errors of one board; `lines` gives the text of each file."""

    LIMIT = 200

    def __init__(self) -> None:
        self.errors: list[BoardError] = []
        self.lines: dict[Path, Sequence[str]] = {}
        self._seen: set[tuple[str, Span]] = set()

    def add(
        self, code: str, message: str, at: Span, why: str = "", help: str = ""
    ) -> None:
        """Report; TooManyErrorsError when there is no sense in going on."""
        if (code, at) in self._seen:
            return
        self._seen.add((code, at))
        if len(self.errors) >= self.LIMIT:
            self._append(
                "E-MANY-01", "too many errors", at, "the rest is not shown", ""
            )
            raise TooManyErrorsError
        self._append(code, message, at, why, help)

    def _append(self, code: str, message: str, at: Span, why: str, help: str) -> None:
        lines = self.lines.get(at.file, ())
        source = lines[at.line - 1] if 0 < at.line <= len(lines) else ""
        self.errors.append(BoardError(code, message, at, why, help, source))

    def stop_if_any(self) -> None:
        """Raise what was found, if anything was."""
        if self.errors:
            raise self.sorted()

    def sorted(self) -> BoardErrors:
        """The errors found, by place."""
        order: Mapping[Path, int] = {file: i for i, file in enumerate(self.lines)}
        return BoardErrors(
            sorted(
                self.errors,
                key=lambda e: (
                    e.code == "E-MANY-01",
                    order.get(e.span.file, -1),
                    e.span.line,
                    e.span.column,
                ),
            )
        )
