# SPDX-License-Identifier: Apache-2.0
"""State registers: Y, PSR, WIM, TBR (SPARC V8 manual, B.28, B.29).

Writes take effect at once; the manual allows three instructions' delay.
"""

from __future__ import annotations

from cores.sparc.formats import Cpu, check_supervisor, operand2, read, write
from cores.sparc.state import WINDOWS
from machinebuilder.isa import InsnSet, extern, u1, u32

insns = InsnSet("v8")


@extern(effects="reads")
def read_psr(cpu: Cpu) -> u32:
    """All of PSR."""
    icc = int(cpu.n) << 23 | int(cpu.z) << 22 | int(cpu.v) << 21 | int(cpu.c) << 20
    return u32(
        int(cpu.psr_id)
        | icc
        | int(cpu.fpu) << 12
        | int(cpu.pil) << 8
        | cpu.supervisor << 7
        | int(cpu.ps) << 6
        | int(cpu.et) << 5
        | int(cpu.cwp)
    )


@extern(effects="writes")
def write_psr(cpu: Cpu, value: u32) -> None:
    """Write PSR; a window that does not exist is an illegal_instruction trap."""
    word = int(value)
    if word & 31 >= WINDOWS:
        cpu.undefined()
    cpu.n, cpu.z = u1(word >> 23), u1(word >> 22)
    cpu.v, cpu.c = u1(word >> 21), u1(word >> 20)
    cpu.fpu, cpu.supervisor = u1(word >> 12), word >> 7 & 1
    cpu.pil, cpu.ps, cpu.et = u32(word >> 8 & 15), u1(word >> 6), u1(word >> 5)
    cpu.switch_window(word & 31)


# ASRs other than Y are not there: these chips read Y, and ignore writes.
@insns("10 rd:5 101000 rs1:5 xxxxxxxxxxxxxx", asm="rd {rs1:asr}, {rd}")
def rdy(cpu: Cpu, rd: int) -> None:
    """RDY, RDASR; STBAR is one with %g0 (stores of one CPU are in order)."""
    write(cpu, rd, cpu.y)


@insns("10 rd:5 110000 rs1:5 i:1 low:13", asm="wr {rs1}, {i,low:operand}, {rd:asr}")
def wry(cpu: Cpu, rd: int, rs1: int, i: int, low: int) -> None:
    """WRY, WRASR."""
    if rd == 0:
        cpu.y = read(cpu, rs1) ^ operand2(cpu, i, low)


@insns("10 rd:5 101001 xxxxxxxxxxxxxxxxxxx", asm="rd %psr, {rd}")
def rdpsr(cpu: Cpu, rd: int) -> None:
    """RDPSR."""
    check_supervisor(cpu)
    write(cpu, rd, read_psr(cpu))


@insns("10 rd:5 101010 xxxxxxxxxxxxxxxxxxx", asm="rd %wim, {rd}")
def rdwim(cpu: Cpu, rd: int) -> None:
    """RDWIM."""
    check_supervisor(cpu)
    write(cpu, rd, cpu.wim)


@insns("10 rd:5 101011 xxxxxxxxxxxxxxxxxxx", asm="rd %tbr, {rd}")
def rdtbr(cpu: Cpu, rd: int) -> None:
    """RDTBR."""
    check_supervisor(cpu)
    write(cpu, rd, cpu.tbr | (cpu.tt << 4))


@insns("10 xxxxx 110001 rs1:5 i:1 low:13", asm="wr {rs1}, {i,low:operand}, %psr")
def wrpsr(cpu: Cpu, rs1: int, i: int, low: int) -> None:
    """WRPSR."""
    check_supervisor(cpu)
    write_psr(cpu, read(cpu, rs1) ^ operand2(cpu, i, low))
    cpu.end_block()


@insns("10 xxxxx 110010 rs1:5 i:1 low:13", asm="wr {rs1}, {i,low:operand}, %wim")
def wrwim(cpu: Cpu, rs1: int, i: int, low: int) -> None:
    """WRWIM: windows that do not exist read as zero."""
    check_supervisor(cpu)
    cpu.wim = (read(cpu, rs1) ^ operand2(cpu, i, low)) & ((1 << WINDOWS) - 1)


@insns("10 xxxxx 110011 rs1:5 i:1 low:13", asm="wr {rs1}, {i,low:operand}, %tbr")
def wrtbr(cpu: Cpu, rs1: int, i: int, low: int) -> None:
    """WRTBR: the trap type is not written."""
    check_supervisor(cpu)
    cpu.tbr = (read(cpu, rs1) ^ operand2(cpu, i, low)) & 0xFFFF_F000
