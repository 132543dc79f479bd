# SPDX-License-Identifier: Apache-2.0
"""Errors of a core's author: always with file, line and column."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Where:
    """A place in a core's source."""

    file: str
    line: int
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column + 1}"

    @classmethod
    def of_caller(cls, depth: int = 1) -> Where:
        """The line that called the function that asks."""
        frame = sys._getframe(depth + 1)
        return cls(frame.f_code.co_filename, frame.f_lineno)

    @classmethod
    def of_function(cls, function: Callable[..., Any]) -> Where:
        code = function.__code__
        return cls(code.co_filename, code.co_firstlineno)

    @classmethod
    def of_node(cls, file: str, node: ast.AST) -> Where:
        return cls(file, getattr(node, "lineno", 0), getattr(node, "col_offset", 0))


class IsaError(Exception):
    """The description of an instruction set is wrong."""

    def __init__(self, where: Where, message: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where = where
        self.message = message
