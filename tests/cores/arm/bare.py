# SPDX-License-Identifier: Apache-2.0
"""A bare machine for tests of what instructions alone do not show: exceptions, the MMU,
system registers. RAM, CPUs, no device. A program ends by PSCI SYSTEM_OFF.

Programs are written as `word text` lines; the text is what the core's own disassembler
says, and is compared with it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cores.arm import core
from machinebuilder import accel, native
from machinebuilder.isa import registry
from machinebuilder.isa.operands import disassemble

RAM, RAM_SIZE = 0x4000_0000, 0x0100_0000
CODE, VECTORS, TABLES, DATA = RAM, RAM + 0x1000, RAM + 0x10_0000, RAM + 0x20_0000
POWERED_OFF, RESET, TIMED_OUT = 1, 2, 5
USR, FIQ, IRQ, SVC, ABT, UND, SYS = 0x10, 0x11, 0x12, 0x13, 0x17, 0x1B, 0x1F
BANKS = {USR: 0, SYS: 0, FIQ: 1, IRQ: 2, SVC: 3, ABT: 4, UND: 5}
OFF = """
e3a00008 mov r0, #8
e3800321 orr r0, r0, #2214592512
e1400070 hvc #0
"""


def code(text: str, address: int, thumb: bool = False) -> bytes:
    """The bytes of a program; its texts must be the disassembler's."""
    out = b""
    for line in filter(None, map(str.strip, text.splitlines())):
        digits, _, said = line.partition(" ")
        word, size = int(digits, 16), len(digits) // 2
        if said != ".word":
            name = _decoder(word, size, thumb)
            means = disassemble(name, core, word, address + len(out), int(thumb))
            assert means == said, f"{digits} is {means!r}, not {said!r}"
        if size == 4 and thumb:
            out += (word >> 16).to_bytes(2, "little") + (word & 0xFFFF).to_bytes(
                2, "little"
            )
        else:
            out += word.to_bytes(size, "little")
    return out


def _decoder(word: int, size: int, thumb: bool) -> str:
    if thumb:
        return "t16" if size == 2 else "t32"
    return "a32_always" if word >> 28 == 15 else "a32"


class Bare:
    """One to eight CPUs and RAM at 0x4000_0000."""

    def __init__(
        self, mode: str = "translate", cpus: int = 1, model: str = "arm.cortex-a15"
    ) -> None:
        engine = native.engine()
        self.lib, self.ffi = engine.lib, engine.ffi
        self.machine = self.lib.mb_machine_new(0, 0)
        self.bus = self.lib.mb_machine_memory(self.machine)
        assert self.lib.mb_bus_add_ram(self.bus, b"ram", RAM, RAM_SIZE)
        owner = SimpleNamespace(handle=self.machine)
        self.cpus = [
            accel.find(mode, core.name).new_cpu(owner, core.name) for _ in range(cpus)
        ]
        for number in range(cpus):
            for field, values in registry.find(model).fields.items():
                for index, value in enumerate(values):
                    self.set(field, value, index, cpu=number)
            self.set("psci", 1, cpu=number)
            self.lib.mb_cpu_set_powered(self.cpus[number], int(number == 0))
        self.lib.mb_machine_reset(self.machine)
        self.set("vbar", VECTORS)
        for vector in range(0, 0x20, 4):
            self.load(VECTORS + 0x100, OFF_KEEPING_R0)
            self.write(VECTORS + vector, _branch(VECTORS + vector, VECTORS + 0x100))

    def close(self) -> None:
        """Free the machine."""
        self.lib.mb_machine_free(self.machine)

    # -- memory and state ------------------------------------------------------------
    def write(self, address: int, data: bytes) -> None:
        """Physical memory."""
        assert self.lib.mb_bus_write(self.bus, address, data, len(data)) == 0

    def words(self, address: int, *values: int) -> None:
        """Physical memory, as words."""
        self.write(address, b"".join(v.to_bytes(4, "little") for v in values))

    def read(self, address: int, size: int) -> bytes:
        """Physical memory."""
        data = bytearray(size)
        view = self.ffi.from_buffer(data)
        assert self.lib.mb_bus_read(self.bus, address, view, size) == 0
        return bytes(data)

    def word(self, address: int) -> int:
        """A word of physical memory."""
        return int.from_bytes(self.read(address, 4), "little")

    def load(self, address: int, text: str, thumb: bool = False) -> None:
        """Put a program into memory."""
        self.write(address, code(text, address, thumb))

    def set(self, field: str, value: int, index: int = 0, cpu: int = 0) -> None:
        """A field of the state."""
        data = value.to_bytes(16, "little")
        name = field.encode()
        assert self.lib.mb_cpu_write_field(self.cpus[cpu], name, index, data, 16) >= 0

    def get(self, field: str, index: int = 0, cpu: int = 0) -> int:
        """A field of the state."""
        data = bytearray(16)
        view: Any = self.ffi.from_buffer(data)
        name = field.encode()
        assert self.lib.mb_cpu_read_field(self.cpus[cpu], name, index, view, 16) >= 0
        return int.from_bytes(data, "little")

    def r(self, *numbers: int) -> list[int]:
        """Registers of the current mode."""
        return [self.get("r", number) for number in numbers]

    def spsr(self, mode: int) -> int:
        """The saved status of a mode."""
        return self.get("bank_spsr", BANKS[mode])

    # -- running ---------------------------------------------------------------------
    def run(self, text: str = "", thumb: bool = False, milliseconds: int = 5000) -> int:
        """Run a program from CODE until an event; gives the event."""
        if text:
            self.load(CODE, text, thumb)
        self.set("pc", CODE)
        if thumb:
            self.set("key", self.get("key") | 1)
        return int(self.lib.mb_machine_run(self.machine, milliseconds))


def _branch(at: int, to: int) -> bytes:
    return (0xEA00_0000 | (to - at - 8) // 4 & 0xFF_FFFF).to_bytes(4, "little")


# The handler of every exception: R0 goes to SP of the exception's mode.
OFF_KEEPING_R0 = "e1a0d000 mov sp, r0\n" + OFF
