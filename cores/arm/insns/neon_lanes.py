# SPDX-License-Identifier: Apache-2.0
"""How Advanced SIMD applies an operation to every lane (DDI 0406C A7.3, A7.4).

An operation on lanes is a function f(cpu, old, a, b, bits, unsigned) of the old lane of
the destination and two operand lanes (s64, extended as `unsigned` says) that gives the
new lane, of which the low bits count. Results are gathered before registers change, so
destinations may overlap sources. The vector forms use the IR's own operations instead.

In patterns `d` is D:Vd and `m` is M:Vm, the number of a D register; `n` is Vn:N, whose
number is `first(n)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cores.arm.insns.simd_registers import (
    Cpu,
    Value,
    check_neon,
    get_vector,
    lane,
    place,
    put_vector,
)
from machinebuilder.isa import s64, select, u64, vdup64

Operation = Callable[..., Any]


# -- assembly: what follows the mnemonic and its type ---
THREE = " {Q,d:v}, {Q,n:vn}, {Q,m:v}"
REVERSED = " {Q,d:v}, {Q,m:v}, {Q,n:vn}"
TWO = " {Q,d:v}, {Q,m:v}"
BY_SCALAR = " {Q,d:v}, {Q,n:vn}, {size,m:vscalar}"
LONG = " {d:vQ}, {n:vDn}, {m:vD}"
PAIRS = " {d:vD}, {n:vDn}, {m:vD}"
NARROW = " {d:vD}, {m:vQ}"


# -- patterns --------------------------------------------------------------------------
def same(U: str, size: str, operation: str, last: str) -> str:
    """Three registers of one length (A7.4.1)."""
    return f"1111 001 {U} 0 d:1 {size} n:4 d:4 {operation} n:1 Q:1 m:1 {last} m:4"


def different(U: str, operation: str) -> str:
    """Three registers of different lengths (A7.4.2)."""
    return f"1111 001 {U} 1 d:1 size:2 n:4 d:4 {operation} n:1 0 m:1 0 m:4"


def scalar(U: str, operation: str) -> str:
    """Two registers and a scalar, which `m` names (A7.4.3)."""
    return f"1111 001 {U} 1 d:1 size:2 n:4 d:4 {operation} n:1 1 m:1 0 m:4"


def shift(U: str, operation: str, L: str = "L:1", Q: str = "Q:1") -> str:
    """Two registers and a shift amount (A7.4.4)."""
    return f"1111 001 {U} 1 d:1 imm6:6 d:4 {operation} {L} {Q} m:1 1 m:4"


def miscellaneous(size: str, group: str, operation: str, Q: str = "Q:1") -> str:
    """Two registers (A7.4.5)."""
    return f"1111 0011 1 d:1 11 {size} {group} d:4 0 {operation} {Q} m:1 0 m:4"


def ones(count: int) -> int:
    """The lowest `count` bits, up to 64 (statics are 64 bits wide and signed)."""
    return ~(-1 << count)


# -- registers -------------------------------------------------------------------------
def first(n: int) -> int:
    """The register N:Vn of a field Vn:N."""
    return n >> 1 | (n & 1) << 4


def wholes(Q: int, d: int, n: int, m: int) -> bool:
    """Quadwords have even numbers."""
    return Q == 0 or (d | n >> 1 | m) & 1 == 0


def wholes_not_64(size: int, Q: int, d: int, n: int, m: int) -> bool:
    """And lanes have 8, 16 or 32 bits."""
    return size != 3 and wholes(Q, d, n, m)


# -- every lane ------------------------------------------------------------------------
def each(
    cpu: Cpu, f: Operation, bits: int, unsigned: int, Q: int, d: int, n: int, m: int
) -> None:
    """Lanes of one length in all three registers."""
    check_neon(cpu)
    for r in range(Q + 1):
        result = u64(0)
        for i in range(64 // bits):
            value = f(
                cpu,
                lane(cpu, d + r, i, bits, unsigned),
                lane(cpu, n + r, i, bits, unsigned),
                lane(cpu, m + r, i, bits, unsigned),
                bits,
                unsigned,
            )
            result = result | place(value, i * bits, bits)
        cpu.d[d + r] = result


def each_scalar(
    cpu: Cpu,
    f: Operation,
    bits: int,
    unsigned: int,
    Q: int,
    d: int,
    n: int,
    m: int,
    index: int,
) -> None:
    """The second operand is one lane."""
    check_neon(cpu)
    b = lane(cpu, m, index, bits, unsigned)
    for r in range(Q + 1):
        result = u64(0)
        for i in range(64 // bits):
            value = f(
                cpu,
                lane(cpu, d + r, i, bits, unsigned),
                lane(cpu, n + r, i, bits, unsigned),
                b,
                bits,
                unsigned,
            )
            result = result | place(value, i * bits, bits)
        cpu.d[d + r] = result


def each_constant(
    cpu: Cpu,
    f: Operation,
    bits: int,
    unsigned: int,
    Q: int,
    d: int,
    m: int,
    amount: int,
) -> None:
    """The second operand of f is a static number."""
    check_neon(cpu)
    for r in range(Q + 1):
        result = u64(0)
        for i in range(64 // bits):
            value = f(
                cpu,
                lane(cpu, d + r, i, bits, unsigned),
                lane(cpu, m + r, i, bits, unsigned),
                amount,
                bits,
                unsigned,
            )
            result = result | place(value, i * bits, bits)
        cpu.d[d + r] = result


def pairs(
    cpu: Cpu, f: Operation, bits: int, unsigned: int, d: int, n: int, m: int
) -> None:
    """Neighbours within n, then within m."""
    check_neon(cpu)
    result = u64(0)
    for i in range(32 // bits):
        low = f(
            cpu,
            s64(0),
            lane(cpu, n, 2 * i, bits, unsigned),
            lane(cpu, n, 2 * i + 1, bits, unsigned),
            bits,
            unsigned,
        )
        high = f(
            cpu,
            s64(0),
            lane(cpu, m, 2 * i, bits, unsigned),
            lane(cpu, m, 2 * i + 1, bits, unsigned),
            bits,
            unsigned,
        )
        result = result | place(low, i * bits, bits) | place(high, i * bits + 32, bits)
    cpu.d[d] = result


# -- lanes that change their length: `bits` is the short one ---------------------------
def long_half(
    cpu: Cpu,
    f: Operation,
    bits: int,
    unsigned: int,
    wide: int,
    d: int,
    n: int,
    m: int,
    index: int,
    half: int,
) -> Value:
    """One D register of results twice as long; `wide`: n's lanes are long too; index:
    of the scalar in m, or -1."""
    result = u64(0)
    for i in range(32 // bits):
        at = half * (32 // bits) + i
        value = f(
            cpu,
            lane(cpu, d, at, 2 * bits, unsigned),
            lane(cpu, n, at, 2 * bits if wide else bits, unsigned),
            lane(cpu, m, at if index < 0 else index, bits, unsigned),
            2 * bits,
            unsigned,
        )
        result = result | place(value, i * 2 * bits, 2 * bits)
    return result


def lengthen(
    cpu: Cpu,
    f: Operation,
    bits: int,
    unsigned: int,
    wide: int,
    d: int,
    n: int,
    m: int,
    index: int,
) -> None:
    """f is told the length of the results."""
    check_neon(cpu)
    low = long_half(cpu, f, bits, unsigned, wide, d, n, m, index, 0)
    high = long_half(cpu, f, bits, unsigned, wide, d, n, m, index, 1)
    cpu.d[d] = low
    cpu.d[d + 1] = high


def narrow(
    cpu: Cpu, f: Operation, bits: int, unsigned: int, d: int, n: int, m: int
) -> None:
    """Operands twice as long as the result's lanes of `bits`."""
    check_neon(cpu)
    result = u64(0)
    for i in range(64 // bits):
        value = f(
            cpu,
            s64(0),
            lane(cpu, n, i, 2 * bits, unsigned),
            lane(cpu, m, i, 2 * bits, unsigned),
            bits,
            unsigned,
        )
        result = result | place(value, i * bits, bits)
    cpu.d[d] = result


def narrow_constant(
    cpu: Cpu, f: Operation, bits: int, unsigned: int, d: int, m: int, amount: int
) -> None:
    """As narrow, the second operand of f being a static number."""
    check_neon(cpu)
    result = u64(0)
    for i in range(64 // bits):
        value = f(
            cpu, s64(0), lane(cpu, m, i, 2 * bits, unsigned), amount, bits, unsigned
        )
        result = result | place(value, i * bits, bits)
    cpu.d[d] = result


# -- whole vectors ---------------------------------------------------------------------
def vectors(cpu: Cpu, operation: Operation, Q: int, d: int, n: int, m: int) -> None:
    """An IR vector operation."""
    check_neon(cpu)
    put_vector(cpu, Q, d, operation(get_vector(cpu, Q, n), get_vector(cpu, Q, m)))


def spread(bits: int, value: Value) -> Value:
    """A u64 with `value`, which must fit, in every lane."""
    word = u64(value)
    if bits == 8:
        return word * 0x0101_0101_0101_0101
    if bits == 16:
        return word * 0x0001_0001_0001_0001
    if bits == 32:
        return word * 0x0000_0001_0000_0001
    return word


def repeated(bits: int, value: Value) -> Value:
    """A vector of that."""
    return vdup64(spread(bits, value))


# -- saturation ------------------------------------------------------------------------
def saturate(cpu: Cpu, value: Value, bits: int, unsigned: int) -> Value:
    """An s64 to the range of a lane of up to 32 bits; QC if it changed."""
    low = 0 if unsigned else -(1 << (bits - 1))
    high = (1 << bits) - 1 if unsigned else (1 << (bits - 1)) - 1
    result = select(value > high, s64(high), select(value < low, s64(low), value))
    cpu.fp_qc = cpu.fp_qc | (result != value)
    return result


def saturate_unsigned(cpu: Cpu, value: Value, bits: int) -> Value:
    """A u64 to the range of an unsigned lane of up to 32 bits."""
    high = (1 << bits) - 1
    result = select(value > high, u64(high), value)
    cpu.fp_qc = cpu.fp_qc | (result != value)
    return result


def extreme(value: Value, bits: int, unsigned: int) -> Value:
    """What saturates a value of the sign of `value`, as s64."""
    if unsigned:
        return s64(ones(bits))
    return (value >> 63) ^ ones(bits - 1)
