# SPDX-License-Identifier: Apache-2.0
"""Firmware configuration in memory: numbered items that a boot protocol leaves for
firmware (qemu/docs/specs/fw_cfg.rst; 8-bit data, selector big-endian).

Omitted: the DMA interface, and items that the guest may write.
"""

from __future__ import annotations

from devicelib.firmware._items import FirmwareItems
from machinebuilder.device import Reg


class FirmwareConfig(FirmwareItems):
    """A selector, and a window through which the item selected is read byte by byte."""

    big_endian = True
    span = 3

    selector = Reg(0, width=16, doc="the item; reading begins anew")
    data = Reg(2, "ro", width=8, doc="its next byte; zero after the last")

    @selector.write
    def choose(self, value: int) -> None:
        self.select(value)

    @data.read
    def next(self) -> int:
        return self.take(1)[0]

    @data.write
    def refuse(self, value: int) -> None:
        """Items cannot be written; firmware that tries goes on."""
