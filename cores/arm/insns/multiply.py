"""Multiply, multiply-accumulate, divide (DDI 0406C A5.2.5, A5.2.7, A5.4.4, A6.3.16)."""

from __future__ import annotations

from cores.arm.formats import Cpu, Value, not_pc_dnm, plain, plain_dnm, set_nz
from machinebuilder.isa import InsnSet, s16, s32, s64, u32, u64

a32 = InsnSet("a32")
t32 = InsnSet("t32")


# -- shared meaning --------------------------------------------------------------------
def half(value: Value, top: int) -> Value:
    """A signed half of a register."""
    return s32(s16(value >> 16 if top else value))


def accumulate(cpu: Cpu, Rd: int, product: Value, addend: Value) -> None:
    """Rd = product + addend, both s32; Q on signed overflow."""
    total = s64(product) + s64(s32(addend))
    cpu.r[Rd] = u32(total)
    cpu.q = cpu.q | (total != s64(s32(total)))


def pair(cpu: Cpu, high: int, low: int) -> Value:
    """Two registers as one number."""
    return (u64(cpu.r[high]) << 32) | u64(cpu.r[low])


def write_pair(cpu: Cpu, high: int, low: int, value: Value) -> None:
    """A 64-bit result into two registers."""
    cpu.r[low] = u32(value)
    cpu.r[high] = u32(value >> 32)


def long_product(cpu: Cpu, signed: int, Rn: int, Rm: int) -> Value:
    """64 bits of a product of registers."""
    if signed:
        return u64(s64(s32(cpu.r[Rn])) * s64(s32(cpu.r[Rm])))
    return u64(cpu.r[Rn]) * u64(cpu.r[Rm])


def multiply_long(
    cpu: Cpu, signed: int, add: int, S: int, RdHi: int, RdLo: int, Rn: int, Rm: int
) -> None:
    """UMULL, UMLAL, SMULL, SMLAL."""
    product = long_product(cpu, signed, Rn, Rm)
    result = product + pair(cpu, RdHi, RdLo) if add else product
    write_pair(cpu, RdHi, RdLo, result)
    if S:
        cpu.n = s64(result) < 0
        cpu.z = result == 0


def multiply_add_twice(cpu: Cpu, RdHi: int, RdLo: int, Rn: int, Rm: int) -> None:
    """UMAAL."""
    product = long_product(cpu, 0, Rn, Rm)
    write_pair(cpu, RdHi, RdLo, product + u64(cpu.r[RdHi]) + u64(cpu.r[RdLo]))


def dual(cpu: Cpu, subtract: int, swap: int, Rn: int, Rm: int) -> Value:
    """Sum or difference of the two products of halves, as s64."""
    m = cpu.r[Rm]
    low = half(cpu.r[Rn], 0) * half(m, swap)
    high = half(cpu.r[Rn], 1) * half(m, 1 - swap)
    if subtract:
        return s64(low) - s64(high)
    return s64(low) + s64(high)


def dual_accumulate(
    cpu: Cpu, subtract: int, swap: int, Rd: int, Rn: int, Rm: int, Ra: int
) -> None:
    """SMLAD, SMLSD; SMUAD, SMUSD where Ra is 15."""
    total = dual(cpu, subtract, swap, Rn, Rm)
    if Ra != 15:
        total = total + s64(s32(cpu.r[Ra]))
    cpu.q = cpu.q | (total != s64(s32(total)))
    cpu.r[Rd] = u32(total)


def dual_accumulate_long(
    cpu: Cpu, subtract: int, swap: int, RdHi: int, RdLo: int, Rn: int, Rm: int
) -> None:
    """SMLALD, SMLSLD."""
    total = dual(cpu, subtract, swap, Rn, Rm)
    write_pair(cpu, RdHi, RdLo, pair(cpu, RdHi, RdLo) + u64(total))


def most_significant(
    cpu: Cpu, subtract: int, rounded: int, Rd: int, Rn: int, Rm: int, Ra: int
) -> None:
    """SMMLA, SMMLS; SMMUL where Ra is 15."""
    product = long_product(cpu, 1, Rn, Rm)
    if Ra == 15:
        total = product
    elif subtract:
        total = (u64(cpu.r[Ra]) << 32) - product
    else:
        total = (u64(cpu.r[Ra]) << 32) + product
    if rounded:
        total = total + 0x8000_0000
    cpu.r[Rd] = u32(total >> 32)


