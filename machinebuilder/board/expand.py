# SPDX-License-Identifier: Apache-2.0
"""Replacing the expressions of a tree by their values."""

from __future__ import annotations

from machinebuilder.board.errors import Reporter, TooManyErrorsError, shown
from machinebuilder.board.expressions import (
    ExpressionError,
    FailedNameError,
    Names,
    evaluate,
    has_expression,
)
from machinebuilder.board.nodes import Entry, List, Map, Node, Scalar

MAX_EXPRESSIONS = 8192


class Expander:
    """Evaluates the expressions of one board, of which there is a limited number."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._left = MAX_EXPRESSIONS

    def expand(self, node: Node, names: Names) -> None:
        """Evaluate, in place, the values below `node`; keys stay as they are."""
        if isinstance(node, List):
            for number, item in enumerate(node.items):
                node.items[number] = self._expanded(item, names)
        elif isinstance(node, Map):
            for name, (key, value) in node.entries.items():
                after = self._expanded(value, names)
                if after is not value:
                    node.entries[name] = Entry(key, after)

    def _expanded(self, node: Node, names: Names) -> Node:
        if not isinstance(node, Scalar):
            self.expand(node, names)
        elif has_expression(node.text):
            return self._scalar(node, names)
        return node

    def _scalar(self, node: Scalar, names: Names) -> Scalar:
        """`node` evaluated; reported, and marked as failed, if that cannot be done."""
        self._count(node)
        try:
            return node.replaced(evaluate(node.text, names))
        except FailedNameError:
            return node.replaced("", failed=True)
        except ExpressionError as error:
            self._reporter.add(
                error.code, error.message, node.span, shown(error.why, 120), error.help
            )
            return node.replaced("", failed=True)

    def _count(self, node: Scalar) -> None:
        self._left -= 1
        if self._left < 0:
            self._reporter.add(
                "E-COUNT-01",
                "too many expressions",
                node.span,
                f"a board may have {MAX_EXPRESSIONS}",
                "write the values, or use count and step",
            )
            raise TooManyErrorsError
