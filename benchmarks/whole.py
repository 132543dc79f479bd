"""Whole commands: wall time, time inside the guest, peak memory, beside QEMU."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

APPEND = 'console=ttyAMA0 rdinit=/init quiet run="{}"'
HASH = (
    "read a x </proc/uptime; dd if=/dev/zero bs=1M count=64 2>/dev/null | sha256sum; "
    "read b x </proc/uptime; echo GUEST-SECONDS $a $b"
)


DONE = "GUEST-DONE status=0"


@dataclass(frozen=True)
class Run:
    """One finished command."""

    wall: float
    """seconds"""
    peak: float
    """MiB, of the largest process"""
    output: str

    def guest_seconds(self) -> float:
        """What the guest's own clock says its command took."""
        match = re.search(r"GUEST-SECONDS ([\d.]+) ([\d.]+)", self.output)
        if match is None:
            raise RuntimeError(
                f"the guest gave no time; it said:\n{self.output[-2000:]}"
            )
        return float(match[2]) - float(match[1])


def mb(images: Path, command: str, cpus: int = 1) -> list[str]:
    """Our command line for a guest that runs `command` and powers off."""
    return [
        sys.executable, "-m", "machinebuilder", "run", "arm-virt", "-o", f"cpus={cpus}",
        "--kernel", str(images / "zImage"), "--initrd", str(images / "initrd.gz"),
        "--append", APPEND.format(command), "--timeout", "300",
    ]  # fmt: skip


def qemu(images: Path, command: str, cpus: int = 1) -> list[str]:
    """QEMU's for the same."""
    return [
        "qemu-system-arm", "-M", "virt", "-cpu", "cortex-a15", "-smp", str(cpus),
        "-m", "512", "-nographic", "-no-reboot", "-nic", "none",
        "-kernel", str(images / "zImage"), "-initrd", str(images / "initrd.gz"),
        "-append", APPEND.format(command),
    ]  # fmt: skip


def run(words: list[str], done: str = DONE) -> Run:
    """Run a command to its end; RuntimeError when the guest never says `done`."""
    with tempfile.TemporaryFile() as output:
        start = time.monotonic()
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode != 0 or done not in text:
        raise RuntimeError(
            f"{words[0]} ended with {process.returncode}:\n{text[-2000:]}"
        )
    return Run(wall, usage.ru_maxrss / 1024, text)


def measure(images: Path, runs: int) -> list[tuple[str, list[float], list[float], str]]:
    """(what, our values, QEMU's, unit) of each measurement."""
    boots = interleaved(mb(images, "true"), qemu(images, "true"), runs)
    hashes = interleaved(mb(images, HASH), qemu(images, HASH), runs)
    smp = interleaved(mb(images, "true", 4), qemu(images, "true", 4), runs)
    return [
        ("boot and power off", *each(boots, lambda r: r.wall), "s"),
        ("boot and power off, 4 CPUs", *each(smp, lambda r: r.wall), "s"),
        ("sha256sum of 64 MiB", *each(hashes, Run.guest_seconds), "s"),
        ("peak memory", *each(hashes, lambda r: r.peak), "MiB"),
    ]


def interleaved(
    ours: list[str], theirs: list[str], runs: int, done: str = DONE
) -> list[tuple[Run, Run]]:
    """Both commands in turn, after one run of each that is not counted."""
    pairs = [(run(ours, done), run(theirs, done)) for _ in range(runs + 1)]
    return pairs[1:]


def each(
    pairs: list[tuple[Run, Run]], value: Callable[[Run], float]
) -> tuple[list[float], list[float]]:
    """A figure of all runs: ours, QEMU's."""
    return [value(a) for a, _ in pairs], [value(b) for _, b in pairs]
