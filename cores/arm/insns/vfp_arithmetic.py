# SPDX-License-Identifier: Apache-2.0
"""VFP data processing: arithmetic, comparisons, moves (DDI 0406C A7.5, table A7-16)."""

from __future__ import annotations

from typing import Any

from cores.arm.insns.simd_exact import (
    fp_add32,
    fp_add64,
    fp_compare32,
    fp_compare64,
    fp_div32,
    fp_div64,
    fp_fma32,
    fp_fma64,
    fp_mul32,
    fp_mul64,
    fp_sqrt32,
    fp_sqrt64,
    fp_sub32,
    fp_sub64,
)
from cores.arm.insns.simd_fpscr import exactly, exponent, is_usual, is_zero
from cores.arm.insns.simd_registers import (
    Cpu,
    Value,
    check_vfp_scalar,
    get,
    put,
    register,
)
from machinebuilder.isa import (
    InsnSet,
    f32,
    f64,
    fabs,
    fadd,
    fcmp,
    fcmpe,
    fdiv,
    float_bits,
    fma,
    fmul,
    fneg,
    from_bits,
    fsqrt,
    fsub,
    u32,
    u64,
)

insns = InsnSet("vfp")

# Assembly: what follows the mnemonic.
THREE = "{sz:vfloat} {sz,D,Vd:vr}, {sz,N,Vn:vr}, {sz,M,Vm:vr}"
TWO = "{sz:vfloat} {sz,D,Vd:vr}, {sz,M,Vm:vr}"


# -- arithmetic: on doubles when sz, else on singles ---------------------------------
def number(sz: int, pattern: Value) -> Value:
    """A bit pattern as a float."""
    if sz:
        return from_bits(f64, pattern)
    return from_bits(f32, pattern)


def sum_starts_usual(sz: int, x: Value, y: Value) -> Value:
    """A sum that ends denormal is exact: nothing is lost by looking then."""
    return is_usual(sz, x) and is_usual(sz, y)


def product_is_usual(sz: int, x: Value, y: Value) -> Value:
    """Neither operands nor the product are denormal, before rounding."""
    least = 1024 if sz else 128
    large = exponent(sz, x) + exponent(sz, y) >= least
    return is_usual(sz, x) and is_usual(sz, y) and (large or is_zero(x) or is_zero(y))


def quotient_is_usual(sz: int, x: Value, y: Value) -> Value:
    """Neither operands nor the quotient are denormal, before rounding."""
    most = 1021 if sz else 125
    large = exponent(sz, x) + most >= exponent(sz, y)
    return is_usual(sz, x) and is_usual(sz, y) and large


def fused_is_usual(sz: int, x: Value, y: Value, z: Value) -> Value:
    """What the last bits of product and addend are worth is not denormal."""
    product = exponent(sz, x) + exponent(sz, y) >= (1128 if sz else 174)
    addend = exponent(sz, z) >= (53 if sz else 24)
    return is_usual(sz, x) and is_usual(sz, y) and product and addend


def binary(
    cpu: Cpu,
    sz: int,
    inline: Any,
    usual: Any,
    exact32: Any,
    exact64: Any,
    a: Value,
    b: Value,
) -> Value:
    """On the host's own unit, or exactly as FPSCR has it."""
    if not exactly(cpu):
        return inline(a, b)
    x, y = float_bits(a), float_bits(b)
    result, done = x, usual(sz, x, y) and not cpu.fp_default_nan
    if done:
        result = float_bits(inline(a, b))
        done = is_usual(sz, result)
    if not done:
        result = exact64(cpu, x, y) if sz else exact32(cpu, x, y)
    return number(sz, result)


def add(cpu: Cpu, sz: int, a: Value, b: Value) -> Value:
    return binary(cpu, sz, fadd, sum_starts_usual, fp_add32, fp_add64, a, b)


def subtract(cpu: Cpu, sz: int, a: Value, b: Value) -> Value:
    return binary(cpu, sz, fsub, sum_starts_usual, fp_sub32, fp_sub64, a, b)


