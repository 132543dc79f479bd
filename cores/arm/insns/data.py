"""Data processing in A32 and T32 (DDI 0406C A5.2.1-A5.2.3, A6.3.1, A6.3.2, A6.3.11).

One function per operation class and operand form; all meet in `operate`.
"""

from __future__ import annotations

from cores.arm.formats import (
    Cpu,
    Value,
    add_setting,
    aligned_pc,
    arm_constant,
    arm_constant_carry,
    plain_dnm,
    read,
    set_nz,
    shift_immediate,
    shift_register,
    subtract_setting,
    thumb_constant,
    thumb_constant_carry,
    write,
)
from cores.arm.insns.status import exception_return
from machinebuilder.isa import InsnSet, u32

a32 = InsnSet("a32")
t32 = InsnSet("t32")

AND, EOR, SUB, RSB, ADD, ADC, SBC, RSC = 0, 1, 2, 3, 4, 5, 6, 7
TST, TEQ, CMP, CMN, ORR, MOV, BIC, MVN, ORN = 8, 9, 10, 11, 12, 13, 14, 15, 16
NONE = -1

# T32 numbers the operations in its own way.
FROM_T32 = (
    AND,
    BIC,
    ORR,
    ORN,
    EOR,
    NONE,
    NONE,
    NONE,
    ADD,
    NONE,
    ADC,
    SBC,
    NONE,
    SUB,
    RSB,
    NONE,
)
COMPARE_FROM_T32 = (
    TST,
    NONE,
    NONE,
    NONE,
    TEQ,
    NONE,
    NONE,
    NONE,
    CMN,
    NONE,
    NONE,
    NONE,
    NONE,
    CMP,
    NONE,
    NONE,
)


def logical(cpu: Cpu, S: int, result: Value, carry: Value) -> Value:
    """Flags of a logical operation: C from the shifter, V stays."""
    if S:
        set_nz(cpu, result)
        cpu.c = carry
    return result


def operate(cpu: Cpu, op: int, S: int, a: Value, b: Value, carry: Value) -> Value:
    """The operation `op` on two operands; `carry` is the shifter's."""
    if op in (AND, TST):
        return logical(cpu, S, a & b, carry)
    if op in (EOR, TEQ):
        return logical(cpu, S, a ^ b, carry)
    if op == ORR:
        return logical(cpu, S, a | b, carry)
    if op == BIC:
        return logical(cpu, S, a & ~b, carry)
    if op == ORN:
        return logical(cpu, S, a | ~b, carry)
    if op in (SUB, CMP):
        return subtract_setting(cpu, S, a, b)
    if op == RSB:
        return subtract_setting(cpu, S, b, a)
    if op in (ADD, CMN):
        return add_setting(cpu, S, a, b, 0)
    if op == ADC:
        return add_setting(cpu, S, a, b, cpu.c)
    if op == SBC:
        return add_setting(cpu, S, a, ~b, cpu.c)
    return add_setting(cpu, S, b, ~a, cpu.c)


def finish(cpu: Cpu, S: int, Rd: int, result: Value) -> None:
    """Write the result; with S and the pc it is an exception return."""
    if S and Rd == 15:
        exception_return(cpu, result)
    else:
        write(cpu, Rd, result)


# -- A32 -------------------------------------------------------------------------------
def computes(op: int) -> bool:
    """Two operands and a result: neither a comparison nor a move."""
    return op < TST or op in (ORR, BIC)


@a32(
    "cond:4 001 op:4 S:1 Rn:4 Rd:4 imm12:12",
    where=computes,
    asm="{op:alu}{S:s}{cond} {Rd}, {Rn}, #{imm12:arm_constant}",
)
def operate_immediate(cpu: Cpu, op: int, S: int, Rn: int, Rd: int, imm12: int) -> None:
    """AND, EOR, SUB, RSB, ADD, ADC, SBC, RSC, ORR, BIC (immediate)."""
    if S and Rd == 15:
        finish(cpu, S, Rd, operate(cpu, op, 0, read(cpu, Rn), arm_constant(imm12), 0))
    else:
        carry = arm_constant_carry(cpu, imm12)
        finish(
            cpu, S, Rd, operate(cpu, op, S, read(cpu, Rn), arm_constant(imm12), carry)
        )


@a32(
    "cond:4 001 10 op:2 1 Rn:4 (0)(0)(0)(0) imm12:12",
    asm="{op:compare}{cond} {Rn}, #{imm12:arm_constant}",
)
def compare_immediate(cpu: Cpu, op: int, Rn: int, imm12: int) -> None:
    """TST, TEQ, CMP, CMN (immediate)."""
    operate(
        cpu,
        TST + op,
        1,
        read(cpu, Rn),
        arm_constant(imm12),
        arm_constant_carry(cpu, imm12),
    )


