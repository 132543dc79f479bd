"""How long one access from translated code to a device register takes."""

from __future__ import annotations

import statistics

from machinebuilder import Board

READS = 200_000
TARGETS = (
    ("read of a native device (GICv2)", "0x08000004", 200),
    ("read of a Python device (PL011)", "0x09000018", 3000),
)


def measure(runs: int) -> list[tuple[str, float, int]]:
    """(what, median ns an access, limit in ns), timed by the built-in monitor."""
    found = []
    with Board.load("arm-virt").build() as machine:
        machine.start()
        machine.console.expect("mb> ", timeout=30)
        for what, address, limit in TARGETS:
            samples = []
            for _ in range(runs):
                machine.console.write(f"time {address} {READS}\r")
                match = machine.console.expect(r"reads in (\d+) us", timeout=60)
                samples.append(int(match[1]) * 1000 / READS)
            found.append((what, statistics.median(samples), limit))
    return found
