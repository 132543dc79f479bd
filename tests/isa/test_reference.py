"""The plain-Python side: values that wrap, state, memory, models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machinebuilder.isa import (
    GuestFault,
    Memory,
    Reference,
    f32,
    f64,
    ror,
    s8,
    s32,
    sext,
    u1,
    u8,
    u32,
    u64,
)
from machinebuilder.isa.registry import CpuModel
from machinebuilder.isa.types import INT_TYPES
from tests.isa.toy import core


@given(st.sampled_from(INT_TYPES), st.integers(), st.integers())
def test_arithmetic_wraps_and_keeps_its_type(kind: Any, a: int, b: int) -> None:
    x, y = kind(a), kind(b)
    for result, exact in (
        (x + y, int(x) + int(y)),
        (x - y, int(x) - int(y)),
        (x * y, int(x) * int(y)),
        (~x, ~int(x)),
        (-x, -int(x)),
    ):
        assert type(result) is kind
        assert result.pattern == exact & ((1 << kind.bits) - 1)


def test_a_static_number_takes_the_type_and_two_types_do_not_mix() -> None:
    assert type(u8(255) + 1) is u8
    assert u8(255) + 1 == 0
    assert (5 - u32(6)).pattern == 0xFFFF_FFFF
    assert type(u32(1) == 1) is u1
    with pytest.raises(TypeError, match="u8 and u32 do not mix"):
        u8(1) + u32(1)
    with pytest.raises(TypeError):
        f32(1.0) + f32(1.0)  # type: ignore[operator]


def test_shifts_by_the_width_and_more_give_zero_or_the_sign() -> None:
    assert u32(1) << 32 == 0
    assert u32(1) << u8(255) == 0
    assert s32(-5) >> 40 == -1
    assert s8(-1) >> u64(1 << 40) == -1
    assert ror(u32(1), 33) == 0x8000_0000
    assert sext(u32(0x80), 8) == 0xFFFF_FF80


def test_division_is_towards_zero_and_by_zero_gives_zero() -> None:
    assert s32(-7) // 2 == -3
    assert s32(-7) % 2 == -1
    assert u32(7) // 0 == 0
    assert u32(7) % 0 == 7
    assert s32(-(1 << 31)) // -1 == -(1 << 31)


def test_views_and_arrays_are_one_memory() -> None:
    cpu: Any = Reference(core)
    cpu.doubles[1] = f64(1.0)
    assert cpu.d[1] == 0x3FF0_0000_0000_0000
    assert cpu.q[0].pattern >> 64 == 0x3FF0_0000_0000_0000
    with pytest.raises(IndexError):
        cpu.r[16]
    with pytest.raises(TypeError):
        cpu.r[u32(1)]
    with pytest.raises(TypeError, match="u32 wanted, not u64"):
        cpu.r[1] = u64(1)


def test_flags_are_bit_fields_of_one_word() -> None:
    cpu: Any = Reference(core)
    cpu.mode = u32(0xFF)
    cpu.big_endian = 1
    assert cpu.flags == 0b1111
    assert (cpu.mode, cpu.big_endian) == (7, 1)


def test_memory_has_the_byte_order_of_the_flag_and_faults_where_it_is_not() -> None:
    cpu: Any = Reference(core, memory=Memory(automatic=False), check_alignment=True)
    cpu.memory.map(0x1000, 0x1000)
    cpu.store(u32, 0x1000, 0x1122_3344)
    assert cpu.memory.read(0x1000, 4) == b"\x44\x33\x22\x11"
    cpu.big_endian = 1
    assert cpu.load(u32, 0x1000) == 0x4433_2211
    assert cpu.load(s8, 0x1000) == 0x44
    for address in (0x3000, 0x1001, 0x0FFE):
        with pytest.raises(GuestFault):
            cpu.load(u32, address)
    with pytest.raises(GuestFault):
        cpu.store(u64, 0x1FFC, 0)
    assert cpu.memory.read(0x1FFC, 4) == bytes(4)


def test_a_model_sets_fields_and_features() -> None:
    data = {
        "fields": {"r": ["0x1_0000", "2"], "n": "1"},
        "features": ["divide"],
    }
    cpu: Any = Reference(core, CpuModel(core, "toy.one", data, Path("one.yaml")))
    assert (cpu.r[0], cpu.r[1], cpu.n) == (0x1_0000, 2, 1)
    assert cpu.has("divide")
    assert not cpu.has("multiply")
