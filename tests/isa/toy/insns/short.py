"""A second set, of 16-bit words, with patterns that refine each other."""

from machinebuilder.isa import InsnSet

h16 = InsnSet("h16")


@h16(
    "0001 a:4 imm:8", asm="add8 {a}, #{imm} {imm:registers} {imm:joined} {a,imm:named}"
)
def add8(cpu, a, imm):
    cpu.r[a] = cpu.r[a] + imm


@h16("0001 1111 imm:8", asm="jump {imm:target}")
def jump(cpu, imm):
    cpu.branch(cpu.pc + imm * 4)


@h16("0010 a:4 b:4 (0)(1) x 0", asm="pair {a,b:pair}", where=lambda a: a != 3)
def pair(cpu, a, b):
    cpu.r[a], cpu.r[b] = cpu.r[b], cpu.r[a]


@h16("0010 a:4 b:4 (0)(1) x 0", asm="three {b}", where=lambda a: a == 3)
def three(cpu, b):
    cpu.r[b] = cpu.r[b] + 3


@h16(
    "0010 imm:3 0 1 imm:3 1 x 1 1",
    asm="split #{imm}",
    where=lambda imm: (imm & 1) == 1 or imm > 30,
)
def split(cpu, imm):
    cpu.r[1] = cpu.r[1] + imm
