# SPDX-License-Identifier: Apache-2.0
"""The engines: Unicorn's SPARC32, the plain-Python reference, translated code."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import unicorn as untyped
from unicorn import sparc_const as sparc

from cores.sparc import core
from cores.sparc.reference import ErrorMode
from machinebuilder import accel, native
from machinebuilder.isa import GuestFault, Memory, registry
from tests.lockstep.sparc.model import Case, Result
from tests.lockstep.sparc.program import (
    CODE,
    CODE_SIZE,
    DATA,
    DATA_SIZE,
    FIXED,
    PAGE_SIZE,
    START,
)

unicorn: Any = untyped
MODEL = "sparc.microsparc2"
MAPPED = ((0, PAGE_SIZE), (CODE, CODE_SIZE), (DATA, DATA_SIZE))
LONGEST = 100_000  # instructions of a run that does not end
ERROR_MODE, TIMEOUT_MS = 2, 10_000


class Judge:
    """Unicorn: user mode, no FPU. It delivers no traps."""

    name = "unicorn"

    def __init__(self) -> None:
        self.cpu: Any = unicorn.Uc(
            unicorn.UC_ARCH_SPARC, unicorn.UC_MODE_SPARC32 | unicorn.UC_MODE_BIG_ENDIAN
        )
        self.cpu.ctl_set_cpu_model(sparc.UC_CPU_SPARC32_FUJITSU_MB86904)
        for address, size in MAPPED:
            self.cpu.mem_map(address, size)
        for address, data in FIXED:
            self.cpu.mem_write(address, data)

    def run(self, case: Case, data: bytes) -> Result:
        """Run a case to its end."""
        self.cpu.mem_write(0, case.page)
        self.cpu.mem_write(DATA, data)
        self.cpu.mem_write(START, case.code)
        self.cpu.ctl_remove_cache(START, START + CODE_SIZE // 2)
        end = "end"
        try:
            self.cpu.emu_start(case.entry, case.end, count=LONGEST)
        except unicorn.UcError as error:
            end = f"{error} at {self.cpu.reg_read(sparc.UC_SPARC_REG_PC):#x}"
        return Result(
            bytes(self.cpu.mem_read(0, PAGE_SIZE)),
            bytes(self.cpu.mem_read(DATA, DATA_SIZE)),
            end,
        )


class ReferenceEngine:
    """The instruction functions as plain Python."""

    name = "reference"

    def __init__(self) -> None:
        memory = Memory(automatic=False)
        for address, size in MAPPED:
            memory.map(address, size)
        for address, data in FIXED:
            memory.write(address, data)
        self.cpu: Any = core.reference(core, registry.find(MODEL), memory=memory)

    def run(self, case: Case, data: bytes) -> Result:
        """Run a case to its end."""
        cpu, memory = self.cpu, self.cpu.memory
        memory.write(0, case.page)
        memory.write(DATA, data)
        memory.write(START, case.code)
        cpu.cwp, cpu.et, cpu.supervisor, cpu.qne, cpu.ftt, cpu.tt = 0, 0, 1, 0, 0, 0
        cpu.continue_at(case.entry, case.entry + 4)
        end = "too long"
        try:
            for _ in range(LONGEST):
                cpu.step()
        except ErrorMode as error:
            end = "end" if cpu.pc == case.end else str(error)
        except GuestFault as fault:
            end = str(fault)
        return Result(memory.read(0, PAGE_SIZE), memory.read(DATA, DATA_SIZE), end)


class TranslatedEngine:
    """One vCPU of the engine, with three pieces of RAM."""

    def __init__(self, mode: str) -> None:
        self.name = mode
        engine = native.engine()
        self.lib, self.ffi = engine.lib, engine.ffi
        self.machine = self.lib.mb_machine_new(0, 0)
        self.bus = self.lib.mb_machine_memory(self.machine)
        for address, size in MAPPED:
            name = f"ram{address:x}".encode()
            assert self.lib.mb_bus_add_ram(self.bus, name, address, size)
        owner = SimpleNamespace(handle=self.machine)
        self.cpu = accel.find(mode, core.name).new_cpu(owner, core.name)
        for field, values in registry.find(MODEL).fields.items():
            for index, value in enumerate(values):
                self._set(field, value, index)
        self._set("boot_mode", 0)
        self.lib.mb_cpu_set_powered(self.cpu, 1)
        for address, data in FIXED:
            self._write(address, data)

    def __del__(self) -> None:
        self.lib.mb_machine_free(self.machine)

    def _write(self, address: int, data: bytes) -> None:
        assert self.lib.mb_bus_write(self.bus, address, data, len(data)) == 0

    def _read(self, address: int, size: int) -> bytes:
        data = bytearray(size)
        assert (
            self.lib.mb_bus_read(self.bus, address, self.ffi.from_buffer(data), size)
            == 0
        )
        return bytes(data)

    def _set(self, field: str, value: int, index: int = 0) -> None:
        data = value.to_bytes(16, "little")
        assert (
            self.lib.mb_cpu_write_field(self.cpu, field.encode(), index, data, 16) > 0
        )

    def _get(self, field: str) -> int:
        data = bytearray(16)
        assert (
            self.lib.mb_cpu_read_field(
                self.cpu, field.encode(), 0, self.ffi.from_buffer(data), 16
            )
            > 0
        )
        return int.from_bytes(data, "little")

    def run(self, case: Case, data: bytes) -> Result:
        """Run a case to its end."""
        self.lib.mb_machine_reset(self.machine)
        self._write(0, case.page)
        self._write(DATA, data)
        self._write(START, case.code)
        self._set("pc", case.entry)
        event = self.lib.mb_machine_run(self.machine, TIMEOUT_MS)
        pc = self._get("pc")
        end = (
            "end"
            if event == ERROR_MODE and pc == case.end
            else (
                f"trap {self._get('tt'):#x} at {pc:#x}"
                if event == ERROR_MODE
                else f"event {event}"
            )
        )
        return Result(self._read(0, PAGE_SIZE), self._read(DATA, DATA_SIZE), end)
