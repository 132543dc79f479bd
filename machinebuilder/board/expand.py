# SPDX-License-Identifier: Apache-2.0
"""Replacing the expressions of a tree by their values."""

from __future__ import annotations

from machinebuilder.board.errors import Reporter, shown
from machinebuilder.board.expressions import (
    ExpressionError,
    FailedNameError,
    Names,
    evaluate,
    has_expression,
)
from machinebuilder.board.nodes import Entry, List, Map, Node, Scalar


def expand(node: Node, names: Names, reporter: Reporter) -> Node:
    """`node` with every expression in its values evaluated; keys stay as they are."""
    if isinstance(node, Scalar):
        return expand_scalar(node, names, reporter)
    if isinstance(node, List):
        items = List(node.file, node.line, node.column, node.length)
        items.items = [expand(item, names, reporter) for item in node.items]
        return items
    assert isinstance(node, Map)
    result = node.like()
    for name, (key, value) in node.entries.items():
        result.entries[name] = Entry(key, expand(value, names, reporter))
    return result


def expand_scalar(
    node: Scalar, names: Names, reporter: Reporter
) -> Scalar:
    """`node` evaluated; marked as failed, and reported, where that cannot be done."""
    if not has_expression(node.text):
        return node
    try:
        return node.replaced(evaluate(node.text, names))
    except FailedNameError:
        return node.replaced("", failed=True)
    except ExpressionError as error:
        reporter.add(
            error.code, error.message, node.span, shown(error.why), error.help
        )
        return node.replaced("", failed=True)
