# SPDX-License-Identifier: Apache-2.0
"""Firmware configuration: numbered items that a boot protocol leaves for firmware
(qemu/docs/specs/fw_cfg.rst; 8-bit data, selector big-endian).

Omitted: named files, the DMA interface, and files that the guest may write.
"""

from __future__ import annotations

from collections.abc import Mapping

from machinebuilder.device import Device, Reg, State

SIGNATURE, VERSION = 0x0000, 0x0001


class FirmwareConfig(Device):
    """A selector, and a window through which the item selected is read byte by byte."""

    big_endian = True
    takes_items = True
    span = 3

    position = State(0, doc="bytes of the item that were read")
    items = State(dict, doc="what there is, by number")

    selector = Reg(0, width=16, doc="the item; reading begins anew")
    data = Reg(2, "ro", width=8, doc="its next byte; zero after the last")

    def power_on(self) -> None:
        self.items = {SIGNATURE: b"QEMU", VERSION: (1).to_bytes(4, "little")}

    def configure(self, items: Mapping[int | str, bytes]) -> None:
        numbered = {key: data for key, data in items.items() if isinstance(key, int)}
        self.items = {**self.items, **numbered}

    @selector.write
    def select(self, value: int) -> None:
        self.position = 0

    @data.read
    def next(self) -> int:
        item = self.items.get(int(self.selector), b"")
        if self.position >= len(item):
            return 0
        value = item[self.position]
        self.position += 1
        return value

    @data.write
    def refuse(self, value: int) -> None:
        """Items cannot be written; firmware that tries goes on."""
