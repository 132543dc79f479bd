"""The SPARCstation 5 beside `qemu-system-sparc -M SS-5`: the boot, and the work that
the guest's first program times itself.

Needs the images that guests/README.md of the sparc guest describes: a sun4m kernel
(`zImage`) and an initrd whose /init prints `BENCH name ... seconds s`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from benchmarks.whole import Run, each, interleaved

APPEND = "console=ttyS0 rdinit=/init panic=1 autooff benchm=50"
PARTS = ("int", "muldiv", "ll64", "mem", "fp")
READY = "GUEST-READY"


def mb(images: Path) -> list[str]:
    """Our command line."""
    return [
        sys.executable, "-m", "machinebuilder", "run", "sparc-ss5", "-o", "ram=64MiB",
        "--kernel", str(images / "zImage"), "--initrd", str(images / "initrd.gz"),
        "--append", APPEND, "--timeout", "300", "--no-reboot",
    ]  # fmt: skip


def qemu(images: Path) -> list[str]:
    """QEMU's for the same."""
    return [
        "qemu-system-sparc", "-M", "SS-5", "-m", "64", "-nographic", "-no-reboot",
        "-monitor", "none", "-serial", "stdio", "-kernel", str(images / "zImage"),
        "-initrd", str(images / "initrd.gz"), "-append", APPEND,
    ]  # fmt: skip


def seconds(part: str, run: Run) -> float:
    """What the guest says `part` of its benchmark took."""
    match = re.search(rf"BENCH {part} .* ([\d.]+) s", run.output)
    if match is None:
        raise RuntimeError(f"no BENCH {part}; the guest said:\n{run.output[-2000:]}")
    return float(match[1])


def measure(images: Path, runs: int) -> list[tuple[str, list[float], list[float], str]]:
    """(what, our values, QEMU's, unit) of each measurement."""
    pairs = interleaved(mb(images), qemu(images), runs, READY)
    rows = [
        (f"{part} in the guest", *each(pairs, lambda r, p=part: seconds(p, r)), "s")
        for part in PARTS
    ]
    boot = ("boot, benchmark and power off", *each(pairs, lambda r: r.wall), "s")
    memory = ("peak memory", *each(pairs, lambda r: r.peak), "MiB")
    return [boot, *rows, memory]