def multiply(cpu: Cpu, sz: int, a: Value, b: Value) -> Value:
    return binary(cpu, sz, fmul, product_is_usual, fp_mul32, fp_mul64, a, b)


def divide(cpu: Cpu, sz: int, a: Value, b: Value) -> Value:
    return binary(cpu, sz, fdiv, quotient_is_usual, fp_div32, fp_div64, a, b)


def square_root(cpu: Cpu, sz: int, a: Value) -> Value:
    if not exactly(cpu):
        return fsqrt(a)
    x = float_bits(a)
    if is_usual(sz, x) and not cpu.fp_default_nan:
        result = float_bits(fsqrt(a))
    else:
        result = fp_sqrt64(cpu, x) if sz else fp_sqrt32(cpu, x)
    return number(sz, result)


def fused(cpu: Cpu, sz: int, a: Value, b: Value, c: Value) -> Value:
    """a * b + c, rounded once."""
    if not exactly(cpu):
        return fma(a, b, c)
    x, y, z = float_bits(a), float_bits(b), float_bits(c)
    if fused_is_usual(sz, x, y, z) and not cpu.fp_default_nan:
        result = float_bits(fma(a, b, c))
    else:
        result = fp_fma64(cpu, x, y, z) if sz else fp_fma32(cpu, x, y, z)
    return number(sz, result)


def negate_if(negative: int, a: Value) -> Value:
    """The sign flipped, of a NaN too."""
    return fneg(a) if negative else a


# -- multiply and accumulate -----------------------------------------------------------
@insns(
    "cond:4 1110 0 D:1 00 Vn:4 Vd:4 101 sz:1 N:1 op:1 M:1 0 Vm:4",
    asm="{op:vmla_vmls}{cond:vcond}" + THREE,
)
def multiply_accumulate(
    cpu: Cpu, D: int, Vn: int, Vd: int, sz: int, N: int, op: int, M: int, Vm: int
) -> None:
    """VMLA, VMLS: rounded twice (A8.8.337)."""
    check_vfp_scalar(cpu)
    d = register(cpu, sz, D, Vd)
    product = multiply(
        cpu,
        sz,
        get(cpu, sz, register(cpu, sz, N, Vn)),
        get(cpu, sz, register(cpu, sz, M, Vm)),
    )
    put(cpu, sz, d, add(cpu, sz, get(cpu, sz, d), negate_if(op, product)))


@insns(
    "cond:4 1110 0 D:1 01 Vn:4 Vd:4 101 sz:1 N:1 op:1 M:1 0 Vm:4",
    asm="{op:vnmls_vnmla}{cond:vcond}" + THREE,
)
def negated_multiply_accumulate(
    cpu: Cpu, D: int, Vn: int, Vd: int, sz: int, N: int, op: int, M: int, Vm: int
) -> None:
    """VNMLA, VNMLS (A8.8.355)."""
    check_vfp_scalar(cpu)
    d = register(cpu, sz, D, Vd)
    product = multiply(
        cpu,
        sz,
        get(cpu, sz, register(cpu, sz, N, Vn)),
        get(cpu, sz, register(cpu, sz, M, Vm)),
    )
    put(
        cpu,
        sz,
        d,
        add(cpu, sz, fneg(get(cpu, sz, d)), negate_if(op, product)),
    )


@insns(
    "cond:4 1110 0 D:1 10 Vn:4 Vd:4 101 sz:1 N:1 op:1 M:1 0 Vm:4",
    asm="{op:vmul_vnmul}{cond:vcond}" + THREE,
)
def multiply_registers(
    cpu: Cpu, D: int, Vn: int, Vd: int, sz: int, N: int, op: int, M: int, Vm: int
) -> None:
    """VMUL, VNMUL (A8.8.351, A8.8.355)."""
    check_vfp_scalar(cpu)
    product = multiply(
        cpu,
        sz,
        get(cpu, sz, register(cpu, sz, N, Vn)),
        get(cpu, sz, register(cpu, sz, M, Vm)),
    )
    put(cpu, sz, register(cpu, sz, D, Vd), negate_if(op, product))


