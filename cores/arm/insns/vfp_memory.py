# SPDX-License-Identifier: Apache-2.0
"""Extension register loads and stores (DDI 0406C A7.6; A8.8.332, 333, 413, 414).

VPUSH and VPOP are VSTMDB and VLDM with SP. FLDMX and FSTMX are VLDM and VSTM of doubles
with an odd imm8.

Omitted: an address that is not a multiple of four does not fault.
"""

from __future__ import annotations

from cores.arm.formats import read_base
from cores.arm.insns.simd_registers import Cpu, Value, check_vfp, register
from machinebuilder.isa import InsnSet, f32, f64

insns = InsnSet("vfp")


def transfer(cpu: Cpu, L: int, sz: int, n: int, address: Value) -> None:
    """Load (L) or store one register."""
    if L:
        if sz:
            cpu.fd[n] = cpu.load(f64, address)
        else:
            cpu.fs[n] = cpu.load(f32, address)
    elif sz:
        cpu.store(f64, address, cpu.fd[n])
    else:
        cpu.store(f32, address, cpu.fs[n])


@insns(
    "cond:4 1101 U:1 D:1 0 L:1 Rn:4 Vd:4 101 sz:1 imm8:8",
    asm="{L:vstr_vldr}{cond:vcond} {sz,D,Vd:vr}, [{Rn}{U,imm8:voffset}]",
)
def load_register(
    cpu: Cpu, U: int, D: int, L: int, Rn: int, Vd: int, sz: int, imm8: int
) -> None:
    """VLDR, VSTR."""
    check_vfp(cpu)
    base = read_base(cpu, Rn)
    address = base + imm8 * 4 if U else base - imm8 * 4
    transfer(cpu, L, sz, register(cpu, sz, D, Vd), address)


def multiple(
    P: int, U: int, W: int, D: int, Vd: int, sz: int, imm8: int, Rn: int
) -> bool:
    """Increment after, or decrement before with write-back; a list that exists."""
    mode = U != P and (W == 1 or P == 0)
    count = imm8 >> 1 if sz else imm8
    first = D * 16 + Vd if sz else Vd * 2 + D
    listed = 0 < count <= (16 if sz else 32) and first + count <= 32
    return mode and listed and not (Rn == 15 and W)


@insns(
    "cond:4 110 P:1 U:1 D:1 W:1 L:1 Rn:4 Vd:4 101 sz:1 imm8:8",
    where=multiple,
    asm="{P,L,sz,imm8:vmultiple}{cond:vcond} {Rn}{W:wback}, {sz,D,Vd,imm8:vlist}",
)
def load_multiple(
    cpu: Cpu, P: int, W: int, D: int, L: int, Rn: int, Vd: int, sz: int, imm8: int
) -> None:
    """VLDM, VSTM, VPOP, VPUSH."""
    check_vfp(cpu)
    count = imm8 >> 1 if sz else imm8
    first = register(cpu, sz, D, Vd)
    if sz and first + count > 16 and not cpu.has("d32"):
        cpu.undefined()
    base = read_base(cpu, Rn)
    address = base - imm8 * 4 if P else base
    for i in range(count):
        transfer(cpu, L, sz, first + i, address + (8 if sz else 4) * i)
    if W:
        cpu.r[Rn] = address if P else base + imm8 * 4
