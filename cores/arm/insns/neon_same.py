# SPDX-License-Identifier: Apache-2.0
"""Advanced SIMD integer operations on registers of one length (DDI 0406C A7.4.1).

Saturating ones and shifts by a register are in neon_saturate.py.
"""

from __future__ import annotations

from cores.arm.insns.neon_lanes import (
    PAIRS,
    THREE,
    each,
    first,
    pairs,
    same,
    vectors,
    wholes,
    wholes_not_64,
)
from cores.arm.insns.simd_registers import (
    Cpu,
    Value,
    check_neon,
    get_vector,
    put_vector,
)
from machinebuilder.isa import (
    InsnSet,
    select,
    u64,
    vadd8,
    vadd16,
    vadd32,
    vadd64,
    vand,
    vandn,
    veq8,
    veq16,
    veq32,
    vges8,
    vges16,
    vges32,
    vgeu8,
    vgeu16,
    vgeu32,
    vgts8,
    vgts16,
    vgts32,
    vgtu8,
    vgtu16,
    vgtu32,
    vmaxs8,
    vmaxs16,
    vmaxs32,
    vmaxu8,
    vmaxu16,
    vmaxu32,
    vmins8,
    vmins16,
    vmins32,
    vminu8,
    vminu16,
    vminu32,
    vmul8,
    vmul16,
    vmul32,
    vnot,
    vor,
    vorn,
    vsub8,
    vsub16,
    vsub32,
    vsub64,
    vxor,
    vzero,
)

insns = InsnSet("neon")

# By size; where the sign matters, signed before unsigned.
ADD = vadd8, vadd16, vadd32, vadd64
SUBTRACT = vsub8, vsub16, vsub32, vsub64
MULTIPLY = vmul8, vmul16, vmul32
EQUAL = veq8, veq16, veq32
GREATER = (vgts8, vgts16, vgts32), (vgtu8, vgtu16, vgtu32)
NOT_LESS = (vges8, vges16, vges32), (vgeu8, vgeu16, vgeu32)
MAXIMUM = (vmaxs8, vmaxs16, vmaxs32), (vmaxu8, vmaxu16, vmaxu32)
MINIMUM = (vmins8, vmins16, vmins32), (vminu8, vminu16, vminu32)


# -- addition --------------------------------------------------------------------------
@insns(
    same("U:1", "size:2", "1000", "0"),
    where=wholes,
    asm="{U:vadd_vsub}{size:vint}" + THREE,
)
def add(cpu: Cpu, U: int, size: int, Q: int, d: int, n: int, m: int) -> None:
    """VADD, VSUB (A8.8.282, A8.8.414)."""
    if U:
        vectors(cpu, SUBTRACT[size], Q, d, first(n), m)
    else:
        vectors(cpu, ADD[size], Q, d, first(n), m)


