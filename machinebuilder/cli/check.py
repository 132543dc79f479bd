# SPDX-License-Identifier: Apache-2.0
"""`mb check BOARD...`: every error of every file."""

from __future__ import annotations

import argparse
import sys

SUMMARY = "find every error in board files"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options as in `mb check --help`."""
    parser.add_argument(
        "boards", nargs="+", metavar="BOARD",
        help="a board file, or the name of an installed board",
    )  # fmt: skip
    parser.add_argument(
        "-o", dest="options", action="append", default=[], metavar="NAME=VALUE",
        help="set an option of the boards",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """1 if any board has an error."""
    from machinebuilder.board import BoardErrors, find_board, load
    from machinebuilder.cli.run import options_of

    options = options_of(arguments.options)
    failed = 0
    for name in arguments.boards:
        try:
            plan = load(find_board(name), options)
        except BoardErrors as errors:
            print(errors, file=sys.stderr)
            count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
            print(f"{name}: {count}", file=sys.stderr)
            failed = 1
        else:
            print(f"{name}: ok, {_contents(plan.cpus, plan.devices)}")
    return failed


def _contents(cpus: tuple[object, ...], devices: tuple[object, ...]) -> str:
    cpu = "1 CPU" if len(cpus) == 1 else f"{len(cpus)} CPUs"
    device = "1 device" if len(devices) == 1 else f"{len(devices)} devices"
    return f"{cpu}, {device}"
