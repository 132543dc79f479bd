# SPDX-License-Identifier: Apache-2.0
"""`mb devices [NAME]`: the device models, or the manual page of one."""

from __future__ import annotations

import argparse

from machinebuilder.errors import UserError

SUMMARY = "list the device models, or show one's manual page"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options as in `mb devices --help`."""
    parser.add_argument("name", nargs="?", help="a model, such as uart.pl011")


def run(arguments: argparse.Namespace) -> int:
    """Print the list or the page; 2 for a name that there is not."""
    from machinebuilder.board import manual
    from machinebuilder.board.catalogue import installed
    from machinebuilder.board.describe import table
    from machinebuilder.board.suggest import help_for

    models = installed()
    if arguments.name is None:
        rows = [
            (name, manual.summary(models.device(name))) for name in models.devices()
        ]
        print("\n".join(table(rows)))
        return 0
    decl = models.device(arguments.name)
    if decl is None:
        hint = help_for(arguments.name, models.devices(), "models")
        raise UserError(f"there is no device model {arguments.name!r}; {hint}")
    print(manual.device_page(decl), end="")
    return 0