def halve_sum(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return (a + b) >> 1


def halve_sum_rounded(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return (a + b + 1) >> 1


def halve_difference(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return (a - b) >> 1


@insns(
    same("U:1", "size:2", "0000", "0"),
    where=wholes_not_64,
    asm="vhadd{U,size:vtype}" + THREE,
)
def halving_add(cpu: Cpu, U: int, size: int, Q: int, d: int, n: int, m: int) -> None:
    """VHADD (A8.8.319)."""
    each(cpu, halve_sum, 8 << size, U, Q, d, first(n), m)


@insns(
    same("U:1", "size:2", "0001", "0"),
    where=wholes_not_64,
    asm="vrhadd{U,size:vtype}" + THREE,
)
def rounding_halving_add(
    cpu: Cpu, U: int, size: int, Q: int, d: int, n: int, m: int
) -> None:
    """VRHADD (A8.8.389)."""
    each(cpu, halve_sum_rounded, 8 << size, U, Q, d, first(n), m)


@insns(
    same("U:1", "size:2", "0010", "0"),
    where=wholes_not_64,
    asm="vhsub{U,size:vtype}" + THREE,
)
def halving_subtract(
    cpu: Cpu, U: int, size: int, Q: int, d: int, n: int, m: int
) -> None:
    """VHSUB (A8.8.319)."""
    each(cpu, halve_difference, 8 << size, U, Q, d, first(n), m)


# -- bits ------------------------------------------------------------------------------
@insns(same("0", "op:2", "0001", "1"), where=wholes, asm="{op:vand_vorn}" + THREE)
def logical(cpu: Cpu, op: int, Q: int, d: int, n: int, m: int) -> None:
    """VAND, VBIC, VORR (and VMOV), VORN."""
    vectors(cpu, (vand, vandn, vor, vorn)[op], Q, d, first(n), m)


@insns(same("1", "op:2", "0001", "1"), where=wholes, asm="{op:veor_vbif}" + THREE)
def select_bits(cpu: Cpu, op: int, Q: int, d: int, n: int, m: int) -> None:
    """VEOR, VBSL, VBIT, VBIF (A8.8.315, A8.8.290)."""
    check_neon(cpu)
    old = get_vector(cpu, Q, d)
    a, b = get_vector(cpu, Q, first(n)), get_vector(cpu, Q, m)
    if op == 0:
        result = vxor(a, b)
    elif op == 1:
        result = vor(vand(a, old), vandn(b, old))
    elif op == 2:
        result = vor(vand(a, b), vandn(old, b))
    else:
        result = vor(vand(old, b), vandn(a, b))
    put_vector(cpu, Q, d, result)


# -- comparison ------------------------------------------------------------------------
@insns(
    same("U:1", "size:2", "0011", "0"),
    where=wholes_not_64,
    asm="vcgt{U,size:vtype}" + THREE,
)
def greater(cpu: Cpu, U: int, size: int, Q: int, d: int, n: int, m: int) -> None:
    """VCGT (register) (A8.8.295)."""
    vectors(cpu, GREATER[U][size], Q, d, first(n), m)


@insns(
    same("U:1", "size:2", "0011", "1"),
    where=wholes_not_64,
    asm="vcge{U,size:vtype}" + THREE,
)
def not_less(cpu: Cpu, U: int, size: int, Q: int, d: int, n: int, m: int) -> None:
    """VCGE (register) (A8.8.293)."""
    vectors(cpu, NOT_LESS[U][size], Q, d, first(n), m)


@insns(
    same("U:1", "size:2", "1000", "1"),
    where=wholes_not_64,
    asm="{U:vtst_vceq}{U,size:vtested}" + THREE,
)
def equal(cpu: Cpu, U: int, size: int, Q: int, d: int, n: int, m: int) -> None:
    """VTST, VCEQ (register) (A8.8.423, A8.8.291)."""
    check_neon(cpu)
    a, b = get_vector(cpu, Q, first(n)), get_vector(cpu, Q, m)
    if U:
        put_vector(cpu, Q, d, EQUAL[size](a, b))
    else:
        put_vector(cpu, Q, d, vnot(EQUAL[size](vand(a, b), vzero())))


@insns(
    same("U:1", "size:2", "0110", "op:1"),
    where=wholes_not_64,
    asm="{op:vmax_vmin}{U,size:vtype}" + THREE,
)
def maximum(
    cpu: Cpu, U: int, size: int, op: int, Q: int, d: int, n: int, m: int
) -> None:
    """VMAX, VMIN (integer) (A8.8.334)."""
    if op:
        vectors(cpu, MINIMUM[U][size], Q, d, first(n), m)
    else:
        vectors(cpu, MAXIMUM[U][size], Q, d, first(n), m)


@insns(
    same("U:1", "size:2", "0111", "op:1"),
    where=wholes_not_64,
    asm="{op:vabd_vaba}{U,size:vtype}" + THREE,
)
def difference(
    cpu: Cpu, U: int, size: int, op: int, Q: int, d: int, n: int, m: int
) -> None:
    """VABD, VABA (integer) (A8.8.278, A8.8.277)."""
    check_neon(cpu)
    a, b = get_vector(cpu, Q, first(n)), get_vector(cpu, Q, m)
    result = SUBTRACT[size](MAXIMUM[U][size](a, b), MINIMUM[U][size](a, b))
    if op:
        result = ADD[size](get_vector(cpu, Q, d), result)
    put_vector(cpu, Q, d, result)


# -- multiplication --------------------------------------------------------------------
@insns(
    same("U:1", "size:2", "1001", "0"),
    where=wholes_not_64,
    asm="{U:vmla_vmls}{size:vint}" + THREE,
)
def multiply_accumulate(
    cpu: Cpu, U: int, size: int, Q: int, d: int, n: int, m: int
) -> None:
    """VMLA, VMLS (integer) (A8.8.336)."""
    check_neon(cpu)
    product = MULTIPLY[size](get_vector(cpu, Q, first(n)), get_vector(cpu, Q, m))
    old = get_vector(cpu, Q, d)
    if U:
        put_vector(cpu, Q, d, SUBTRACT[size](old, product))
    else:
        put_vector(cpu, Q, d, ADD[size](old, product))


@insns(
    same("0", "size:2", "1001", "1"), where=wholes_not_64, asm="vmul{size:vint}" + THREE
)
def multiply(cpu: Cpu, size: int, Q: int, d: int, n: int, m: int) -> None:
    """VMUL (integer) (A8.8.350)."""
    vectors(cpu, MULTIPLY[size], Q, d, first(n), m)


def carryless(a: Value, b: Value) -> Value:
    """Eight products of polynomials over {0, 1}, the low half of each."""
    result = u64(0)
    for i in range(8):
        chosen = ((b >> i) & 0x0101_0101_0101_0101) * 0xFF
        moved = (a << i) & (u64(0xFF << i & 0xFF) * 0x0101_0101_0101_0101)
        result = result ^ (chosen & moved)
    return result


@insns(same("1", "00", "1001", "1"), where=wholes, asm="vmul.p8" + THREE)
def multiply_polynomials(cpu: Cpu, Q: int, d: int, n: int, m: int) -> None:
    """VMUL (polynomial) (A8.8.350)."""
    check_neon(cpu)
    for r in range(Q + 1):
        cpu.d[d + r] = carryless(cpu.d[first(n) + r], cpu.d[m + r])


# -- pairs -----------------------------------------------------------------------------
def larger(cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int) -> Value:
    return select(a > b, a, b)


def smaller(
    cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int
) -> Value:
    return select(a < b, a, b)


def total(cpu: Cpu, old: Value, a: Value, b: Value, bits: int, unsigned: int) -> Value:
    return a + b


@insns(
    "1111 001 U:1 0 d:1 size:2 n:4 d:4 1010 n:1 0 m:1 op:1 m:4",
    where=lambda size: size != 3,
    asm="{op:vpmax_vpmin}{U,size:vtype}" + PAIRS,
)
def pairwise_maximum(
    cpu: Cpu, U: int, size: int, op: int, d: int, n: int, m: int
) -> None:
    """VPMAX, VPMIN (integer) (A8.8.364)."""
    if op:
        pairs(cpu, smaller, 8 << size, U, d, first(n), m)
    else:
        pairs(cpu, larger, 8 << size, U, d, first(n), m)


@insns(
    "1111 0010 0 d:1 size:2 n:4 d:4 1011 n:1 0 m:1 1 m:4",
    where=lambda size: size != 3,
    asm="vpadd{size:vint}" + PAIRS,
)
def pairwise_add(cpu: Cpu, size: int, d: int, n: int, m: int) -> None:
    """VPADD (integer) (A8.8.362)."""
    pairs(cpu, total, 8 << size, 0, d, first(n), m)
