# SPDX-License-Identifier: Apache-2.0
"""Reading a board file: bytes -> text -> nodes with their places.

PyYAML's parser gives events; the tree is ours, so that nesting, aliases and size are
bounded before they cost anything, scalars stay text and every node keeps its place.

Omitted of YAML 1.1: tags, merge keys (`<<`), several documents, keys that are not text.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import yaml

from machinebuilder.board.errors import Reporter, shown
from machinebuilder.board.nodes import Entry, List, Map, Node, Scalar, kind
from machinebuilder.board.plan import Span

MAX_BYTES = 1 << 20
MAX_NODES = 200_000
MAX_DEPTH = 16

Event = Any
"""Events of PyYAML: its types do not say that these have marks."""

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_PARSER: Any = getattr(yaml, "CLoader", yaml.Loader)


class UnreadableError(Exception):
    """The file is not a tree of nodes; the reporter knows why."""


class Loader:
    """Reads a board and the boards it extends, which share the limits above."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._bytes = MAX_BYTES
        self._nodes = MAX_NODES

    def load(self, path: Path, cited: Span | None = None) -> Map:
        """The top mapping of a file. `cited` is the place that names it, if any."""
        text = self._read(path, cited or Span(path, 1, 1))
        self._reporter.lines[path] = _LINE_BREAK.split(text)
        composer = _Composer(path, self._reporter, self._nodes)
        node = composer.compose(text)
        self._nodes = composer.left
        if isinstance(node, Map):
            return node
        self._reporter.add(
            "E-KEY-03",
            "a board must be a mapping",
            node.span if node else Span(path, 1, 1),
            "a board is a list of keys such as board, cpus and devices",
            "begin the file with `board: NAME`",
        )
        raise UnreadableError

    def _read(self, path: Path, at: Span) -> str:
        try:
            data = _read_bytes(path, self._bytes + 1)
        except (OSError, ValueError) as error:
            self._reporter.add(
                "E-FILE-01",
                f"cannot read {shown(str(path))}",
                at,
                getattr(error, "strerror", None) or str(error),
                "give the path of a board file; `mb boards` lists those installed",
            )
            raise UnreadableError from None
        self._bytes -= len(data)
        if self._bytes < 0:
            self._reporter.add(
                "E-FILE-03",
                f"{shown(str(path))} is larger than a board may be",
                at,
                f"the limit is {MAX_BYTES >> 20} MiB, with everything it extends",
                "use count and step for devices that repeat",
            )
            raise UnreadableError
        return _decode(data, path, self._reporter)


