"""Single loads and stores in T32 and T16 (DDI 0406C A6.2.4, A6.3.6-A6.3.10)."""

from __future__ import annotations

from cores.arm.formats import Cpu, aligned_pc, plain, read_base
from cores.arm.insns.memory import (
    BYTE,
    HALF,
    WORD,
    load,
    load_indexed,
    load_pair_indexed,
    offset_by,
    store,
    store_indexed,
    store_pair_indexed,
)
from machinebuilder.isa import InsnSet, u32

t16 = InsnSet("t16")
t32 = InsnSet("t32")


# -- T16 -------------------------------------------------------------------------------
# STR STRH STRB LDRSB LDR LDRH LDRB LDRSH, as bits 11:9 number them.
SIZES = (WORD, HALF, BYTE, BYTE, WORD, HALF, BYTE, HALF)


@t16("0101 op:3 Rm:3 Rn:3 Rt:3", asm="{op:t16_memory}{it} {Rt}, [{Rn}, {Rm}]")
def t16_register(cpu: Cpu, op: int, Rm: int, Rn: int, Rt: int) -> None:
    """Loads and stores with a register offset."""
    address = cpu.r[Rn] + cpu.r[Rm]
    if op < 3:
        store(cpu, SIZES[op], address, cpu.r[Rt])
    else:
        cpu.r[Rt] = load(cpu, SIZES[op], op == 3 or op == 7, address)


@t16(
    "011 B:1 L:1 imm5:5 Rn:3 Rt:3",
    asm="{L:ldr}{B:b}{it} {Rt}, [{Rn}, #{B,imm5:scaled}]",
)
def t16_immediate(cpu: Cpu, B: int, L: int, imm5: int, Rn: int, Rt: int) -> None:
    """LDR, STR, LDRB, STRB (immediate)."""
    address = cpu.r[Rn] + (imm5 if B else imm5 * 4)
    if L:
        cpu.r[Rt] = load(cpu, BYTE if B else WORD, 0, address)
    else:
        store(cpu, BYTE if B else WORD, address, cpu.r[Rt])


@t16("1000 L:1 imm5:5 Rn:3 Rt:3", asm="{L:ldr}h{it} {Rt}, [{Rn}, #{imm5:halves}]")
def t16_half(cpu: Cpu, L: int, imm5: int, Rn: int, Rt: int) -> None:
    """LDRH, STRH (immediate)."""
    address = cpu.r[Rn] + imm5 * 2
    if L:
        cpu.r[Rt] = load(cpu, HALF, 0, address)
    else:
        store(cpu, HALF, address, cpu.r[Rt])


@t16("1001 L:1 Rt:3 imm8:8", asm="{L:ldr}{it} {Rt}, [sp, #{imm8:words}]")
def t16_stack(cpu: Cpu, L: int, Rt: int, imm8: int) -> None:
    """LDR, STR (SP relative)."""
    address = cpu.r[13] + imm8 * 4
    if L:
        cpu.r[Rt] = load(cpu, WORD, 0, address)
    else:
        store(cpu, WORD, address, cpu.r[Rt])


@t16("01001 Rt:3 imm8:8", asm="ldr{it} {Rt}, [pc, #{imm8:words}]")
def t16_literal(cpu: Cpu, Rt: int, imm8: int) -> None:
    """LDR (literal) T1."""
    cpu.r[Rt] = load(cpu, WORD, 0, u32(aligned_pc(cpu) + imm8 * 4))


# -- T32: size is 0 byte, 1 half, 2 word -----------------------------------------------
def loads(signed: int, size: int, Rt: int) -> bool:
    """Not a hint, and a size that exists; only words load SP and PC."""
    if size == 3 or (size == 2 and signed):
        return False
    return Rt != 15 and (Rt != 13 or size == 2) or (Rt == 15 and size == 2)


@t32(
    "1111100 signed:1 1 size:2 1 Rn:4 Rt:4 imm12:12",
    where=lambda signed, size, Rn, Rt: Rn != 15 and loads(signed, size, Rt),
    asm="ldr{signed,size:sized}{it}.w {Rt}, [{Rn}, #{imm12}]",
)
def t32_load(cpu: Cpu, signed: int, size: int, Rn: int, Rt: int, imm12: int) -> None:
    """LDR, LDRB, LDRH, LDRSB, LDRSH (immediate, twelve bits)."""
    base = cpu.r[Rn]
    load_indexed(cpu, size, signed, Rt, Rn, base, base + imm12, 1, 0)


