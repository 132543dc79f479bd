# SPDX-License-Identifier: Apache-2.0
"""Integer arithmetic, logic, shifts (SPARC V8 manual, B.9-B.19)."""

from __future__ import annotations

from typing import Any

from cores.sparc.formats import (
    DIVISION_BY_ZERO,
    TAG_OVERFLOW,
    Cpu,
    Value,
    operand2,
    read,
    set_logic,
    set_nz,
    set_subtract,
    trap,
    write,
)
from machinebuilder.isa import (
    InsnSet,
    add_with_carry,
    s32,
    s64,
    select,
    sub_overflow,
    u32,
    u64,
)

insns = InsnSet("v8")


# -- meanings: (cpu, a, b) -> result ---------------------------------------------------
def add(cpu: Cpu, a: Value, b: Value) -> Value:
    return a + b


def addcc(cpu: Cpu, a: Value, b: Value) -> Value:
    result, carry, overflow = add_with_carry(a, b, 0)
    set_nz(cpu, result)
    cpu.v = overflow
    cpu.c = carry
    return result


def addx(cpu: Cpu, a: Value, b: Value) -> Value:
    return a + b + u32(cpu.c)


def addxcc(cpu: Cpu, a: Value, b: Value) -> Value:
    result, carry, overflow = add_with_carry(a, b, cpu.c)
    set_nz(cpu, result)
    cpu.v = overflow
    cpu.c = carry
    return result


def sub(cpu: Cpu, a: Value, b: Value) -> Value:
    return a - b


def subcc(cpu: Cpu, a: Value, b: Value) -> Value:
    result = a - b
    set_subtract(cpu, a, b, result)
    return result


def subx(cpu: Cpu, a: Value, b: Value) -> Value:
    return a - b - u32(cpu.c)


def subxcc(cpu: Cpu, a: Value, b: Value) -> Value:
    result, carry, overflow = add_with_carry(a, ~b, cpu.c == 0)
    set_nz(cpu, result)
    cpu.v = overflow
    cpu.c = carry == 0
    return result


def logic_and(cpu: Cpu, a: Value, b: Value) -> Value:
    return a & b


def logic_or(cpu: Cpu, a: Value, b: Value) -> Value:
    return a | b


def logic_xor(cpu: Cpu, a: Value, b: Value) -> Value:
    return a ^ b


def logic_andn(cpu: Cpu, a: Value, b: Value) -> Value:
    return a & ~b


def logic_orn(cpu: Cpu, a: Value, b: Value) -> Value:
    return a | ~b


def logic_xnor(cpu: Cpu, a: Value, b: Value) -> Value:
    return ~(a ^ b)


def umul(cpu: Cpu, a: Value, b: Value) -> Value:
    product = u64(a) * u64(b)
    cpu.y = u32(product >> 32)
    return u32(product)


def smul(cpu: Cpu, a: Value, b: Value) -> Value:
    product = u64(s64(s32(a)) * s64(s32(b)))
    cpu.y = u32(product >> 32)
    return u32(product)


# -- plain, and setting icc ------------------------------------------------------------
def declare(op3: int, mnemonic: str, meaning: Any) -> None:
    """One operation of rs1 and the second operand."""

    @insns(
        f"10 rd:5 {op3:06b} rs1:5 i:1 low:13",
        name=mnemonic,
        asm=f"{mnemonic} {{rs1}}, {{i,low:operand}}, {{rd}}",
    )
    def operation(cpu: Cpu, rd: int, rs1: int, i: int, low: int) -> None:
        write(cpu, rd, meaning(cpu, read(cpu, rs1), operand2(cpu, i, low)))


def declare_logic(op3: int, mnemonic: str, meaning: Any) -> None:
    """An operation, and its form that sets icc and clears V and C."""
    declare(op3, mnemonic, meaning)

    @insns(
        f"10 rd:5 {op3 + 16:06b} rs1:5 i:1 low:13",
        name=f"{mnemonic}cc",
        asm=f"{mnemonic}cc {{rs1}}, {{i,low:operand}}, {{rd}}",
    )
    def setting(cpu: Cpu, rd: int, rs1: int, i: int, low: int) -> None:
        result = meaning(cpu, read(cpu, rs1), operand2(cpu, i, low))
        set_logic(cpu, result)
        write(cpu, rd, result)


declare(0x00, "add", add)
declare(0x10, "addcc", addcc)
declare(0x08, "addx", addx)
declare(0x18, "addxcc", addxcc)
declare(0x04, "sub", sub)
declare(0x14, "subcc", subcc)
declare(0x0C, "subx", subx)
declare(0x1C, "subxcc", subxcc)
declare_logic(0x01, "and", logic_and)
declare_logic(0x02, "or", logic_or)
declare_logic(0x03, "xor", logic_xor)
declare_logic(0x05, "andn", logic_andn)
declare_logic(0x06, "orn", logic_orn)
declare_logic(0x07, "xnor", logic_xnor)
declare_logic(0x0A, "umul", umul)
declare_logic(0x0B, "smul", smul)


# -- shifts ----------------------------------------------------------------------------
def shift_left(value: Value, count: Value) -> Value:
    return value << count


def shift_right(value: Value, count: Value) -> Value:
    return value >> count


def shift_arithmetic(value: Value, count: Value) -> Value:
    return u32(s32(value) >> count)


def declare_shift(op3: int, mnemonic: str, meaning: Any) -> None:
    """A shift by five bits of a register or constant."""

    @insns(
        f"10 rd:5 {op3:06b} rs1:5 i:1 low:13",
        name=mnemonic,
        asm=f"{mnemonic} {{rs1}}, {{i,low:shift_count}}, {{rd}}",
    )
    def shift(cpu: Cpu, rd: int, rs1: int, i: int, low: int) -> None:
        if i:
            write(cpu, rd, meaning(read(cpu, rs1), low & 31))
        else:
            write(cpu, rd, meaning(read(cpu, rs1), read(cpu, low & 31) & 31))


