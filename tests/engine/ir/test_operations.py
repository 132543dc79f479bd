"""Each operation against its meaning in Python integers, interpreted and compiled."""

from __future__ import annotations

import ctypes
import random
from collections.abc import Callable

import pytest

from machinebuilder.engine.opcodes import OPS

CODES = {op.name: number for number, op in enumerate(OPS)}
I32, I64, F32, F64, V128 = 1, 2, 3, 4, 5
EDGES = [0, 1, 2, 31, 32, 0x7F, 0x80, 0xFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
         0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF]


def signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def quotient(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def divs(a: int, b: int, n: int) -> int:
    return quotient(signed(a, n), signed(b, n)) if b else 0


def rems(a: int, b: int, n: int) -> int:
    return signed(a, n) - signed(b, n) * divs(a, b, n)


def fits(value: int, n: int) -> bool:
    return -(1 << (n - 1)) <= value < 1 << (n - 1)


def reverse_bits(a: int, n: int) -> int:
    return int(f"{a:0{n}b}"[::-1], 2)


# name -> value of operands a, b (n bits) and c (0 or 1)
BINARY: dict[str, Callable[[int, int, int], int]] = {
    "add": lambda a, b, n: a + b,
    "sub": lambda a, b, n: a - b,
    "mul": lambda a, b, n: a * b,
    "mulhu": lambda a, b, n: a * b >> n,
    "mulhs": lambda a, b, n: signed(a, n) * signed(b, n) >> n,
    "divu": lambda a, b, n: a // b if b else 0,
    "remu": lambda a, b, n: a % b if b else a,
    "divs": divs,
    "rems": rems,
    "and": lambda a, b, n: a & b,
    "or": lambda a, b, n: a | b,
    "xor": lambda a, b, n: a ^ b,
    "suboverflow": lambda a, b, n: not fits(signed(a, n) - signed(b, n), n),
    "eq": lambda a, b, n: a == b,
    "ne": lambda a, b, n: a != b,
    "ltu": lambda a, b, n: a < b,
    "leu": lambda a, b, n: a <= b,
    "lts": lambda a, b, n: signed(a, n) < signed(b, n),
    "les": lambda a, b, n: signed(a, n) <= signed(b, n),
}
SHIFTS: dict[str, Callable[[int, int, int], int]] = {
    "shl": lambda a, b, n: a << b % n,
    "shr": lambda a, b, n: a >> b % n,
    "sar": lambda a, b, n: signed(a, n) >> b % n,
    "ror": lambda a, b, n: (a | a << n) >> b % n,
}
UNARY: dict[str, Callable[[int, int], int]] = {
    "not": lambda a, n: ~a,
    "neg": lambda a, n: -a,
    "clz": lambda a, n: n - a.bit_length(),
    "ctz": lambda a, n: (a & -a).bit_length() - 1 if a else n,
    "popcount": lambda a, n: a.bit_count(),
    "bswap": lambda a, n: int.from_bytes(a.to_bytes(n // 8, "little"), "big"),
    "bitrev": reverse_bits,
    "sext8": lambda a, n: signed(a, 8),
    "sext16": lambda a, n: signed(a, 16),
}
CARRY: dict[str, Callable[[int, int, int, int], int]] = {
    "addc": lambda a, b, c, n: a + b + c,
    "carry": lambda a, b, c, n: a + b + c >> n,
    "overflow": lambda a, b, c, n: not fits(signed(a, n) + signed(b, n) + c, n),
}
LANES: dict[str, Callable[[int, int, int], int]] = {
    "vadd": lambda a, b, n: a + b,
    "vsub": lambda a, b, n: a - b,
    "vmul": lambda a, b, n: a * b,
    "veq": lambda a, b, n: -(a == b),
    "vgts": lambda a, b, n: -(signed(a, n) > signed(b, n)),
    "vgtu": lambda a, b, n: -(a > b),
    "vges": lambda a, b, n: -(signed(a, n) >= signed(b, n)),
    "vgeu": lambda a, b, n: -(a >= b),
    "vmins": lambda a, b, n: min(signed(a, n), signed(b, n)),
    "vmaxs": lambda a, b, n: max(signed(a, n), signed(b, n)),
    "vminu": lambda a, b, n: min(a, b),
    "vmaxu": lambda a, b, n: max(a, b),
}
LANE_SHIFTS: dict[str, Callable[[int, int, int], int]] = {
    "vshl": lambda a, imm, n: a << imm,
    "vshr": lambda a, imm, n: a >> imm,
    "vsar": lambda a, imm, n: signed(a, n) >> imm,
}


class Bench:
    def __init__(self, library: ctypes.CDLL, compiled: bool) -> None:
        self.library, self.compiled = library, compiled

    def run(self, name: str, kind: int, operands: list[int], imm: int = 0) -> int:
        """The operation's 128-bit result field."""
        words = [0] * 8
        for position, operand in enumerate(operands):
            words[2 * position] = operand & 0xFFFF_FFFF_FFFF_FFFF
            words[2 * position + 1] = operand >> 64
        vector = (ctypes.c_uint64 * 8)(*words)
        mxcsr = ctypes.c_uint32(0x1F80)
        result = self.library.harness_op(CODES[name], kind, imm, vector, self.compiled,
                                         ctypes.byref(mxcsr))
        assert result == 0
        return vector[6] | vector[7] << 64


@pytest.fixture(params=["interpreted", "compiled"])
def bench(request: pytest.FixtureRequest, harness: ctypes.CDLL) -> Bench:
    return Bench(harness, request.param == "compiled")


def operands(count: int, bits: int, rng: random.Random) -> list[list[int]]:
    edges = [edge & (1 << bits) - 1 for edge in EDGES]
    pairs = [[rng.choice([rng.getrandbits(bits), rng.choice(edges)])
              for _ in range(count)] for _ in range(150)]
    return pairs + ([[a, b] for a in edges for b in edges] if count == 2 else [])


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("name", [*BINARY, *SHIFTS, *UNARY])
def test_integer_operations(bench: Bench, name: str, bits: int) -> None:
    kind, rng = I32 if bits == 32 else I64, random.Random(name)
    count = 1 if name in UNARY else 2
    for values in operands(count, bits, rng):
        if name in SHIFTS:
            values = [values[0], values[1] & 0xFFFF_FFFF]
        if name in UNARY:
            result = UNARY[name](values[0], bits)
        else:
            result = {**BINARY, **SHIFTS}[name](values[0], values[1], bits)
        expected = int(result) & (1 << bits) - 1
        assert bench.run(name, kind, values) == expected, [hex(v) for v in values]


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("name", CARRY)
def test_sums_with_carry(bench: Bench, name: str, bits: int) -> None:
    kind, rng = I32 if bits == 32 else I64, random.Random(name)
    for a, b in operands(2, bits, rng):
        for c in (0, 1):
            expected = int(CARRY[name](a, b, c, bits)) & (1 << bits) - 1
            assert bench.run(name, kind, [a, b, c]) == expected, (hex(a), hex(b), c)


def in_lanes(meaning: Callable[[int, int, int], int], a: int, b: int, bits: int,
             imm: int | None = None) -> int:
    result, mask = 0, (1 << bits) - 1
    for at in range(0, 128, bits):
        other = imm if imm is not None else b >> at & mask
        result |= (meaning(a >> at & mask, other, bits) & mask) << at
    return result


def lane_rows(
    table: dict[str, Callable[[int, int, int], int]]
) -> list[tuple[str, int]]:
    return [(name, bits) for name in table for bits in (8, 16, 32, 64)
            if f"{name}{bits}" in CODES]


def vectors(rng: random.Random) -> list[int]:
    patterns = [[rng.choice([0, 1, 0x7F, 0x80, 0xFF]) for _ in range(16)]
                for _ in range(20)]
    edges = [int.from_bytes(bytes(pattern), "little") for pattern in patterns]
    return edges + [rng.getrandbits(128) for _ in range(20)]


@pytest.mark.parametrize(("name", "bits"), lane_rows(LANES))
def test_lanes(bench: Bench, name: str, bits: int) -> None:
    rng = random.Random(name)
    for a, b in zip(vectors(rng), vectors(rng), strict=True):
        expected = in_lanes(LANES[name], a, b, bits)
        assert bench.run(f"{name}{bits}", V128, [a, b]) == expected


@pytest.mark.parametrize(("name", "bits"), lane_rows(LANE_SHIFTS))
def test_shifts_of_lanes_reach_beyond_the_lane(
    bench: Bench, name: str, bits: int
) -> None:
    for imm in range(bits + 2):
        for a in vectors(random.Random(imm))[18:24]:
            expected = in_lanes(LANE_SHIFTS[name], a, 0, bits, imm)
            assert bench.run(f"{name}{bits}", V128, [a], imm) == expected, imm


def test_whole_vectors(bench: Bench) -> None:
    rng, ones = random.Random(1), (1 << 128) - 1
    for a, b in zip(vectors(rng), vectors(rng), strict=True):
        assert bench.run("vandn", V128, [a, b]) == a & ~b
        assert bench.run("vorn", V128, [a, b]) == a | (~b & ones)
        assert bench.run("vnot", V128, [a]) == ~a & ones
        assert bench.run("vlow", V128, [a]) == a & (1 << 64) - 1
        assert bench.run("vhigh", V128, [a]) == a >> 64
        for imm in range(17):
            expected = (b << 128 | a) >> 8 * imm & ones
            assert bench.run("vext", V128, [a, b], imm) == expected


def test_duplicates_fill_every_lane(bench: Bench) -> None:
    for bits in (8, 16, 32, 64):
        value = 0x8192_A3B4_C5D6_E7F8 & (1 << bits) - 1
        expected = sum(value << at for at in range(0, 128, bits))
        assert bench.run(f"vdup{bits}", I64, [0x8192_A3B4_C5D6_E7F8]) == expected
