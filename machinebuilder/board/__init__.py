# SPDX-License-Identifier: Apache-2.0
"""The board language: a YAML file in, a checked plan or all of its errors out.

Pure: nothing here creates a device. docs/board-language.md is the language's manual,
docs/errors.md explains every error.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from machinebuilder.board.compile import load
    from machinebuilder.board.errors import BoardError, BoardErrors
    from machinebuilder.board.find import board_names, find_board
    from machinebuilder.board.plan import Plan

__all__ = ["BoardError", "BoardErrors", "Plan", "board_names", "find_board", "load"]

_HOMES = {
    "BoardError": "errors",
    "BoardErrors": "errors",
    "Plan": "plan",
    "board_names": "find",
    "find_board": "find",
    "load": "compile",
}
"""The module of each name: what a plan from the cache does without is not imported."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
