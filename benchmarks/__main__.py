"""`python -m benchmarks`: `mb` beside Debian's QEMU, workload by workload.

Runs are interleaved, ours and QEMU's in turn, because hosts are noisy; ratios are of
medians, above 1 is faster than QEMU. Needs QEMU's system emulators, the cross
compilers, and the images of `mb fetch debian-armhf` (or --arm FOLDER); --sparc FOLDER,
with a sun4m kernel (`zImage`) and an `initrd.gz`, adds the SPARCstation.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import compare, guests, latency, report
from machinebuilder import fetch


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--arm", type=Path, help="folder with zImage and initrd.gz")
    parser.add_argument("--sparc", type=Path, help="the same of a sun4m guest")
    parser.add_argument("--runs", type=int, default=5, help="that count (5)")
    parser.add_argument("--plots", type=Path, help="folder for a plot of each guest")
    return parser.parse_args()


def main() -> int:
    """Measure and print; 1 if some result is not QEMU's."""
    wanted = arguments()
    arm = wanted.arm or fetch.fetch(
        "debian-armhf", lambda text: print(f"{text} ...", file=sys.stderr)
    )
    machines = [guests.arm(arm)]
    if wanted.sparc is not None:
        machines.append(guests.sparc(wanted.sparc))
    wrong = False
    for guest in machines:
        found = compare.measure(guest, wanted.runs)
        print(report.text(found), flush=True)
        wrong |= bool(found.wrong())
        if wanted.plots is not None:
            print(f"plot: {report.save_plot(found, wanted.plots)}")
    for what, nanoseconds, limit in latency.measure(wanted.runs):
        print(f"{what:33}{nanoseconds:9.0f} ns  (limit {limit})")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
