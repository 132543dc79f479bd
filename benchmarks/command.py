"""One command to its end: wall time, peak memory, output."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """One finished command."""

    wall: float
    """seconds"""
    peak: float
    """MiB, of the largest process"""
    output: str


def run(words: list[str], done: str) -> Run:
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
