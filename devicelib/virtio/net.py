# SPDX-License-Identifier: Apache-2.0
"""Virtio network card (OASIS virtio 1.2, section 5.1): one pair of queues.

Omitted: the control queue (filters, promiscuous mode, several queues), checksum and
segmentation offloads.
"""

from __future__ import annotations

from machinebuilder.device import Device, Param


class VirtioNet(Device):
    """A network card, joined to the network that `--net` names."""

    native = True
    sits_on = "virtio"
    host = "net"
    default_for = "net"

    mac = Param(
        "string", doc="52:54:00:12:34:56; by default made from the device's name"
    )
