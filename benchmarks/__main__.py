"""`python -m benchmarks`: `mb` beside Debian's QEMU, as ratios of medians.

Runs are interleaved, ours and QEMU's in turn, because hosts are noisy. Needs
qemu-system-arm, and the images of `mb fetch debian-armhf` (or --images FOLDER).
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

from benchmarks import latency, whole
from machinebuilder import fetch


def rows(images: Path, runs: int) -> list[tuple[str, str, str, str]]:
    """Every measurement as (what, ours, QEMU's, ratio or limit)."""
    found = []
    for what, ours, theirs, unit in whole.measure(images, runs):
        a, b = statistics.median(ours), statistics.median(theirs)
        found.append((what, f"{a:.2f} {unit}", f"{b:.2f} {unit}", f"{a / b:.2f}"))
    for what, nanoseconds, limit in latency.measure(runs):
        found.append((what, f"{nanoseconds:.0f} ns", "", f"limit {limit} ns"))
    return found


def table(found: list[tuple[str, str, str, str]]) -> str:
    """The rows as text, columns aligned."""
    every = [("", "mb", "qemu", "mb / qemu"), *found]
    widths = [max(len(row[i]) for row in every) for i in range(4)]
    return "\n".join(
        "  ".join([f"{r[0]:<{widths[0]}}", *(f"{r[i]:>{widths[i]}}" for i in (1, 2, 3))])
        for r in every
    )


def main() -> int:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--images", type=Path, help="folder with zImage and initrd.gz")
    parser.add_argument("--runs", type=int, default=5, help="of each command (5)")
    arguments = parser.parse_args()
    images = arguments.images or fetch.fetch(
        "debian-armhf", lambda text: print(f"{text} ...", file=sys.stderr)
    )
    print(table(rows(images, arguments.runs)))
    return 0


sys.exit(main())
