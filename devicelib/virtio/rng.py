# SPDX-License-Identifier: Apache-2.0
"""Virtio entropy source (OASIS virtio 1.2, section 5.4).

Omitted: nothing.
"""

from __future__ import annotations

from machinebuilder.device import Device, Param


class VirtioRng(Device):
    """Random bytes from the host, or repeatable ones from a seed."""

    native = True
    sits_on = "virtio"
    host = "entropy"

    seed = Param(
        "integer",
        default=0,
        min=0,
        max=(1 << 63) - 1,
        doc="not 0: the same bytes in every run, for `clock: virtual`",
    )
