# SPDX-License-Identifier: Apache-2.0
"""What a chip says to be a PCI function (PCI Local Bus Specification 2.2, chapter 6).

The bridge whose bus it sits on answers for the standard header of its configuration
space, and places its windows as the guest sets their base address registers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PINS = ("inta", "intb", "intc", "intd")
IO, MEMORY, WIDE, ROM = 1, 2, 3, 4
"""Kinds of base address registers; a wide one is of 64 bits and takes two."""


@dataclass(frozen=True)
class PciFunction:
    """`pci = PciFunction(vendor=0x8086, device=0x7010, class_code=0x01_01_80)`.

    `subsystem` is (vendor, id). `capabilities` is the offset of the first one, which
    the chip's `config` window holds. `wide` are the base address registers of 64 bits.
    """

    vendor: int
    device: int
    class_code: int
    revision: int = 0
    subsystem: tuple[int, int] = (0, 0)
    capabilities: int = 0
    wide: tuple[int, ...] = ()
    prefetchable: tuple[int, ...] = ()


def parameters(chip: Any) -> Mapping[str, int]:
    """What the bridge is told of a function, as parameters of the device: the names are
    those of devicelib/pci/config.c. Regions are numbers from 1."""
    function: PciFunction | None = chip.pci
    if function is None:
        return {}
    found = {
        "pci.vendor": function.vendor,
        "pci.device": function.device,
        "pci.class": function.class_code,
        "pci.revision": function.revision,
        "pci.subsystem_vendor": function.subsystem[0],
        "pci.subsystem": function.subsystem[1],
        "pci.capabilities": function.capabilities,
        "pci.pin": next((n for n, pin in enumerate(PINS, 1) if pin in chip.outs), 0),
    }
    return found | dict(_windows(chip, function))


def _windows(chip: Any, function: PciFunction) -> Iterator[tuple[str, int]]:
    for number, region in enumerate(chip.regions.values(), 1):
        if region.on == "config":
            yield "pci.config", number
        if region.bar is None:
            continue
        bar = f"pci.bar{region.bar}"
        yield f"{bar}.region", number
        yield f"{bar}.size", region.span
        yield f"{bar}.kind", _kind(region, function)
        yield f"{bar}.prefetchable", int(region.bar in function.prefetchable)


def _kind(region: Any, function: PciFunction) -> int:
    if region.on == "io":
        return IO
    if region.bar == 6:
        return ROM
    return WIDE if region.bar in function.wide else MEMORY
