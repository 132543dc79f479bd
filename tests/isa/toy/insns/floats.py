"""Floating point and vectors."""

import machinebuilder.isa as isa
from machinebuilder.isa import (
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
    ftos32,
    ftou32,
    s32,
    s32tof,
    s64,
    s64tof,
    u32,
    u32tof,
    u64,
    vdup8,
    vdup16,
    vdup32,
    vdup64,
    vext,
    vhigh,
    vlow,
    vnot,
    vpair,
    vsar16,
    vshl8,
    vshr64,
    vzero,
)

from .shapes import Numbered

insns = Numbered("w32")

BINARY = tuple(
    getattr(isa, name)
    for name in isa.__all__
    if name[0] == "v"
    and name[-1].isdigit()
    and not name.startswith(("vdup", "vsh", "vsar", "v128"))
) + (isa.vand, isa.vor, isa.vxor, isa.vandn, isa.vorn)
FORMATS = (f32, f64)


def read(cpu, double, n):
    """A finite number of moderate size, so that results do not hang on NaN rules."""
    if double:
        pattern = cpu.x[n & 7]
        return from_bits(f64, (pattern & 0x800F_FFFF_FFFF_FFFF) | 0x3FF0_0000_0000_0000)
    return from_bits(f32, (cpu.r[n] & 0x807F_FFFF) | 0x4000_0000)


def write(cpu, double, n, value):
    if double:
        cpu.doubles[n & 7] = value
    else:
        cpu.singles[n] = value


@insns("11100000 a:4 b:4 c:4 double:1 op:3 imm:8")
def computes(cpu, a, b, c, double, op):
    x, y = read(cpu, double, b), read(cpu, double, c)
    if op == 0:
        result = fadd(x, y)
    elif op == 1:
        result = fsub(x, y)
    elif op == 2:
        result = fmul(x, y)
    elif op == 3:
        result = fdiv(x, y)
    elif op == 4:
        result = fsqrt(fabs(x))
    elif op == 5:
        result = fma(x, y, fneg(y))
    else:
        result = FORMATS[double](FORMATS[1 - double](x))
    write(cpu, double, a, result)


@insns("11100001 a:4 b:4 c:4 double:1 op:3 imm:8")
def converts(cpu, a, b, c, double, op):
    if op == 0:
        write(cpu, double, a, s32tof(FORMATS[double], s32(cpu.r[b])))
    elif op == 1:
        write(cpu, double, a, u32tof(FORMATS[double], cpu.r[b]))
    elif op == 2:
        write(cpu, double, a, s64tof(FORMATS[double], s64(cpu.x[b & 7])))
    elif op == 3:
        cpu.r[a] = u32(ftos32(fmul(read(cpu, double, b), read(cpu, double, c))))
    elif op == 4:
        cpu.r[a] = ftou32(read(cpu, double, b))
    elif op == 5:
        cpu.r[a] = fcmp(read(cpu, double, b), read(cpu, double, c))
    elif op == 6:
        cpu.r[a] = fcmpe(read(cpu, double, b), read(cpu, double, b))
    else:
        cpu.x[a & 7] = u64(float_bits(read(cpu, double, b)))


@insns("11100010 a:4 b:4 c:4 op:6 imm:6", where=lambda op: op < len(BINARY))
def lanewise(cpu, a, b, c, op):
    cpu.q[a & 3] = BINARY[op](cpu.q[b & 3], cpu.q[c & 3])


@insns("11100011 a:4 b:4 c:4 op:4 imm:8")
def moves(cpu, a, b, c, op, imm):
    x, y = cpu.q[b & 3], cpu.q[c & 3]
    if op == 0:
        result = vpair(vhigh(x), vlow(y))
    elif op == 1:
        result = vpair(cpu.x[b & 7], 0)
    elif op == 2:
        result = vdup8(cpu.r[b])
    elif op == 3:
        result = vdup16(cpu.r[b])
    elif op == 4:
        result = vdup32(cpu.r[b])
    elif op == 5:
        result = vdup64(cpu.x[b & 7])
    elif op == 6:
        result = vext(x, y, imm & 15)
    elif op == 7:
        result = vnot(x)
    elif op < 10:
        result = vshl8(x, imm & 7)
    elif op < 12:
        result = vsar16(x, imm & 15)
    elif op < 14:
        result = vshr64(x, imm & 63)
    else:
        result = x if cpu.n else vzero()
    cpu.q[a & 3] = result
