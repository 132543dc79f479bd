"""What ARM instructions share: operands, shifts, flags, branches (DDI 0406C A2, A8.4).

An A32 instruction, its T32 twin and its T16 short form call the same function here or
in their file of insns/. Sets (the decoders, see docs/writing-a-core.md):

    a32             conditional A32 words; bits 31:28 are tested by the frame
    a32_always      A32 words whose bits 31:28 are 1111
    t16, t32        Thumb; a T32 word has its first halfword on top
    vfp             coprocessors 10 and 11; bits 31:28 are ignored (`xxxx`)
    neon            Advanced SIMD, written as in A32: 1111 001x and 1111 0100 xxx0

translate.c turns the T32 forms of VFP and Advanced SIMD into the words that `vfp` and
`neon` decode, so those are written once. It also tests conditions, advances IT and pc;
no instruction does that itself, but one that branches must use `branch_to` or
`interwork`, which close the IT block first.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.isa import add_with_carry, bits, ror, s32, u1, u32

CONDITIONS = (
    "eq",
    "ne",
    "cs",
    "cc",
    "mi",
    "pl",
    "vs",
    "vc",
    "hi",
    "ls",
    "ge",
    "lt",
    "gt",
    "le",
    "",
    "",
)
REGISTERS = (
    "r0",
    "r1",
    "r2",
    "r3",
    "r4",
    "r5",
    "r6",
    "r7",
    "r8",
    "r9",
    "r10",
    "r11",
    "r12",
    "sp",
    "lr",
    "pc",
)

NOT_EXCLUSIVE = 0xFFFF_FFFF
LSL, LSR, ASR, ROR = 0, 1, 2, 3

Cpu = Any  # the compiler's or the reference's view of ArmState
Value = Any  # a u32, dynamic or static


# -- registers and pc ------------------------------------------------------------------
def pc_value(cpu: Cpu) -> Any:
    """What reading R15 gives: two instructions on."""
    return (cpu.pc + (4 if cpu.thumb else 8)) & 0xFFFF_FFFF


def read(cpu: Cpu, n: int) -> Value:
    """Register n, pc included."""
    if n == 15:
        return u32(pc_value(cpu))
    return cpu.r[n]


def aligned_pc(cpu: Cpu) -> Any:
    """Align(PC, 4), the base of literal addressing."""
    return pc_value(cpu) & 0xFFFF_FFFC


def read_base(cpu: Cpu, n: int) -> Value:
    """Register n as the base of an address: R15 is aligned."""
    if n == 15:
        return u32(aligned_pc(cpu))
    return cpu.r[n]


# -- fields that are not unpredictable (`where`) ---------------------------------------
def plain(r: int) -> bool:
    """T32: neither SP nor PC."""
    return r != 13 and r != 15


def not_pc_dm(Rd: int, Rm: int) -> bool:
    """A32: two registers, no PC."""
    return Rd != 15 and Rm != 15


def not_pc_dnm(Rd: int, Rn: int, Rm: int) -> bool:
    """A32: three registers, no PC."""
    return Rd != 15 and Rn != 15 and Rm != 15


def plain_dm(Rd: int, Rm: int) -> bool:
    """T32: two registers."""
    return plain(Rd) and plain(Rm)


def plain_dn(Rd: int, Rn: int) -> bool:
    """T32: two registers."""
    return plain(Rd) and plain(Rn)


def plain_dnm(Rd: int, Rn: int, Rm: int) -> bool:
    """T32: three registers."""
    return plain(Rd) and plain(Rn) and plain(Rm)


# -- branches --------------------------------------------------------------------------
def end_it_block(cpu: Cpu) -> None:
    """A branch is the last of its IT block: the target runs outside it."""
    if cpu.itstate != 0:
        cpu.itstate = 0


def branch_to(cpu: Cpu, target: Value) -> None:
    """Branch within the instruction set: BranchWritePC."""
    end_it_block(cpu)
    if cpu.thumb:
        cpu.branch(target & 0xFFFF_FFFE)
    else:
        cpu.branch(target & 0xFFFF_FFFC)


def interwork(cpu: Cpu, target: Value) -> None:
    """Branch, and bit 0 of the address chooses Thumb: BXWritePC."""
    end_it_block(cpu)
    cpu.thumb = target & 1
    cpu.branch(target & 0xFFFF_FFFE)


def write(cpu: Cpu, n: int, value: Value) -> None:
    """Write register n by arithmetic: ALUWritePC, which interworks in A32 only."""
    if n != 15:
        cpu.r[n] = value
    elif cpu.thumb:
        branch_to(cpu, value)
    else:
        interwork(cpu, value)


def write_loaded(cpu: Cpu, n: int, value: Value) -> None:
    """Write register n by a load: LoadWritePC interworks in both sets."""
    if n != 15:
        cpu.r[n] = value
    else:
        interwork(cpu, value)


# -- flags -----------------------------------------------------------------------------
def set_nz(cpu: Cpu, result: Value) -> None:
    """N and Z of a result."""
    cpu.n = s32(result) < 0
    cpu.z = result == 0


def set_nzcv(cpu: Cpu, result: Value, carry: Value, overflow: Value) -> None:
    """All four flags of an addition."""
    set_nz(cpu, result)
    cpu.c = carry
    cpu.v = overflow


# -- shifts (A8.4) ---------------------------------------------------------------------
def shift_immediate(cpu: Cpu, value: Value, kind: int, amount: int) -> Value:
    """Shift by a constant: (result, carry out). `amount` as encoded: 0 is special."""
    if kind == LSL:
        if amount == 0:
            return value, cpu.c
        return value << amount, bits(value, 32 - amount, 32 - amount) != 0
    if kind == LSR:
        if amount == 0:
            return u32(0), s32(value) < 0
        return value >> amount, bits(value, amount - 1, amount - 1) != 0
    if kind == ASR:
        count = amount if amount != 0 else 32
        if count == 32:
            return u32(s32(value) >> 31), s32(value) < 0
        return u32(s32(value) >> count), bits(value, count - 1, count - 1) != 0
    if amount == 0:
        return (value >> 1) | (u32(cpu.c) << 31), (value & 1) != 0
    return ror(value, amount), bits(value, amount - 1, amount - 1) != 0


def shift_register(cpu: Cpu, value: Value, kind: int, amount: Value) -> Value:
    """Shift by a register's low byte: (result, carry out); by 0 the carry stays."""
    count = amount & 0xFF
    if kind == ROR:
        result = ror(value, count & 31)
        moved = s32(result) < 0
    elif kind == LSL:
        result = value << count
        moved = ((value << (count - 1)) >> 31) != 0
    elif kind == LSR:
        result = value >> count
        moved = ((value >> (count - 1)) & 1) != 0
    else:
        result = u32(s32(value) >> count)
        moved = ((s32(value) >> (count - 1)) & 1) != 0
    return result, (cpu.c if count == 0 else moved)