def _read_bytes(path: Path, limit: int) -> bytes:
    """At most `limit` bytes of a regular file; opening anything else has no effect."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(0, "it is not a regular file")
    with open(handle, "rb") as file:  # noqa: PTH123 (a handle, not a path)
        return file.read(limit)


def _decode(data: bytes, path: Path, reporter: Reporter) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        reporter.add(
            "E-FILE-02",
            f"{shown(str(path))} is not UTF-8 text",
            Span(path, line, column),
            f"byte {error.start} is {data[error.start]:#04x}",
            "save the board as UTF-8",
        )
        raise UnreadableError from None


class _Composer:
    """Turns one document's events into nodes."""

    def __init__(self, path: Path, reporter: Reporter, left: int) -> None:
        self.path = path
        self.reporter = reporter
        self.anchors: dict[str, tuple[Node, int, int]] = {}
        self.left = left

    def compose(self, text: str) -> Node | None:
        try:
            self.events: Iterator[Event] = iter(yaml.parse(text, Loader=_PARSER))
            return self._document()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            at = Span(self.path, line, column)
            self._stop("E-YAML-01", "not valid YAML", at, _problem(error))
        except yaml.YAMLError as error:
            at = Span(self.path, 1, 1)
            why = shown(str(error).splitlines()[0])
            self._stop("E-FILE-02", "a character that text has not", at, why)

    def _document(self) -> Node | None:
        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self._forbid(event, "several documents in one file")
            elif isinstance(event, yaml.NodeEvent):
                root, _, _ = self._node(event, 0)
        return root

    def _node(self, event: Event, depth: int) -> tuple[Node, int, int]:
        """A node with its size and height, aliases counted as if written out."""
        if depth > MAX_DEPTH:
            self._stop(
                "E-YAML-03",
                "nested too deeply",
                self._span(event),
                f"a board needs no more than {MAX_DEPTH} levels",
                "",
            )
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        return self._fresh(event, depth)

    def _fresh(self, event: Event, depth: int) -> tuple[Node, int, int]:
        if event.tag is not None and event.tag != "!":
            self._forbid(event, f"the tag {shown(event.tag)}")
        self._count(1, event)
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node, size, height = self._scalar(event), 1, 0
        elif isinstance(event, yaml.MappingStartEvent):
            node, size, height = self._map(event, depth)
        else:
            node, size, height = self._list(event, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = (node, size, height)
        return node, size, height

    def _alias(self, event: Event, depth: int) -> tuple[Node, int, int]:
        found = self.anchors.get(event.anchor)
        if found is None:
            # The parser itself accepts names that are unknown or still open.
            self._forbid(event, f"*{shown(event.anchor)} before &{shown(event.anchor)}")
        _, size, height = found
        self._count(size, event)
        if depth + height > MAX_DEPTH:
            self._stop("E-YAML-03", "nested too deeply by aliases", self._span(event))
        return found

    def _scalar(self, event: Event) -> Scalar:
        start, end = event.start_mark, event.end_mark
        length = end.index - start.index if end.line == start.line else 1
        return Scalar(
            self.path,
            start.line + 1,
            start.column + 1,
            max(1, length),
            event.value,
            not event.style,
        )

    def _map(self, event: Event, depth: int) -> tuple[Node, int, int]:
        start = event.start_mark
        node = Map(self.path, start.line + 1, start.column + 1, 1)
        size, height = 1, 0
        for child in self.events:
            if isinstance(child, yaml.MappingEndEvent):
                break
            key, _, _ = self._node(child, depth + 1)
            value, more, above = self._node(next(self.events), depth + 1)
            size, height = size + more + 1, max(height, above + 1)
            self._enter(node, key, value)
        return node, size, height

    def _list(self, event: Event, depth: int) -> tuple[Node, int, int]:
        start = event.start_mark
        node = List(self.path, start.line + 1, start.column + 1, 1)
        size, height = 1, 0
        for child in self.events:
            if isinstance(child, yaml.SequenceEndEvent):
                break
            value, more, above = self._node(child, depth + 1)
            size, height = size + more, max(height, above + 1)
            node.items.append(value)
        return node, size, height

    def _enter(self, node: Map, key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            self.reporter.add(
                "E-YAML-05",
                "a key must be text",
                key.span,
                f"this is {kind(key)}; so is what `{{{{ ... }}}}` means without quotes",
                'write `name: value`, and expressions in quotes: "{{ ram }}"',
            )
        elif key.plain and key.text == "<<":
            self.reporter.add(
                "E-YAML-04",
                "boards have no merge keys",
                key.span,
                "what a board takes over from another is said in one way",
                "use `extends: other-board.yaml`",
            )
        elif key.text in node.entries:
            first = node.entries[key.text].key.line
            self.reporter.add(
                "E-YAML-02",
                f"{shown(key.text)!r} is given twice",
                key.span,
                f"line {first} has it already",
                "remove one of the two, or choose another name",
            )
        else:
            node.entries[key.text] = Entry(key, value)

    def _count(self, size: int, event: Event) -> None:
        self.left -= size
        if self.left < 0:
            self._stop(
                "E-YAML-03",
                "the board is too large",
                self._span(event),
                f"with its aliases written out it has more than {MAX_NODES} values",
            )

    def _forbid(self, event: Event, what: str) -> NoReturn:
        self._stop(
            "E-YAML-04",
            f"boards do not have {what}",
            self._span(event),
            "a board is plain mappings, lists and text",
        )

    def _span(self, event: Event) -> Span:
        mark = event.start_mark
        return Span(self.path, mark.line + 1, mark.column + 1)

    def _stop(
        self, code: str, message: str, at: Span, why: str = "", help: str = ""
    ) -> NoReturn:
        self.reporter.add(code, message, at, why, help)
        raise UnreadableError


def _problem(error: yaml.MarkedYAMLError) -> str:
    parts = [part for part in (error.context, error.problem) if part]
    return shown(", ".join(str(part) for part in parts), 200)
