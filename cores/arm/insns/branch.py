"""Branches (DDI 0406C A8.8.18-A8.8.30, TBB and TBH, CBZ, IT)."""

from __future__ import annotations

from cores.arm.formats import Cpu, Value, branch_to, interwork, pc_value, read
from machinebuilder.isa import InsnSet, u8, u16, u32

a32 = InsnSet("a32")
always = InsnSet("a32_always")
t16 = InsnSet("t16")
t32 = InsnSet("t32")


def signed(value: int, width: int) -> int:
    """A field as a two's complement number."""
    return (value ^ (1 << (width - 1))) - (1 << (width - 1))


def link(cpu: Cpu, return_address: int) -> None:
    """LR, with bit 0 telling the instruction set to return to."""
    cpu.r[14] = u32((return_address | cpu.thumb) & 0xFFFF_FFFF)


def switch_to(cpu: Cpu, thumb: int, target: int) -> None:
    """Branch to a constant address in a known instruction set."""
    if cpu.itstate != 0:
        cpu.itstate = 0
    cpu.thumb = thumb
    cpu.branch(target & (0xFFFF_FFFE if thumb else 0xFFFF_FFFC))


def call_register(cpu: Cpu, target: Value, return_address: int) -> None:
    """BLX (register): the target is read before LR changes."""
    address = target + 0
    link(cpu, return_address)
    interwork(cpu, address)


# -- A32 -------------------------------------------------------------------------------
@a32("cond:4 1010 imm24:24", asm="b{cond} {imm24:branch}")
def branch(cpu: Cpu, imm24: int) -> None:
    """B A1."""
    branch_to(cpu, pc_value(cpu) + signed(imm24, 24) * 4)


@a32("cond:4 1011 imm24:24", asm="bl{cond} {imm24:branch}")
def branch_link(cpu: Cpu, imm24: int) -> None:
    """BL A1."""
    link(cpu, cpu.pc + 4)
    branch_to(cpu, pc_value(cpu) + signed(imm24, 24) * 4)


@always("1111 101 H:1 imm24:24", asm="blx {H,imm24:branch_thumb}")
def branch_link_thumb(cpu: Cpu, H: int, imm24: int) -> None:
    """BLX (immediate) A2."""
    link(cpu, cpu.pc + 4)
    switch_to(cpu, 1, pc_value(cpu) + signed(imm24, 24) * 4 + H * 2)


@a32(
    "cond:4 00010010 (1)(1)(1)(1)(1)(1)(1)(1)(1)(1)(1)(1) 0001 Rm:4",
    asm="bx{cond} {Rm}",
)
def branch_exchange(cpu: Cpu, Rm: int) -> None:
    """BX A1."""
    interwork(cpu, read(cpu, Rm))


@a32(
    "cond:4 00010010 (1)(1)(1)(1)(1)(1)(1)(1)(1)(1)(1)(1) 0010 Rm:4",
    asm="bxj{cond} {Rm}",
    where=lambda Rm: Rm != 15,
)
def branch_jazelle(cpu: Cpu, Rm: int) -> None:
    """BXJ A1, where Jazelle is trivial: BX."""
    interwork(cpu, cpu.r[Rm])


@a32(
    "cond:4 00010010 (1)(1)(1)(1)(1)(1)(1)(1)(1)(1)(1)(1) 0011 Rm:4",
    asm="blx{cond} {Rm}",
    where=lambda Rm: Rm != 15,
)
def branch_link_exchange(cpu: Cpu, Rm: int) -> None:
    """BLX (register) A1."""
    call_register(cpu, cpu.r[Rm], cpu.pc + 4)


# -- T16 -------------------------------------------------------------------------------
@t16("1101 cond:4 imm8:8", asm="b{cond} {imm8:branch8}", where=lambda cond: cond < 14)
def t16_branch_conditional(cpu: Cpu, imm8: int) -> None:
    """B T1; the frame tests the condition."""
    branch_to(cpu, pc_value(cpu) + signed(imm8, 8) * 2)


@t16("11100 imm11:11", asm="b{it} {imm11:branch11}")
def t16_branch(cpu: Cpu, imm11: int) -> None:
    """B T2."""
    branch_to(cpu, pc_value(cpu) + signed(imm11, 11) * 2)


@t16("1011 nonzero:1 0 i:1 1 imm5:5 Rn:3", asm="cb{nonzero:n}z {Rn}, {i,imm5:branch6}")
def compare_branch(cpu: Cpu, nonzero: int, i: int, imm5: int, Rn: int) -> None:
    """CBZ, CBNZ."""
    target = (pc_value(cpu) + i * 64 + imm5 * 2) & 0xFFFF_FFFF
    if nonzero:
        cpu.branch_if(cpu.r[Rn] != 0, target)
    else:
        cpu.branch_if(cpu.r[Rn] == 0, target)


