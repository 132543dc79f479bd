# SPDX-License-Identifier: Apache-2.0
"""`mb map BOARD`: memory map, buses and wires, as text and as a picture."""

from __future__ import annotations

import argparse
from pathlib import Path

from machinebuilder.errors import UserError

SUMMARY = "show a board's memory map, buses and wires"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options as in `mb map --help`."""
    parser.add_argument("board", help="a board file, or the name of an installed board")
    parser.add_argument(
        "--svg", type=Path, metavar="F", help="also draw it into this file"
    )
    parser.add_argument(
        "-o", dest="options", action="append", default=[], metavar="NAME=VALUE",
        help="set an option of the board",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Print the map; 2 if the board has errors."""
    import sys

    from machinebuilder.board import BoardErrors, find_board, load
    from machinebuilder.board.describe import describe
    from machinebuilder.board.drawing import draw
    from machinebuilder.cli.main import EXIT_USER_ERROR
    from machinebuilder.cli.run import options_of

    try:
        plan = load(find_board(arguments.board), options_of(arguments.options))
    except BoardErrors as errors:
        print(errors, file=sys.stderr)
        return EXIT_USER_ERROR
    print(describe(plan), end="")
    if arguments.svg:
        try:
            arguments.svg.write_text(draw(plan), encoding="utf-8")
        except OSError as error:
            raise UserError(f"--svg {arguments.svg}: {error.strerror}") from None
    return 0
