"""QEMU as a judge of PC chips: its devices, asked by the qtest protocol.

The CPU never starts and guest time stands still (Debian's QEMU is built without the
qtest clock), so what is compared does not depend on time. `needs_qemu` marks tests that
have it as their judge; `Qemu(...)` is used with `with`, or closed.
"""

from __future__ import annotations

import shutil
import subprocess
from types import TracebackType
from typing import Literal

import pytest

PROGRAM = "qemu-system-x86_64"
QUIET = ("-display", "none", "-S", "-accel", "tcg", "-net", "none")
PROTOCOL = ("-qtest", "stdio", "-qtest-log", "/dev/null")

needs_qemu = pytest.mark.skipif(
    shutil.which(PROGRAM) is None, reason=f"no {PROGRAM} to compare with"
)

Width = Literal["b", "w", "l", "q"]


class QtestError(Exception):
    """QEMU refused a command, or is gone."""


class Qemu:
    """A machine of QEMU's, a PC if not said otherwise, powered on and never run."""

    def __init__(
        self, *options: str, machine: str = "pc", program: str = PROGRAM
    ) -> None:
        command = [program, "-M", machine, *QUIET, *PROTOCOL, *options]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.lines: dict[int, bool] = {}
        """Levels of the intercepted interrupt lines that ever changed."""

    def ask(self, command: str) -> str:
        """A command of the protocol; gives what follows its OK."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer(command)

    def _answer(self, command: str) -> str:
        assert self._process.stdout is not None
        while True:
            word, _, rest = self._process.stdout.readline().strip().partition(" ")
            if word == "OK":
                return rest
            if word != "IRQ":
                raise QtestError(f"{command}: {word} {rest}".strip())
            way, _, number = rest.partition(" ")
            self.lines[int(number)] = way == "raise"

    def intercept(self, path: str) -> None:
        """From now on keep the levels of a controller's inputs: `ioapic`, for one."""
        self.ask(f"irq_intercept_in {path}")

    def out(self, port: int, value: int, width: Width = "b") -> None:
        """Write an I/O port."""
        self.ask(f"out{width} {port:#x} {value:#x}")

    def inp(self, port: int, width: Width = "b") -> int:
        """Read an I/O port."""
        return int(self.ask(f"in{width} {port:#x}"), 0)

    def write(self, address: int, data: bytes) -> None:
        """Change guest memory."""
        self.ask(f"write {address:#x} {len(data):#x} 0x{data.hex()}")

    def read(self, address: int, size: int) -> bytes:
        """Guest memory."""
        return bytes.fromhex(self.ask(f"read {address:#x} {size:#x}")[2:])

    def store(self, address: int, value: int, width: Width = "l") -> None:
        """A CPU's write of one value: registers in memory."""
        self.ask(f"write{width} {address:#x} {value:#x}")

    def load(self, address: int, width: Width = "l") -> int:
        """A CPU's read of one value."""
        return int(self.ask(f"read{width} {address:#x}"), 0)

    def close(self) -> None:
        """The end."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Qemu:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
