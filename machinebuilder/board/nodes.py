# SPDX-License-Identifier: Apache-2.0
"""The tree of a board file: scalars as text, and the place of every node."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from machinebuilder.board.plan import Span


class Node:
    """Anything written in a board; `span` says where."""

    __slots__ = ("column", "file", "length", "line")

    def __init__(self, file: Path, line: int, column: int, length: int) -> None:
        self.file = file
        self.line = line
        self.column = column
        self.length = length

    @property
    def span(self) -> Span:
        """Where this is written."""
        return Span(self.file, self.line, self.column, self.length)


class Scalar(Node):
    """Text; `plain` if it is unquoted. `failed`: an expression in it has no value."""

    __slots__ = ("failed", "plain", "text")

    def __init__(
        self,
        file: Path,
        line: int,
        column: int,
        length: int,
        text: str,
        plain: bool = True,
        failed: bool = False,
    ) -> None:
        super().__init__(file, line, column, length)
        self.text = text
        self.plain = plain
        self.failed = failed

    @property
    def is_null(self) -> bool:
        """Is this `null`, `~` or nothing at all?"""
        return self.plain and self.text in ("", "~", "null")

    def replaced(self, text: str, failed: bool = False) -> Scalar:
        """The same place with other text."""
        return Scalar(
            self.file, self.line, self.column, self.length, text, False, failed
        )


class Entry(NamedTuple):
    """A key and its value."""

    key: Scalar
    value: Node


class Map(Node):
    """A mapping: entries by the text of their keys, in the order written."""

    __slots__ = ("entries",)

    def __init__(self, file: Path, line: int, column: int, length: int) -> None:
        super().__init__(file, line, column, length)
        self.entries: dict[str, Entry] = {}

    def get(self, key: str) -> Node | None:
        """The value of `key`, if there is one."""
        entry = self.entries.get(key)
        return entry.value if entry else None

    def like(self) -> Map:
        """An empty mapping at the same place."""
        return Map(self.file, self.line, self.column, self.length)


class List(Node):
    """A sequence."""

    __slots__ = ("items",)

    def __init__(self, file: Path, line: int, column: int, length: int) -> None:
        super().__init__(file, line, column, length)
        self.items: list[Node] = []


def kind(node: Node) -> str:
    """What a node is, as an error says it."""
    if isinstance(node, Map):
        return "a mapping"
    return "a list" if isinstance(node, List) else "text"
