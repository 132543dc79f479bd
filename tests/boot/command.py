"""Running `mb` as a user does: a process of its own, its output and exit code."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MB = [sys.executable, "-m", "machinebuilder"]


@dataclass(frozen=True)
class Result:
    """How a run of `mb` ended."""

    status: int
    out: str
    err: str


def mb(*words: object, timeout: float = 240, typed: bytes = b"") -> Result:
    """Run `mb WORDS...` in an empty terminal's stead."""
    done = subprocess.run(
        [*MB, *map(str, words)], input=typed, capture_output=True, timeout=timeout
    )
    return Result(
        done.returncode,
        done.stdout.decode(errors="replace"),
        done.stderr.decode(errors="replace"),
    )


def boot(
    images: dict[str, Path], command: str, *words: object, board: str = "arm-virt"
) -> Result:
    """Boot Debian's kernel, run `command` in the guest, power off."""
    return mb(
        "run", board, "--kernel", images["kernel"], "--initrd", images["initrd"],
        "--append", f'console=ttyAMA0 rdinit=/init run="{command}"',
        "--timeout", 200, *words,
    )  # fmt: skip
