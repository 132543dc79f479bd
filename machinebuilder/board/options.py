# SPDX-License-Identifier: Apache-2.0
"""Options: what a board lets its user choose, and what was chosen with `-o`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from machinebuilder.board.errors import shown
from machinebuilder.board.expand import Expander
from machinebuilder.board.expressions import CONSTANTS, FUNCTIONS, Value
from machinebuilder.board.nodes import Map, Node, Scalar
from machinebuilder.board.schema import Schema, coercion, option_schema
from machinebuilder.board.suggest import help_for
from machinebuilder.board.validate import Checker
from machinebuilder.board.values import (
    FAILED,
    OPTION_TYPES,
    TYPES,
    Failed,
    size_text,
    text_of,
)

COMMAND_LINE = Path("command line")

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Options:
    """Resolves the options of one board, in the order declared.

    The default, minimum and maximum of one may be expressions over those before it.
    An option that is wrong was reported; in `names` it stands as FAILED.
    """

    def __init__(
        self,
        node: Map | None,
        given: Mapping[str, str],
        checker: Checker,
        expander: Expander,
    ) -> None:
        self.values: dict[str, Value] = {}
        self.names: dict[str, Value | Failed] = {}
        self._checker = checker
        self._expander = expander
        self._reporter = checker.reporter
        self._given = self._cited(given)
        declared = node.entries if node else {}
        for key, value in declared.values():
            self._declare(key, value)
        for name in given:
            if name not in declared:
                self._reporter.add(
                    "E-OPT-01",
                    f"this board has no option {shown(name)!r}",
                    self._given[name].span,
                    "",
                    help_for(name, declared, "options"),
                )

    def _cited(self, given: Mapping[str, str]) -> dict[str, Scalar]:
        """The options of the command line as nodes of a text that errors can show."""
        lines: list[str] = []
        cited: dict[str, Scalar] = {}
        for name, value in given.items():
            before = f"-o {name}="
            lines.append(before + value)
            cited[name] = Scalar(
                COMMAND_LINE, len(lines), len(before) + 1, max(1, len(value)), value
            )
        if lines:
            self._reporter.lines[COMMAND_LINE] = lines
        return cited

    def _declare(self, key: Scalar, node: Node) -> None:
        self.names[key.text] = FAILED
        if not self._is_usable(key) or not isinstance(node, Map):
            if not isinstance(node, Map):
                self._reporter.add(
                    "E-KEY-03",
                    f"the option {shown(key.text)} must be a mapping",
                    node.span,
                    "",
                    f"{shown(key.text)}: {{type: integer, default: 1}}",
                )
            return
        self._expander.expand(node, self.names)
        rules = self._rules(key.text, node)
        if rules is None or not self._consistent(key, node, rules):
            return
        chosen = self._given.get(key.text)
        value = self._chosen(key, chosen, rules) if chosen else rules.get("default")
        if value is not None:
            self.values[key.text] = self.names[key.text] = value
        elif chosen is None:
            self._reporter.add(
                "E-OPT-02",
                f"the option {key.text} has no value",
                key.span,
                "it has no default",
                f"-o {key.text}=...",
            )

    def _is_usable(self, key: Scalar) -> bool:
        name = key.text
        if _NAME.fullmatch(name) and name not in CONSTANTS and name not in FUNCTIONS:
            return True
        self._reporter.add(
            "E-NAME-01",
            f"{shown(name)!r} cannot be the name of an option",
            key.span,
            "names are lower-case letters, digits and underscores, "
            "and not the name of a function",
            "call it for example cpus",
        )
        return False

    def _rules(self, name: str, node: Map) -> dict[str, Any] | None:
        """The option's declaration, typed."""
        kind = node.get("type")
        known = isinstance(kind, Scalar) and kind.text in OPTION_TYPES
        chosen = kind.text if isinstance(kind, Scalar) and known else "string"

        def schema() -> Schema:
            return option_schema(chosen)

        return self._checker.check(node, ("option", chosen), schema, f"option {name}")

    def _consistent(self, key: Scalar, node: Map, rules: dict[str, Any]) -> bool:
        """Is the default one of the values that the option may have?"""
        default = node.get("default")
        why = _objection(rules.get("default"), rules)
        low, high = rules.get("min"), rules.get("max")
        if low is not None and high is not None and low > high:
            default, why = key, f"min is {low} and max is {high}"
        if default is None or not why:
            return True
        self._reporter.add(
            "E-OPT-03",
            f"the default of {key.text} is not allowed",
            default.span,
            why,
            "change the default or the limits",
        )
        return False

    def _chosen(
        self, key: Scalar, cited: Scalar, rules: dict[str, Any]
    ) -> Value | None:
        """The value of `-o`, if the option may have it."""
        kind = rules["type"]
        try:
            value: Any = coercion(TYPES[kind], kind)(cited.text)
        except ValueError as error:
            self._reporter.add(
                "E-VAL-01",
                f"{key.text} must be {error}; this is {shown(cited.text)!r}",
                cited.span,
                "",
                f"-o {key.text}={_example(rules)}",
            )
            return None
        why = _objection(value, rules)
        if not why:
            found: Value = value
            return found
        code = "E-VAL-03" if kind == "choice" else "E-VAL-02"
        self._reporter.add(
            code,
            f"{key.text} cannot be {shown(cited.text)}",
            cited.span,
            why,
            f"-o {key.text}={_example(rules)}",
        )
        return None


def _objection(value: Any, rules: Mapping[str, Any]) -> str:
    """Why an option may not have `value`; empty if it may."""
    if value is None:
        return ""
    low, high, choices = rules.get("min"), rules.get("max"), rules.get("choices")
    said = size_text if rules["type"] == "size" else str
    if low is not None and value < low:
        return f"it must be at least {said(low)}"
    if high is not None and value > high:
        return f"it must be at most {said(high)}"
    if choices is not None and value not in choices:
        return shown(f"it must be one of {', '.join(choices)}", 200)
    return ""


def _example(rules: Mapping[str, Any]) -> str:
    """A value that the option may have, as it can be typed."""
    value = rules.get("default")
    if value is None:
        value = rules.get("min", rules.get("choices", ["..."])[0])
    if rules["type"] == "size" and isinstance(value, int):
        return size_text(value).replace(" ", "")
    return text_of(value)
