# SPDX-License-Identifier: Apache-2.0
"""The extension registers: their numbers in encodings, their access, their checks.

DDI 0406C A2.6, A7.3, B1.11. D0-D31 are `cpu.d`; S0-S31 (`cpu.s`) overlay D0-D15.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.isa import s64, u64, vlow, vpair

Cpu = Any
Value = Any


# -- checks ----------------------------------------------------------------------------
def check_vfp(cpu: Cpu) -> None:
    """Undefined unless VFP is enabled."""
    if not cpu.vfp:
        cpu.undefined()


def check_vfp_scalar(cpu: Cpu) -> None:
    """Undefined also when FPSCR asks for short vectors, which VFPv4 leaves out."""
    if not cpu.vfp or cpu.fp_vectors:
        cpu.undefined()


def check_neon(cpu: Cpu) -> None:
    """Undefined unless Advanced SIMD is enabled."""
    if not cpu.neon:
        cpu.undefined()


def even(Q: int, registers: int) -> bool:
    """Quadword operands have even numbers (`registers`: all of them, ored)."""
    return Q == 0 or registers & 1 == 0


# -- numbers ---------------------------------------------------------------------------
def double(cpu: Cpu, high: int, low: int) -> int:
    """A D register; the upper sixteen are not in every model."""
    if high and not cpu.has("d32"):
        cpu.undefined()
    return high * 16 + low


def register(cpu: Cpu, sz: int, high: int, low: int) -> int:
    """A D register when sz, else an S register."""
    if sz:
        return double(cpu, high, low)
    return low * 2 + high


# -- values ----------------------------------------------------------------------------
def get(cpu: Cpu, sz: int, n: int) -> Value:
    """The number in D n when sz, else in S n."""
    if sz:
        return cpu.fd[n]
    return cpu.fs[n]


def put(cpu: Cpu, sz: int, n: int, value: Value) -> None:
    """Write D n when sz, else S n."""
    if sz:
        cpu.fd[n] = value
    else:
        cpu.fs[n] = value


def get_vector(cpu: Cpu, Q: int, n: int) -> Value:
    """D n (with zeros above) or the quadword that begins there, as v128."""
    if Q:
        return cpu.q128[n >> 1]
    return vpair(cpu.d[n], u64(0))


def put_vector(cpu: Cpu, Q: int, n: int, value: Value) -> None:
    """Write D n or the quadword that begins there."""
    if Q:
        cpu.q128[n >> 1] = value
    else:
        cpu.d[n] = vlow(value)


# -- lanes: lane i of a vector that begins at D n, of `bits` bits ----------------------
def lane(cpu: Cpu, n: int, i: int, bits: int, unsigned: int) -> Value:
    """One lane as s64, zero- or sign-extended; a 64-bit lane as it is."""
    return extract(cpu.d[n + i * bits // 64], i * bits % 64, bits, unsigned)


def extract(word: Value, at: int, bits: int, unsigned: int) -> Value:
    """The `bits` bits from bit `at` of a u64 as s64."""
    if bits == 64:
        return s64(word)
    if unsigned:
        return s64((word >> at) & ((1 << bits) - 1))
    return s64(word << (64 - bits - at)) >> (64 - bits)


def place(value: Value, at: int, bits: int) -> Value:
    """The low `bits` bits of an s64 or u64, moved to bit `at` of a u64."""
    if bits == 64:
        return u64(value)
    return (u64(value) & ((1 << bits) - 1)) << at


def put_lane(cpu: Cpu, n: int, i: int, bits: int, value: Value) -> None:
    """Replace one lane."""
    at = i * bits % 64
    word = n + i * bits // 64
    if bits == 64:
        cpu.d[word] = u64(value)
    else:
        keep = ~(((1 << bits) - 1) << at) & 0xFFFF_FFFF_FFFF_FFFF
        cpu.d[word] = (cpu.d[word] & keep) | place(value, at, bits)