def shifted(cpu: Cpu, value: Value, kind: int, amount: int) -> Value:
    """Shift by a constant, result only: addresses."""
    result, carry = shift_immediate(cpu, value, kind, amount)
    return result


# -- immediates (A5.2.4, A6.3.2) -------------------------------------------------------
def rotate_constant(value: int, count: int) -> int:
    """ROR of a 32-bit constant."""
    return ((value >> count) | (value << (32 - count) & 0xFFFF_FFFF)) & 0xFFFF_FFFF


def arm_constant(imm12: int) -> int:
    """A32: eight bits, rotated right by twice four bits."""
    return rotate_constant(imm12 & 0xFF, (imm12 >> 8) * 2)


def arm_constant_carry(cpu: Cpu, imm12: int) -> Value:
    """Carry out of the rotation; unchanged when there is none."""
    if imm12 >> 8 == 0:
        return cpu.c
    return u1(arm_constant(imm12) >> 31)


def thumb_constant(imm12: int) -> int:
    """T32: a byte spread over the word, or eight significant bits rotated."""
    byte = imm12 & 0xFF
    kind = imm12 >> 8
    if kind == 0:
        return byte
    if kind == 1:
        return byte * 0x0001_0001
    if kind == 2:
        return byte * 0x0100_0100
    if kind == 3:
        return byte * 0x0101_0101
    return rotate_constant(0x80 | (imm12 & 0x7F), imm12 >> 7)


def thumb_constant_carry(cpu: Cpu, imm12: int) -> Value:
    """Carry out of the rotation; unchanged when there is none."""
    if imm12 >> 10 == 0:
        return cpu.c
    return u1(thumb_constant(imm12) >> 31)


# -- addition --------------------------------------------------------------------------
def add_setting(cpu: Cpu, S: int, a: Value, b: Value, carry: Value) -> Value:
    """a + b + carry, and the flags when S."""
    if S:
        result, carry_out, overflow = add_with_carry(a, b, carry)
        set_nzcv(cpu, result, carry_out, overflow)
        return result
    return a + b + u32(carry)


def subtract_setting(cpu: Cpu, S: int, a: Value, b: Value) -> Value:
    """a - b, and the flags when S."""
    if S:
        result, carry, overflow = add_with_carry(a, ~b, 1)
        set_nzcv(cpu, result, carry, overflow)
        return result
    return a - b
