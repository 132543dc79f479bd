# SPDX-License-Identifier: Apache-2.0
"""A loaded board: what the board file says, before a machine is built from it."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from machinebuilder.board import find_board
from machinebuilder.board.plan import Plan
from machinebuilder.board.remembered import load
from machinebuilder.boot import Images

if TYPE_CHECKING:
    from machinebuilder.host.console import Console
    from machinebuilder.machine.machine import Machine

File = str | PathLike[str] | None


class Board:
    """A board with its options chosen; `plan` is all there is to know of it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @classmethod
    def load(cls, path: str | PathLike[str], **options: object) -> Board:
        """Read and check a board: a file, or the name of an installed one.

        BoardErrors lists everything wrong with it.
        """
        file = find_board(str(path))
        return cls(load(file, {name: _text(v) for name, v in options.items()}))

    def build(
        self,
        kernel: File = None,
        initrd: File = None,
        append: str = "",
        dtb: File = None,
        firmware: File = None,
        boot: str = "",
        disks: Sequence[str] = (),
        net: str | None = None,
        accel: str = "auto",
        clock: Literal["real", "virtual"] | None = None,
        console: Console | None = None,
    ) -> Machine:
        """Make the machine and put its images in place; it does not run yet.

        `disks` and `net` are as `--disk` and `--net` of `mb run`; `clock` is "real" or
        "virtual" (repeatable: time is the number of instructions), else the board's.
        """
        from machinebuilder.machine.attach import attach_disks, attach_net
        from machinebuilder.machine.build import build
        from machinebuilder.machine.repeat import repeatable

        images = Images(
            kernel=_path(kernel),
            initrd=_path(initrd),
            append=append,
            dtb=_path(dtb),
            firmware=_path(firmware),
            boot=boot,
        )
        plan = attach_net(attach_disks(self.plan, disks), net)
        if (clock or plan.clock) == "virtual":
            plan = repeatable(plan)
        machine = build(plan, images, way=accel, net=net)
        try:
            if console is not None:
                machine.connect_console(console)
            machine.reset()
        except BaseException:
            machine.close()
            raise
        return machine


def _text(value: object) -> str:
    """An option as a board file would say it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _path(file: File) -> Path | None:
    return None if file is None else Path(file)
