# SPDX-License-Identifier: Apache-2.0
"""A bare SPARC for tests of what random instructions do not show: the MMU, faults,
interrupts, the floating-point queue. RAM at 0 and above 4 GiB, a PROM, no device.

Every trap stores %tbr, %l1 and %l2 at 0x800 and traps again, which is error mode: so
every run ends in a reset event.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cores.sparc import core
from machinebuilder import accel, native
from machinebuilder.isa import registry
from tests.lockstep.sparc.program import (
    NOP,
    TRAP_ALWAYS,
    branch_always,
    encoded,
    operate,
    set_register,
    store,
)

RAM_SIZE, HIGH, PROM = 0x0100_0000, 0x3_0000_0000, 0x7000_0000
CODE, TABLE, TABLES, DATA = 0x1000, 0x2000, 0x4_0000, 0x10_0000
TRAPPED, HANDLER = 0x800, 0x900
RESET, TIMED_OUT = 2, 5
G0, G1, G2, G3, G4, L1, L2, L3 = 0, 1, 2, 3, 4, 17, 18, 19
EF, SUPERVISOR, ET = 0x1000, 0x80, 0x20


def alternate(op3: int, rd: int, rs1: int, asi: int) -> int:
    """An access to an alternate space at a register."""
    return 3 << 30 | rd << 25 | op3 << 19 | rs1 << 14 | asi << 5


def lda(rd: int, rs1: int, asi: int) -> int:
    return alternate(0x10, rd, rs1, asi)


def sta(rd: int, rs1: int, asi: int) -> int:
    return alternate(0x14, rd, rs1, asi)


def write_mmu(register: int, value: int) -> list[int]:
    """Write an MMU register, by way of %g1 and %g2."""
    return [*set_register(G1, value), *set_register(G2, register), sta(G1, G2, 4)]


def set_psr(value: int) -> list[int]:
    """Write PSR, by way of %g1."""
    return [*set_register(G1, value), operate(0x31, 0, G1, 0), NOP, NOP, NOP]


class Bare:
    """One CPU."""

    def __init__(
        self,
        mode: str = "translate",
        model: str = "sparc.microsparc2",
        boot: bool = False,
    ) -> None:
        engine = native.engine()
        self.lib, self.ffi = engine.lib, engine.ffi
        self.machine = self.lib.mb_machine_new(0, 0)
        self.bus = self.lib.mb_machine_memory(self.machine)
        for name, address in ((b"ram", 0), (b"high", HIGH)):
            assert self.lib.mb_bus_add_ram(self.bus, name, address, RAM_SIZE)
        assert self.lib.mb_bus_add_rom(self.bus, b"prom", PROM, 0x10000)
        owner = SimpleNamespace(handle=self.machine)
        self.cpu = accel.find(mode, core.name).new_cpu(owner, core.name)
        for field, values in registry.find(model).fields.items():
            for index, value in enumerate(values):
                self.set(field, value, index)
        if not boot:
            self.set("boot_mode", 0)
        self.set("prom", PROM)
        self.lib.mb_cpu_set_powered(self.cpu, 1)
        self.lib.mb_machine_reset(self.machine)
        self._write_table()

    def _write_table(self) -> None:
        handler = [
            0xA758_0000,
            store(L3, TRAPPED),
            store(L1, TRAPPED + 4),
            store(L2, TRAPPED + 8),
            TRAP_ALWAYS,
            NOP,
        ]
        self.words(HANDLER, *handler)
        for number in range(256):
            at = TABLE + 16 * number
            self.words(at, *branch_always(at, HANDLER))
        self.set("tbr", TABLE)

    def close(self) -> None:
        """Free the machine."""
        self.lib.mb_machine_free(self.machine)

    # -- memory and state --------------------------------------------------------------
    def words(self, address: int, *values: int) -> None:
        """Write physical memory."""
        data = encoded(list(values))
        assert self.lib.mb_bus_write(self.bus, address, data, len(data)) == 0

    def word(self, address: int) -> int:
        """A word of physical memory."""
        data = bytearray(4)
        view = self.ffi.from_buffer(data)
        assert self.lib.mb_bus_read(self.bus, address, view, 4) == 0
        return int.from_bytes(data, "big")

    def set(self, field: str, value: int, index: int = 0) -> None:
        """A field of the state."""
        data = value.to_bytes(16, "little")
        assert (
            self.lib.mb_cpu_write_field(self.cpu, field.encode(), index, data, 16) >= 0
        )

    def get(self, field: str, index: int = 0) -> int:
        """A field of the state."""
        data = bytearray(16)
        view: Any = self.ffi.from_buffer(data)
        assert (
            self.lib.mb_cpu_read_field(self.cpu, field.encode(), index, view, 16) >= 0
        )
        return int.from_bytes(data, "little")

    def r(self, *numbers: int) -> list[int]:
        """Registers of the current window."""
        return [self.get("r", number) for number in numbers]

    @property
    def trap(self) -> int | None:
        """The number of the trap that was taken."""
        tbr = self.word(TRAPPED)
        return tbr >> 4 & 0xFF if tbr else None

    # -- running -----------------------------------------------------------------------
    def run(
        self, *words: int | list[int], at: int = CODE, milliseconds: int = 5000
    ) -> int:
        """Run a program until an event; it ends by a trap while traps are off."""
        flat = [
            word
            for part in words
            for word in (part if isinstance(part, list) else [part])
        ]
        self.words(at, *flat, TRAP_ALWAYS, NOP)
        self.set("pc", at)
        return int(self.lib.mb_machine_run(self.machine, milliseconds))
