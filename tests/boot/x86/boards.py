# SPDX-License-Identifier: Apache-2.0
"""Boards for tests of what a PC is told."""

from __future__ import annotations

from pathlib import Path

from machinebuilder.board import load
from machinebuilder.board.plan import DevicePlan, Place, Plan

BRIDGES = """
board: test-pc
summary: A board for tests
devices:
  host:  {model: pci.i440fx, at: 0xcf8, pirq: isa.pirq.0-3}
  isa:   {model: isa.piix3, bus: pci, slot: 1}
  ide:   {model: ide.piix3, bus: pci, slot: 1, function: 1}
  pm:    {model: power.piix4, bus: pci, slot: 1, function: 3, irq: isa.irq.9}
  low:   {model: mem.ram, at: 0, size: 640 KiB}
  ram:   {model: mem.ram, at: 0x10_0000, size: 127 MiB}
  bios:  {model: mem.rom, at: 0xfffc_0000, size: 256 KiB}
"""
RAM_ONLY = """
board: test-micro
devices:
  low:   {model: mem.ram, at: 0, size: 640 KiB}
  ram:   {model: mem.ram, at: 0x10_0000, size: 63 MiB}
  high:  {model: mem.ram, at: 0x1_0000_0000, size: 1 GiB}
"""


def plan_of(text: str, folder) -> Plan:
    """The plan of a board that is written here."""
    file = folder / "board.yaml"
    file.write_text(text)
    return load(file, {})


def ram_plan(*ranges: tuple[int, int]) -> Plan:
    """A plan with nothing but RAM."""
    devices = tuple(
        DevicePlan(f"ram{n}", "mem.ram", {}, (Place("mmio", start, size, ""),))
        for n, (start, size) in enumerate(ranges)
    )
    return Plan("ram", "", Path(), {}, (), devices, (), (), None)
