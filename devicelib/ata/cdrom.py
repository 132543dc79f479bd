# SPDX-License-Identifier: Apache-2.0
"""ATAPI CD-ROM drive (ATA/ATAPI-6, T13/1410D; MMC-3 and SPC-2 for its packets): an ISO
image as a disc of one data track, in 2048-byte blocks.

Without an image the drive is empty. A last block that is not whole is left out.

Omitted: audio, several sessions, raw sectors, MODE SELECT, changing the disc (the guest
may eject and load it).
"""

from __future__ import annotations

from machinebuilder.device import Device, Param


class AtaCdrom(Device):
    """A drive whose disc is in a file of the host."""

    native = True
    sits_on = "ata"
    host = "cdrom"

    image = Param("path", doc="ISO image, or a disc of the host")
    readonly = Param("boolean", default=True, doc="a disc cannot be written anyway")
    snapshot = Param("boolean", default=False, doc="of no effect on a disc")
    serial = Param("string", doc="up to 20 characters; by default the device's name")
