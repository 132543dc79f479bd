"""Running a real gdb in batch mode."""

from __future__ import annotations

import shutil
import subprocess

import pytest

GDB = shutil.which("gdb-multiarch")
DEADLINE = 60

needs_gdb = pytest.mark.skipif(GDB is None, reason="gdb-multiarch is not installed")


def gdb(port: int, *commands: str, before: tuple[str, ...] = ()) -> str:
    """What gdb prints for these commands, those in `before` without a target."""
    words = [str(GDB), "-q", "-nx", "-batch", "-ex", "set pagination off"]
    for command in (*before, f"target remote 127.0.0.1:{port}", *commands):
        words += ["-ex", command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE)
    return done.stdout + done.stderr
