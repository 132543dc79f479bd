# SPDX-License-Identifier: Apache-2.0
"""VMRS and VMSR: FPSCR and the registers about the unit (DDI 0406C B9.3.16, B9.3.17).

Only FPSCR is for every privilege; it alone needs FPEXC.EN, the others just CPACR.
"""

from __future__ import annotations

from cores.arm.insns.simd_fpscr import fpscr_read, fpscr_write
from cores.arm.insns.simd_registers import Cpu, Value, check_vfp
from machinebuilder.isa import InsnSet, extern, u1, u32

insns = InsnSet("vfp")

FPSID, FPSCR, MVFR1, MVFR0, FPEXC = 0, 1, 6, 7, 8
ENABLE = 1 << 30  # FPEXC.EN
CP10 = 3 << 20  # CPACR.cp10; cp11 is to be the same


@extern(effects="writes")
def fpexc_write(cpu: Cpu, value: u32) -> None:
    """Write FPEXC.EN, which says whether instructions are allowed."""
    cpu.fpexc = u32(value & ENABLE)
    allowed = u1(int(cpu.cpacr & CP10 == CP10 and value & ENABLE != 0))
    cpu.vfp = cpu.neon = allowed


def check_system(cpu: Cpu) -> None:
    """Undefined in User mode, or when CPACR denies access."""
    if not cpu.privileged:
        cpu.undefined()
    if cpu.cpacr & CP10 == 0:
        cpu.undefined()


def readable(reg: int, Rt: int) -> bool:
    """Registers that exist; APSR_nzcv takes the flags of FPSCR only."""
    return reg == FPSCR or (Rt != 15 and (reg in (FPSID, MVFR1, MVFR0, FPEXC)))


def read_system(cpu: Cpu, reg: int) -> Value:
    if reg == FPSID:
        return cpu.fpsid
    if reg == MVFR1:
        return cpu.mvfr1
    if reg == MVFR0:
        return cpu.mvfr0
    return cpu.fpexc


@insns(
    "cond:4 1110 1111 reg:4 Rt:4 1010 (0)(0)(0) 1 (0)(0)(0)(0)",
    where=readable,
    asm="vmrs{cond:vcond} {Rt:vmrs_target}, {reg:vsystem}",
)
def move_from_system(cpu: Cpu, reg: int, Rt: int) -> None:
    """VMRS. The flags of FPSCR are where compilers look after a comparison."""
    if reg != FPSCR:
        check_system(cpu)
        cpu.r[Rt] = read_system(cpu, reg)
    else:
        check_vfp(cpu)
        if Rt != 15:
            cpu.r[Rt] = fpscr_read(cpu)
        else:
            cpu.n, cpu.z, cpu.c, cpu.v = cpu.fp_n, cpu.fp_z, cpu.fp_c, cpu.fp_v


@insns(
    "cond:4 1110 1110 reg:4 Rt:4 1010 (0)(0)(0) 1 (0)(0)(0)(0)",
    where=lambda reg, Rt: reg in (FPSCR, FPSID, FPEXC) and Rt != 15,
    asm="vmsr{cond:vcond} {reg:vsystem}, {Rt}",
)
def move_to_system(cpu: Cpu, reg: int, Rt: int) -> None:
    """VMSR. Writes of FPSID are ignored."""
    if reg == FPSCR:
        check_vfp(cpu)
        fpscr_write(cpu, cpu.r[Rt])
        cpu.end_block()
    else:
        check_system(cpu)
        if reg == FPEXC:
            fpexc_write(cpu, cpu.r[Rt])
            cpu.end_block()
