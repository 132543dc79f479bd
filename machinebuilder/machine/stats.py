# SPDX-License-Identifier: Apache-2.0
"""What a machine counted: `mb run --stats`, `machine.stats()`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from machinebuilder import native

EXITS = {
    "exits_link": "to link blocks",
    "exits_jump": "for jumps not in the cache",
    "exits_irq": "for interrupts and requests",
    "exits_leave": "for what a block asked",
}


@dataclass(frozen=True)
class Stats:
    """Counts since the machine was built; the names are those of struct mb_stats."""

    insns: int
    blocks: int
    block_bytes: int
    guest_bytes: int
    flushes: int
    invalidations: int
    exits_link: int
    exits_jump: int
    exits_irq: int
    exits_leave: int
    slow_loads: int
    slow_stores: int
    mmio_reads: int
    mmio_writes: int
    faults: int
    tlb_flushes: int
    translate_ns: int
    run_ns: int

    @classmethod
    def of(cls, machine: Any) -> Stats:
        """The counts of an engine's machine."""
        engine = native.engine()
        counts = engine.ffi.new("struct mb_stats *")
        engine.lib.mb_machine_stats(machine, counts)
        return cls(**{field.name: getattr(counts, field.name) for field in fields(cls)})

    @property
    def mips(self) -> float:
        """Million guest instructions a second of CPU time spent running."""
        return self.insns * 1000 / self.run_ns if self.run_ns else 0.0

    def text(self) -> str:
        """A table for a person."""
        code = f"{self.guest_bytes:,} -> {self.block_bytes:,} bytes"
        exits = [(f"exits {why}", f"{getattr(self, n):,}") for n, why in EXITS.items()]
        rows = [
            ("guest instructions", f"{self.insns:,}"),
            ("MIPS", f"{self.mips:.1f}"),
            ("time in CPUs", f"{self.run_ns / 1e9:.3f} s"),
            ("time translating", f"{self.translate_ns / 1e9:.3f} s"),
            ("blocks translated", f"{self.blocks:,}"),
            ("code, guest -> host", code),
            ("cache flushes", f"{self.flushes:,}"),
            ("blocks invalidated", f"{self.invalidations:,}"),
            *exits,
            ("slow loads, stores", f"{self.slow_loads:,}, {self.slow_stores:,}"),
            ("device reads, writes", f"{self.mmio_reads:,}, {self.mmio_writes:,}"),
            ("faults", f"{self.faults:,}"),
            ("TLB flushes", f"{self.tlb_flushes:,}"),
        ]
        width = max(len(name) for name, _ in rows)
        return "".join(f"{name:<{width}}  {value}\n" for name, value in rows)