@a32(
    "cond:4 001 11 invert:1 1 S:1 (0)(0)(0)(0) Rd:4 imm12:12",
    asm="{invert:move}{S:s}{cond} {Rd}, #{imm12:arm_constant}",
)
def move_immediate(cpu: Cpu, invert: int, S: int, Rd: int, imm12: int) -> None:
    """MOV, MVN (immediate)."""
    value = arm_constant(imm12) ^ (0xFFFF_FFFF * invert)
    move(cpu, S, Rd, u32(value), arm_constant_carry(cpu, imm12))


def move(cpu: Cpu, S: int, Rd: int, value: Value, carry: Value) -> None:
    """MOV: the value as it is."""
    if S and Rd == 15:
        exception_return(cpu, value)
    else:
        write(cpu, Rd, logical(cpu, S, value, carry))


@a32(
    "cond:4 000 op:4 S:1 Rn:4 Rd:4 imm5:5 type:2 0 Rm:4",
    where=computes,
    asm="{op:alu}{S:s}{cond} {Rd}, {Rn}, {Rm}{imm5,type:shift}",
)
def operate_register(
    cpu: Cpu, op: int, S: int, Rn: int, Rd: int, imm5: int, type: int, Rm: int
) -> None:
    """AND, EOR, SUB, RSB, ADD, ADC, SBC, RSC, ORR, BIC (register)."""
    operand, carry = shift_immediate(cpu, read(cpu, Rm), type, imm5)
    if S and Rd == 15:
        finish(cpu, S, Rd, operate(cpu, op, 0, read(cpu, Rn), operand, carry))
    else:
        finish(cpu, S, Rd, operate(cpu, op, S, read(cpu, Rn), operand, carry))


@a32(
    "cond:4 000 10 op:2 1 Rn:4 (0)(0)(0)(0) imm5:5 type:2 0 Rm:4",
    asm="{op:compare}{cond} {Rn}, {Rm}{imm5,type:shift}",
)
def compare_register(cpu: Cpu, op: int, Rn: int, imm5: int, type: int, Rm: int) -> None:
    """TST, TEQ, CMP, CMN (register)."""
    operand, carry = shift_immediate(cpu, read(cpu, Rm), type, imm5)
    operate(cpu, TST + op, 1, read(cpu, Rn), operand, carry)


@a32(
    "cond:4 000 11 invert:1 1 S:1 (0)(0)(0)(0) Rd:4 imm5:5 type:2 0 Rm:4",
    asm="{invert:move}{S:s}{cond} {Rd}, {Rm}{imm5,type:shift}",
)
def move_register(
    cpu: Cpu, invert: int, S: int, Rd: int, imm5: int, type: int, Rm: int
) -> None:
    """MOV, MVN (register), and the shifts by a constant."""
    operand, carry = shift_immediate(cpu, read(cpu, Rm), type, imm5)
    if invert:
        move(cpu, S, Rd, ~operand, carry)
    else:
        move(cpu, S, Rd, operand, carry)


def computes_without_pc(op: int, Rn: int, Rd: int, Rs: int, Rm: int) -> bool:
    """The pc is unpredictable with a shift by register."""
    return computes(op) and Rn != 15 and Rd != 15 and Rs != 15 and Rm != 15


@a32(
    "cond:4 000 op:4 S:1 Rn:4 Rd:4 Rs:4 0 type:2 1 Rm:4",
    where=computes_without_pc,
    asm="{op:alu}{S:s}{cond} {Rd}, {Rn}, {Rm}, {type:shift_name} {Rs}",
)
def operate_shifted_register(
    cpu: Cpu, op: int, S: int, Rn: int, Rd: int, Rs: int, type: int, Rm: int
) -> None:
    """AND, EOR, SUB, RSB, ADD, ADC, SBC, RSC, ORR, BIC (register-shifted register)."""
    operand, carry = shift_register(cpu, cpu.r[Rm], type, cpu.r[Rs])
    cpu.r[Rd] = operate(cpu, op, S, cpu.r[Rn], operand, carry)


@a32(
    "cond:4 000 10 op:2 1 Rn:4 (0)(0)(0)(0) Rs:4 0 type:2 1 Rm:4",
    where=lambda Rn, Rs, Rm: Rn != 15 and Rs != 15 and Rm != 15,
    asm="{op:compare}{cond} {Rn}, {Rm}, {type:shift_name} {Rs}",
)
def compare_shifted_register(
    cpu: Cpu, op: int, Rn: int, Rs: int, type: int, Rm: int
) -> None:
    """TST, TEQ, CMP, CMN (register-shifted register)."""
    operand, carry = shift_register(cpu, cpu.r[Rm], type, cpu.r[Rs])
    operate(cpu, TST + op, 1, cpu.r[Rn], operand, carry)