declare_shift(0x25, "sll", shift_left)
declare_shift(0x26, "srl", shift_right)
declare_shift(0x27, "sra", shift_arithmetic)


# -- tagged ----------------------------------------------------------------------------
def tagged_add(cpu: Cpu, a: Value, b: Value) -> Value:
    """(result, carry, overflow): V too if a tag is not zero."""
    result, carry, overflow = add_with_carry(a, b, 0)
    return result, carry, overflow | (((a | b) & 3) != 0)


def tagged_subtract(cpu: Cpu, a: Value, b: Value) -> Value:
    """The same of a - b."""
    return a - b, a < b, sub_overflow(a, b) | (((a | b) & 3) != 0)


def declare_tagged(op3: int, mnemonic: str, meaning: Any, traps: int) -> None:
    """TADDcc and the like; `traps`: the TV form, which traps on overflow."""

    @insns(
        f"10 rd:5 {op3:06b} rs1:5 i:1 low:13",
        name=mnemonic,
        asm=f"{mnemonic} {{rs1}}, {{i,low:operand}}, {{rd}}",
    )
    def tagged(cpu: Cpu, rd: int, rs1: int, i: int, low: int) -> None:
        result, carry, overflow = meaning(cpu, read(cpu, rs1), operand2(cpu, i, low))
        if traps:  # noqa: SIM102 (one is static)
            if overflow:
                trap(cpu, TAG_OVERFLOW)
        set_nz(cpu, result)
        cpu.v = overflow
        cpu.c = carry
        write(cpu, rd, result)


declare_tagged(0x20, "taddcc", tagged_add, 0)
declare_tagged(0x21, "tsubcc", tagged_subtract, 0)
declare_tagged(0x22, "taddcctv", tagged_add, 1)
declare_tagged(0x23, "tsubcctv", tagged_subtract, 1)


@insns("10 rd:5 100100 rs1:5 i:1 low:13", asm="mulscc {rs1}, {i,low:operand}, {rd}")
def mulscc(cpu: Cpu, rd: int, rs1: int, i: int, low: int) -> None:
    """Multiply step (B.17): one bit of Y decides whether the operand is added."""
    first = read(cpu, rs1)
    shifted = (first >> 1) | (u32(cpu.n != cpu.v) << 31)
    addend = select((cpu.y & 1) != 0, operand2(cpu, i, low), u32(0))
    result, carry, overflow = add_with_carry(shifted, addend, 0)
    set_nz(cpu, result)
    cpu.v = overflow
    cpu.c = carry
    cpu.y = (cpu.y >> 1) | (first << 31)
    write(cpu, rd, result)


# -- division (B.19) -------------------------------------------------------------------
def unsigned_quotient(cpu: Cpu, a: Value, b: Value) -> Value:
    """(quotient, overflow) of Y:a / b, saturated."""
    dividend = (u64(cpu.y) << 32) | u64(a)
    quotient = dividend // u64(b)
    overflow = (quotient >> 32) != 0
    return select(overflow, u32(0xFFFF_FFFF), u32(quotient)), overflow


def signed_quotient(cpu: Cpu, a: Value, b: Value) -> Value:
    """The same of signed numbers; -2^63 / -1 wraps in 64 bits and overflows too."""
    dividend = s64((u64(cpu.y) << 32) | u64(a))
    divisor = s64(s32(b))
    quotient = dividend // divisor
    wraps = (quotient == dividend) & (divisor == -1) & (dividend < 0)
    fits = (quotient == s64(s32(u32(quotient)))) & (wraps == 0)
    limit = select((quotient < 0) & (wraps == 0), u32(0x8000_0000), u32(0x7FFF_FFFF))
    return select(fits, u32(quotient), limit), fits == 0


def declare_divide(op3: int, mnemonic: str, meaning: Any, setting: int) -> None:
    """A division; `setting`: the form that sets icc."""

    @insns(
        f"10 rd:5 {op3:06b} rs1:5 i:1 low:13",
        name=mnemonic,
        asm=f"{mnemonic} {{rs1}}, {{i,low:operand}}, {{rd}}",
    )
    def divide(cpu: Cpu, rd: int, rs1: int, i: int, low: int) -> None:
        divisor = operand2(cpu, i, low)
        if divisor == 0:
            trap(cpu, DIVISION_BY_ZERO)
        result, overflow = meaning(cpu, read(cpu, rs1), divisor)
        if setting:
            set_nz(cpu, result)
            cpu.v = overflow
            cpu.c = 0
        write(cpu, rd, result)


declare_divide(0x0E, "udiv", unsigned_quotient, 0)
declare_divide(0x1E, "udivcc", unsigned_quotient, 1)
declare_divide(0x0F, "sdiv", signed_quotient, 0)
declare_divide(0x1F, "sdivcc", signed_quotient, 1)


# -- constants -------------------------------------------------------------------------
@insns("00 rd:5 100 imm22:22", asm="sethi %hi({imm22:high_part}), {rd}")
def sethi(cpu: Cpu, rd: int, imm22: int) -> None:
    """SETHI; with %g0 it is NOP."""
    write(cpu, rd, u32(imm22 << 10))


@insns("00 x xxxx 000 const22:22", asm="unimp {const22:hexadecimal}")
def unimp(cpu: Cpu) -> None:
    """UNIMP."""
    cpu.undefined()
