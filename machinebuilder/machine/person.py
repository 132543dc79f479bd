# SPDX-License-Identifier: Apache-2.0
"""A machine as the one who sits at it has it: a screen, a keyboard and a mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from machinebuilder.device import Picture

if TYPE_CHECKING:
    from machinebuilder.machine.machine import Machine


class Person:
    """A `vnc.Source`."""

    def __init__(self, machine: Machine, screen: str) -> None:
        self.name = machine.plan.name
        self.key = machine.key
        self.pointer = machine.pointer
        self._screen = machine.devices[screen]

    def picture(self) -> Picture | None:
        """What is on the screen."""
        return self._screen.picture()
