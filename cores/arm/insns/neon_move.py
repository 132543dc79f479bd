# SPDX-License-Identifier: Apache-2.0
"""Advanced SIMD constants, extraction, duplication, tables (DDI 0406C A7.4, A7.4.6)."""

from __future__ import annotations

from cores.arm.insns.neon_lanes import THREE, first, repeated, wholes
from cores.arm.insns.simd_registers import (
    Cpu,
    Value,
    check_neon,
    extract,
    get_vector,
    lane,
    place,
    put_vector,
)
from cores.arm.insns.vfp_arithmetic import expand_immediate
from machinebuilder.isa import InsnSet, s64, select, u64, vandn, vdup64, vext, vnot, vor

insns = InsnSet("neon")


# -- modified immediates (A7.4.6) ------------------------------------------------------
def byte_mask(imm8: int) -> int:
    """Eight bits, each repeated eight times."""
    mask = 0
    for i in range(8):
        if imm8 >> i & 1:
            mask = mask | 0xFF << 8 * i
    return mask


def expand(op: int, cmode: int, imm8: int) -> Value:
    """AdvSIMDExpandImm, as a vector."""
    kind = cmode >> 1
    if kind < 4:
        return repeated(32, imm8 << 8 * kind)
    if kind < 6:
        return repeated(16, imm8 << 8 * (kind - 4))
    if cmode == 12:
        return repeated(32, imm8 << 8 | 0xFF)
    if cmode == 13:
        return repeated(32, imm8 << 16 | 0xFFFF)
    if cmode == 15:
        return repeated(32, expand_immediate(0, imm8))
    if op:
        return vdup64(u64(byte_mask(imm8)))
    return repeated(8, imm8)


@insns(
    "1111 001 imm8:1 1 d:1 000 imm8:3 d:4 cmode:4 0 Q:1 op:1 1 imm8:4",
    asm="{op,cmode:vmodified} {Q,d:v}, {op,cmode,imm8:vmodified_constant}",
    where=lambda op, cmode, Q, d: not (op and cmode == 15) and (Q == 0 or d & 1 == 0),
)
def move_immediate(cpu: Cpu, imm8: int, cmode: int, Q: int, op: int, d: int) -> None:
    """VMOV, VMVN, VORR, VBIC (immediate) (A8.8.339, 353, 359, 287)."""
    check_neon(cpu)
    value = expand(op, cmode, imm8)
    if cmode & 1 and cmode < 12:
        old = get_vector(cpu, Q, d)
        put_vector(cpu, Q, d, vandn(old, value) if op else vor(old, value))
    elif op and cmode != 14:
        put_vector(cpu, Q, d, vnot(value))
    else:
        put_vector(cpu, Q, d, value)


# -- extraction, duplication -----------------------------------------------------------
@insns(
    "1111 0010 1 d:1 11 n:4 d:4 imm4:4 n:1 Q:1 m:1 0 m:4",
    asm="vext.8" + THREE + ", #{imm4}",
    where=lambda imm4, Q, d, n, m: wholes(Q, d, n, m) and (Q == 1 or imm4 < 8),
)
def extract_bytes(cpu: Cpu, imm4: int, Q: int, d: int, n: int, m: int) -> None:
    """VEXT (A8.8.316): bytes from imm4 on of m above n."""
    check_neon(cpu)
    if Q:
        put_vector(
            cpu, 1, d, vext(get_vector(cpu, 1, first(n)), get_vector(cpu, 1, m), imm4)
        )
    else:
        cpu.d[d] = (cpu.d[first(n)] >> 8 * imm4) | (cpu.d[m] << (64 - 8 * imm4))


def scalar_bits(imm4: int) -> int:
    """The length that the lowest one tells."""
    return 8 if imm4 & 1 else 16 if imm4 & 2 else 32


@insns(
    "1111 0011 1 d:1 11 imm4:4 d:4 11000 Q:1 m:1 0 m:4",
    asm="vdup{imm4:vdup_size} {Q,d:v}, {imm4,m:vdup_scalar}",
    where=lambda imm4, Q, d: imm4 & 7 != 0 and (Q == 0 or d & 1 == 0),
)
def duplicate_scalar(cpu: Cpu, imm4: int, Q: int, d: int, m: int) -> None:
    """VDUP (scalar) (A8.8.313)."""
    check_neon(cpu)
    bits = scalar_bits(imm4)
    index = imm4 >> 1 if bits == 8 else imm4 >> 2 if bits == 16 else imm4 >> 3
    put_vector(cpu, Q, d, repeated(bits, lane(cpu, m, index, bits, 1)))


# -- tables ----------------------------------------------------------------------------
def looked_up(cpu: Cpu, n: int, count: int, index: Value, other: Value) -> Value:
    """Byte `index` of the `count` registers from n on, `other` if there is none."""
    word = cpu.d[n]
    for k in range(1, count):
        word = select((index >> 3) == k, cpu.d[n + k], word)
    byte = (word >> ((index & 7) << 3)) & 0xFF
    return select(index < 8 * count, s64(byte), other)


@insns(
    "1111 0011 1 d:1 11 n:4 d:4 10 len:2 n:1 op:1 m:1 0 m:4",
    asm="{op:vtbl_vtbx}.8 {d:vD}, {n,len:vtable}, {m:vD}",
    where=lambda len, n: first(n) + len < 32,
)
def look_up(cpu: Cpu, len: int, op: int, d: int, n: int, m: int) -> None:  # noqa: A002
    """VTBL, VTBX (A8.8.419): without a byte in the table, zero or the old one."""
    check_neon(cpu)
    result = u64(0)
    for i in range(8):
        other = extract(cpu.d[d], 8 * i, 8, 1) if op else s64(0)
        byte = looked_up(cpu, first(n), len + 1, u64(lane(cpu, m, i, 8, 1)), other)
        result = result | place(byte, 8 * i, 8)
    cpu.d[d] = result