@t32(
    "1111100 signed:1 U:1 size:2 1 1111 Rt:4 imm12:12",
    where=loads,
    asm="ldr{signed,size:sized}{it}.w {Rt}, [pc, {U,imm12:signed_offset}]",
)
def t32_load_literal(
    cpu: Cpu, signed: int, U: int, size: int, Rt: int, imm12: int
) -> None:
    """LDR, LDRB, LDRH, LDRSB, LDRSH (literal)."""
    base = u32(aligned_pc(cpu))
    load_indexed(cpu, size, signed, Rt, 15, base, offset_by(base, U, imm12), 1, 0)


def sensible_index(P: int, U: int, W: int, Rn: int, Rt: int) -> bool:
    """Neither undefined (P 0 W 0) nor the T form (P 1 U 1 W 0), base not lost."""
    if (P == 0 and W == 0) or (P == 1 and U == 1 and W == 0) or Rn == 15:
        return False
    return not (W == 1 and Rn == Rt)


def sensible_indexed_load(
    signed: int, size: int, Rn: int, Rt: int, P: int, U: int, W: int
) -> bool:
    """A negative offset without write-back and Rt 15 is a hint."""
    return loads(signed, size, Rt) and sensible_index(P, U, W, Rn, Rt)


@t32(
    "1111100 signed:1 0 size:2 1 Rn:4 Rt:4 1 P:1 U:1 W:1 imm8:8",
    where=sensible_indexed_load,
    asm="ldr{signed,size:sized}{it} {Rt}, {Rn,P,W,U,imm8:address}",
)
def t32_load_indexed(
    cpu: Cpu,
    signed: int,
    size: int,
    Rn: int,
    Rt: int,
    P: int,
    U: int,
    W: int,
    imm8: int,
) -> None:
    """Loads with an eight-bit offset."""
    base = cpu.r[Rn]
    load_indexed(cpu, size, signed, Rt, Rn, base, offset_by(base, U, imm8), P, W)


@t32(
    "1111100 signed:1 0 size:2 1 Rn:4 Rt:4 1110 imm8:8",
    where=lambda signed, size, Rn, Rt: (
        Rn != 15 and plain(Rt) and loads(signed, size, Rt)
    ),
    asm="ldr{signed,size:sized}t{it} {Rt}, [{Rn}, #{imm8}]",
)
def t32_load_user(
    cpu: Cpu, signed: int, size: int, Rn: int, Rt: int, imm8: int
) -> None:
    """LDRT, LDRBT, LDRHT, LDRSBT, LDRSHT."""
    base = cpu.r[Rn]
    load_indexed(cpu, size, signed, Rt, Rn, base, base + imm8, 1, 0, 1)


@t32(
    "1111100 signed:1 0 size:2 1 Rn:4 Rt:4 000000 amount:2 Rm:4",
    where=lambda signed, size, Rn, Rt, Rm: (
        Rn != 15 and plain(Rm) and loads(signed, size, Rt)
    ),
    asm="ldr{signed,size:sized}{it}.w {Rt}, [{Rn}, {Rm}, lsl #{amount}]",
)
def t32_load_register(
    cpu: Cpu, signed: int, size: int, Rn: int, Rt: int, amount: int, Rm: int
) -> None:
    """Loads with a register offset."""
    base = cpu.r[Rn]
    load_indexed(cpu, size, signed, Rt, Rn, base, base + (cpu.r[Rm] << amount), 1, 0)


def stores(size: int, Rn: int, Rt: int) -> bool:
    """A size that exists; only words store SP."""
    return size != 3 and Rn != 15 and Rt != 15 and (Rt != 13 or size == 2)


@t32(
    "11111000 1 size:2 0 Rn:4 Rt:4 imm12:12",
    where=stores,
    asm="str{size:size}{it}.w {Rt}, [{Rn}, #{imm12}]",
)
def t32_store(cpu: Cpu, size: int, Rn: int, Rt: int, imm12: int) -> None:
    """STR, STRB, STRH (immediate, twelve bits)."""
    store(cpu, size, cpu.r[Rn] + imm12, cpu.r[Rt])


