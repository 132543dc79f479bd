# SPDX-License-Identifier: Apache-2.0
"""From a checked plan to a running machine.

board = Board.load("boards/arm-virt.yaml", ram="1 GiB")
with board.build(kernel="zImage") as machine:
    machine.console.expect("login:")
"""

from machinebuilder.machine.board import Board
from machinebuilder.machine.machine import Event, Machine

__all__ = ["Board", "Event", "Machine"]