@t16(
    "1011 1111 first:4 mask:4",
    asm="it{first,mask:it_block}",
    where=lambda first, mask: (
        mask != 0
        and first != 15
        and (first != 14 or mask == 8 or mask == 4 or mask == 2 or mask == 1)
    ),
)
def if_then(cpu: Cpu, first: int, mask: int) -> None:
    """IT: the frame tests the conditions from here on."""
    cpu.itstate = first * 16 + mask


# -- T32 -------------------------------------------------------------------------------
@t32(
    "11110 S:1 cond:4 imm6:6 10 J1:1 0 J2:1 imm11:11",
    where=lambda cond: cond < 14,
    asm="b{cond}.w {S,J2,J1,imm6,imm11:branch20}",
)
def t32_branch_conditional(
    cpu: Cpu, S: int, J1: int, J2: int, imm6: int, imm11: int
) -> None:
    """B T3; the frame tests the condition."""
    offset = ((S * 2 + J2) * 2 + J1) * 64 + imm6
    branch_to(cpu, pc_value(cpu) + signed(offset * 2048 + imm11, 20) * 2)


def far_offset(S: int, J1: int, J2: int, high: int, low: int) -> int:
    """The 25-bit offset of B T4, BL and BLX: high has ten bits, low eleven."""
    i1 = 1 - (J1 ^ S)
    i2 = 1 - (J2 ^ S)
    return signed((((S * 2 + i1) * 2 + i2) * 1024 + high) * 2048 + low, 24) * 2


@t32(
    "11110 S:1 imm10:10 10 J1:1 1 J2:1 imm11:11",
    asm="b{it}.w {S,J1,J2,imm10,imm11:branch24}",
)
def t32_branch(cpu: Cpu, S: int, J1: int, J2: int, imm10: int, imm11: int) -> None:
    """B T4."""
    branch_to(cpu, pc_value(cpu) + far_offset(S, J1, J2, imm10, imm11))


@t32(
    "11110 S:1 imm10:10 11 J1:1 1 J2:1 imm11:11",
    asm="bl{it} {S,J1,J2,imm10,imm11:branch24}",
)
def t32_branch_link(cpu: Cpu, S: int, J1: int, J2: int, imm10: int, imm11: int) -> None:
    """BL T1."""
    link(cpu, cpu.pc + 4)
    branch_to(cpu, pc_value(cpu) + far_offset(S, J1, J2, imm10, imm11))


@t32(
    "11110 S:1 imm10:10 11 J1:1 0 J2:1 imm11:10 0",
    asm="blx{it} {S,J1,J2,imm10,imm11:branch24_arm}",
)
def t32_branch_link_arm(
    cpu: Cpu, S: int, J1: int, J2: int, imm10: int, imm11: int
) -> None:
    """BLX (immediate) T2."""
    link(cpu, cpu.pc + 4)
    base = pc_value(cpu) & 0xFFFF_FFFC
    switch_to(cpu, 0, base + far_offset(S, J1, J2, imm10, imm11 * 2))


@t32(
    "11110 0111100 Rm:4 10 (0) 0 (1)(1)(1)(1) (0)(0)(0)(0)(0)(0)(0)(0)",
    asm="bxj{it} {Rm}",
    where=lambda Rm: Rm != 13 and Rm != 15,
)
def t32_branch_jazelle(cpu: Cpu, Rm: int) -> None:
    """BXJ T1, where Jazelle is trivial: BX."""
    interwork(cpu, cpu.r[Rm])


@t32(
    "1110 1000 1101 Rn:4 (1)(1)(1)(1) (0)(0)(0)(0) 000 half:1 Rm:4",
    asm="tb{half:bh}{it} [{Rn}, {Rm}]",
    where=lambda Rn, Rm: Rn != 13 and Rm != 13 and Rm != 15,
)
def table_branch(cpu: Cpu, Rn: int, half: int, Rm: int) -> None:
    """TBB, TBH: forward by twice a table entry."""
    base = read(cpu, Rn)
    if half:
        entry = cpu.load(u16, base + (cpu.r[Rm] << 1), aligned=cpu.strict_alignment)
        branch_to(cpu, u32(entry) * 2 + pc_value(cpu))
    else:
        entry8 = cpu.load(u8, base + cpu.r[Rm])
        branch_to(cpu, u32(entry8) * 2 + pc_value(cpu))
