"""`mb dtb BOARD -o F`: write the device tree that the guest would get."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from machinebuilder.cli.main import EXIT_USER_ERROR
from machinebuilder.errors import UserError

SUMMARY = "write the device tree that the guest would get"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options as in `mb dtb --help`."""
    parser.add_argument("board", help="a board file, or the name of an installed board")
    parser.add_argument(
        "--output", type=Path, metavar="F", help="file to write (- stdout)"
    )
    parser.add_argument("--append", default="", metavar="S", help="kernel command line")
    parser.add_argument(
        "-o", dest="options", action="append", default=[], metavar="F or NAME=VALUE",
        help="file to write, or an option of the board",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Write the blob; 2 if the board has errors."""
    from machinebuilder.board import BoardErrors, find_board, load
    from machinebuilder.boot import devicetree
    from machinebuilder.cli.run import options_of

    files = [word for word in arguments.options if "=" not in word]
    words = [word for word in arguments.options if "=" in word]
    output = arguments.output or (Path(files[-1]) if files else None)
    if output is None:
        raise UserError("mb dtb: -o FILE says where the device tree goes (- is stdout)")
    try:
        plan = load(find_board(arguments.board), options_of(words))
    except BoardErrors as errors:
        print(errors, file=sys.stderr)
        return EXIT_USER_ERROR
    root = devicetree.build(plan)
    if arguments.append:
        root.child("chosen")["bootargs"] = arguments.append
    blob = devicetree.blob(root)
    if str(output) == "-":
        sys.stdout.buffer.write(blob)
    else:
        try:
            output.write_bytes(blob)
        except OSError as error:
            raise UserError(f"-o {output}: {error.strerror}") from None
    return 0
