# SPDX-License-Identifier: Apache-2.0
"""Moves between core and extension registers (DDI 0406C A7.8, A7.9; A8.8.340-349).

VMRS and VMSR are in vfp_system.py.
"""

from __future__ import annotations

from cores.arm.insns.simd_registers import (
    Cpu,
    check_neon,
    check_vfp,
    double,
    even,
    lane,
    put_lane,
)
from machinebuilder.isa import InsnSet, u32, u64

insns = InsnSet("vfp")


# -- 64 bits ---------------------------------------------------------------------------
def two_cores(op: int, Rt: int, Rt2: int) -> bool:
    """Neither is the pc, and results go to different ones."""
    return Rt != 15 and Rt2 != 15 and not (op == 1 and Rt == Rt2)


@insns(
    "cond:4 1100 010 op:1 Rt2:4 Rt:4 1011 00 M:1 1 Vm:4",
    where=two_cores,
    asm="vmov{cond:vcond} {op,M,Vm,Rt,Rt2:vmov_double}",
)
def move_double(cpu: Cpu, op: int, Rt2: int, Rt: int, M: int, Vm: int) -> None:
    """VMOV (between two core registers and a doubleword register)."""
    check_vfp(cpu)
    m = double(cpu, M, Vm)
    if op:
        value = cpu.d[m]
        cpu.r[Rt] = u32(value)
        cpu.r[Rt2] = u32(value >> 32)
    else:
        cpu.d[m] = u64(cpu.r[Rt]) | (u64(cpu.r[Rt2]) << 32)


def two_singles(op: int, Rt: int, Rt2: int, Vm: int, M: int) -> bool:
    """S31 has no successor."""
    return two_cores(op, Rt, Rt2) and not (Vm == 15 and M == 1)


@insns(
    "cond:4 1100 010 op:1 Rt2:4 Rt:4 1010 00 M:1 1 Vm:4",
    where=two_singles,
    asm="vmov{cond:vcond} {op,M,Vm,Rt,Rt2:vmov_singles}",
)
def move_two_singles(cpu: Cpu, op: int, Rt2: int, Rt: int, M: int, Vm: int) -> None:
    """VMOV (between two core registers and two single-precision registers)."""
    check_vfp(cpu)
    m = Vm * 2 + M
    if op:
        cpu.r[Rt] = cpu.s[m]
        cpu.r[Rt2] = cpu.s[m + 1]
    else:
        cpu.s[m] = cpu.r[Rt]
        cpu.s[m + 1] = cpu.r[Rt2]


# -- 32 bits and less ------------------------------------------------------------------
@insns(
    "cond:4 1110 000 op:1 Vn:4 Rt:4 1010 N:1 (0)(0) 1 (0)(0)(0)(0)",
    where=lambda Rt: Rt != 15,
    asm="vmov{cond:vcond} {op,N,Vn,Rt:vmov_single}",
)
def move_single(cpu: Cpu, op: int, Vn: int, Rt: int, N: int) -> None:
    """VMOV (between a core register and a single-precision register)."""
    check_vfp(cpu)
    if op:
        cpu.r[Rt] = cpu.s[Vn * 2 + N]
    else:
        cpu.s[Vn * 2 + N] = cpu.r[Rt]


def width(opc1: int, opc2: int) -> int:
    """Bits of the lane that opc1:opc2 names."""
    return 8 if opc1 & 2 else 16 if opc2 & 1 else 32


def index(opc1: int, opc2: int) -> int:
    """Number of the lane that opc1:opc2 names."""
    at = (opc1 & 1) << 2 | opc2
    return at if opc1 & 2 else at >> 1 if opc2 & 1 else at >> 2


def check_lane(cpu: Cpu, opc1: int, opc2: int) -> None:
    """Moves of whole words are VFP's, smaller ones Advanced SIMD's."""
    check_vfp(cpu)
    if width(opc1, opc2) != 32:
        check_neon(cpu)


@insns(
    "cond:4 1110 0 opc1:2 0 Vd:4 Rt:4 1011 D:1 opc2:2 1 (0)(0)(0)(0)",
    where=lambda opc1, opc2, Rt: (opc1 & 2 or opc2 != 2) and Rt != 15,
    asm="vmov{cond:vcond}{opc1,opc2:vlane_size} {D,Vd,opc1,opc2:vlane}, {Rt}",
)
def move_to_lane(cpu: Cpu, opc1: int, opc2: int, Vd: int, Rt: int, D: int) -> None:
    """VMOV (core register to scalar)."""
    check_lane(cpu, opc1, opc2)
    put_lane(
        cpu, double(cpu, D, Vd), index(opc1, opc2), width(opc1, opc2), u64(cpu.r[Rt])
    )


@insns(
    "cond:4 1110 U:1 opc1:2 1 Vn:4 Rt:4 1011 N:1 opc2:2 1 (0)(0)(0)(0)",
    where=lambda U, opc1, opc2, Rt: (
        Rt != 15 and (opc1 & 2 or opc2 & 1 or (opc2 == 0 and U == 0))
    ),
    asm="vmov{cond:vcond}{U,opc1,opc2:vlane_type} {Rt}, {N,Vn,opc1,opc2:vlane}",
)
def move_from_lane(
    cpu: Cpu, U: int, opc1: int, opc2: int, Vn: int, Rt: int, N: int
) -> None:
    """VMOV (scalar to core register)."""
    check_lane(cpu, opc1, opc2)
    cpu.r[Rt] = u32(
        lane(cpu, double(cpu, N, Vn), index(opc1, opc2), width(opc1, opc2), U)
    )


@insns(
    "cond:4 1110 1 b:1 Q:1 0 Vd:4 Rt:4 1011 D:1 0 e:1 1 (0)(0)(0)(0)",
    where=lambda b, e, Q, Vd, Rt: not (b and e) and even(Q, Vd) and Rt != 15,
    asm="vdup{cond:vcond}{b,e:vdup_core} {Q,D,Vd:vdq}, {Rt}",
)
def duplicate_core(cpu: Cpu, b: int, Q: int, Vd: int, Rt: int, D: int, e: int) -> None:
    """VDUP (core register)."""
    check_neon(cpu)
    d = double(cpu, D, Vd)
    if b:
        value = u64(cpu.r[Rt] & 0xFF) * 0x0101_0101_0101_0101
    elif e:
        value = u64(cpu.r[Rt] & 0xFFFF) * 0x0001_0001_0001_0001
    else:
        value = u64(cpu.r[Rt]) * 0x0000_0001_0000_0001
    for i in range(Q + 1):
        cpu.d[d + i] = value
