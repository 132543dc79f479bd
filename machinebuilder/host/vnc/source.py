# SPDX-License-Identifier: Apache-2.0
"""What a VNC server serves."""

from __future__ import annotations

from typing import Protocol

from machinebuilder.device import Picture


class Source(Protocol):
    """A screen with keyboard and mouse; called on the server's thread."""

    name: str

    def picture(self) -> Picture | None:
        """What is on the screen; None: nothing."""

    def key(self, code: int, down: bool) -> object:
        """A key goes down or up, by evdev's number of it."""

    def pointer(self, dx: int, dy: int, wheel: int, buttons: int) -> object:
        """The mouse moves, as `Device.pointer` has it."""
