"""Single loads and stores in A32 (DDI 0406C A5.2.8, A5.2.9, A5.3)."""

from __future__ import annotations

from cores.arm.formats import Cpu, Value, read, shifted
from cores.arm.insns.memory import (
    BYTE,
    HALF,
    WORD,
    load_indexed,
    load_pair_indexed,
    offset_by,
    store_indexed,
    store_pair_indexed,
)
from machinebuilder.isa import InsnSet

a32 = InsnSet("a32")
always = InsnSet("a32_always")


def writes_back(P: int, W: int) -> int:
    """Post-indexed, or pre-indexed with W."""
    return 1 if P == 0 or W == 1 else 0


# -- words and bytes -------------------------------------------------------------------
def sensible(P: int, B: int, W: int, Rn: int, Rt: int) -> bool:
    """No unpredictable write-back; a byte and LDRT have no pc."""
    if writes_back(P, W) and (Rn == 15 or Rn == Rt):
        return False
    return Rt != 15 or (B == 0 and not (P == 0 and W == 1))


def sensible_register(P: int, B: int, W: int, Rn: int, Rt: int, Rm: int) -> bool:
    """The same, and the offset is not the pc."""
    return Rm != 15 and sensible(P, B, W, Rn, Rt)


def single(
    cpu: Cpu, P: int, U: int, B: int, W: int, L: int, Rn: int, Rt: int, offset: Value
) -> None:
    """LDR, LDRB, STR, STRB; P 0 and W 1 are LDRT, LDRBT, STRT, STRBT."""
    base = read(cpu, Rn)
    target = offset_by(base, U, offset)
    size = BYTE if B else WORD
    user = 1 if P == 0 and W == 1 else 0
    if L:
        load_indexed(cpu, size, 0, Rt, Rn, base, target, P, writes_back(P, W), user)
    else:
        store_indexed(cpu, size, Rt, Rn, base, target, P, writes_back(P, W), user)


@a32(
    "cond:4 010 P:1 U:1 B:1 W:1 L:1 Rn:4 Rt:4 imm12:12",
    where=sensible,
    asm="{L:ldr}{B:b}{P,W:t}{cond} {Rt}, {Rn,P,W,U,imm12:address}",
)
def single_immediate(
    cpu: Cpu, P: int, U: int, B: int, W: int, L: int, Rn: int, Rt: int, imm12: int
) -> None:
    """LDR, LDRB, STR, STRB and the T forms (immediate, literal)."""
    single(cpu, P, U, B, W, L, Rn, Rt, imm12)


@a32(
    "cond:4 011 P:1 U:1 B:1 W:1 L:1 Rn:4 Rt:4 imm5:5 type:2 0 Rm:4",
    where=sensible_register,
    asm="{L:ldr}{B:b}{P,W:t}{cond} {Rt}, {Rn,P,W,U,Rm,imm5,type:address_register}",
)
def single_register(
    cpu: Cpu,
    P: int,
    U: int,
    B: int,
    W: int,
    L: int,
    Rn: int,
    Rt: int,
    imm5: int,
    type: int,
    Rm: int,
) -> None:
    """LDR, LDRB, STR, STRB and the T forms (register)."""
    single(cpu, P, U, B, W, L, Rn, Rt, shifted(cpu, cpu.r[Rm], type, imm5))


# -- halves and signed -----------------------------------------------------------------
def sensible_extra(P: int, W: int, Rn: int, Rt: int) -> bool:
    """No pc, no unpredictable write-back."""
    return Rt != 15 and not (writes_back(P, W) and (Rn == 15 or Rn == Rt))


def extra_load(
    cpu: Cpu, P: int, U: int, W: int, Rn: int, Rt: int, S: int, H: int, offset: Value
) -> None:
    """LDRH (H), LDRSB (S), LDRSH (both); P 0 and W 1 are the T forms."""
    base = read(cpu, Rn)
    user = 1 if P == 0 and W == 1 else 0
    load_indexed(
        cpu,
        HALF if H else BYTE,
        S,
        Rt,
        Rn,
        base,
        offset_by(base, U, offset),
        P,
        writes_back(P, W),
        user,
    )


def extra_store(
    cpu: Cpu, P: int, U: int, W: int, Rn: int, Rt: int, offset: Value
) -> None:
    """STRH, STRHT."""
    base = read(cpu, Rn)
    user = 1 if P == 0 and W == 1 else 0
    store_indexed(
        cpu, HALF, Rt, Rn, base, offset_by(base, U, offset), P, writes_back(P, W), user
    )


def sensible_extra_load(P: int, W: int, Rn: int, Rt: int, S: int, H: int) -> bool:
    """S and H both 0 are multiplies."""
    return (S != 0 or H != 0) and sensible_extra(P, W, Rn, Rt)


@a32(
    "cond:4 000 P:1 U:1 1 W:1 1 Rn:4 Rt:4 imm:4 1 S:1 H:1 1 imm:4",
    where=sensible_extra_load,
    asm="ldr{S,H:extra}{P,W:t}{cond} {Rt}, {Rn,P,W,U,imm:address}",
)
def extra_load_immediate(
    cpu: Cpu, P: int, U: int, W: int, Rn: int, Rt: int, imm: int, S: int, H: int
) -> None:
    """LDRH, LDRSB, LDRSH (immediate, literal)."""
    extra_load(cpu, P, U, W, Rn, Rt, S, H, imm)


