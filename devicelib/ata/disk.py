# SPDX-License-Identifier: Apache-2.0
"""ATA hard disk (AT Attachment with Packet Interface - 6, T13/1410D).

Cylinders, 28-bit and 48-bit sector numbers; PIO, blocks of sectors, DMA; a write cache
that can be switched off. Without an image the place stays empty.

Omitted: SMART, security, host protected area, queued commands, power states (the
commands are accepted), download of microcode.
"""

from __future__ import annotations

from machinebuilder.device import Device, Param


class AtaDisk(Device):
    """A disk in a file of the host, which is locked while the machine exists."""

    native = True
    sits_on = "ata"
    host = "disk"

    image = Param("path", doc="raw image, or a disk of the host")
    readonly = Param("boolean", default=False, doc="writes end with an error")
    snapshot = Param("boolean", default=False, doc="writes are gone when mb ends")
    serial = Param("string", doc="up to 20 characters; by default the device's name")
