# SPDX-License-Identifier: Apache-2.0
"""Which files a board reaches: those in the folder of the file that names them.

A board is untrusted, and an image that it names becomes readable for its guest. What
the user names on the command line is not confined.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from machinebuilder.board.errors import Reporter, shown
from machinebuilder.board.nodes import Node


def is_confined(path: Path, roots: Iterable[Path]) -> bool:
    """Is `path`, links resolved, in one of the folders?"""
    try:
        real = path.resolve()
        return any(real.is_relative_to(root.resolve()) for root in roots)
    except (OSError, ValueError, RuntimeError):
        return False


def reachable(text: str, node: Node | None, reporter: Reporter) -> str | None:
    """The absolute path that `text`, the value of `node`, means; None if reported."""
    if node is None:
        return text
    folder = node.file.parent
    path = folder / text
    if is_confined(path, [folder]):
        return str(path.resolve())
    reporter.add(
        "E-PATH-01",
        f"{shown(text)!r} is outside the board's folder",
        node.span,
        "a board reaches the files beside and below it",
        "put the file there, or give it on the command line, as with --disk",
    )
    return None
