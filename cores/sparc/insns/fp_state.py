# SPDX-License-Identifier: Apache-2.0
"""The floating-point unit's registers and FSR (SPARC V8 manual, 4.4, B.1, B.4).

FSR is kept in parts. Rounding and aexc are in the host's MXCSR (the reference's
`cpu.fp`). cexc is not kept while FSR.TEM is 0: the last operation and its operands are,
and whoever reads FSR runs it again. With TEM, operations go through fp.c (`fp_traps`).
"""

from __future__ import annotations

from cores.sparc.formats import (
    FP_DISABLED,
    FP_EXCEPTION,
    Cpu,
    Trap,
    address_of,
    check_supervisor,
    double_register,
    trap,
)
from machinebuilder.isa import InsnSet, extern, softfloat, u1, u8, u32, u64

insns = InsnSet("v8")

ROUNDINGS = (
    softfloat.Rounding.NEAREST,
    softfloat.Rounding.ZERO,
    softfloat.Rounding.UP,
    softfloat.Rounding.DOWN,
)
# Bits of aexc and cexc, and the engine's flags: nx, dz, uf, of, nv.
EXCEPTIONS = (
    (1, softfloat.INEXACT),
    (2, softfloat.DIVZERO),
    (4, softfloat.UNDERFLOW),
    (8, softfloat.OVERFLOW),
    (16, softfloat.INVALID),
)
CONTROL = 0xCFC0_0000  # RD, TEM, NS
SEQUENCE = 4  # FSR.ftt


def check_fpu(cpu: Cpu) -> None:
    """PSR.EF."""
    if not cpu.fpu:
        trap(cpu, FP_DISABLED)


# -- FSR -------------------------------------------------------------------------------
@extern(effects="writes")
def fsr_read(cpu: Cpu) -> u32:
    """All of FSR; what was last computed is run again for cexc."""
    cpu.settle()
    aexc = sum(bit for bit, flag in EXCEPTIONS if cpu.fp.flags & flag)
    return u32(
        int(cpu.fsr_control)
        | int(cpu.fsr_ver) << 17
        | int(cpu.ftt) << 14
        | int(cpu.qne) << 13
        | int(cpu.fcc) << 10
        | aexc << 5
        | int(cpu.cexc)
    )


@extern(effects="writes")
def fsr_write(cpu: Cpu, value: u32) -> None:
    """LDFSR: ver, ftt and qne stay."""
    word = int(value)
    cpu.fsr_control, cpu.fcc = u32(word & CONTROL), u8(word >> 10 & 3)
    cpu.cexc, cpu.last_op = u32(word & 31), u32(0)
    cpu.fp_traps = int(word >> 23 & 31 != 0)
    cpu.fp.rounding = ROUNDINGS[word >> 30]
    cpu.fp.flags = sum(flag for bit, flag in EXCEPTIONS if word >> 5 & bit)


@insns("11 xxxxx 100001 rs1:5 i:1 low:13", asm="ld [{rs1,i,low:sum}], %fsr")
def ldfsr(cpu: Cpu, rs1: int, i: int, low: int) -> None:
    """LDFSR."""
    check_fpu(cpu)
    fsr_write(cpu, cpu.load(u32, address_of(cpu, rs1, i, low), aligned=True))
    cpu.end_block()


@insns("11 xxxxx 100101 rs1:5 i:1 low:13", asm="st %fsr, [{rs1,i,low:sum}]")
def stfsr(cpu: Cpu, rs1: int, i: int, low: int) -> None:
    """STFSR."""
    check_fpu(cpu)
    cpu.store(u32, address_of(cpu, rs1, i, low), fsr_read(cpu), aligned=True)


@extern(effects="writes")
def queue_front(cpu: Cpu) -> u64:
    """The oldest entry of FQ: address and instruction; a trap if it is empty."""
    if not cpu.qne:
        cpu.ftt = SEQUENCE
        raise Trap(FP_EXCEPTION)
    return u64(int(cpu.queue_address) << 32 | int(cpu.queue_insn))


@extern(effects="writes")
def queue_pop(cpu: Cpu) -> None:
    """FQ has one entry less."""
    cpu.qne = u1(0)


@insns("11 xxxxx 100110 rs1:5 i:1 low:13", asm="std %fq, [{rs1,i,low:sum}]")
def stdfq(cpu: Cpu, rs1: int, i: int, low: int) -> None:
    """STDFQ."""
    check_supervisor(cpu)
    check_fpu(cpu)
    cpu.store(u64, address_of(cpu, rs1, i, low), queue_front(cpu), aligned=True)
    queue_pop(cpu)


# -- registers and memory --------------------------------------------------------------
@insns("11 fd:5 100000 rs1:5 i:1 low:13", asm="ld [{rs1,i,low:sum}], {fd:freg}")
def ldf(cpu: Cpu, fd: int, rs1: int, i: int, low: int) -> None:
    """LDF."""
    check_fpu(cpu)
    cpu.fpr[fd ^ 1] = cpu.load(u32, address_of(cpu, rs1, i, low), aligned=True)


@insns("11 fd:5 100011 rs1:5 i:1 low:13", asm="ldd [{rs1,i,low:sum}], {fd:freg}")
def lddf(cpu: Cpu, fd: int, rs1: int, i: int, low: int) -> None:
    """LDDF."""
    check_fpu(cpu)
    value = cpu.load(u64, address_of(cpu, rs1, i, low), aligned=True)
    cpu.d[double_register(fd)] = value


@insns("11 fd:5 100100 rs1:5 i:1 low:13", asm="st {fd:freg}, [{rs1,i,low:sum}]")
def stf(cpu: Cpu, fd: int, rs1: int, i: int, low: int) -> None:
    """STF."""
    check_fpu(cpu)
    cpu.store(u32, address_of(cpu, rs1, i, low), cpu.fpr[fd ^ 1], aligned=True)


@insns("11 fd:5 100111 rs1:5 i:1 low:13", asm="std {fd:freg}, [{rs1,i,low:sum}]")
def stdf(cpu: Cpu, fd: int, rs1: int, i: int, low: int) -> None:
    """STDF."""
    check_fpu(cpu)
    cpu.store(
        u64, address_of(cpu, rs1, i, low), cpu.d[double_register(fd)], aligned=True
    )
