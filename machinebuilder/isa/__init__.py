# SPDX-License-Identifier: Apache-2.0
"""What a core author imports: the language of `docs/writing-a-core.md`.

Everything here works as plain Python; `python -m machinebuilder.isa` compiles it to C.
"""

from .core import Core, decode, load, words
from .errors import IsaError
from .floating import (
    fabs, fadd, fcmp, fcmpe, fdiv, float_bits, fma, fmul, fneg, from_bits, fsqrt, fsub,
    ftos32, ftou32, s32tof, s64tof, u32tof,
)
from .insns import Extern, Insn, InsnSet, extern, insn
from .intrinsics import (
    add_with_carry, bitrev, bits, bswap, carry_out, clz, ctz, mul_high, popcount, ror,
    select, sext, sub_overflow,
)
from .operands import disassemble
from .reference import GuestFault, Leave, Memory, Reference, Undefined
from .state import Array, Features, Field, Flag, State, View
from .types import f32, f64, s8, s16, s32, s64, u1, u8, u16, u32, u64, v128
from .vectors import (
    vadd8, vadd16, vadd32, vadd64, vand, vandn, vdup8, vdup16, vdup32, vdup64, veq8,
    veq16, veq32, vext, vges8, vges16, vges32, vgeu8, vgeu16, vgeu32, vgts8, vgts16,
    vgts32, vgtu8, vgtu16, vgtu32, vhigh, vlow, vmaxs8, vmaxs16, vmaxs32, vmaxu8,
    vmaxu16, vmaxu32, vmins8, vmins16, vmins32, vminu8, vminu16, vminu32, vmul8, vmul16,
    vmul32, vnot, vor, vorn, vpair, vsar8, vsar16, vsar32, vsar64, vshl8, vshl16, vshl32,
    vshl64, vshr8, vshr16, vshr32, vshr64, vsub8, vsub16, vsub32, vsub64, vxor, vzero,
)

__all__ = [
    "Array", "Core", "Extern", "Features", "Field", "Flag", "GuestFault", "Insn",
    "InsnSet", "IsaError", "Leave", "Memory", "Reference", "State", "Undefined", "View",
    "add_with_carry", "bitrev", "bits", "bswap", "carry_out", "clz", "ctz", "decode", "disassemble",
    "extern", "f32", "f64", "fabs", "fadd", "fcmp", "fcmpe", "fdiv", "float_bits", "fma",
    "fmul", "fneg", "from_bits", "fsqrt", "fsub", "ftos32", "ftou32", "insn", "load",
    "mul_high", "popcount", "ror", "s8", "s16", "s32", "s32tof", "s64", "s64tof",
    "select", "sext", "sub_overflow", "u1", "u8", "u16", "u32", "u32tof", "u64", "v128",
    "vadd8", "vadd16", "vadd32", "vadd64", "vand", "vandn", "vdup8", "vdup16", "vdup32",
    "vdup64", "veq8", "veq16", "veq32", "vext", "vges8", "vges16", "vges32", "vgeu8",
    "vgeu16", "vgeu32", "vgts8", "vgts16", "vgts32", "vgtu8", "vgtu16", "vgtu32",
    "vhigh", "vlow", "vmaxs8", "vmaxs16", "vmaxs32", "vmaxu8", "vmaxu16", "vmaxu32",
    "vmins8", "vmins16", "vmins32", "vminu8", "vminu16", "vminu32", "vmul8", "vmul16",
    "vmul32", "vnot", "vor", "vorn", "vpair", "vsar8", "vsar16", "vsar32", "vsar64",
    "vshl8", "vshl16", "vshl32", "vshl64", "vshr8", "vshr16", "vshr32", "vshr64",
    "vsub8", "vsub16", "vsub32", "vsub64", "vxor", "vzero", "words",
]
