# SPDX-License-Identifier: Apache-2.0
"""How operands are written in ARM assembly (UAL, DDI 0406C A8): what the `{...}` of the
instructions' templates stand for. VFP and Advanced SIMD are in asm_vfp.py, asm_neon.py.

A tuple of names is indexed by its field; a function gets the fields as numbers.
"""

from __future__ import annotations

from cores.arm import formats as _formats
from cores.arm.asm_neon import *  # noqa: F403 (formatters are found by name)
from cores.arm.asm_vfp import *  # noqa: F403
from cores.arm.formats import CONDITIONS, REGISTERS, Cpu
from cores.arm.formats import pc_value as _pc_value
from cores.arm.insns.branch import far_offset, signed

# -- registers and conditions ----------------------------------------------------------
Rd = Rn = Rm = Rs = Rt = Ra = Rt2 = RdLo = RdHi = REGISTERS
cond = CONDITIONS


def it(cpu: Cpu) -> str:
    """The condition of an instruction in an IT block."""
    return CONDITIONS[cpu.itstate >> 4] if cpu.itstate else ""


def its(cpu: Cpu) -> str:
    """T16: outside an IT block the flags are set, inside there is a condition."""
    return CONDITIONS[cpu.itstate >> 4] if cpu.itstate else "s"


def optional(number: int) -> str:
    """A fourth register that may be absent."""
    return "" if number == 15 else f", {REGISTERS[number]}"


def base(number: int) -> str:
    """A first operand that may be absent."""
    return "" if number == 15 else f"{REGISTERS[number]}, "


def second(size: int, Rt: int) -> str:
    """LDREXD names two registers."""
    return f", {REGISTERS[(Rt + 1) & 15]}" if size == 1 else ""


def next(number: int) -> str:  # noqa: A001
    """The other register of an A32 pair."""
    return REGISTERS[(number + 1) & 15]


# -- mnemonics by a field --------------------------------------------------------------
alu = (
    "and",
    "eor",
    "sub",
    "rsb",
    "add",
    "adc",
    "sbc",
    "rsc",
    "tst",
    "teq",
    "cmp",
    "cmn",
    "orr",
    "mov",
    "bic",
    "mvn",
)
compare = "tst", "teq", "cmp", "cmn"
move = "mov", "mvn"
t32_alu = (
    "and",
    "bic",
    "orr",
    "orn",
    "eor",
    "",
    "",
    "",
    "add",
    "",
    "adc",
    "sbc",
    "",
    "sub",
    "rsb",
    "",
)
t32_compare = (
    "tst",
    "",
    "",
    "",
    "teq",
    "",
    "",
    "",
    "cmn",
    "",
    "",
    "",
    "",
    "cmp",
    "",
    "",
)
t16_alu = (
    "and",
    "eor",
    "lsl",
    "lsr",
    "asr",
    "adc",
    "sbc",
    "ror",
    "tst",
    "rsb",
    "cmp",
    "cmn",
    "orr",
    "mul",
    "bic",
    "mvn",
)
t16_memory = "str", "strh", "strb", "ldrsb", "ldr", "ldrh", "ldrb", "ldrsh"
add = subtract = sub = "add", "sub"
s = "", "s"
b = "", "b"
d = "", "d"
x = "", "x"
r = "", "r"
n = "", "n"
su = "s", "u"
us = "u", "s"
bt = "b", "t"
bh = "b", "h"
hb = "h", "b"
wt = "w", "t"
bttb = "bt", "tb"
ul_la = "ul", "la"
ldr = stm_ldr = "str", "ldr"
ldr_str = "ldr", "str"
stm_ldm = "stm", "ldm"
pldw = "w", ""
smlald = "smlald", "smlsld"
exclusive = "", "d", "b", "h"
size = "b", "h", "", ""
barrier = "", "", "clrex", "", "dsb", "dmb", "isb", "", "", "", "", "", "", "", "", ""
endian = "le", "be"
effect = "", "", "ie", "id"
effect1 = "ie", "id"
cp = "p14", "p15"
pc_or_sp = "pc", "sp"
psr = "cpsr", "spsr"
wback = "", "!"
extend = "b16", "", "b", "h"
t32_extend = "h", "b16", "b", ""
mode = tuple(f"{number}" for number in range(32))
_HINTS = "nop", "yield", "wfe", "wfi", "sev"


