# SPDX-License-Identifier: Apache-2.0
"""How Advanced SIMD operands are written (DDI 0406C A7.3, A7.4, A7.7)."""

from __future__ import annotations

from cores.arm.asm_vfp import vadd_vsub, vimmediate
from cores.arm.formats import REGISTERS
from cores.arm.insns.neon_move import byte_mask

# -- mnemonics by a field --------------------------------------------------------------
vmax_vmin = "vmax", "vmin"
vpmax_vpmin = "vpmax", "vpmin"
vabd_vaba = "vabd", "vaba"
vabal_vabdl = "vabal", "vabdl"
vshr_vsra = "vshr", "vsra"
vrshr_vrsra = "vrshr", "vrsra"
vshrn_vrshrn = "vshrn", "vrshrn"
vqshrn_vqrshrn = "vqshrn", "vqrshrn"
vqshrun_vqrshrun = "vqshrun", "vqrshrun"
vqdmulh_vqrdmulh = "vqdmulh", "vqrdmulh"
vrecpe_vrsqrte = "vrecpe", "vrsqrte"
vrecps_vrsqrts = "vrecps", "vrsqrts"
vcge_vcgt = "vcge", "vcgt"
vacge_vacgt = "vacge", "vacgt"
vpaddl_vpadal = "vpaddl", "vpadal"
vcls_vclz = "vcls", "vclz"
vabs_vneg = "vabs", "vneg"
vqabs_vqneg = "vqabs", "vqneg"
vmovn_vqmovun = "vmovn", "vqmovun"
vtbl_vtbx = "vtbl", "vtbx"
vst_vld = "vst", "vld"
vrev = "vrev64", "vrev32", "vrev16", "vrev"
vpermute = "vswp", "vtrn", "vuzp", "vzip"
vand_vorn = "vand", "vbic", "vorr", "vorn"
veor_vbif = "veor", "vbsl", "vbit", "vbif"
vcompare0 = "vcgt", "vcge", "vceq", "vcle", "vclt", "", "", ""
vmull_op = "vmlal", "vmlsl", "vmull", ""
vqdmull_op = "vqdmlal", "vqdmlsl", "vqdmull", ""


def vlong(op: int, wide: int) -> str:
    return f"{vadd_vsub[op]}{'w' if wide else 'l'}"


def vhalving(rounded: int, op: int) -> str:
    return f"{'vr' if rounded else 'v'}{'sub' if op else 'add'}hn"


def vtst_vceq(U: int) -> str:
    return "vceq" if U else "vtst"


# -- types -----------------------------------------------------------------------------
vsize = ".8", ".16", ".32", ".64"
vint = ".i8", ".i16", ".i32", ".i64"
vint_long = ".i16", ".i32", ".i64", ""
vsigned = ".s8", ".s16", ".s32", ".s64"
vfloat_estimate = ".u32", ".f32"
vlength = "#8", "#16", "#32", ""


def vtype(U: int, size: int) -> str:
    return f".{'u' if U else 's'}{8 << size}"


def vtype_long(U: int, size: int) -> str:
    return f".{'u' if U else 's'}{16 << size}"


def vtested(U: int, size: int) -> str:
    """VTST looks at bits, VCEQ at integers."""
    return f".{'i' if U else ''}{8 << size}"


def vshift_size(L: int, imm6: int) -> int:
    return 64 if L else 32 if imm6 >= 32 else 16 if imm6 >= 16 else 8


def vshift_int(L: int, imm6: int) -> str:
    return f".i{vshift_size(L, imm6)}"


def vshift_bits(L: int, imm6: int) -> str:
    return f".{vshift_size(L, imm6)}"


def vshift_type(U: int, L: int, imm6: int) -> str:
    return f".{'u' if U else 's'}{vshift_size(L, imm6)}"


def vshift_signed(L: int, imm6: int) -> str:
    return vshift_type(0, L, imm6)


def vnarrow_signed(imm6: int) -> str:
    return vnarrow_type(0, imm6)


def vmoved(unsigned: int, size: int) -> str:
    """VMOVN moves integers, VQMOVUN saturates signed ones."""
    return f".{'s' if unsigned else 'i'}{16 << size}"


def vnarrow_int(imm6: int) -> str:
    return f".i{2 * vshift_size(0, imm6)}"


def vnarrow_type(U: int, imm6: int) -> str:
    return f".{'u' if U else 's'}{2 * vshift_size(0, imm6)}"


def vlong_type(U: int, imm6: int) -> str:
    return f".{'u' if U else 's'}{vshift_size(0, imm6)}"


def vright(L: int, imm6: int) -> str:
    size = vshift_size(L, imm6)
    return f"#{64 - imm6 if L else 2 * size - imm6}"


def vleft(L: int, imm6: int) -> str:
    return f"#{imm6 if L else imm6 - vshift_size(L, imm6)}"


def vright_narrow(imm6: int) -> str:
    return f"#{2 * vshift_size(0, imm6) - imm6}"


def vlonger(imm6: int) -> str:
    """VSHLL by nothing is VMOVL."""
    return "vmovl" if imm6 == vshift_size(0, imm6) else "vshll"


def vleft_long(imm6: int) -> str:
    amount = imm6 - vshift_size(0, imm6)
    return f", #{amount}" if amount else ""


def vplaces(imm6: int) -> str:
    return f"#{64 - imm6}"


