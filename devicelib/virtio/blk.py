# SPDX-License-Identifier: Apache-2.0
"""Virtio block device (OASIS virtio 1.2, section 5.2): a raw image as a disk.

Without an image the place stays empty: the guest finds no device.

Omitted: several queues, configurable write cache, lifetime, secure erase, zones.
"""

from __future__ import annotations

from machinebuilder.device import Device, Param


class VirtioBlk(Device):
    """A disk in a file of the host, which is locked while the machine exists."""

    native = True
    sits_on = "virtio"
    host = "disk"
    default_for = "disk"

    image = Param("path", doc="raw image, or a disk of the host")
    readonly = Param("boolean", default=False, doc="the guest cannot write")
    snapshot = Param("boolean", default=False, doc="writes are gone when mb ends")
    serial = Param("string", doc="up to 20 characters; by default the device's name")
