# SPDX-License-Identifier: Apache-2.0
"""cores/arm/softfloat.c gives results and flags of machinebuilder/isa/softfloat.py."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import cffi
import pytest

from machinebuilder.isa import softfloat as sf

ROOT = Path(__file__).parents[3]
DECLARATIONS = """
struct mb_float_format { int exponent, fraction; };
extern struct mb_float_format mb_float_half, mb_float_single, mb_float_double;
struct mb_float_env { int rounding; _Bool flush, default_nan, half_without_inf;
                      unsigned flags; };
struct mb_fixed { int width; _Bool is_unsigned; int fraction_bits; };
typedef struct mb_float_env mb_fenv;
typedef const struct mb_float_format *mb_fmt;
uint64_t mb_float_add(mb_fenv *, mb_fmt, uint64_t, uint64_t);
uint64_t mb_float_sub(mb_fenv *, mb_fmt, uint64_t, uint64_t);
uint64_t mb_float_mul(mb_fenv *, mb_fmt, uint64_t, uint64_t);
uint64_t mb_float_div(mb_fenv *, mb_fmt, uint64_t, uint64_t);
uint64_t mb_float_max(mb_fenv *, mb_fmt, uint64_t, uint64_t);
uint64_t mb_float_min(mb_fenv *, mb_fmt, uint64_t, uint64_t);
uint64_t mb_float_sqrt(mb_fenv *, mb_fmt, uint64_t);
uint64_t mb_float_fma(mb_fenv *, mb_fmt, uint64_t, uint64_t, uint64_t);
int mb_float_compare(mb_fenv *, mb_fmt, uint64_t, uint64_t, _Bool);
uint64_t mb_float_convert(mb_fenv *, mb_fmt, mb_fmt, uint64_t);
uint64_t mb_float_to_fixed(mb_fenv *, mb_fmt, uint64_t, struct mb_fixed, int);
uint64_t mb_float_from_fixed(mb_fenv *, mb_fmt, uint64_t, struct mb_fixed, int);
"""
NAMES = {16: "mb_float_half", 32: "mb_float_single", 64: "mb_float_double"}
FIXED = [(w, u, f) for w in (16, 32, 64) for u in (0, 1) for f in (0, 1, 7, w // 2)]


class Both:
    """The same operation in C and in Python."""

    def __init__(self, ffi: Any, lib: Any, rng: random.Random) -> None:
        self.ffi, self.lib, self.rng = ffi, lib, rng

    def envs(self) -> tuple[Any, sf.Env]:
        modes = [self.rng.randrange(4), *(self.rng.random() < 0.3 for _ in range(3))]
        return self.ffi.new("mb_fenv *", [*modes, 0]), sf.Env(*modes)

    def fmt(self, width: int) -> Any:
        return self.ffi.addressof(self.lib, NAMES[width])

    def check(self, ours: int, c: Any, theirs: int, env: sf.Env, *what: object) -> None:
        told = tuple(hex(w) if isinstance(w, int) else w for w in what)
        assert (hex(ours), c.flags) == (hex(theirs), env.flags), (told, env)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    library = tmp_path_factory.mktemp("softfloat") / "softfloat.so"
    subprocess.run(
        [
            compiler,
            "-O1",
            "-fsanitize=undefined",
            "-fno-sanitize-recover",
            "-shared",
            "-fPIC",
            "-I",
            ROOT / "machinebuilder/engine",
            "-o",
            library,
            *(ROOT / "cores/arm").glob("softfloat*.c"),
        ],
        check=True,
    )
    ffi = cffi.FFI()
    ffi.cdef(DECLARATIONS)
    return Both(ffi, ffi.dlopen(str(library)), random.Random(1))


def number(rng: random.Random, fmt: sf.Format) -> int:
    """Any class of value, exponents often near each other."""
    kind = rng.randrange(8)
    sign = fmt.zero(rng.getrandbits(1))
    if kind == 0:
        return sign | rng.choice(
            [
                0,
                1,
                fmt.infinity(0),
                fmt.largest(0),
                fmt.default_nan(),
                fmt.infinity(0) + 1,
                1 << fmt.fraction,
                fmt.mantissa(-1),
            ]
        )
    fraction = rng.getrandbits(fmt.fraction)
    if kind < 3:
        fraction &= -1 << rng.randrange(fmt.fraction)
    if kind == 3:
        return sign | fraction
    if kind == 4:
        return sign | rng.getrandbits(fmt.exponent) << fmt.fraction | fraction
    spread = min(70, fmt.top // 3)
    biased = fmt.top // 2 + rng.randrange(-spread, spread)
    return sign | biased << fmt.fraction | fraction


@pytest.mark.parametrize("width", [32, 64])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "max", "min"])
def test_two_operands(both: Both, name: str, width: int) -> None:
    fmt = sf.FORMATS[width]
    reference = getattr(sf, {"max": "maximum", "min": "minimum"}.get(name, name))
    for _ in range(1500):
        a, b = number(both.rng, fmt), number(both.rng, fmt)
        c, env = both.envs()
        ours = getattr(both.lib, "mb_float_" + name)(c, both.fmt(width), a, b)
        both.check(ours, c, reference(env, fmt, a, b), env, name, a, b)


@pytest.mark.parametrize("width", [32, 64])
def test_square_roots(both: Both, width: int) -> None:
    fmt = sf.FORMATS[width]
    for _ in range(1000):
        a = number(both.rng, fmt)
        c, env = both.envs()
        ours = both.lib.mb_float_sqrt(c, both.fmt(width), a)
        both.check(ours, c, sf.sqrt(env, fmt, a), env, a)


@pytest.mark.parametrize("width", [32, 64])
def test_fused_multiply_add(both: Both, width: int) -> None:
    fmt = sf.FORMATS[width]
    for _ in range(4000):
        operands = [number(both.rng, fmt) for _ in range(3)]
        if both.rng.random() < 0.3:  # the product nearly cancels the addend
            product = sf.mul(sf.Env(), fmt, *operands[:2])
            operands[2] = product ^ fmt.zero(1) ^ both.rng.getrandbits(2)
        c, env = both.envs()
        ours = both.lib.mb_float_fma(c, both.fmt(width), *operands)
        both.check(ours, c, sf.fma(env, fmt, *operands), env, *operands)


@pytest.mark.parametrize("width", [32, 64])
def test_comparisons(both: Both, width: int) -> None:
    fmt = sf.FORMATS[width]
    for _ in range(1000):
        a, b = number(both.rng, fmt), number(both.rng, fmt)
        b = a if both.rng.random() < 0.2 else b
        quiet = both.rng.random() < 0.5
        c, env = both.envs()
        ours = both.lib.mb_float_compare(c, both.fmt(width), a, b, quiet)
        both.check(ours, c, sf.compare(env, fmt, a, b, quiet), env, a, b)


@pytest.mark.parametrize("source,target", [(16, 32), (32, 16), (32, 64), (64, 32)])
def test_conversions_of_format(both: Both, source: int, target: int) -> None:
    for _ in range(1500):
        a = number(both.rng, sf.FORMATS[source])
        c, env = both.envs()
        ours = both.lib.mb_float_convert(c, both.fmt(source), both.fmt(target), a)
        theirs = sf.convert(env, sf.FORMATS[source], sf.FORMATS[target], a)
        both.check(ours, c, theirs, env, a)


@pytest.mark.parametrize("shape", FIXED)
@pytest.mark.parametrize("size", [32, 64])
def test_fixed_point(both: Both, size: int, shape: tuple[int, int, int]) -> None:
    fmt = sf.FORMATS[size]
    width, unsigned, places = shape
    c_shape = both.ffi.new("struct mb_fixed *", list(shape))[0]
    for _ in range(300):
        a, rounding = number(both.rng, fmt), both.rng.randrange(4)
        c, env = both.envs()
        ours = both.lib.mb_float_to_fixed(c, both.fmt(size), a, c_shape, rounding)
        theirs = sf.to_integer(env, fmt, a, width, not unsigned, places, rounding)
        both.check(ours, c, theirs, env, a)
        a = both.rng.getrandbits(width) >> both.rng.randrange(width)
        c, env = both.envs()
        ours = both.lib.mb_float_from_fixed(c, both.fmt(size), a, c_shape, rounding)
        value = a if unsigned else sf.signed(a, width)
        theirs = sf.from_integer(env, fmt, value, places, rounding)
        both.check(ours, c, theirs, env, a)
