# SPDX-License-Identifier: Apache-2.0
"""Finding board files: by path, or by the name of an installed board."""

from __future__ import annotations

from pathlib import Path

from machinebuilder.board.errors import BoardErrors, Reporter, shown
from machinebuilder.board.plan import Span
from machinebuilder.board.suggest import help_for

BOARDS = Path(__file__).resolve().parents[2] / "boards"


def board_names() -> list[str]:
    """The installed boards; those in folders as `vendor/board`."""
    if not BOARDS.is_dir():
        return []
    found = (path.relative_to(BOARDS) for path in BOARDS.rglob("*.yaml"))
    return sorted(str(path.with_suffix("")) for path in found)


def find_board(name: str) -> Path:
    """The file that `name` means; BoardErrors if it is neither a file nor installed.

    A name with a slash or a suffix is a path first; `arm-virt` is the installed board.
    """
    path = Path(name)
    looks_like_a_path = "/" in name or path.suffix in (".yaml", ".yml")
    if looks_like_a_path and path.exists():
        return path
    if name.removesuffix(".yaml") in board_names():
        return BOARDS / f"{name.removesuffix('.yaml')}.yaml"
    if path.is_file():
        return path
    raise _not_found(name)


def _not_found(name: str) -> BoardErrors:
    reporter = Reporter()
    reporter.add(
        "E-FILE-01",
        f"there is no board {shown(name)!r}",
        Span(Path("command line"), 1, 1),
        "it is neither a file nor the name of an installed board",
        f"{help_for(name, board_names(), 'boards')}; `mb boards` lists them",
    )
    return reporter.sorted()