def divide(cpu: Cpu, unsigned: int, Rd: int, Rn: int, Rm: int) -> None:
    """SDIV, UDIV: by zero gives zero."""
    if unsigned:
        cpu.r[Rd] = cpu.r[Rn] // cpu.r[Rm]
    else:
        cpu.r[Rd] = u32(s32(cpu.r[Rn]) // s32(cpu.r[Rm]))


def halfword_accumulate(
    cpu: Cpu, N: int, M: int, Rd: int, Rn: int, Rm: int, Ra: int
) -> None:
    """SMLABB ... SMLATT."""
    product = half(cpu.r[Rn], N) * half(cpu.r[Rm], M)
    accumulate(cpu, Rd, product, cpu.r[Ra])


def word_by_half(cpu: Cpu, M: int, Rn: int, Rm: int) -> Value:
    """Upper 32 bits of a 48-bit product, as s32."""
    return s32((s64(s32(cpu.r[Rn])) * s64(half(cpu.r[Rm], M))) >> 16)


def halfword_accumulate_long(
    cpu: Cpu, N: int, M: int, RdHi: int, RdLo: int, Rn: int, Rm: int
) -> None:
    """SMLALBB ... SMLALTT."""
    product = half(cpu.r[Rn], N) * half(cpu.r[Rm], M)
    write_pair(cpu, RdHi, RdLo, pair(cpu, RdHi, RdLo) + u64(s64(product)))


# -- operands that are not unpredictable -----------------------------------------------
def not_pc_dnma(Rd: int, Rn: int, Rm: int, Ra: int) -> bool:
    """Four registers without the pc."""
    return Rd != 15 and Rn != 15 and Rm != 15 and Ra != 15


def two_results(RdHi: int, RdLo: int, Rn: int, Rm: int) -> bool:
    """Two different results, and no pc."""
    return RdHi != 15 and RdLo != 15 and Rn != 15 and Rm != 15 and RdHi != RdLo


def plain_dnma(Rd: int, Rn: int, Rm: int, Ra: int) -> bool:
    """Four T32 registers; Ra 15 is another instruction."""
    return plain(Rd) and plain(Rn) and plain(Rm) and plain(Ra)


def plain_optional(Rd: int, Rn: int, Rm: int, Ra: int) -> bool:
    """As above, and Ra 15 means none."""
    return plain(Rd) and plain(Rn) and plain(Rm) and Ra != 13


def plain_two_results(RdHi: int, RdLo: int, Rn: int, Rm: int) -> bool:
    """Two different T32 results."""
    return plain(RdHi) and plain(RdLo) and plain(Rn) and plain(Rm) and RdHi != RdLo


# -- A32 -------------------------------------------------------------------------------
@a32(
    "cond:4 0000 000 S:1 Rd:4 (0)(0)(0)(0) Rm:4 1001 Rn:4",
    where=not_pc_dnm,
    asm="mul{S:s}{cond} {Rd}, {Rn}, {Rm}",
)
def mul(cpu: Cpu, S: int, Rd: int, Rm: int, Rn: int) -> None:
    """MUL A1: C and V stay."""
    cpu.r[Rd] = cpu.r[Rn] * cpu.r[Rm]
    if S:
        set_nz(cpu, cpu.r[Rd])


@a32(
    "cond:4 0000 001 S:1 Rd:4 Ra:4 Rm:4 1001 Rn:4",
    where=not_pc_dnma,
    asm="mla{S:s}{cond} {Rd}, {Rn}, {Rm}, {Ra}",
)
def mla(cpu: Cpu, S: int, Rd: int, Ra: int, Rm: int, Rn: int) -> None:
    """MLA A1."""
    cpu.r[Rd] = cpu.r[Rn] * cpu.r[Rm] + cpu.r[Ra]
    if S:
        set_nz(cpu, cpu.r[Rd])


@a32(
    "cond:4 0000 0110 Rd:4 Ra:4 Rm:4 1001 Rn:4",
    where=not_pc_dnma,
    asm="mls{cond} {Rd}, {Rn}, {Rm}, {Ra}",
)
def mls(cpu: Cpu, Rd: int, Ra: int, Rm: int, Rn: int) -> None:
    """MLS A1."""
    cpu.r[Rd] = cpu.r[Ra] - cpu.r[Rn] * cpu.r[Rm]


@a32(
    "cond:4 0000 0100 RdHi:4 RdLo:4 Rm:4 1001 Rn:4",
    where=two_results,
    asm="umaal{cond} {RdLo}, {RdHi}, {Rn}, {Rm}",
)
def umaal(cpu: Cpu, RdHi: int, RdLo: int, Rm: int, Rn: int) -> None:
    """UMAAL A1."""
    multiply_add_twice(cpu, RdHi, RdLo, Rn, Rm)


@a32(
    "cond:4 0000 1 signed:1 add:1 S:1 RdHi:4 RdLo:4 Rm:4 1001 Rn:4",
    where=two_results,
    asm="{signed:us}m{add:ul_la}l{S:s}{cond} {RdLo}, {RdHi}, {Rn}, {Rm}",
)
def mull(
    cpu: Cpu, signed: int, add: int, S: int, RdHi: int, RdLo: int, Rm: int, Rn: int
) -> None:
    """UMULL, UMLAL, SMULL, SMLAL A1."""
    multiply_long(cpu, signed, add, S, RdHi, RdLo, Rn, Rm)


@a32(
    "cond:4 00010000 Rd:4 Ra:4 Rm:4 1 M:1 N:1 0 Rn:4",
    where=not_pc_dnma,
    asm="smla{N:bt}{M:bt}{cond} {Rd}, {Rn}, {Rm}, {Ra}",
)
def smla(cpu: Cpu, Rd: int, Ra: int, Rm: int, M: int, N: int, Rn: int) -> None:
    """SMLABB, SMLABT, SMLATB, SMLATT A1."""
    halfword_accumulate(cpu, N, M, Rd, Rn, Rm, Ra)


@a32(
    "cond:4 00010010 Rd:4 Ra:4 Rm:4 1 M:1 0 0 Rn:4",
    where=not_pc_dnma,
    asm="smlaw{M:bt}{cond} {Rd}, {Rn}, {Rm}, {Ra}",
)
def smlaw(cpu: Cpu, Rd: int, Ra: int, Rm: int, M: int, Rn: int) -> None:
    """SMLAWB, SMLAWT A1."""
    accumulate(cpu, Rd, word_by_half(cpu, M, Rn, Rm), cpu.r[Ra])


@a32(
    "cond:4 00010010 Rd:4 (0)(0)(0)(0) Rm:4 1 M:1 1 0 Rn:4",
    where=not_pc_dnm,
    asm="smulw{M:bt}{cond} {Rd}, {Rn}, {Rm}",
)
def smulw(cpu: Cpu, Rd: int, Rm: int, M: int, Rn: int) -> None:
    """SMULWB, SMULWT A1."""
    cpu.r[Rd] = u32(word_by_half(cpu, M, Rn, Rm))


@a32(
    "cond:4 00010100 RdHi:4 RdLo:4 Rm:4 1 M:1 N:1 0 Rn:4",
    where=two_results,
    asm="smlal{N:bt}{M:bt}{cond} {RdLo}, {RdHi}, {Rn}, {Rm}",
)
def smlal_halves(
    cpu: Cpu, RdHi: int, RdLo: int, Rm: int, M: int, N: int, Rn: int
) -> None:
    """SMLALBB, SMLALBT, SMLALTB, SMLALTT A1."""
    halfword_accumulate_long(cpu, N, M, RdHi, RdLo, Rn, Rm)


@a32(
    "cond:4 00010110 Rd:4 (0)(0)(0)(0) Rm:4 1 M:1 N:1 0 Rn:4",
    where=not_pc_dnm,
    asm="smul{N:bt}{M:bt}{cond} {Rd}, {Rn}, {Rm}",
)
def smul(cpu: Cpu, Rd: int, Rm: int, M: int, N: int, Rn: int) -> None:
    """SMULBB, SMULBT, SMULTB, SMULTT A1."""
    cpu.r[Rd] = u32(half(cpu.r[Rn], N) * half(cpu.r[Rm], M))


@a32(
    "cond:4 0111 0000 Rd:4 Ra:4 Rm:4 0 sub:1 X:1 1 Rn:4",
    where=not_pc_dnm,
    asm="{sub,Ra:smlad}{X:x}{cond} {Rd}, {Rn}, {Rm}{Ra:optional}",
)
def smlad(cpu: Cpu, Rd: int, Ra: int, Rm: int, sub: int, X: int, Rn: int) -> None:
    """SMLAD, SMLSD, SMUAD, SMUSD A1."""
    dual_accumulate(cpu, sub, X, Rd, Rn, Rm, Ra)


@a32(
    "cond:4 0111 0100 RdHi:4 RdLo:4 Rm:4 0 sub:1 X:1 1 Rn:4",
    where=two_results,
    asm="{sub:smlald}{X:x}{cond} {RdLo}, {RdHi}, {Rn}, {Rm}",
)
def smlald(cpu: Cpu, RdHi: int, RdLo: int, Rm: int, sub: int, X: int, Rn: int) -> None:
    """SMLALD, SMLSLD A1."""
    dual_accumulate_long(cpu, sub, X, RdHi, RdLo, Rn, Rm)


@a32(
    "cond:4 0111 0101 Rd:4 Ra:4 Rm:4 sub:1 sub2:1 R:1 1 Rn:4",
    where=lambda Rd, Ra, Rm, Rn, sub, sub2: (
        Rd != 15 and Rm != 15 and Rn != 15 and sub == sub2 and (sub == 0 or Ra != 15)
    ),
    asm="{sub,Ra:smmla}{R:r}{cond} {Rd}, {Rn}, {Rm}{Ra:optional}",
)
def smmla(cpu: Cpu, Rd: int, Ra: int, Rm: int, sub: int, R: int, Rn: int) -> None:
    """SMMLA, SMMLS, SMMUL A1."""
    most_significant(cpu, sub, R, Rd, Rn, Rm, Ra)


@a32(
    "cond:4 0111 00 unsigned:1 1 Rd:4 (1)(1)(1)(1) Rm:4 0001 Rn:4",
    where=not_pc_dnm,
    asm="{unsigned:su}div{cond} {Rd}, {Rn}, {Rm}",
)
def div(cpu: Cpu, unsigned: int, Rd: int, Rm: int, Rn: int) -> None:
    """SDIV, UDIV A1."""
    divide(cpu, unsigned, Rd, Rn, Rm)


# -- T32 -------------------------------------------------------------------------------
@t32(
    "11111011 0000 Rn:4 Ra:4 Rd:4 0000 Rm:4",
    where=plain_optional,
    asm="{Ra:mul_mla}{it} {Rd}, {Rn}, {Rm}{Ra:optional}",
)
def t32_mla(cpu: Cpu, Rn: int, Ra: int, Rd: int, Rm: int) -> None:
    """MLA T1, MUL T2."""
    if Ra == 15:
        cpu.r[Rd] = cpu.r[Rn] * cpu.r[Rm]
    else:
        cpu.r[Rd] = cpu.r[Rn] * cpu.r[Rm] + cpu.r[Ra]


@t32(
    "11111011 0000 Rn:4 Ra:4 Rd:4 0001 Rm:4",
    where=plain_dnma,
    asm="mls{it} {Rd}, {Rn}, {Rm}, {Ra}",
)
def t32_mls(cpu: Cpu, Rn: int, Ra: int, Rd: int, Rm: int) -> None:
    """MLS T1."""
    cpu.r[Rd] = cpu.r[Ra] - cpu.r[Rn] * cpu.r[Rm]


@t32(
    "11111011 0001 Rn:4 Ra:4 Rd:4 00 N:1 M:1 Rm:4",
    where=plain_optional,
    asm="{Ra:smul_smla}{N:bt}{M:bt}{it} {Rd}, {Rn}, {Rm}{Ra:optional}",
)
def t32_smla(cpu: Cpu, Rn: int, Ra: int, Rd: int, N: int, M: int, Rm: int) -> None:
    """SMLA<x><y>, SMUL<x><y> T1."""
    if Ra == 15:
        cpu.r[Rd] = u32(half(cpu.r[Rn], N) * half(cpu.r[Rm], M))
    else:
        halfword_accumulate(cpu, N, M, Rd, Rn, Rm, Ra)


@t32(
    "11111011 0 sub:1 negate:1 0 Rn:4 Ra:4 Rd:4 000 X:1 Rm:4",
    where=lambda sub, negate, Rn, Ra, Rd, Rm: (
        sub != negate and plain(Rn) and plain(Rd) and plain(Rm) and Ra != 13
    ),
    asm="{sub,Ra:smlad}{X:x}{it} {Rd}, {Rn}, {Rm}{Ra:optional}",
)
def t32_smlad(cpu: Cpu, sub: int, Rn: int, Ra: int, Rd: int, X: int, Rm: int) -> None:
    """SMLAD (010), SMLSD (100), SMUAD, SMUSD T1."""
    dual_accumulate(cpu, sub, X, Rd, Rn, Rm, Ra)


@t32(
    "11111011 0011 Rn:4 Ra:4 Rd:4 000 M:1 Rm:4",
    where=plain_optional,
    asm="{Ra:smulw_smlaw}{M:bt}{it} {Rd}, {Rn}, {Rm}{Ra:optional}",
)
def t32_smlaw(cpu: Cpu, Rn: int, Ra: int, Rd: int, M: int, Rm: int) -> None:
    """SMLAW<y>, SMULW<y> T1."""
    if Ra == 15:
        cpu.r[Rd] = u32(word_by_half(cpu, M, Rn, Rm))
    else:
        accumulate(cpu, Rd, word_by_half(cpu, M, Rn, Rm), cpu.r[Ra])


@t32(
    "11111011 0101 Rn:4 Ra:4 Rd:4 000 R:1 Rm:4",
    where=plain_optional,
    asm="{Ra:smmul_smmla}{R:r}{it} {Rd}, {Rn}, {Rm}{Ra:optional}",
)
def t32_smmla(cpu: Cpu, Rn: int, Ra: int, Rd: int, R: int, Rm: int) -> None:
    """SMMLA, SMMUL T1."""
    most_significant(cpu, 0, R, Rd, Rn, Rm, Ra)


@t32(
    "11111011 0110 Rn:4 Ra:4 Rd:4 000 R:1 Rm:4",
    where=plain_dnma,
    asm="smmls{R:r}{it} {Rd}, {Rn}, {Rm}, {Ra}",
)
def t32_smmls(cpu: Cpu, Rn: int, Ra: int, Rd: int, R: int, Rm: int) -> None:
    """SMMLS T1."""
    most_significant(cpu, 1, R, Rd, Rn, Rm, Ra)


@t32(
    "11111011 10 unsigned:1 1 Rn:4 (1)(1)(1)(1) Rd:4 1111 Rm:4",
    where=plain_dnm,
    asm="{unsigned:su}div{it} {Rd}, {Rn}, {Rm}",
)
def t32_div(cpu: Cpu, unsigned: int, Rn: int, Rd: int, Rm: int) -> None:
    """SDIV, UDIV T1."""
    divide(cpu, unsigned, Rd, Rn, Rm)


@t32(
    "11111011 1 add:1 unsigned:1 0 Rn:4 RdLo:4 RdHi:4 0000 Rm:4",
    where=plain_two_results,
    asm="{unsigned:su}m{add:ul_la}l{it} {RdLo}, {RdHi}, {Rn}, {Rm}",
)
def t32_mull(
    cpu: Cpu, add: int, unsigned: int, Rn: int, RdLo: int, RdHi: int, Rm: int
) -> None:
    """UMULL, UMLAL, SMULL, SMLAL T1."""
    multiply_long(cpu, 1 - unsigned, add, 0, RdHi, RdLo, Rn, Rm)


@t32(
    "11111011 1100 Rn:4 RdLo:4 RdHi:4 10 N:1 M:1 Rm:4",
    where=plain_two_results,
    asm="smlal{N:bt}{M:bt}{it} {RdLo}, {RdHi}, {Rn}, {Rm}",
)
def t32_smlal_halves(
    cpu: Cpu, Rn: int, RdLo: int, RdHi: int, N: int, M: int, Rm: int
) -> None:
    """SMLAL<x><y> T1."""
    halfword_accumulate_long(cpu, N, M, RdHi, RdLo, Rn, Rm)


@t32(
    "11111011 110 sub:1 Rn:4 RdLo:4 RdHi:4 110 X:1 Rm:4",
    where=plain_two_results,
    asm="{sub:smlald}{X:x}{it} {RdLo}, {RdHi}, {Rn}, {Rm}",
)
def t32_smlald(
    cpu: Cpu, sub: int, Rn: int, RdLo: int, RdHi: int, X: int, Rm: int
) -> None:
    """SMLALD, SMLSLD T1."""
    dual_accumulate_long(cpu, sub, X, RdHi, RdLo, Rn, Rm)


@t32(
    "11111011 1110 Rn:4 RdLo:4 RdHi:4 0110 Rm:4",
    where=plain_two_results,
    asm="umaal{it} {RdLo}, {RdHi}, {Rn}, {Rm}",
)
def t32_umaal(cpu: Cpu, Rn: int, RdLo: int, RdHi: int, Rm: int) -> None:
    """UMAAL T1."""
    multiply_add_twice(cpu, RdHi, RdLo, Rn, Rm)
