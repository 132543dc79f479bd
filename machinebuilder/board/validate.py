# SPDX-License-Identifier: Apache-2.0
"""Checking a node against a Cerberus schema, with errors at their places."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from cerberus import Validator

from machinebuilder.board.errors import Reporter, shown
from machinebuilder.board.nodes import List, Map, Node, Scalar, kind
from machinebuilder.board.schema import Schema
from machinebuilder.board.suggest import help_for
from machinebuilder.board.values import FAILED, Failed

Path = tuple[str | int, ...]


class _Validator(Validator):  # type: ignore[misc]
    """Takes schemas as they are. Cerberus would check them with every document, which
    takes most of its time; ours are made by schema.py, and a test checks those."""

    @property
    def schema(self) -> Any:
        return self._schema

    @schema.setter
    def schema(self, schema: Any) -> None:
        self._schema = schema


class Checker:
    """Checks nodes; keeps one validator for each schema that was asked for."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self._validators: dict[Hashable, Any] = {}

    def check(
        self,
        node: Map,
        name: Hashable,
        schema: Callable[[], Schema],
        what: str,
        key: Scalar | None = None,
    ) -> dict[str, Any] | None:
        """The typed values of `node`, or None after reporting.

        `what` it describes, and the `key` it is under, are for errors.
        """
        validator = self._validators.get(name)
        if validator is None:
            validator = self._validators[name] = _Validator(schema())
        values = document(node)
        if validator.validate(values):
            found: dict[str, Any] = validator.document
            return found if not _has_failed(found) else None
        for error in _leaves(validator._errors):
            self._report(error, node, validator.schema, what, key)
        return None

    def _report(
        self, error: Any, node: Map, schema: Any, what: str, key: Scalar | None
    ) -> None:
        path: Path = tuple(error.document_path)
        if isinstance(error.value, Failed):
            return
        if error.rule == "required":
            self._missing(path, node, what, key)
        elif error.rule is None or error.rule == "unknown":
            self._unknown(path, node, schema, what)
        else:
            self._wrong(error, path, node, schema, what)

    def _missing(self, path: Path, node: Map, what: str, key: Scalar | None) -> None:
        parent = key if key and len(path) == 1 else _find(node, path[:-1])
        self.reporter.add(
            "E-KEY-02",
            f"{what} needs {_dotted(path)}",
            (parent or node).span,
            "it has no default",
            f"add `{path[-1]}: ...`",
        )

    def _unknown(self, path: Path, node: Map, schema: Any, what: str) -> None:
        parent = _find(node, path[:-1])
        key = str(path[-1])
        at = parent.entries[key].key if isinstance(parent, Map) else node
        known = _keys(schema, path[:-1])
        near = help_for(key, known, "other keys")
        self.reporter.add(
            "E-KEY-01",
            f"{what} has no {shown(_dotted(path))!r}",
            at.span,
            f"{what} declares which keys there are",
            near,
        )

    def _wrong(self, error: Any, path: Path, node: Map, schema: Any, what: str) -> None:
        found = _find(node, path) or node
        name = _dotted(path)
        said = shown(found.text) if isinstance(found, Scalar) else kind(found)
        code, message, help = _describe(error, name, said)
        why = f"{what} declares it so"
        if code == "E-KEY-03":
            inner = ", ".join(f"{key}: ..." for key in _keys(schema, path))
            help = f"{name}: {{{inner}}}"
        self.reporter.add(code, message, found.span, why, help)


def _describe(error: Any, name: str, said: str) -> tuple[str, str, str]:
    """Code, message and help of one failed rule."""
    limit = error.constraint
    if error.rule in ("min", "max"):
        bound = "at least" if error.rule == "min" else "at most"
        value = (
            f"{error.value}" if str(error.value) == said else f"{said} ({error.value})"
        )
        message = f"{name} must be {bound} {limit}, not {value}"
        return "E-VAL-02", message, f"{name}: {limit}"
    if error.rule == "allowed":
        choices = shown(", ".join(str(choice) for choice in limit), 200)
        message = f"{name} must be one of {choices}, not {said!r}"
        return "E-VAL-03", message, help_for(str(error.value), [str(c) for c in limit])
    if error.rule == "type":
        wanted = "a mapping" if limit == "dict" else str(limit)
        return "E-KEY-03", f"{name} must be {wanted}, not {said}", ""
    wanted = str(error.info[-1]) if error.info else "a value"
    return "E-VAL-01", f"{name} must be {wanted}; this is {said!r}", ""


def document(node: Node) -> Any:
    """A node as plain mappings, lists and text."""
    if isinstance(node, Scalar):
        return FAILED if node.failed else node.text
    if isinstance(node, List):
        return [document(item) for item in node.items]
    assert isinstance(node, Map)
    return {name: document(entry.value) for name, entry in node.entries.items()}


def _has_failed(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_failed(v) for v in value.values())
    if isinstance(value, list):
        return any(_has_failed(v) for v in value)
    return isinstance(value, Failed)


def _leaves(errors: Sequence[Any]) -> list[Any]:
    """Errors without the groups that hold them."""
    found: list[Any] = []
    for error in errors:
        children = error.child_errors
        found += _leaves(children) if children else [error]
    return found


def _find(node: Node | None, path: Path) -> Node | None:
    for step in path:
        if isinstance(node, Map):
            node = node.get(str(step))
        elif isinstance(node, List) and isinstance(step, int):
            node = node.items[step]
        else:
            return None
    return node


def _keys(schema: Any, path: Path) -> list[str]:
    rules = schema
    for step in path:
        rules = rules[step].get("schema", {})
    return [str(key) for key in rules]


def _dotted(path: Path) -> str:
    return ".".join(str(step) for step in path)