@insns(
    "cond:4 1110 1 D:1 01 Vn:4 Vd:4 101 sz:1 N:1 op:1 M:1 0 Vm:4",
    asm="{op:vfnms_vfnma}{cond:vcond}" + THREE,
)
def negated_fused(
    cpu: Cpu, D: int, Vn: int, Vd: int, sz: int, N: int, op: int, M: int, Vm: int
) -> None:
    """VFNMA, VFNMS: rounded once (A8.8.318)."""
    check_vfp_scalar(cpu)
    d = register(cpu, sz, D, Vd)
    factor = negate_if(op, get(cpu, sz, register(cpu, sz, N, Vn)))
    put(
        cpu,
        sz,
        d,
        fused(
            cpu,
            sz,
            factor,
            get(cpu, sz, register(cpu, sz, M, Vm)),
            fneg(get(cpu, sz, d)),
        ),
    )


@insns(
    "cond:4 1110 1 D:1 10 Vn:4 Vd:4 101 sz:1 N:1 op:1 M:1 0 Vm:4",
    asm="{op:vfma_vfms}{cond:vcond}" + THREE,
)
def fused_multiply_accumulate(
    cpu: Cpu, D: int, Vn: int, Vd: int, sz: int, N: int, op: int, M: int, Vm: int
) -> None:
    """VFMA, VFMS (A8.8.317)."""
    check_vfp_scalar(cpu)
    d = register(cpu, sz, D, Vd)
    factor = negate_if(op, get(cpu, sz, register(cpu, sz, N, Vn)))
    put(
        cpu,
        sz,
        d,
        fused(cpu, sz, factor, get(cpu, sz, register(cpu, sz, M, Vm)), get(cpu, sz, d)),
    )


# -- addition, division, roots ---------------------------------------------------------
@insns(
    "cond:4 1110 0 D:1 11 Vn:4 Vd:4 101 sz:1 N:1 op:1 M:1 0 Vm:4",
    asm="{op:vadd_vsub}{cond:vcond}" + THREE,
)
def add_registers(
    cpu: Cpu, D: int, Vn: int, Vd: int, sz: int, N: int, op: int, M: int, Vm: int
) -> None:
    """VADD, VSUB (A8.8.283, A8.8.415)."""
    check_vfp_scalar(cpu)
    a = get(cpu, sz, register(cpu, sz, N, Vn))
    b = get(cpu, sz, register(cpu, sz, M, Vm))
    result = subtract(cpu, sz, a, b) if op else add(cpu, sz, a, b)
    put(cpu, sz, register(cpu, sz, D, Vd), result)


@insns(
    "cond:4 1110 1 D:1 00 Vn:4 Vd:4 101 sz:1 N:1 0 M:1 0 Vm:4",
    asm="vdiv{cond:vcond}" + THREE,
)
def divide_registers(
    cpu: Cpu, D: int, Vn: int, Vd: int, sz: int, N: int, M: int, Vm: int
) -> None:
    """VDIV (A8.8.312)."""
    check_vfp_scalar(cpu)
    put(
        cpu,
        sz,
        register(cpu, sz, D, Vd),
        divide(
            cpu,
            sz,
            get(cpu, sz, register(cpu, sz, N, Vn)),
            get(cpu, sz, register(cpu, sz, M, Vm)),
        ),
    )


def one_operand(cpu: Cpu, sz: int, op: int, a: Value) -> Value:
    """0: as it is, 1: without its sign, 2: negated, 3: its square root."""
    if op == 3:
        return square_root(cpu, sz, a)
    if op == 2:
        return fneg(a)
    return fabs(a) if op else a


