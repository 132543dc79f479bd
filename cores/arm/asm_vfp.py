# SPDX-License-Identifier: Apache-2.0
"""How VFP operands are written (DDI 0406C A2.6, A7.5-A7.9)."""

from __future__ import annotations

from typing import Any

from cores.arm.formats import CONDITIONS, REGISTERS

Cpu = Any


def vcond(cpu: Cpu, cond: int) -> str:
    """The condition: in Thumb that of the IT block."""
    return (
        CONDITIONS[cpu.itstate >> 4] if cpu.thumb and cpu.itstate else CONDITIONS[cond]
    )


# -- mnemonics by a field --------------------------------------------------------------
vmla_vmls = "vmla", "vmls"
vnmls_vnmla = "vnmls", "vnmla"
vmul_vnmul = "vmul", "vnmul"
vfma_vfms = "vfma", "vfms"
vfnms_vfnma = "vfnms", "vfnma"
vadd_vsub = "vadd", "vsub"
vcmp_vcmpe = "vcmp", "vcmpe"
vcvtr_vcvt = "vcvtr", "vcvt"
vcvtb_vcvtt = "vcvtb", "vcvtt"
vstr_vldr = "vstr", "vldr"


def vunary(opc: int, T: int) -> str:
    return ("vmov", "vabs", "vneg", "vsqrt")[opc * 2 + T]


# -- types -----------------------------------------------------------------------------
vfloat = ".f32", ".f64"
vsign32 = ".u32", ".s32"
vnarrowed = ".f64.f32", ".f32.f64"
vhalved = ".f32.f16", ".f16.f32"


def vfixed(op: int, U: int, sf: int, sx: int) -> str:
    number = f".{'u' if U else 's'}{32 if sx else 16}"
    floating = ".f64" if sf else ".f32"
    return f"{number}{floating}" if op else f"{floating}{number}"


def vfixed_places(sx: int, imm4: int, i: int) -> str:
    return f"#{(32 if sx else 16) - imm4 * 2 - i}"


# -- registers -------------------------------------------------------------------------
def vr(sz: int, D: int, Vd: int) -> str:
    """A D register when sz, else an S register."""
    return f"d{D * 16 + Vd}" if sz else f"s{Vd * 2 + D}"


def vother(sz: int, D: int, Vd: int) -> str:
    return vr(1 - sz, D, Vd)


def vs(D: int, Vd: int) -> str:
    return f"s{Vd * 2 + D}"


def vd(D: int, Vd: int) -> str:
    return f"d{D * 16 + Vd}"


def vdq(Q: int, D: int, Vd: int) -> str:
    return f"q{(D * 16 + Vd) >> 1}" if Q else f"d{D * 16 + Vd}"


def vdup_core(b: int, e: int) -> str:
    return ".8" if b else ".16" if e else ".32"


def vlane(D: int, Vd: int, opc1: int, opc2: int) -> str:
    index = (opc1 & 1) << 2 | opc2
    shift = 0 if opc1 & 2 else 1 if opc2 & 1 else 2
    return f"d{D * 16 + Vd}[{index >> shift}]"


def vlane_size(opc1: int, opc2: int) -> str:
    return ".8" if opc1 & 2 else ".16" if opc2 & 1 else ".32"


def vlane_type(U: int, opc1: int, opc2: int) -> str:
    sign = "u" if U else "s"
    return f".{sign}8" if opc1 & 2 else f".{sign}16" if opc2 & 1 else ".32"


# -- moves between register files ------------------------------------------------------
def vmov_double(op: int, M: int, Vm: int, Rt: int, Rt2: int) -> str:
    cores = f"{REGISTERS[Rt]}, {REGISTERS[Rt2]}"
    return f"{cores}, {vd(M, Vm)}" if op else f"{vd(M, Vm)}, {cores}"


def vmov_singles(op: int, M: int, Vm: int, Rt: int, Rt2: int) -> str:
    cores = f"{REGISTERS[Rt]}, {REGISTERS[Rt2]}"
    singles = f"{vs(M, Vm)}, s{Vm * 2 + M + 1}"
    return f"{cores}, {singles}" if op else f"{singles}, {cores}"


def vmov_single(op: int, N: int, Vn: int, Rt: int) -> str:
    single, core = vs(N, Vn), REGISTERS[Rt]
    return f"{core}, {single}" if op else f"{single}, {core}"


# -- memory ----------------------------------------------------------------------------
def voffset(U: int, imm8: int) -> str:
    if imm8 == 0 and U:
        return ""
    return f", #{'' if U else '-'}{imm8 * 4}"


def vmultiple(P: int, L: int, sz: int, imm8: int) -> str:
    """VLDM, VSTM; doublewords and an odd word are FLDMX, FSTMX."""
    mode = "db" if P else "ia"
    if sz and imm8 & 1:
        return f"{'fldm' if L else 'fstm'}{mode}x"
    return f"{'vldm' if L else 'vstm'}{mode}"


def vlist(sz: int, D: int, Vd: int, imm8: int) -> str:
    count = imm8 >> 1 if sz else imm8
    first = D * 16 + Vd if sz else Vd * 2 + D
    letter = "d" if sz else "s"
    if count == 1:
        return f"{{{letter}{first}}}"
    return f"{{{letter}{first}-{letter}{first + count - 1}}}"


# -- system registers, constants -------------------------------------------------------
def vsystem(reg: int) -> str:
    return (
        "fpsid",
        "fpscr",
        "",
        "",
        "",
        "",
        "mvfr1",
        "mvfr0",
        "fpexc",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
    )[reg]


def vmrs_target(Rt: int) -> str:
    return "APSR_nzcv" if Rt == 15 else REGISTERS[Rt]


def vimmediate(imm8: int) -> str:
    """VFPExpandImm's number: (16 + fraction) / 16 * 2**(-3 ... 4), here times 128."""
    scaled = (16 + (imm8 & 15)) << ((imm8 >> 4 & 7) ^ 4)
    return f"#{'-' if imm8 & 0x80 else ''}{scaled >> 7}.{(scaled & 127) * 78125:07d}"
