"""Data processing in T16 (DDI 0406C A6.2.1-A6.2.3 and parts of A6.2.5).

Outside an IT block these set the flags; inside they do not.
"""

from __future__ import annotations

from cores.arm.formats import (
    Cpu,
    add_setting,
    aligned_pc,
    branch_to,
    interwork,
    read,
    shift_immediate,
    shift_register,
    subtract_setting,
    write,
)
from cores.arm.insns.branch import call_register
from cores.arm.insns.data import (
    ADC,
    AND,
    BIC,
    CMN,
    CMP,
    EOR,
    MVN,
    ORR,
    RSB,
    SBC,
    TST,
    logical,
    operate,
)
from machinebuilder.isa import InsnSet, u32

t16 = InsnSet("t16")


@t16(
    "000 type:2 imm5:5 Rm:3 Rd:3",
    asm="{type:shift_name}{its} {Rd}, {Rm}, #{imm5}",
    where=lambda type: type != 3,
)
def shift_by_constant(cpu: Cpu, type: int, imm5: int, Rm: int, Rd: int) -> None:
    """LSL, LSR, ASR (immediate); MOVS is LSL #0."""
    result, carry = shift_immediate(cpu, cpu.r[Rm], type, imm5)
    cpu.r[Rd] = logical(cpu, cpu.itstate == 0, result, carry)


@t16("00011 0 sub:1 Rm:3 Rn:3 Rd:3", asm="{sub:add}{its} {Rd}, {Rn}, {Rm}")
def add_registers(cpu: Cpu, sub: int, Rm: int, Rn: int, Rd: int) -> None:
    """ADD, SUB (register)."""
    if sub:
        cpu.r[Rd] = subtract_setting(cpu, cpu.itstate == 0, cpu.r[Rn], cpu.r[Rm])
    else:
        cpu.r[Rd] = add_setting(cpu, cpu.itstate == 0, cpu.r[Rn], cpu.r[Rm], 0)


@t16("00011 1 sub:1 imm3:3 Rn:3 Rd:3", asm="{sub:add}{its} {Rd}, {Rn}, #{imm3}")
def add_small(cpu: Cpu, sub: int, imm3: int, Rn: int, Rd: int) -> None:
    """ADD, SUB (three-bit immediate)."""
    if sub:
        cpu.r[Rd] = subtract_setting(cpu, cpu.itstate == 0, cpu.r[Rn], imm3)
    else:
        cpu.r[Rd] = add_setting(cpu, cpu.itstate == 0, cpu.r[Rn], imm3, 0)


@t16("001 00 Rd:3 imm8:8", asm="mov{its} {Rd}, #{imm8}")
def move_byte(cpu: Cpu, Rd: int, imm8: int) -> None:
    """MOV (immediate)."""
    cpu.r[Rd] = logical(cpu, cpu.itstate == 0, u32(imm8), cpu.c)


@t16("001 01 Rn:3 imm8:8", asm="cmp{it} {Rn}, #{imm8}")
def compare_byte(cpu: Cpu, Rn: int, imm8: int) -> None:
    """CMP (immediate)."""
    subtract_setting(cpu, 1, cpu.r[Rn], imm8)


@t16("001 1 sub:1 Rd:3 imm8:8", asm="{sub:add}{its} {Rd}, #{imm8}")
def add_byte(cpu: Cpu, sub: int, Rd: int, imm8: int) -> None:
    """ADD, SUB (eight-bit immediate)."""
    if sub:
        cpu.r[Rd] = subtract_setting(cpu, cpu.itstate == 0, cpu.r[Rd], imm8)
    else:
        cpu.r[Rd] = add_setting(cpu, cpu.itstate == 0, cpu.r[Rd], imm8, 0)


# The sixteen operations of A6.2.2, in order; shifts, NEG, MUL are their own functions.
FROM_T16 = (AND, EOR, -1, -1, -1, ADC, SBC, -1, -1, -1, -1, -1, ORR, -1, BIC, MVN)
COMPARES = (-1, -1, -1, -1, -1, -1, -1, -1, TST, -1, CMP, CMN, -1, -1, -1, -1)
SHIFTS = (-1, -1, 0, 1, 2, -1, -1, 3, -1, -1, -1, -1, -1, -1, -1, -1)


@t16(
    "010000 op:4 Rm:3 Rd:3",
    where=lambda op: FROM_T16[op] != -1,
    asm="{op:t16_alu}{its} {Rd}, {Rm}",
)
def operate_low(cpu: Cpu, op: int, Rm: int, Rd: int) -> None:
    """AND, EOR, ADC, SBC, ORR, BIC, MVN (register)."""
    S = cpu.itstate == 0
    if FROM_T16[op] == MVN:
        cpu.r[Rd] = logical(cpu, S, ~cpu.r[Rm], cpu.c)
    else:
        cpu.r[Rd] = operate(cpu, FROM_T16[op], S, cpu.r[Rd], cpu.r[Rm], cpu.c)