def t(P: int, W: int) -> str:
    """LDRT and its relatives: post-indexed with W."""
    return "t" if P == 0 and W == 1 else ""


def extra(S: int, H: int) -> str:
    """LDRH, LDRSB, LDRSH."""
    return ("", "h", "sb", "sh")[S * 2 + H]


def sized(signed: int, size: int) -> str:
    """LDRB ... LDR in T32."""
    return ("b", "h", "", "", "sb", "sh", "", "")[signed * 4 + size]


def preload(signed: int, size: int) -> str:
    """PLD, PLDW, PLI; the last is unallocated."""
    return ("pld", "pldw", "pli", "nop")[signed * 2 + (size & 1)]


def hint(number: int) -> str:
    """NOP and so on."""
    return _HINTS[number] if number < 5 else f"nop{number}"


def smlad(sub: int, Ra: int) -> str:
    """SMLAD, SMLSD, SMUAD, SMUSD."""
    return ("smlad", "smlsd", "smuad", "smusd")[sub + 2 * (Ra == 15)]


def smmla(sub: int, Ra: int) -> str:
    """SMMLA, SMMLS, SMMUL."""
    return "smmul" if Ra == 15 else ("smmla", "smmls")[sub]


def mul_mla(Ra: int) -> str:
    """MUL is MLA without a third operand."""
    return "mul" if Ra == 15 else "mla"


def smul_smla(Ra: int) -> str:
    """SMULBB, SMLABB and so on."""
    return "smul" if Ra == 15 else "smla"


def smulw_smlaw(Ra: int) -> str:
    """SMULWB, SMLAWB and so on."""
    return "smulw" if Ra == 15 else "smlaw"


def smmul_smmla(Ra: int) -> str:
    """SMMUL, SMMLA."""
    return "smmul" if Ra == 15 else "smmla"


def usad8(Ra: int) -> str:
    """USAD8, USADA8."""
    return "usad8" if Ra == 15 else "usada8"


def bfi(Rn: int) -> str:
    """BFC is BFI from nowhere."""
    return "bfc" if Rn == 15 else "bfi"


def a(Rn: int) -> str:
    """SXTAB adds, SXTB does not."""
    return "" if Rn == 15 else "a"


def reverse(half: int, sh: int) -> str:
    """REV, REV16, RBIT, REVSH in A32."""
    return ("rev", "rev16", "rbit", "revsh")[sh * 2 + half]


t_reverse = "rev", "rev16", "rbit", "revsh"
_LANES = "add16", "asx", "sax", "sub16", "add8", "", "", "sub8"
_T32_LANES = "add8", "add16", "asx", "", "sub8", "sub16", "sax", ""
lane_kind = _LANES
t32_lane_kind = _T32_LANES


def lanes(unsigned: int, prefix: int) -> str:
    """s, q, sh, u, uq, uh."""
    return ("", "s", "q", "sh", "", "u", "uq", "uh")[unsigned * 4 + prefix]


def t32_lanes(unsigned: int, prefix: int) -> str:
    """The same, as T32 numbers them."""
    return ("s", "q", "sh", "", "u", "uq", "uh", "")[unsigned * 4 + prefix]


# -- shifts ----------------------------------------------------------------------------
shift_name = "lsl", "lsr", "asr", "ror"


def shift(amount: int, type: int) -> str:  # noqa: A002
    """The shift of a register by a constant; nothing for LSL #0."""
    if amount == 0 and type == 0:
        return ""
    if amount == 0 and type == 3:
        return ", rrx"
    return f", {shift_name[type]} #{amount if amount != 0 else 32}"


def sat_shift(amount: int, right: int) -> str:
    """The shift of SSAT and PKH: LSL or ASR."""
    return shift(amount, 2 * right)


def rotation(rotate: int) -> str:
    """By whole bytes."""
    return f", ror #{rotate * 8}" if rotate else ""


