# SPDX-License-Identifier: Apache-2.0
"""Advanced SIMD integer operations with a scalar (DDI 0406C A7.4.3).

`m` is M:Vm: for lanes of 16 bits the register is Vm<2:0> and the lane M:Vm<3>, for
lanes of 32 bits Vm and M.
"""

from __future__ import annotations

from cores.arm.insns.neon_lanes import BY_SCALAR, each_scalar, first, scalar
from cores.arm.insns.neon_long import (
    long_product,
    long_product_added,
    long_product_subtracted,
    multiply_doubled,
    multiply_long,
)
from cores.arm.insns.neon_saturate import product_high, product_high_rounded
from cores.arm.insns.simd_registers import Cpu
from machinebuilder.isa import InsnSet

insns = InsnSet("neon")


def scalar_register(size: int, m: int) -> int:
    return m & 7 if size == 1 else m & 15


def scalar_index(size: int, m: int) -> int:
    return m >> 3 if size == 1 else m >> 4


def scalar_lanes(size: int, Q: int, d: int, n: int) -> bool:
    """Lanes have 16 or 32 bits; quadwords have even numbers."""
    return (size == 1 or size == 2) and (Q == 0 or (d | n >> 1) & 1 == 0)


@insns(
    scalar("Q:1", "0 op:1 00"),
    where=scalar_lanes,
    asm="{op:vmla_vmls}{size:vint}" + BY_SCALAR,
)
def accumulate_by_scalar(
    cpu: Cpu, Q: int, size: int, op: int, d: int, n: int, m: int
) -> None:
    """VMLA, VMLS (by scalar) (A8.8.338)."""
    index, m = scalar_index(size, m), scalar_register(size, m)
    if op:
        each_scalar(
            cpu, long_product_subtracted, 8 << size, 0, Q, d, first(n), m, index
        )
    else:
        each_scalar(cpu, long_product_added, 8 << size, 0, Q, d, first(n), m, index)


@insns(scalar("Q:1", "1000"), where=scalar_lanes, asm="vmul{size:vint}" + BY_SCALAR)
def multiply_by_scalar(cpu: Cpu, Q: int, size: int, d: int, n: int, m: int) -> None:
    """VMUL (by scalar) (A8.8.352)."""
    each_scalar(
        cpu,
        long_product,
        8 << size,
        0,
        Q,
        d,
        first(n),
        scalar_register(size, m),
        scalar_index(size, m),
    )


@insns(
    scalar("Q:1", "110 rounded:1"),
    where=scalar_lanes,
    asm="{rounded:vqdmulh_vqrdmulh}{size:vsigned}" + BY_SCALAR,
)
def multiply_high_by_scalar(
    cpu: Cpu, Q: int, size: int, rounded: int, d: int, n: int, m: int
) -> None:
    """VQDMULH, VQRDMULH (by scalar) (A8.8.372, A8.8.376)."""
    index, m = scalar_index(size, m), scalar_register(size, m)
    if rounded:
        each_scalar(cpu, product_high_rounded, 8 << size, 0, Q, d, first(n), m, index)
    else:
        each_scalar(cpu, product_high, 8 << size, 0, Q, d, first(n), m, index)


@insns(
    scalar("U:1", "op:2 10"),
    asm="{op:vmull_op}{U,size:vtype} {d:vQ}, {n:vDn}, {size,m:vscalar}",
    where=lambda op, size, d: op != 3 and (size == 1 or size == 2) and d & 1 == 0,
)
def multiply_long_by_scalar(
    cpu: Cpu, U: int, size: int, op: int, d: int, n: int, m: int
) -> None:
    """VMLAL, VMLSL, VMULL (by scalar)."""
    multiply_long(
        cpu,
        op,
        8 << size,
        U,
        d,
        first(n),
        scalar_register(size, m),
        scalar_index(size, m),
    )


@insns(
    scalar("0", "op:2 11"),
    asm="{op:vqdmull_op}{size:vsigned} {d:vQ}, {n:vDn}, {size,m:vscalar}",
    where=lambda op, size, d: op != 3 and (size == 1 or size == 2) and d & 1 == 0,
)
def multiply_doubling_by_scalar(
    cpu: Cpu, size: int, op: int, d: int, n: int, m: int
) -> None:
    """VQDMLAL, VQDMLSL, VQDMULL (by scalar)."""
    multiply_doubled(
        cpu, op, 8 << size, d, first(n), scalar_register(size, m), scalar_index(size, m)
    )