def vconverted(op: int, U: int) -> str:
    number = "u32" if U else "s32"
    return f".{number}.f32" if op else f".f32.{number}"


# -- registers -------------------------------------------------------------------------
def v(Q: int, d: int) -> str:
    """The register of a field D:Vd or M:Vm."""
    return f"q{d >> 1}" if Q else f"d{d}"


def vn(Q: int, n: int) -> str:
    """The register of a field Vn:N."""
    return v(Q, n >> 1 | (n & 1) << 4)


def vD(d: int) -> str:
    return f"d{d}"


def vQ(d: int) -> str:
    return f"q{d >> 1}"


def vDn(n: int) -> str:
    return vn(0, n)


def vQn(n: int) -> str:
    return vn(1, n)


def vscalar(size: int, m: int) -> str:
    return f"d{m & 7}[{m >> 3}]" if size == 1 else f"d{m & 15}[{m >> 4}]"


def vdup_scalar(imm4: int, m: int) -> str:
    return f"d{m}[{imm4 >> 1 if imm4 & 1 else imm4 >> 2 if imm4 & 2 else imm4 >> 3}]"


def vdup_size(imm4: int) -> str:
    return ".8" if imm4 & 1 else ".16" if imm4 & 2 else ".32"


def vtable(n: int, len: int) -> str:  # noqa: A002
    first = n >> 1 | (n & 1) << 4
    return f"{{d{first}-d{first + len}}}" if len else f"{{d{first}}}"


# -- memory ----------------------------------------------------------------------------
def velements(type: int) -> str:  # noqa: A002
    return ("4", "4", "1", "2", "3", "3", "1", "1", "2", "2", "1", "", "", "", "", "")[
        type
    ]


def vstructures(d: int, type: int) -> str:  # noqa: A002
    last = (3, 6, 3, 3, 2, 4, 2, 0, 1, 2, 1, 0, 0, 0, 0, 0)[type]
    step = 2 if type in (1, 5, 9) else 1
    if step == 2:
        middle = f", d{d + 2}" if last > 2 else ""
        beyond = f", d{d + 4}" if last > 4 else ""
        return f"{{d{d}{middle}{beyond}, d{d + last}}}"
    return f"{{d{d}-d{d + last}}}" if last else f"{{d{d}}}"


def valigned(align: int) -> str:
    return f":{32 << align}" if align else ""


vmore = "1", "2", "3", "4"


def vlane_aligned(size: int, where: int, more: int) -> str:
    """The alignment of one structure, in bits."""
    if size == 2:
        if where & 3 == 0:
            return ""
        return ":32" if more == 0 else ":128" if where & 3 == 2 else ":64"
    return f":{8 * (more + 1) << size}" if where & 1 else ""


def vall_aligned(size: int, more: int, a: int) -> str:
    if not a:
        return ""
    if size == 3:
        return ":128"
    return ":64" if more == 3 and size == 2 else f":{8 * (more + 1) << size}"


vall_size = ".8", ".16", ".32", ".32"


def vone_lane(d: int, size: int, where: int, more: int) -> str:
    step = 2 if size and where >> size & 1 else 1
    index = where >> (size + 1)
    second = f", d{d + step}[{index}]" if more > 0 else ""
    third = f", d{d + 2 * step}[{index}]" if more > 1 else ""
    fourth = f", d{d + 3 * step}[{index}]" if more > 2 else ""
    return f"{{d{d}[{index}]{second}{third}{fourth}}}"


def vall_lanes(d: int, T: int, more: int) -> str:
    if more == 0:
        return f"{{d{d}[], d{d + 1}[]}}" if T else f"{{d{d}[]}}"
    third = f", d{d + 2 * (T + 1)}[]" if more > 1 else ""
    fourth = f", d{d + 3 * (T + 1)}[]" if more > 2 else ""
    return f"{{d{d}[], d{d + T + 1}[]{third}{fourth}}}"


def vindex(Rm: int) -> str:
    """Write-back: none, by the size, or by a register."""
    return "" if Rm == 15 else "!" if Rm == 13 else f", {REGISTERS[Rm]}"


# -- system registers, constants -------------------------------------------------------
def vmodified(op: int, cmode: int) -> str:
    if cmode & 1 and cmode < 12:
        return f"{'vbic' if op else 'vorr'}{'.i16' if cmode >= 8 else '.i32'}"
    if cmode < 8:
        return f"{'vmvn' if op else 'vmov'}.i32"
    if cmode < 12:
        return f"{'vmvn' if op else 'vmov'}.i16"
    if cmode < 14:
        return f"{'vmvn' if op else 'vmov'}.i32"
    if cmode == 15:
        return "vmov.f32"
    return "vmov.i64" if op else "vmov.i8"


def vmodified_constant(op: int, cmode: int, imm8: int) -> str:
    if op and cmode == 14:
        return f"#{byte_mask(imm8):#x}"
    if cmode < 8:
        return f"#{imm8 << 8 * (cmode >> 1):#x}"
    if cmode < 12:
        return f"#{imm8 << 8 * ((cmode >> 1) - 4):#x}"
    if cmode == 12:
        return f"#{imm8 << 8 | 0xFF:#x}"
    if cmode == 13:
        return f"#{imm8 << 16 | 0xFFFF:#x}"
    if cmode == 15:
        return vimmediate(imm8)
    return f"#{imm8:#x}"
