"""`python -m benchmarks.startup`: the time from the start of the process to the first
instruction of a guest on boards/x86-micro.yaml, and where it goes.

The guest is a PVH kernel whose first instruction ends the run. Stages are told by what
the process does, in CPU time, since other work of the host does not count there; the
sum is told in both.
"""

from __future__ import annotations

import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BOARD = ROOT / "boards" / "x86-micro.yaml"
LIMIT_MS = 150
RUNS = 11
ENTRY = 0x10_0000
CODE = b"\xb0\x06\x66\xba\xf9\x0c\xee\xeb\xfe"
"""mov al, 6; mov dx, 0xcf9; out dx, al: reset; then for ever."""

STAGES = """
import sys, time
def now(): return time.process_time() * 1000
marks = [("Python itself", now())]
def mark(name): marks.append((name, now()))
from machinebuilder.cli import main, run
import argparse
mark("command line")
from machinebuilder.board import find_board
from machinebuilder.machine import Board
mark("imports")
board = Board.load(find_board(sys.argv[1]))
mark("the board's plan")
machine = board.build(kernel=sys.argv[2])
mark("building it, images in place")
machine.run(reboot=False)
mark("the first instruction, and stopping")
machine.close()
mark("closing")
before = 0
for name, at in marks:
    print(f"{at - before:.1f}\\t{name}")
    before = at
"""


def kernel(folder: str) -> Path:
    """The smallest ELF file with a PVH note (XEN_ELFNOTE_PHYS32_ENTRY)."""
    note = struct.pack("<III4sI", 4, 4, 18, b"Xen\0", ENTRY)
    head, size = 52 + 2 * 32, len(CODE)
    ident = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
    elf = ident + struct.pack(
        "<HHIIIIIHHHHHH", 2, 3, 1, ENTRY, 52, 0, 0, 52, 32, 2, 0, 0, 0
    )
    load = struct.pack("<IIIIIIII", 1, head, ENTRY, ENTRY, size, size, 5, 1)
    noted = struct.pack("<IIIIIIII", 4, head + size, 0, 0, len(note), len(note), 4, 1)
    path = Path(folder, "first.elf")
    path.write_bytes(elf + load + noted + CODE + note)
    return path


def stages(image: Path) -> list[tuple[str, float]]:
    """Milliseconds of CPU time of each stage."""
    words = [sys.executable, "-c", STAGES, str(BOARD), str(image)]
    said = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    rows = [line.split("\t") for line in said.stdout.splitlines()]
    return [(name, float(taken)) for taken, name in rows]


def whole(image: Path) -> tuple[float, float]:
    """Milliseconds of `mb run`, to its end: of the wall clock, of CPU time."""
    words = [sys.executable, "-m", "machinebuilder", "run", str(BOARD), "--kernel",
             str(image), "--no-reboot", "--timeout", "20"]  # fmt: skip
    before, began = os.times(), time.perf_counter()
    subprocess.run(words, cwd=ROOT, check=True, stdin=subprocess.DEVNULL)
    wall, after = time.perf_counter() - began, os.times()
    used = sum(after[2:4]) - sum(before[2:4])
    return wall * 1000, used * 1000


def main() -> int:
    """Measure and print; 1 if the limit is passed."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        image = kernel(folder)
        stages(image)  # once for the caches of Python and of plans
        found = [stages(image) for _ in range(RUNS)]
        walls, used = zip(*(whole(image) for _ in range(RUNS)), strict=True)
    for column in zip(*found, strict=True):
        print(f"{column[0][0]:36}{statistics.median(t for _, t in column):8.1f} ms")
    print(f"{'mb run, CPU time':36}{statistics.median(used):8.1f} ms")
    print(f"{'mb run, wall clock, the quickest':36}{min(walls):8.1f} ms"
          f"  (limit {LIMIT_MS})")  # fmt: skip
    return int(min(walls) > LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