@a32(
    "cond:4 000 11 invert:1 1 S:1 (0)(0)(0)(0) Rd:4 Rs:4 0 type:2 1 Rm:4",
    where=lambda Rd, Rs, Rm: Rd != 15 and Rs != 15 and Rm != 15,
    asm="{invert:move}{S:s}{cond} {Rd}, {Rm}, {type:shift_name} {Rs}",
)
def move_shifted_register(
    cpu: Cpu, invert: int, S: int, Rd: int, Rs: int, type: int, Rm: int
) -> None:
    """MVN (register-shifted register), and the shifts by a register."""
    operand, carry = shift_register(cpu, cpu.r[Rm], type, cpu.r[Rs])
    if invert:
        cpu.r[Rd] = logical(cpu, S, ~operand, carry)
    else:
        cpu.r[Rd] = logical(cpu, S, operand, carry)


# -- T32 -------------------------------------------------------------------------------
def t32_computes(op: int, S: int, Rn: int, Rd: int) -> bool:
    """Neither a comparison nor a move; SP only where SP is the base of ADD and SUB."""
    if FROM_T32[op] == NONE or Rn == 15 or Rd == 15:
        return False
    if op == 8 or op == 13:
        return Rd != 13 or Rn == 13
    return Rd != 13 and Rn != 13


def t32_compares(op: int, Rn: int) -> bool:
    """TST, TEQ, CMN and CMP; CMP and CMN may look at SP."""
    return COMPARE_FROM_T32[op] != NONE and Rn != 15 and (Rn != 13 or op >= 8)


@t32(
    "11110 imm:1 0 op:4 S:1 Rn:4 0 imm:3 Rd:4 imm:8",
    where=t32_computes,
    asm="{op:t32_alu}{S:s}{it}.w {Rd}, {Rn}, #{imm:thumb_constant}",
)
def t32_operate_immediate(
    cpu: Cpu, imm: int, op: int, S: int, Rn: int, Rd: int
) -> None:
    """AND, BIC, ORR, ORN, EOR, ADD, ADC, SBC, SUB, RSB (modified immediate)."""
    carry = thumb_constant_carry(cpu, imm)
    cpu.r[Rd] = operate(cpu, FROM_T32[op], S, cpu.r[Rn], thumb_constant(imm), carry)


@t32(
    "11110 imm:1 0 op:4 1 Rn:4 0 imm:3 1111 imm:8",
    where=t32_compares,
    asm="{op:t32_compare}{it}.w {Rn}, #{imm:thumb_constant}",
)
def t32_compare_immediate(cpu: Cpu, imm: int, op: int, Rn: int) -> None:
    """TST, TEQ, CMN, CMP (modified immediate)."""
    operate(
        cpu,
        COMPARE_FROM_T32[op],
        1,
        cpu.r[Rn],
        thumb_constant(imm),
        thumb_constant_carry(cpu, imm),
    )


@t32(
    "11110 imm:1 0 001 invert:1 S:1 1111 0 imm:3 Rd:4 imm:8",
    where=lambda Rd: Rd != 13 and Rd != 15,
    asm="{invert:move}{S:s}{it}.w {Rd}, #{imm:thumb_constant}",
)
def t32_move_immediate(cpu: Cpu, imm: int, invert: int, S: int, Rd: int) -> None:
    """MOV, MVN (modified immediate)."""
    value = thumb_constant(imm) ^ (0xFFFF_FFFF * invert)
    cpu.r[Rd] = logical(cpu, S, u32(value), thumb_constant_carry(cpu, imm))


def t32_computes_registers(
    op: int, S: int, Rn: int, Rd: int, imm: int, type: int, Rm: int
) -> bool:
    """As above; to write SP, the shift must be LSL by at most 3."""
    if Rm == 13 or Rm == 15 or not t32_computes(op, S, Rn, Rd):
        return False
    return Rd != 13 or (type == 0 and imm <= 3)


@t32(
    "11101 01 op:4 S:1 Rn:4 (0) imm:3 Rd:4 imm:2 type:2 Rm:4",
    where=t32_computes_registers,
    asm="{op:t32_alu}{S:s}{it}.w {Rd}, {Rn}, {Rm}{imm,type:shift}",
)
def t32_operate_register(
    cpu: Cpu, op: int, S: int, Rn: int, imm: int, Rd: int, type: int, Rm: int
) -> None:
    """AND, BIC, ORR, ORN, EOR, ADD, ADC, SBC, SUB, RSB (register)."""
    operand, carry = shift_immediate(cpu, cpu.r[Rm], type, imm)
    cpu.r[Rd] = operate(cpu, FROM_T32[op], S, cpu.r[Rn], operand, carry)


