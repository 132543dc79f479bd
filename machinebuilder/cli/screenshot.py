# SPDX-License-Identifier: Apache-2.0
"""`mb screenshot BOARD`: run a machine for a while, and write its screen as a PNG."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from machinebuilder.cli import run as run_command
from machinebuilder.cli.main import EXIT_USER_ERROR
from machinebuilder.errors import UserError
from machinebuilder.host.console import ExpectTimeout

if TYPE_CHECKING:
    from machinebuilder.machine import Machine

SUMMARY = "run a machine for a while and write its screen as a PNG"
SECONDS, PATIENCE = 10.0, 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options as in `mb screenshot --help`: those of `mb run`, and when and where."""
    run_command.add_arguments(parser)
    parser.add_argument(
        "-O", "--output", type=Path, metavar="F", help="file to write (BOARD.png)"
    )
    parser.add_argument("--screen", metavar="DEVICE", help="of a board with several")
    parser.add_argument(
        "--after", type=float, metavar="S", help=f"run for S seconds ({SECONDS:g})"
    )
    parser.add_argument(
        "--until", metavar="TEXT", help="run until TEXT is on the console, then --after"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run, stop, write; 2 if there is no screen, or TEXT does not come."""
    machine = run_command.machine_of(arguments)
    if machine is None:
        return EXIT_USER_ERROR
    with machine:
        if not machine.screens:
            raise UserError(f"board {machine.plan.name} has no screen")
        if arguments.screen not in (None, *machine.screens):
            names = ", ".join(machine.screens)
            raise UserError(f"--screen {arguments.screen}: the board has {names}")
        _run(machine, arguments)
        picture = machine.screenshot(arguments.screen)
    file = arguments.output or Path(f"{machine.plan.name}.png")
    file.write_bytes(picture)
    print(file)
    return 0


def _run(machine: Machine, arguments: argparse.Namespace) -> None:
    """The machine runs on a thread of its own until the picture is wanted."""
    machine.start()
    after = SECONDS if arguments.after is None else arguments.after
    if arguments.until:
        try:
            text = re.escape(arguments.until)
            machine.console.expect(text, arguments.timeout or PATIENCE)
        except ExpectTimeout as error:
            raise UserError(f"--until {arguments.until}: {error}") from None
        after = arguments.after or 0.0
    machine.wait(after)