# -- numbers ---------------------------------------------------------------------------
def arm_constant(imm12: int) -> str:
    """An A32 immediate."""
    return f"{_formats.arm_constant(imm12)}"


def thumb_constant(imm: int) -> str:
    """A T32 immediate."""
    return f"{_formats.thumb_constant(imm)}"


def words(number: int) -> str:
    """A number of words, as bytes."""
    return f"{number * 4}"


def halves(number: int) -> str:
    """A number of halfwords, as bytes."""
    return f"{number * 2}"


def scaled(B: int, imm5: int) -> str:
    """Bytes, or words."""
    return f"{imm5 if B else imm5 * 4}"


def plus1(number: int) -> str:
    """A width that is encoded minus one."""
    return f"{number + 1}"


def field_width(msb: int, lsb: int) -> str:
    """The width of BFI's field."""
    return f"{msb - lsb + 1}"


def width(unsigned: int, imm: int) -> str:
    """What SSAT and USAT saturate to."""
    return f"{imm if unsigned else imm + 1}"


def wide(high: int, low: int) -> str:
    """MOVW's sixteen bits in T32."""
    return f"{high << 12 | low}"


# -- addresses -------------------------------------------------------------------------
def _sign(U: int) -> str:
    return "" if U else "-"


def signed_offset(U: int, offset: int) -> str:
    """#-8"""
    return f"#{_sign(U)}{offset}"


def _open(Rn: int, P: int) -> str:
    """The base: `[r1, ` before an offset, or `[r1], `."""
    return f"[{REGISTERS[Rn]}, " if P else f"[{REGISTERS[Rn]}], "


def _close(P: int, W: int) -> str:
    """What follows the offset."""
    return "" if P == 0 else "]!" if W else "]"


def address(Rn: int, P: int, W: int, U: int, offset: int) -> str:
    """With an immediate offset."""
    return f"{_open(Rn, P)}{signed_offset(U, offset)}{_close(P, W)}"


def address_words(Rn: int, P: int, W: int, U: int, offset: int) -> str:
    """With an offset in words."""
    return address(Rn, P, W, U, offset * 4)


def address_plain(Rn: int, P: int, W: int, U: int, Rm: int) -> str:
    """With a register offset."""
    return f"{_open(Rn, P)}{_sign(U)}{REGISTERS[Rm]}{_close(P, W)}"


def address_register(
    Rn: int, P: int, W: int, U: int, Rm: int, amount: int, type: int
) -> str:  # noqa: A002
    """With a shifted register."""
    operand = f"{_sign(U)}{REGISTERS[Rm]}{shift(amount, type)}"
    return f"{_open(Rn, P)}{operand}{_close(P, W)}"


def offset(Rn: int, U: int, amount: int) -> str:
    """Without write-back."""
    return address(Rn, 1, 0, U, amount)


def offset_register(Rn: int, U: int, Rm: int, amount: int, type: int) -> str:  # noqa: A002
    """With a shifted register, without write-back."""
    return address_register(Rn, 1, 0, U, Rm, amount, type)


# -- register lists --------------------------------------------------------------------
def _listed(registers: int, number: int) -> str:
    separator = ", " if registers & ((1 << number) - 1) else ""
    return f"{separator}{REGISTERS[number]}" if registers >> number & 1 else ""


def _eight(registers: int, first: int) -> str:
    return (
        f"{_listed(registers, first)}{_listed(registers, first + 1)}"
        f"{_listed(registers, first + 2)}{_listed(registers, first + 3)}"
        f"{_listed(registers, first + 4)}{_listed(registers, first + 5)}"
        f"{_listed(registers, first + 6)}{_listed(registers, first + 7)}"
    )


def list(registers: int) -> str:  # noqa: A001
    """{r0, r1, pc}"""
    return f"{{{_eight(registers, 0)}{_eight(registers, 8)}}}"


def list_pc(registers: int) -> str:
    """And the pc."""
    return list(registers | 1 << 15)


def list_lr(M: int, registers: int) -> str:
    """PUSH T1."""
    return list(registers | M << 14)