@t32(
    "11111000 0 size:2 0 Rn:4 Rt:4 1 P:1 U:1 W:1 imm8:8",
    where=lambda size, Rn, Rt, P, U, W: (
        stores(size, Rn, Rt) and sensible_index(P, U, W, Rn, Rt)
    ),
    asm="str{size:size}{it} {Rt}, {Rn,P,W,U,imm8:address}",
)
def t32_store_indexed(
    cpu: Cpu, size: int, Rn: int, Rt: int, P: int, U: int, W: int, imm8: int
) -> None:
    """Stores with an eight-bit offset."""
    base = cpu.r[Rn]
    store_indexed(cpu, size, Rt, Rn, base, offset_by(base, U, imm8), P, W)


@t32(
    "11111000 0 size:2 0 Rn:4 Rt:4 1110 imm8:8",
    where=lambda size, Rn, Rt: stores(size, Rn, Rt) and plain(Rt),
    asm="str{size:size}t{it} {Rt}, [{Rn}, #{imm8}]",
)
def t32_store_user(cpu: Cpu, size: int, Rn: int, Rt: int, imm8: int) -> None:
    """STRT, STRBT, STRHT."""
    store(cpu, size, cpu.r[Rn] + imm8, cpu.r[Rt], 1)


@t32(
    "11111000 0 size:2 0 Rn:4 Rt:4 000000 amount:2 Rm:4",
    where=lambda size, Rn, Rt, Rm: stores(size, Rn, Rt) and plain(Rm),
    asm="str{size:size}{it}.w {Rt}, [{Rn}, {Rm}, lsl #{amount}]",
)
def t32_store_register(
    cpu: Cpu, size: int, Rn: int, Rt: int, amount: int, Rm: int
) -> None:
    """Stores with a register offset."""
    store(cpu, size, cpu.r[Rn] + (cpu.r[Rm] << amount), cpu.r[Rt])


# -- pairs -----------------------------------------------------------------------------
def sensible_pair(P: int, W: int, L: int, Rn: int, Rt: int, Rt2: int) -> bool:
    """P 0 W 0 is another instruction; the base is not lost."""
    if (P == 0 and W == 0) or not plain(Rt) or not plain(Rt2) or (L and Rt == Rt2):
        return False
    if Rn == 15:
        return L == 1 and W == 0
    return not (W == 1 and (Rn in (Rt, Rt2)))


@t32(
    "1110100 P:1 U:1 1 W:1 L:1 Rn:4 Rt:4 Rt2:4 imm8:8",
    where=sensible_pair,
    asm="{L:ldr}d{it} {Rt}, {Rt2}, {Rn,P,W,U,imm8:address_words}",
)
def t32_pair(
    cpu: Cpu, P: int, U: int, W: int, L: int, Rn: int, Rt: int, Rt2: int, imm8: int
) -> None:
    """LDRD, STRD (immediate, literal)."""
    base = read_base(cpu, Rn)
    target = offset_by(base, U, imm8 * 4)
    if L:
        load_pair_indexed(cpu, Rt, Rt2, Rn, base, target, P, W)
    else:
        store_pair_indexed(cpu, Rt, Rt2, Rn, base, target, P, W)


# -- preload hints: nothing to do ------------------------------------------------------
def hints(signed: int, size: int) -> bool:
    """PLD, PLDW, PLI; a signed half is an unallocated hint."""
    return size == 0 or size == 1


@t32(
    "1111100 signed:1 1 size:2 1 Rn:4 1111 imm12:12",
    where=lambda signed, size, Rn: Rn != 15 and hints(signed, size),
    asm="{signed,size:preload}{it} [{Rn}, #{imm12}]",
)
@t32(
    "1111100 signed:1 U:1 size:2 1 1111 1111 imm12:12",
    where=hints,
    asm="{signed,size:preload}{it} [pc, {U,imm12:signed_offset}]",
)
@t32(
    "1111100 signed:1 0 size:2 1 Rn:4 1111 1100 imm8:8",
    where=lambda signed, size, Rn: Rn != 15 and hints(signed, size),
    asm="{signed,size:preload}{it} [{Rn}, #-{imm8}]",
)
@t32(
    "1111100 signed:1 0 size:2 1 Rn:4 1111 000000 amount:2 Rm:4",
    where=lambda signed, size, Rn, Rm: Rn != 15 and plain(Rm) and hints(signed, size),
    asm="{signed,size:preload}{it} [{Rn}, {Rm}, lsl #{amount}]",
)
def t32_preload(cpu: Cpu) -> None:
    """PLD, PLDW, PLI."""
