# SPDX-License-Identifier: Apache-2.0
"""What firmware configuration chips have in common: numbered items, of which one is
selected and read byte by byte, and named files, which a directory lists
(qemu/docs/specs/fw_cfg.rst).

Omitted: items that the guest may write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from machinebuilder.device import Device, State

SIGNATURE, VERSION, DIRECTORY, FIRST_FILE = 0x0000, 0x0001, 0x0019, 0x0020
NAME_SIZE = 56
"""Of a file in the directory, with the zero behind it."""


class FirmwareItems(Device):
    """The items, and what has been read of the one selected."""

    takes_items = True

    features: ClassVar[int] = 1
    """What the item VERSION says: bit 0 the selector and data, bit 1 DMA."""

    items = State(dict, doc="what there is, by number")
    files = State(dict, doc="what there is by name")
    selected = State(0, doc="the item that is read")
    position = State(0, doc="bytes of it that were read")

    def power_on(self) -> None:
        version = self.features.to_bytes(4, "little")
        self.items = {SIGNATURE: b"QEMU", VERSION: version}

    def configure(self, items: Mapping[int | str, bytes]) -> None:
        for key, data in items.items():
            where = self.files if isinstance(key, str) else self.items
            where[key] = bytes(data)
        self.list_files()

    def list_files(self) -> None:
        """Number the files, and say in the directory which is where."""
        entries = [len(self.files).to_bytes(4, "big")]
        for key, (name, data) in enumerate(sorted(self.files.items()), FIRST_FILE):
            self.items[key] = data
            entries.append(directory_entry(name, key, len(data)))
        self.items[DIRECTORY] = b"".join(entries)

    def select(self, number: int) -> None:
        """Read that item from its beginning."""
        self.selected, self.position = number, 0

    def take(self, size: int) -> bytes:
        """The next bytes of the item; zeros after its last."""
        item = self.items.get(self.selected, b"")
        data: bytes = item[self.position : self.position + size]
        self.position = min(self.position + size, len(item))
        return data.ljust(size, b"\0")


def directory_entry(name: str, key: int, size: int) -> bytes:
    """A file in the directory: size, item number, reserved, name."""
    text = name.encode("ascii")
    if len(text) >= NAME_SIZE:
        raise ValueError(f"{name}: names of files have at most {NAME_SIZE - 1} bytes")
    head = size.to_bytes(4, "big") + key.to_bytes(2, "big") + bytes(2)
    return head + text.ljust(NAME_SIZE, b"\0")