@insns(
    "cond:4 1110 1 D:1 11 000 opc:1 Vd:4 101 sz:1 T:1 1 M:1 0 Vm:4",
    asm="{opc,T:vunary}{cond:vcond}" + TWO,
)
def unary(
    cpu: Cpu, D: int, opc: int, Vd: int, sz: int, T: int, M: int, Vm: int
) -> None:
    """VMOV (register), VABS, VNEG, VSQRT (A8.8.340, 280, 355, 401)."""
    check_vfp_scalar(cpu)
    a = get(cpu, sz, register(cpu, sz, M, Vm))
    put(cpu, sz, register(cpu, sz, D, Vd), one_operand(cpu, sz, opc * 2 + T, a))


# -- constants -------------------------------------------------------------------------
def expand_immediate(sz: int, imm8: int) -> int:
    """VFPExpandImm: one sign bit, three of the exponent, four of the fraction."""
    sign, exponent, fraction = imm8 >> 7, imm8 >> 4 & 7, imm8 & 15
    if sz:
        high = (0x3FC if exponent & 4 else 0x400) | (exponent & 3)
        return sign << 63 | high << 52 | fraction << 48
    high = (0x7C if exponent & 4 else 0x80) | (exponent & 3)
    return sign << 31 | high << 23 | fraction << 19


@insns(
    "cond:4 1110 1 D:1 11 imm8:4 Vd:4 101 sz:1 (0) 0 (0) 0 imm8:4",
    asm="vmov{cond:vcond}{sz:vfloat} {sz,D,Vd:vr}, {imm8:vimmediate}",
)
def move_immediate(cpu: Cpu, D: int, imm8: int, Vd: int, sz: int) -> None:
    """VMOV (immediate) (A8.8.339)."""
    check_vfp_scalar(cpu)
    d = register(cpu, sz, D, Vd)
    if sz:
        cpu.d[d] = u64(expand_immediate(sz, imm8))
    else:
        cpu.s[d] = u32(expand_immediate(sz, imm8))


# -- comparison ------------------------------------------------------------------------
def order(cpu: Cpu, sz: int, E: int, a: Value, b: Value) -> Value:
    """0 equal, 1 less, 2 greater, 3 unordered; E: a quiet NaN is invalid too."""
    if not cpu.fp_flush:
        return fcmpe(a, b) if E else fcmp(a, b)
    x, y, quiet = float_bits(a), float_bits(b), 1 - E
    if is_usual(sz, x) and is_usual(sz, y):
        result = fcmpe(a, b) if E else fcmp(a, b)
    else:
        result = (
            fp_compare64(cpu, x, y, quiet) if sz else fp_compare32(cpu, x, y, quiet)
        )
    return result


def compare(cpu: Cpu, sz: int, E: int, a: Value, b: Value) -> None:
    """Set FPSCR.NZCV."""
    found = order(cpu, sz, E, a, b)
    cpu.fp_n = found == 1
    cpu.fp_z = found == 0
    cpu.fp_c = found != 1
    cpu.fp_v = found == 3


@insns(
    "cond:4 1110 1 D:1 11 0100 Vd:4 101 sz:1 E:1 1 M:1 0 Vm:4",
    asm="{E:vcmp_vcmpe}{cond:vcond}" + TWO,
)
def compare_registers(
    cpu: Cpu, D: int, Vd: int, sz: int, E: int, M: int, Vm: int
) -> None:
    """VCMP, VCMPE (A8.8.303)."""
    check_vfp_scalar(cpu)
    compare(
        cpu,
        sz,
        E,
        get(cpu, sz, register(cpu, sz, D, Vd)),
        get(cpu, sz, register(cpu, sz, M, Vm)),
    )


@insns(
    "cond:4 1110 1 D:1 11 0101 Vd:4 101 sz:1 E:1 1 (0) 0 (0)(0)(0)(0)",
    asm="{E:vcmp_vcmpe}{cond:vcond}{sz:vfloat} {sz,D,Vd:vr}, #0.0",
)
def compare_with_zero(cpu: Cpu, D: int, Vd: int, sz: int, E: int) -> None:
    """VCMP, VCMPE with zero."""
    check_vfp_scalar(cpu)
    compare(cpu, sz, E, get(cpu, sz, register(cpu, sz, D, Vd)), number(sz, 0))
