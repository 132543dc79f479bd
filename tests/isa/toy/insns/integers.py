"""Integer operators and intrinsics, on every width."""

from machinebuilder.isa import (
    add_with_carry,
    bitrev,
    bits,
    bswap,
    carry_out,
    clz,
    ctz,
    mul_high,
    popcount,
    ror,
    s8,
    s16,
    s32,
    s64,
    select,
    sext,
    sub_overflow,
    u1,
    u8,
    u16,
    u32,
    u64,
)

from .shapes import Numbered

insns = Numbered("w32")

TYPES = (u8, u16, u32, u64, s8, s16, s32, s64, u1)


def read(cpu, kind, n):
    """A register as a value of a type, mixed from both files."""
    return kind(u64(cpu.r[n]) ^ cpu.x[n & 7])


def write(cpu, n, value):
    cpu.x[n & 7] = u64(value)
    cpu.r[n] = u32(value)


def operate(op, a, b):
    if op == 0:
        return a + b
    if op == 1:
        return a - b
    if op == 2:
        return a * b
    if op == 3:
        return a & b
    if op == 4:
        return a | b
    if op == 5:
        return a ^ b
    if op == 6:
        return a // b
    return a % b


def compare(op, a, b):
    if op == 0:
        return a == b
    if op == 1:
        return a != b
    if op == 2:
        return a < b
    if op == 3:
        return a <= b
    if op == 4:
        return a > b
    return a >= b


# Here imm:12 is kind:4 op:4 imm:4, so that types follow from `kind` alone.
def kinded(number):
    return f"{number:08b} a:4 b:4 c:4 kind:4 op:4 imm:4"


@insns(kinded(0x80), where=lambda kind, op: kind < 9 and op < 8)
def arithmetic(cpu, a, b, c, kind, op):
    write(cpu, a, operate(op, read(cpu, TYPES[kind], b), read(cpu, TYPES[kind], c)))


@insns(kinded(0x81), where=lambda kind, op: kind < 9 and op < 8)
def arithmetic_static(cpu, a, b, c, kind, op, imm):
    write(cpu, a, operate(op, read(cpu, TYPES[kind], b), imm * 37 - 200))


@insns(kinded(0x82), where=lambda kind, op: kind < 9 and op < 8)
def static_arithmetic(cpu, a, b, c, kind, op, imm):
    write(cpu, a, operate(op, imm * 37 - 200, read(cpu, TYPES[kind], b)))


@insns(kinded(0x83), where=lambda kind, op: kind < 9 and op < 6)
def comparison(cpu, a, b, c, kind, op):
    write(cpu, a, compare(op, read(cpu, TYPES[kind], b), read(cpu, TYPES[kind], c)))


@insns(kinded(0x84), where=lambda kind, op: kind < 9)
def conversion(cpu, a, b, kind, op):
    if op < 9:
        write(cpu, a, TYPES[op](read(cpu, TYPES[kind], b)))
    elif op == 9:
        write(cpu, a, ~read(cpu, TYPES[kind], b))
    elif op == 10:
        write(cpu, a, -read(cpu, TYPES[kind], b))
    elif op == 11:
        write(cpu, a, u1(not read(cpu, TYPES[kind], b)))
    else:
        write(cpu, a, TYPES[kind](op * 77 - 999))


@insns(kinded(0x85), where=lambda kind: kind < 8)
def shifts(cpu, a, b, c, kind, op, imm):
    value = read(cpu, TYPES[kind], b)
    count = op * 16 + imm
    if op < 6:
        write(cpu, a, value << count if imm & 1 else value >> count)
    elif op < 8:
        amount = u8(cpu.r[c]) & 0x7F
        write(cpu, a, value << amount if imm & 1 else value >> amount)
    elif op < 10:
        write(cpu, a, value << cpu.x[c & 7] if imm & 1 else value >> cpu.x[c & 7])
    elif op < 12:
        signed = s8(cpu.r[c])
        write(cpu, a, value << signed if imm & 1 else value >> signed)
    else:
        write(cpu, a, value >> (cpu.r[c] & 31))


@insns(kinded(0x86), where=lambda kind, op: 2 <= kind < 8 and kind != 4 and kind != 5)
def wide_intrinsics(cpu, a, b, c, kind, op, imm):
    x, y = read(cpu, TYPES[kind], b), read(cpu, TYPES[kind], c)
    if op < 2:
        result, cpu.c, cpu.v = add_with_carry(x, y, cpu.c if op else imm & 1)
        write(cpu, a, result)
    elif op < 4:
        result, cpu.c, cpu.v = add_with_carry(x, ~(imm * 99), 1)
        write(cpu, a, result)
    elif op < 6:
        cpu.c = carry_out(x, ~y, 1)
        cpu.v = sub_overflow(x, y)
    elif op < 8:
        write(cpu, a, ror(x, y))
    elif op < 10:
        write(cpu, a, ror(x, imm * 5))
    else:
        write(cpu, a, mul_high(x, y))


@insns(kinded(0x87), where=lambda kind, op: kind < 8)
def narrow_intrinsics(cpu, a, b, c, kind, op, imm):
    x = read(cpu, TYPES[kind], b)
    if op == 0:
        write(cpu, a, clz(x))
    elif op == 1:
        write(cpu, a, ctz(x))
    elif op == 2:
        write(cpu, a, popcount(x))
    elif op == 3:
        write(cpu, a, bitrev(x))
    elif op == 4:
        write(cpu, a, mul_high(x, read(cpu, TYPES[kind], c)))
    elif op < 8:
        write(cpu, a, sext(x, 1 + (imm & 7)))
    elif op < 10:
        write(cpu, a, bits(x, imm & 7, imm & 3))
    elif op < 12:
        write(cpu, a, select(cpu.r[c] > 0x8000_0000, x, imm))
    elif op < 14:
        write(cpu, a, x if cpu.n else imm - 8)
    else:
        write(cpu, a, select(imm & 1, x, ~x))


@insns.next()
def reversals(cpu, a, b, c):
    write(
        cpu, a, u64(bswap(cpu.r[b])) + u64(bswap(u16(cpu.r[c]))) + bswap(cpu.x[b & 7])
    )


@insns.next()
def static_intrinsics(cpu, a, b, imm):
    total = popcount(imm) * 3 + sext(imm, 5) + bits(imm, 9, 4) + select(imm & 1, 7, b)
    if imm:
        total = total + ctz(imm) + abs(sext(imm, 12)) + min(imm, 99) - max(a, b)
    write(cpu, a, u32(total))


@insns.next()
def truth_values(cpu, a, b, c, imm):
    low = cpu.r[b] & 0xFF
    cpu.n = low > 10 and cpu.z
    cpu.z = (imm & 1 and cpu.c) or not cpu.r[c]
    cpu.c = 3 < low <= 200
    cpu.v = low in (1, 2, imm) or imm & 2 != 0
    if imm & 4 and cpu.r[a] != 0:
        cpu.r[a] = u32(cpu.n) + cpu.r[a]


@insns.next()
def narrow_state(cpu, a, b, imm):
    cpu.bytes_[a & 3] = u8(cpu.r[b])
    cpu.halves[b & 3] = u16(cpu.bytes_[b & 3]) + 0xFFF0
    cpu.tiny[a & 3] = s8(cpu.r[b] >> 8)
    cpu.small[b & 3] = s16(cpu.tiny[b & 3]) * 3
    cpu.r[a] = u32(cpu.small[a & 3]) + u32(cpu.tiny[b & 3])
