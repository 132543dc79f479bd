# SPDX-License-Identifier: Apache-2.0
"""The engines that are judged: the plain-Python reference, and translated code."""

from __future__ import annotations

from typing import Any, Protocol

from cores.arm import core
from machinebuilder.isa import GuestFault, Memory, Undefined, registry
from tests.lockstep.model import (
    CODE,
    CODE_SIZE,
    DATA,
    DATA_SIZE,
    ENDED,
    START,
    THUMB,
    Case,
    CodeWindow,
    CpuState,
)

MODEL = "arm.cortex-a15"
FPEXC_ENABLE = 0x4000_0000
PAGE = 4096


class Engine(Protocol):
    """What runs cases."""

    name: str

    def set_data(self, data: bytes) -> None: ...
    def data(self) -> bytes: ...
    def run(self, case: Case) -> CpuState: ...


class ReferenceEngine:
    """The instruction functions as plain Python."""

    name = "reference"

    def __init__(self) -> None:
        memory = Memory(automatic=False)
        memory.map(CODE, CODE_SIZE)
        memory.map(DATA, DATA_SIZE)
        self.window = CodeWindow(memory.write)
        self.cpu: Any = core.reference(core, registry.find(MODEL), memory=memory)
        self.cpu.cpacr, self.cpu.fpexc = 0, FPEXC_ENABLE
        self.cpu.exclusive_address = 0xFFFF_FFFF
        self.cpu.vfp = self.cpu.neon = 1

    def set_data(self, data: bytes) -> None:
        for at in range(0, DATA_SIZE, PAGE):
            self.cpu.memory.pages[(DATA + at) // PAGE][:] = data[at : at + PAGE]

    def data(self) -> bytes:
        pages = self.cpu.memory.pages
        return b"".join(
            bytes(pages[(DATA + at) // PAGE]) for at in range(0, DATA_SIZE, PAGE)
        )

    def run(self, case: Case) -> CpuState:
        self._load(case)
        end = ENDED
        try:
            for _ in case.steps:
                self.cpu.step()
        except Undefined:
            end = "undefined"
        except GuestFault as fault:
            end = f"memory {fault}"
        return self._state(end)

    def _load(self, case: Case) -> None:
        from cores.arm.insns.simd_fpscr import fpscr_write

        cpu, before = self.cpu, case.before
        self.window.load(case)
        cpu.pc = START
        cpu.thumb, cpu.itstate, cpu.big_endian = int(case.thumb), 0, 0
        for i, value in enumerate(before.r):
            cpu.r[i] = value
        for i, value in enumerate(before.d):
            cpu.d[i] = value
        fpscr_write(cpu, before.fpscr)
        for name, bit in (("n", 31), ("z", 30), ("c", 29), ("v", 28), ("q", 27)):
            setattr(cpu, name, before.cpsr >> bit & 1)
        cpu.ge = before.cpsr >> 16 & 15

    def _state(self, end: str) -> CpuState:
        from cores.arm.insns.simd_fpscr import fpscr_read
        from cores.arm.insns.status import read_cpsr

        cpu = self.cpu
        return CpuState(
            tuple(int(cpu.r[i]) for i in range(15)),
            int(cpu.pc),
            int(read_cpsr(cpu)) | (THUMB if cpu.thumb else 0),
            tuple(int(cpu.d[i]) for i in range(32)),
            int(fpscr_read(cpu)),
            end,
        )
