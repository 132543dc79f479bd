# SPDX-License-Identifier: Apache-2.0
"""ROM: memory with an image in it, that no guest changes.

Omitted: nothing a guest could see; writes are ignored, and the first is logged.
"""

from __future__ import annotations

from pathlib import Path

from machinebuilder.device import Device, Param, Region


class Rom(Device):
    """Memory that CPUs and DMA only read; after the image it is zero."""

    window = Region(None, name="", memory="rom", doc="all of it")
    image = Param("path", doc="what is in it; an image that is larger is cut")

    def power_on(self) -> None:
        if self.image:
            with Path(self.image).open("rb") as file:
                self.window.load(0, file.read(self.window.size))
