# SPDX-License-Identifier: Apache-2.0
"""The state in which a processor enters a kernel: protected mode or long mode.

Intel SDM volume 3, chapters 2.5, 3.4 and 4.5. Segment attributes are as in a VMCS
(24.4.1): type, S, DPL, P, AVL, L, D/B, G.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from machinebuilder.machine.cpu import Cpu

RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI = range(8)
GENERAL = 16

ES, CS, SS, DS, FS, GS, LDTR, TR = range(8)
CODE_SELECTOR, DATA_SELECTOR, TASK_SELECTOR = 0x10, 0x18, 0x20
CODE32, CODE64, DATA, TASK = 0xC09B, 0xA09B, 0xC093, 0x008B
FLAT = 0xFFFF_FFFF

CR0_PE, CR0_ET, CR0_PG = 1, 1 << 4, 1 << 31
CR4_PAE = 1 << 5
EFER_LME, EFER_LMA = 1 << 8, 1 << 10
RFLAGS = 2
"""Interrupts are off; bit 1 is always set."""

PRESENT_WRITABLE, LARGE = 0x3, 0x80
PAGE, LARGE_PAGE = 0x1000, 2 << 20
MAPPED = 4 << 30
TABLES_SIZE = PAGE * (2 + MAPPED // (LARGE_PAGE * 512))


@dataclass(frozen=True)
class Entry:
    """Where and how a processor begins: registers by number, `long` for 64 bits."""

    address: int
    registers: Mapping[int, int] = field(default_factory=dict)
    long: bool = False


def descriptor_table(long: bool) -> bytes:
    """A GDT: null, unused, code, data, and a task state of no use."""
    code = CODE64 if long else CODE32
    rows = [0, 0, _flat(code), _flat(DATA), _descriptor(0x67, TASK)]
    return struct.pack(f"<{len(rows)}Q", *rows)


def _flat(attributes: int) -> int:
    return _descriptor(0xF_FFFF, attributes)


def _descriptor(limit: int, attributes: int) -> int:
    """A segment descriptor with base zero."""
    high = (attributes & 0xF0FF) << 8 | limit & 0xF_0000
    return high << 32 | limit & 0xFFFF


def page_tables(address: int) -> bytes:
    """Tables for `address`: the first 4 GiB mapped to themselves, by pages of 2 MiB."""
    directories = MAPPED // (LARGE_PAGE * 512)
    pointers = [address + PAGE * (2 + n) for n in range(directories)]
    top = _table([address + PAGE])
    middle = _table(pointers)
    pages = range(0, MAPPED, LARGE_PAGE)
    bottom = struct.pack(
        f"<{len(pages)}Q", *(at | PRESENT_WRITABLE | LARGE for at in pages)
    )
    return top + middle + bottom


def _table(addresses: list[int]) -> bytes:
    rows = (at | PRESENT_WRITABLE for at in addresses)
    return struct.pack(f"<{len(addresses)}Q", *rows).ljust(PAGE, b"\0")


def enter(cpu: Cpu, entry: Entry, gdt: int, pages: int) -> None:
    """Put a processor at its entry: flat segments, no interrupts; `gdt` and `pages` are
    where the descriptor table and, for 64 bits, the page tables are."""
    for number in range(GENERAL):
        cpu.set("r", entry.registers.get(number, 0), number)
    cpu.set("rflags", RFLAGS)
    cpu.set("cr0", CR0_PE | CR0_ET | (CR0_PG if entry.long else 0))
    cpu.set("cr3", pages if entry.long else 0)
    cpu.set("cr4", CR4_PAE if entry.long else 0)
    cpu.set("efer", EFER_LME | EFER_LMA if entry.long else 0)
    cpu.set("gdt_base", gdt)
    cpu.set("gdt_limit", len(descriptor_table(entry.long)) - 1)
    cpu.set("idt_base", 0)
    cpu.set("idt_limit", 0)
    for number in (ES, SS, DS, FS, GS):
        _set_segment(cpu, number, DATA_SELECTOR, FLAT, DATA)
    _set_segment(cpu, CS, CODE_SELECTOR, FLAT, CODE64 if entry.long else CODE32)
    _set_segment(cpu, LDTR, 0, 0, 0)
    _set_segment(cpu, TR, TASK_SELECTOR, 0x67, TASK)
    cpu.start_at(entry.address)


def _set_segment(
    cpu: Cpu, number: int, selector: int, limit: int, attributes: int
) -> None:
    cpu.set("seg_selector", selector, number)
    cpu.set("seg_base", 0, number)
    cpu.set("seg_limit", limit, number)
    cpu.set("seg_flags", attributes, number)
