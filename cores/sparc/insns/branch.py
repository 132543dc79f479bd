# SPDX-License-Identifier: Apache-2.0
"""Branches, calls, jumps, traps by software (SPARC V8 manual, B.21-B.27)."""

from __future__ import annotations

from cores.sparc.formats import (
    CP_DISABLED,
    FP_DISABLED,
    MEM_ADDRESS_NOT_ALIGNED,
    NEVER,
    TRAP_INSTRUCTION,
    Cpu,
    address_of,
    annulment,
    float_condition,
    integer_condition,
    signed,
    transfer,
    trap,
    write,
)
from machinebuilder.isa import InsnSet, extern, u1, u32

insns = InsnSet("v8")


def target_of(cpu: Cpu, displacement: int) -> int:
    """A word displacement from this instruction."""
    return int(cpu.pc + displacement * 4) & 0xFFFF_FFFF


@insns("00 a:1 cond:4 010 disp22:22", asm="b{cond:icc}{a:annul} {disp22:near}")
def bicc(cpu: Cpu, a: int, cond: int, disp22: int) -> None:
    """Bicc."""
    transfer(
        cpu,
        integer_condition(cpu, cond),
        target_of(cpu, signed(disp22, 22)),
        annulment(a, cond),
    )


@insns("00 a:1 cond:4 110 disp22:22", asm="fb{cond:fcc}{a:annul} {disp22:near}")
def fbfcc(cpu: Cpu, a: int, cond: int, disp22: int) -> None:
    """FBfcc."""
    if not cpu.fpu:
        trap(cpu, FP_DISABLED)
    transfer(
        cpu,
        float_condition(cpu, cond),
        target_of(cpu, signed(disp22, 22)),
        annulment(a, cond),
    )


@insns("00 a:1 cond:4 111 disp22:22", asm="cb{cond:hexadecimal}{a:annul} {disp22:near}")
def cbccc(cpu: Cpu) -> None:
    """CBccc: there is no coprocessor."""
    trap(cpu, CP_DISABLED)


@insns("01 disp30:30", asm="call {disp30:far}")
def call(cpu: Cpu, disp30: int) -> None:
    """CALL."""
    cpu.r[15] = u32(cpu.pc)
    transfer(cpu, u1(1), target_of(cpu, disp30), NEVER)


@insns("10 rd:5 111000 rs1:5 i:1 low:13", asm="jmpl {rs1,i,low:sum}, {rd}")
def jmpl(cpu: Cpu, rd: int, rs1: int, i: int, low: int) -> None:
    """JMPL."""
    target = address_of(cpu, rs1, i, low)
    if (target & 3) != 0:
        trap(cpu, MEM_ADDRESS_NOT_ALIGNED)
    write(cpu, rd, u32(cpu.pc))
    transfer(cpu, u1(1), target, NEVER)


@extern(effects="exits")
def return_from_trap(cpu: Cpu, target: u32) -> None:
    """RETT (B.26), with its traps: the window before, PS and ET come back."""
    cpu.return_from_trap(int(target))


@insns("10 xxxxx 111001 rs1:5 i:1 low:13", asm="rett {rs1,i,low:sum}")
def rett(cpu: Cpu, rs1: int, i: int, low: int) -> None:
    """RETT: privileged, but which trap it is depends on ET."""
    return_from_trap(cpu, address_of(cpu, rs1, i, low))


@insns("10 x cond:4 111010 rs1:5 i:1 low:13", asm="t{cond:icc} {rs1,i,low:sum}")
def ticc(cpu: Cpu, cond: int, rs1: int, i: int, low: int) -> None:
    """Ticc: traps 128-255."""
    number = (address_of(cpu, rs1, i, low) & 0x7F) + TRAP_INSTRUCTION
    if cond == 8:
        trap(cpu, number)
    elif cond != 0:  # noqa: SIM102 (one is static)
        if integer_condition(cpu, cond):
            trap(cpu, number)


# -- register windows (B.20) -----------------------------------------------------------
@extern(effects="writes")
def save_window(cpu: Cpu) -> None:
    """To the next window, or a window_overflow trap."""
    cpu.rotate(-1)


@extern(effects="writes")
def restore_window(cpu: Cpu) -> None:
    """To the window before, or a window_underflow trap."""
    cpu.rotate(1)


@insns("10 rd:5 111100 rs1:5 i:1 low:13", asm="save {rs1}, {i,low:operand}, {rd}")
def save(cpu: Cpu, rd: int, rs1: int, i: int, low: int) -> None:
    """SAVE: adds registers of the old window into one of the new."""
    result = address_of(cpu, rs1, i, low)
    save_window(cpu)
    write(cpu, rd, result)


@insns("10 rd:5 111101 rs1:5 i:1 low:13", asm="restore {rs1}, {i,low:operand}, {rd}")
def restore(cpu: Cpu, rd: int, rs1: int, i: int, low: int) -> None:
    """RESTORE."""
    result = address_of(cpu, rs1, i, low)
    restore_window(cpu)
    write(cpu, rd, result)


@insns("10 xxxxx 111011 rs1:5 i:1 low:13", asm="flush {rs1,i,low:sum}")
def flush(cpu: Cpu) -> None:
    """FLUSH: code that changed is noticed without it."""
