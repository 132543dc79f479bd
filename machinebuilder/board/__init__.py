# SPDX-License-Identifier: Apache-2.0
"""The board language: a YAML file in, a checked plan or all of its errors out.

Pure: nothing here creates a device. docs/board-language.md is the language's manual,
docs/errors.md explains every error.
"""

from machinebuilder.board.compile import load
from machinebuilder.board.errors import BoardError, BoardErrors
from machinebuilder.board.find import board_names, find_board
from machinebuilder.board.plan import Plan

__all__ = ["BoardError", "BoardErrors", "Plan", "board_names", "find_board", "load"]