def t32_compares_registers(op: int, Rn: int, Rm: int) -> bool:
    """Comparisons of registers."""
    return t32_compares(op, Rn) and Rm != 13 and Rm != 15


@t32(
    "11101 01 op:4 1 Rn:4 (0) imm:3 1111 imm:2 type:2 Rm:4",
    where=t32_compares_registers,
    asm="{op:t32_compare}{it}.w {Rn}, {Rm}{imm,type:shift}",
)
def t32_compare_register(
    cpu: Cpu, op: int, Rn: int, imm: int, type: int, Rm: int
) -> None:
    """TST, TEQ, CMN, CMP (register)."""
    operand, carry = shift_immediate(cpu, cpu.r[Rm], type, imm)
    operate(cpu, COMPARE_FROM_T32[op], 1, cpu.r[Rn], operand, carry)


def t32_moves(invert: int, S: int, imm: int, Rd: int, type: int, Rm: int) -> bool:
    """A plain MOV may name SP as one of its registers; all else neither SP nor PC."""
    if Rd == 15 or Rm == 15:
        return False
    if invert == 0 and S == 0 and imm == 0 and type == 0:
        return Rd != 13 or Rm != 13
    return Rd != 13 and Rm != 13


@t32(
    "11101 01 001 invert:1 S:1 1111 (0) imm:3 Rd:4 imm:2 type:2 Rm:4",
    where=t32_moves,
    asm="{invert:move}{S:s}{it}.w {Rd}, {Rm}{imm,type:shift}",
)
def t32_move_register(
    cpu: Cpu, invert: int, S: int, imm: int, Rd: int, type: int, Rm: int
) -> None:
    """MOV, MVN (register), and the shifts by a constant."""
    operand, carry = shift_immediate(cpu, cpu.r[Rm], type, imm)
    if invert:
        cpu.r[Rd] = logical(cpu, S, ~operand, carry)
    else:
        cpu.r[Rd] = logical(cpu, S, operand, carry)


@t32(
    "11111010 0 type:2 S:1 Rn:4 1111 Rd:4 0000 Rm:4",
    where=plain_dnm,
    asm="{type:shift_name}{S:s}{it}.w {Rd}, {Rn}, {Rm}",
)
def t32_shift_register(cpu: Cpu, type: int, S: int, Rn: int, Rd: int, Rm: int) -> None:
    """LSL, LSR, ASR, ROR (register)."""
    result, carry = shift_register(cpu, cpu.r[Rn], type, cpu.r[Rm])
    cpu.r[Rd] = logical(cpu, S, result, carry)


@t32(
    "11110 0111101 (1)(1)(1)(0) 10 (0) 0 (1)(1)(1)(1) imm8:8",
    asm="subs{it} pc, lr, #{imm8}",
)
def t32_return(cpu: Cpu, imm8: int) -> None:
    """SUBS PC, LR T1: exception return."""
    exception_return(cpu, cpu.r[14] - imm8)


@t32(
    "11110 imm:1 10 0000 Rn:4 0 imm:3 Rd:4 imm:8",
    where=lambda Rn, Rd: Rn != 15 and Rd != 15 and (Rd != 13 or Rn == 13),
    asm="addw{it} {Rd}, {Rn}, #{imm}",
)
def add_wide(cpu: Cpu, imm: int, Rn: int, Rd: int) -> None:
    """ADD (immediate) T4: twelve bits as they are."""
    cpu.r[Rd] = cpu.r[Rn] + imm


@t32(
    "11110 imm:1 10 1010 Rn:4 0 imm:3 Rd:4 imm:8",
    where=lambda Rn, Rd: Rn != 15 and Rd != 15 and (Rd != 13 or Rn == 13),
    asm="subw{it} {Rd}, {Rn}, #{imm}",
)
def subtract_wide(cpu: Cpu, imm: int, Rn: int, Rd: int) -> None:
    """SUB (immediate) T4."""
    cpu.r[Rd] = cpu.r[Rn] - imm


@t32(
    "11110 imm:1 10 negative:1 0 negative2:1 0 1111 0 imm:3 Rd:4 imm:8",
    where=lambda negative, negative2, Rd: (
        negative == negative2 and Rd != 13 and Rd != 15
    ),
    asm="adr{it}.w {Rd}, {negative,imm:adr}",
)
def address_wide(cpu: Cpu, imm: int, negative: int, Rd: int) -> None:
    """ADR T2 and T3."""
    base = aligned_pc(cpu)
    cpu.r[Rd] = u32(base - imm if negative else base + imm)
