# SPDX-License-Identifier: Apache-2.0
"""Identification of the MACIO chip (NCR89C100 Chip Specification, chapter 3).

A word of FCode, that firmware finds where an SBus card has its ROM: begin, version,
and the number of the chip.

Omitted: nothing.
"""

from __future__ import annotations

from machinebuilder.device import Device, Reg, Region


class MacioId(Device):
    """Says that the slot holds SCSI and Ethernet, and has no ROM of its own."""

    big_endian = True
    sits_on = ("mmio", "sbus")

    window = Region(4, name="", at=0, doc="where a card's ROM would be")
    ident = Reg(0, "ro", reset=0xFE81_0103, doc="FCode")
