"""`python -m benchmarks`: `mb` beside Debian's QEMU, as ratios of medians.

Runs are interleaved, ours and QEMU's in turn, because hosts are noisy. Needs QEMU's
system emulators, and the images of `mb fetch debian-armhf` (or --images FOLDER);
--sparc FOLDER adds the SPARCstation.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

from benchmarks import latency, sparc, whole
from machinebuilder import fetch

Row = tuple[str, str, str, str]


def compared(
    board: str, measured: list[tuple[str, list[float], list[float], str]]
) -> list[Row]:
    """Measurements beside QEMU as rows: what, ours, QEMU's, ratio of medians."""
    found = []
    for what, ours, theirs, unit in measured:
        a, b = statistics.median(ours), statistics.median(theirs)
        ratio = f"{a / b:.2f}" if b else ""
        found.append((f"{board}: {what}", f"{a:.2f} {unit}", f"{b:.2f} {unit}", ratio))
    return found


def rows(arm: Path, sun: Path | None, runs: int) -> list[Row]:
    """Every measurement."""
    found = compared("arm-virt", whole.measure(arm, runs))
    for what, nanoseconds, limit in latency.measure(runs):
        found.append((what, f"{nanoseconds:.0f} ns", "", f"limit {limit} ns"))
    if sun is not None:
        found += compared("sparc-ss5", sparc.measure(sun, runs))
    return found


def table(found: list[Row]) -> str:
    """The rows as text, columns aligned."""
    every = [("", "mb", "qemu", "mb / qemu"), *found]
    widths = [max(len(row[i]) for row in every) for i in range(4)]
    return "\n".join(
        "  ".join(
            [f"{r[0]:<{widths[0]}}", *(f"{r[i]:>{widths[i]}}" for i in (1, 2, 3))]
        )
        for r in every
    )


def main() -> int:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--images", type=Path, help="folder with zImage and initrd.gz")
    parser.add_argument("--sparc", type=Path, help="the same of a sun4m guest")
    parser.add_argument("--runs", type=int, default=5, help="of each command (5)")
    arguments = parser.parse_args()
    images = arguments.images or fetch.fetch(
        "debian-armhf", lambda text: print(f"{text} ...", file=sys.stderr)
    )
    print(table(rows(images, arguments.sparc, arguments.runs)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
