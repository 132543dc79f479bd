# SPDX-License-Identifier: Apache-2.0
"""`mb boards`: the installed boards, with their options."""

from __future__ import annotations

import argparse

SUMMARY = "list the installed boards"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options as in `mb boards --help`."""
    parser.add_argument(
        "--options", action="store_true", help="also the options of each board"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each board."""
    from machinebuilder.board import BoardErrors, board_names, find_board, load
    from machinebuilder.board.describe import table
    from machinebuilder.board.values import text_of

    names = board_names()
    width = max((len(name) for name in names), default=0)
    for name in names:
        try:
            plan = load(find_board(name))
        except BoardErrors as errors:
            print(
                f"{name:<{width}}  {len(errors)} errors; `mb check {name}` shows them"
            )
            continue
        print(f"{name:<{width}}  {plan.summary}".rstrip())
        if arguments.options:
            rows = [
                (f"-o {key}={text_of(value)}",) for key, value in plan.options.items()
            ]
            print("\n".join(table(rows)))
    return 0