@t16(
    "010000 op:4 Rm:3 Rn:3",
    where=lambda op: COMPARES[op] != -1,
    asm="{op:t16_alu}{it} {Rn}, {Rm}",
)
def compare_low(cpu: Cpu, op: int, Rm: int, Rn: int) -> None:
    """TST, CMP, CMN (register)."""
    operate(cpu, COMPARES[op], 1, cpu.r[Rn], cpu.r[Rm], cpu.c)


@t16(
    "010000 op:4 Rm:3 Rd:3",
    where=lambda op: SHIFTS[op] != -1,
    asm="{op:t16_alu}{its} {Rd}, {Rm}",
)
def shift_low(cpu: Cpu, op: int, Rm: int, Rd: int) -> None:
    """LSL, LSR, ASR, ROR (register)."""
    result, carry = shift_register(cpu, cpu.r[Rd], SHIFTS[op], cpu.r[Rm])
    cpu.r[Rd] = logical(cpu, cpu.itstate == 0, result, carry)


@t16("010000 1001 Rn:3 Rd:3", asm="rsb{its} {Rd}, {Rn}, #0")
def negate(cpu: Cpu, Rn: int, Rd: int) -> None:
    """RSB (immediate): NEG."""
    cpu.r[Rd] = operate(cpu, RSB, cpu.itstate == 0, cpu.r[Rn], 0, cpu.c)


@t16("010000 1101 Rn:3 Rd:3", asm="mul{its} {Rd}, {Rn}, {Rd}")
def multiply_low(cpu: Cpu, Rn: int, Rd: int) -> None:
    """MUL."""
    cpu.r[Rd] = logical(cpu, cpu.itstate == 0, cpu.r[Rd] * cpu.r[Rn], cpu.c)


@t16(
    "010001 00 Rd:1 Rm:4 Rd:3",
    asm="add{it} {Rd}, {Rm}",
    where=lambda Rd, Rm: Rd != 15 or Rm != 15,
)
def add_high(cpu: Cpu, Rd: int, Rm: int) -> None:
    """ADD (register) T2."""
    write(cpu, Rd, read(cpu, Rd) + read(cpu, Rm))


@t16(
    "010001 01 Rn:1 Rm:4 Rn:3",
    asm="cmp{it} {Rn}, {Rm}",
    where=lambda Rn, Rm: (Rn >= 8 or Rm >= 8) and Rn != 15 and Rm != 15,
)
def compare_high(cpu: Cpu, Rn: int, Rm: int) -> None:
    """CMP (register) T2."""
    subtract_setting(cpu, 1, cpu.r[Rn], cpu.r[Rm])


@t16("010001 10 Rd:1 Rm:4 Rd:3", asm="mov{it} {Rd}, {Rm}")
def move_high(cpu: Cpu, Rd: int, Rm: int) -> None:
    """MOV (register) T1: no flags."""
    if Rd == 15:
        branch_to(cpu, read(cpu, Rm))
    else:
        cpu.r[Rd] = read(cpu, Rm)


@t16("010001 110 Rm:4 (0)(0)(0)", asm="bx{it} {Rm}")
def t16_branch_exchange(cpu: Cpu, Rm: int) -> None:
    """BX."""
    interwork(cpu, read(cpu, Rm))


@t16("010001 111 Rm:4 (0)(0)(0)", asm="blx{it} {Rm}", where=lambda Rm: Rm != 15)
def t16_branch_link_exchange(cpu: Cpu, Rm: int) -> None:
    """BLX (register)."""
    call_register(cpu, cpu.r[Rm], cpu.pc + 2)


@t16("1010 sp:1 Rd:3 imm8:8", asm="add{it} {Rd}, {sp:pc_or_sp}, #{imm8:words}")
def address(cpu: Cpu, sp: int, Rd: int, imm8: int) -> None:
    """ADR T1, and ADD (SP plus immediate) T1."""
    if sp:
        cpu.r[Rd] = cpu.r[13] + imm8 * 4
    else:
        cpu.r[Rd] = u32(aligned_pc(cpu) + imm8 * 4)


@t16("1011 0000 sub:1 imm7:7", asm="{sub:add}{it} sp, #{imm7:words}")
def move_stack(cpu: Cpu, sub: int, imm7: int) -> None:
    """ADD, SUB (SP plus immediate) T2."""
    if sub:
        cpu.r[13] = cpu.r[13] - imm7 * 4
    else:
        cpu.r[13] = cpu.r[13] + imm7 * 4