@a32(
    "cond:4 000 P:1 U:1 1 W:1 0 Rn:4 Rt:4 imm:4 1011 imm:4",
    where=sensible_extra,
    asm="strh{P,W:t}{cond} {Rt}, {Rn,P,W,U,imm:address}",
)
def extra_store_immediate(
    cpu: Cpu, P: int, U: int, W: int, Rn: int, Rt: int, imm: int
) -> None:
    """STRH (immediate)."""
    extra_store(cpu, P, U, W, Rn, Rt, imm)


@a32(
    "cond:4 000 P:1 U:1 0 W:1 1 Rn:4 Rt:4 (0)(0)(0)(0) 1 S:1 H:1 1 Rm:4",
    where=lambda P, W, Rn, Rt, S, H, Rm: (
        Rm != 15 and sensible_extra_load(P, W, Rn, Rt, S, H)
    ),
    asm="ldr{S,H:extra}{P,W:t}{cond} {Rt}, {Rn,P,W,U,Rm:address_plain}",
)
def extra_load_register(
    cpu: Cpu, P: int, U: int, W: int, Rn: int, Rt: int, S: int, H: int, Rm: int
) -> None:
    """LDRH, LDRSB, LDRSH (register)."""
    extra_load(cpu, P, U, W, Rn, Rt, S, H, cpu.r[Rm])


@a32(
    "cond:4 000 P:1 U:1 0 W:1 0 Rn:4 Rt:4 (0)(0)(0)(0) 1011 Rm:4",
    where=lambda P, W, Rn, Rt, Rm: Rm != 15 and sensible_extra(P, W, Rn, Rt),
    asm="strh{P,W:t}{cond} {Rt}, {Rn,P,W,U,Rm:address_plain}",
)
def extra_store_register(
    cpu: Cpu, P: int, U: int, W: int, Rn: int, Rt: int, Rm: int
) -> None:
    """STRH (register)."""
    extra_store(cpu, P, U, W, Rn, Rt, cpu.r[Rm])


# -- pairs -----------------------------------------------------------------------------
def sensible_pair(P: int, W: int, Rn: int, Rt: int) -> bool:
    """Rt is even and neither it nor its neighbour is the base."""
    if Rt % 2 != 0 or Rt == 14 or (P == 0 and W == 1):
        return False
    return not (writes_back(P, W) and (Rn == 15 or Rn == Rt or Rn == Rt + 1))


def sensible_pair_register(
    P: int, W: int, Rn: int, Rt: int, Rm: int, is_store: int
) -> bool:
    """The offset is not the pc, and not a register that is loaded."""
    if Rm == 15 or (not is_store and (Rm in (Rt, Rt + 1))):
        return False
    return sensible_pair(P, W, Rn, Rt)


def double(
    cpu: Cpu, P: int, U: int, W: int, Rn: int, Rt: int, is_store: int, offset: Value
) -> None:
    """LDRD, STRD."""
    base = read(cpu, Rn)
    target = offset_by(base, U, offset)
    if is_store:
        store_pair_indexed(cpu, Rt, Rt + 1, Rn, base, target, P, writes_back(P, W))
    else:
        load_pair_indexed(cpu, Rt, Rt + 1, Rn, base, target, P, writes_back(P, W))


@a32(
    "cond:4 000 P:1 U:1 1 W:1 0 Rn:4 Rt:4 imm:4 11 is_store:1 1 imm:4",
    where=sensible_pair,
    asm="{is_store:ldr_str}d{cond} {Rt}, {Rt:next}, {Rn,P,W,U,imm:address}",
)
def double_immediate(
    cpu: Cpu, P: int, U: int, W: int, Rn: int, Rt: int, imm: int, is_store: int
) -> None:
    """LDRD, STRD (immediate, literal)."""
    double(cpu, P, U, W, Rn, Rt, is_store, imm)


@a32(
    "cond:4 000 P:1 U:1 0 W:1 0 Rn:4 Rt:4 (0)(0)(0)(0) 11 is_store:1 1 Rm:4",
    where=sensible_pair_register,
    asm="{is_store:ldr_str}d{cond} {Rt}, {Rt:next}, {Rn,P,W,U,Rm:address_plain}",
)
def double_register(
    cpu: Cpu, P: int, U: int, W: int, Rn: int, Rt: int, is_store: int, Rm: int
) -> None:
    """LDRD, STRD (register)."""
    double(cpu, P, U, W, Rn, Rt, is_store, cpu.r[Rm])


# -- preload hints: nothing to do ------------------------------------------------------
@always("1111 0100 U:1 101 Rn:4 (1)(1)(1)(1) imm12:12", asm="pli {Rn,U,imm12:offset}")
@always(
    "1111 0101 U:1 R:1 01 Rn:4 (1)(1)(1)(1) imm12:12",
    asm="pld{R:pldw} {Rn,U,imm12:offset}",
)
@always(
    "1111 0110 U:1 101 Rn:4 (1)(1)(1)(1) imm5:5 type:2 0 Rm:4",
    where=lambda Rm: Rm != 15,
    asm="pli {Rn,U,Rm,imm5,type:offset_register}",
)
@always(
    "1111 0111 U:1 R:1 01 Rn:4 (1)(1)(1)(1) imm5:5 type:2 0 Rm:4",
    where=lambda Rm: Rm != 15,
    asm="pld{R:pldw} {Rn,U,Rm,imm5,type:offset_register}",
)
def preload(cpu: Cpu) -> None:
    """PLD, PLDW, PLI."""
