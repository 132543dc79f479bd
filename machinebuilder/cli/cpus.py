# SPDX-License-Identifier: Apache-2.0
"""`mb cpus [NAME]`: the CPU models, or the manual page of one."""

from __future__ import annotations

import argparse

from machinebuilder.errors import UserError

SUMMARY = "list the CPU models, or show one's manual page"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options as in `mb cpus --help`."""
    parser.add_argument("name", nargs="?", help="a model, such as arm.cortex-a15")


def run(arguments: argparse.Namespace) -> int:
    """Print the list or the page; 2 for a name that there is not."""
    from machinebuilder.board import manual
    from machinebuilder.board.catalogue import NoFeatureError, installed
    from machinebuilder.board.describe import table
    from machinebuilder.board.suggest import help_for

    models = installed()
    if arguments.name is None:
        found = [models.cpu(name) for name in models.cpus()]
        print("\n".join(table([(cpu.model, cpu.summary) for cpu in found if cpu])))
        return 0
    try:
        decl = models.cpu(arguments.name)
    except NoFeatureError as error:
        raise UserError(f"{error}; {error.hint}") from None
    if decl is None:
        hint = help_for(arguments.name, models.cpus(), "models")
        raise UserError(f"there is no CPU model {arguments.name!r}; {hint}")
    print(manual.cpu_page(decl), end="")
    return 0
