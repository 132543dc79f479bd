# SPDX-License-Identifier: Apache-2.0
"""RAM: plain memory, zero at power-on, which a reset leaves as it is.

Omitted: refresh, timing, parity and error correction.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.device import Device, Region


class Ram(Device):
    """Memory that CPUs and DMA reach directly."""

    dt_name = "memory"
    window = Region(None, name="", memory="ram", doc="all of it")

    @classmethod
    def devicetree(cls, node: Any, view: Any) -> None:
        node["device_type"] = "memory"