def list_pc16(P: int, registers: int) -> str:
    """POP T1."""
    return list(registers | P << 15)


def wback16(L: int, Rn: int, registers: int) -> str:
    """LDM T1 writes back unless it loads the base."""
    return "" if L and registers >> Rn & 1 else "!"


def block_mode(P: int, U: int) -> str:
    """DA, IA, DB, IB."""
    return ("da", "ia", "db", "ib")[P * 2 + U]


def t32_block_mode(P: int, U: int) -> str:
    """RFE and SRS in T32."""
    return "ia" if U else "db"


# -- status ----------------------------------------------------------------------------
def fields(mask: int) -> str:
    """The bytes of a status register."""
    return (
        f"{'f' if mask & 8 else ''}{'s' if mask & 4 else ''}"
        f"{'x' if mask & 2 else ''}{'c' if mask & 1 else ''}"
    )


def aif(masks: int) -> str:
    """The masks of CPS."""
    return (
        f"{'a' if masks & 4 else ''}{'i' if masks & 2 else ''}"
        f"{'f' if masks & 1 else ''}"
    )


def cps_operands(imod: int, M: int, masks: int, mode: int) -> str:
    """Masks, a mode, or both."""
    if imod == 0:
        return f" #{mode}"
    return f" {aif(masks)}, #{mode}" if M else f" {aif(masks)}"


def it_block(first: int, mask: int) -> str:
    """The letters after IT, and the condition."""
    odd = first & 1
    second = "t" if mask >> 3 == odd else "e"
    third = "t" if (mask >> 2 & 1) == odd else "e"
    fourth = "t" if (mask >> 1 & 1) == odd else "e"
    letters = 0 if mask == 8 else 1 if mask & 7 == 4 else 2 if mask & 3 == 2 else 3
    return (
        f"{second if letters > 0 else ''}{third if letters > 1 else ''}"
        f"{fourth if letters > 2 else ''} {CONDITIONS[first]}"
    )


# -- targets of branches ---------------------------------------------------------------
def _to(cpu: Cpu, distance: int) -> str:
    return f"{(_pc_value(cpu) + distance) & 0xFFFF_FFFF:#x}"


def branch(cpu: Cpu, imm24: int) -> str:
    """B and BL in A32."""
    return _to(cpu, signed(imm24, 24) * 4)


def branch_thumb(cpu: Cpu, H: int, imm24: int) -> str:
    """BLX in A32."""
    return _to(cpu, signed(imm24, 24) * 4 + H * 2)


def adr(cpu: Cpu, negative: int, imm: int) -> str:
    """ADR T2 and T3."""
    base = _pc_value(cpu) & 0xFFFF_FFFC
    return f"{(base - imm if negative else base + imm) & 0xFFFF_FFFF:#x}"


def branch8(cpu: Cpu, imm8: int) -> str:
    """B T1."""
    return _to(cpu, signed(imm8, 8) * 2)


def branch11(cpu: Cpu, imm11: int) -> str:
    """B T2."""
    return _to(cpu, signed(imm11, 11) * 2)


def branch6(cpu: Cpu, i: int, imm5: int) -> str:
    """CBZ."""
    return _to(cpu, i * 64 + imm5 * 2)


def branch20(cpu: Cpu, S: int, J2: int, J1: int, imm6: int, imm11: int) -> str:
    """B T3."""
    offset = ((S * 2 + J2) * 2 + J1) * 64 + imm6
    return _to(cpu, signed(offset * 2048 + imm11, 20) * 2)


def branch24(cpu: Cpu, S: int, J1: int, J2: int, high: int, low: int) -> str:
    """B T4 and BL."""
    return _to(cpu, far_offset(S, J1, J2, high, low))


def branch24_arm(cpu: Cpu, S: int, J1: int, J2: int, high: int, low: int) -> str:
    """BLX: to a word."""
    target = (_pc_value(cpu) & 0xFFFF_FFFC) + far_offset(S, J1, J2, high, low * 2)
    return f"{target & 0xFFFF_FFFF:#x}"
