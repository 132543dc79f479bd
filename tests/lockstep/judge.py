# SPDX-License-Identifier: Apache-2.0
"""The judge: Unicorn's Cortex-A15."""

from __future__ import annotations

from typing import Any

import unicorn as untyped
from unicorn import arm_const as arm

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

unicorn: Any = untyped

REGISTERS = [getattr(arm, f"UC_ARM_REG_R{i}") for i in range(13)] + [
    arm.UC_ARM_REG_SP,
    arm.UC_ARM_REG_LR,
]
DOUBLES = [getattr(arm, f"UC_ARM_REG_D{i}") for i in range(32)]
CPACR_ALL = 0x00F0_0000
FPEXC_ENABLE = 0x4000_0000
CPACR = (15, 0, 0, 1, 0, 0, 2)  # coprocessor, 64-bit, secure, CRn, CRm, opc1, opc2


class Judge:
    """One Unicorn CPU with code and data mapped."""

    name = "unicorn"

    def __init__(self) -> None:
        self.cpu: Any = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_ARM)
        self.cpu.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_A15)
        self.cpu.mem_map(CODE, CODE_SIZE)
        self.cpu.mem_map(DATA, DATA_SIZE)
        self.window = CodeWindow(self.cpu.mem_write)
        self.cpu.reg_write(arm.UC_ARM_REG_CP_REG, (*CPACR, CPACR_ALL))
        self.cpu.reg_write(arm.UC_ARM_REG_FPEXC, FPEXC_ENABLE)

    def set_data(self, data: bytes) -> None:
        """The data window before a run."""
        self.cpu.mem_write(DATA, data)

    def data(self) -> bytes:
        """The data window now."""
        return bytes(self.cpu.mem_read(DATA, DATA_SIZE))

    def run(self, case: Case) -> CpuState:
        """Run a case to its end."""
        self._load(case)
        end = ENDED
        thumb = 1 if case.thumb else 0
        last = case.end_pc - len(case.steps[-1].code) if case.branches else case.end_pc
        try:
            if last != START:
                self.cpu.emu_start(START | thumb, last)
            if case.branches:
                self.cpu.emu_start(last | thumb, case.end_pc, count=1)
        except unicorn.UcError as error:
            end = _reason(case, error, self.cpu.reg_read(arm.UC_ARM_REG_PC) != last)
        return self._state(end)

    def _load(self, case: Case) -> None:
        before = case.before
        cpu = self.cpu
        self.window.load(case)
        cpu.reg_write(
            arm.UC_ARM_REG_CPSR, before.cpsr & ~THUMB | (THUMB if case.thumb else 0)
        )
        for register, value in zip(REGISTERS, before.r, strict=True):
            cpu.reg_write(register, value)
        for register, value in zip(DOUBLES, before.d, strict=True):
            cpu.reg_write(register, value)
        cpu.reg_write(arm.UC_ARM_REG_FPSCR, before.fpscr)
        cpu.ctl_remove_cache(CODE, CODE + CODE_SIZE)

    def _state(self, end: str) -> CpuState:
        read = self.cpu.reg_read
        return CpuState(
            tuple(read(register) for register in REGISTERS),
            read(arm.UC_ARM_REG_PC),
            read(arm.UC_ARM_REG_CPSR),
            tuple(read(register) for register in DOUBLES),
            read(arm.UC_ARM_REG_FPSCR),
            end,
        )


def _reason(case: Case, error: Any, moved: bool) -> str:
    """A branch to UDF, or to where nothing is, ends the case as it should."""
    if error.errno in (unicorn.UC_ERR_INSN_INVALID, unicorn.UC_ERR_EXCEPTION):
        return ENDED if case.branches and moved else "undefined"
    if error.errno == unicorn.UC_ERR_FETCH_UNMAPPED and case.branches:
        return ENDED
    return f"memory {error}"
