"""`mb acpi BOARD -o DIR`: write the ACPI tables that the guest would get."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from machinebuilder.cli.main import EXIT_USER_ERROR
from machinebuilder.errors import UserError

SUMMARY = "write the ACPI tables that the guest would get"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options as in `mb acpi --help`."""
    parser.add_argument("board", help="a board file, or the name of an installed board")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="folder to write NAME.aml files to"
    )
    parser.add_argument(
        "-o", dest="options", action="append", default=[], metavar="DIR or NAME=VALUE",
        help="folder to write, or an option of the board",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Write a file for each table, and name them; 2 if the board has errors."""
    from machinebuilder.board import BoardErrors, find_board, load
    from machinebuilder.boot import acpi
    from machinebuilder.cli.run import options_of

    folders = [word for word in arguments.options if "=" not in word]
    words = [word for word in arguments.options if "=" in word]
    output = arguments.output or (Path(folders[-1]) if folders else None)
    if output is None:
        raise UserError("mb acpi: -o DIR says where the tables go (iasl reads them)")
    try:
        plan = load(find_board(arguments.board), options_of(words))
    except BoardErrors as errors:
        print(errors, file=sys.stderr)
        return EXIT_USER_ERROR
    _write(output, acpi.build(plan).each())
    return 0


def _write(folder: Path, tables: dict[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in tables.items():
            file = folder / f"{name}.aml"
            file.write_bytes(data)
            print(f"{len(data):6}  {file}")
    except OSError as error:
        raise UserError(f"-o {folder}: {error.strerror}") from None
