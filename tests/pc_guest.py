"""A bare-metal guest that plays a script of accesses on QEMU's PC, as a judge of chips.

Where tests/qtest.py asks QEMU's devices with time standing still and no CPU, here a CPU
makes the accesses, and takes interrupts, while guest time passes: one nanosecond for an
instruction. `Script` collects operations; `play` runs them and gives what came of each.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from qtest import PROGRAM

SOURCE = Path(__file__).with_suffix(".S")
FLAGS = "-m32 -nostdlib -static -Wl,-Ttext=0xFFFF0000,--oformat=binary,--build-id=none"
CODE_SIZE, IMAGE_SIZE = 0x1_0000, 0x8_0000
END, OUT, IN, STORE, LOAD, DELAY, TAKE = range(7)
MACHINE = [
    "-M", "pc", "-accel", "tcg", "-icount", "shift=0,sleep=off", "-display", "none",
    "-nodefaults", "-no-reboot", "-device", "isa-debug-exit,iobase=0x501",
]  # fmt: skip


def _has_assembler() -> bool:
    command = ["gcc", "-m32", "-x", "assembler", "-c", "-o", "/dev/null", "/dev/null"]
    return not subprocess.run(command, capture_output=True).returncode


needs_guest = pytest.mark.skipif(
    shutil.which(PROGRAM) is None or not _has_assembler(),
    reason=f"no {PROGRAM}, or no assembler for its guest",
)


@dataclass
class Result:
    """What came of an operation: the guest's time before it, in nanoseconds; the value
    that was read; vectors of interrupts that were taken."""

    time: int
    value: int
    vectors: list[int] = field(default_factory=list)


class Script:
    """Operations for the guest, each of which gives one result."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, int, int]] = []

    def out(self, port: int, value: int) -> None:
        self.entries.append((OUT, port, value))

    def inp(self, port: int) -> None:
        self.entries.append((IN, port, 0))

    def store(self, address: int, value: int) -> None:
        self.entries.append((STORE, address, value))

    def load(self, address: int) -> None:
        self.entries.append((LOAD, address, 0))

    def delay(self, ns: int) -> None:
        """About so long, of guest time."""
        self.entries.append((DELAY, 0, max(1, ns // 2)))

    def take(self) -> None:
        """Enable interrupts for a moment."""
        self.entries.append((TAKE, 0, 0))

    def play(self, folder: Path, *options: str) -> list[Result]:
        image = folder / "guest.bin"
        image.write_bytes(self._image(folder))
        output = folder / "output"
        command = [PROGRAM, *MACHINE, *options, "-bios", str(image)]
        command += ["-chardev", f"file,id=out,path={output}"]
        command += ["-device", "isa-debugcon,iobase=0xe9,chardev=out"]
        done = subprocess.run(command, timeout=120, capture_output=True, text=True)
        assert not done.stderr, done.stderr
        return self._results(output.read_bytes())

    def _image(self, folder: Path) -> bytes:
        code = folder / "code.bin"
        command = ["gcc", *FLAGS.split(), "-o", str(code), str(SOURCE)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        entries = [*self.entries, (END, 0, 0)]
        script = b"".join(struct.pack("<IIII", *entry, 0) for entry in entries)
        room = IMAGE_SIZE - CODE_SIZE
        assert len(script) <= room, "the script is too long"
        return script.ljust(room, b"\0") + code.read_bytes()

    def _results(self, output: bytes) -> list[Result]:
        words = iter(struct.unpack(f"<{len(output) // 4}I", output))
        results = []
        for operation, _, _ in self.entries:
            result = Result(next(words), next(words))
            if operation == TAKE:
                result.vectors = [next(words) for _ in range(result.value)]
            results.append(result)
        return results
