# SPDX-License-Identifier: Apache-2.0
"""What random words do not reach in Advanced SIMD: enables, endianness, estimates."""

from __future__ import annotations

from typing import Any

import pytest

from cores.arm.insns.simd_fpscr import fpscr_read
from cores.arm.insns.simd_standard import reciprocal_estimate, root_estimate
from machinebuilder.isa import GuestFault, Undefined

VADD_I32 = 0xF220_0844  # vadd.i32 q0, q0, q2
VLD1_32, VST1_32 = 0xF420_078F, 0xF400_078F  # vld1.32 {d0}, [r0]; vst1.32
VLD2_16 = 0xF420_084F  # vld2.16 {d0-d1}, [r0]
VLD1_64_ALIGNED = 0xF420_07DF  # vld1.64 {d0}, [r0:64]
VQADD_S8 = 0xF200_0011  # vqadd.s8 d0, d0, d1


def step(cpu: Any, word: int) -> None:
    cpu.step_word("neon", word, 4)


def test_advanced_simd_is_undefined_without_its_enable(cpu: Any) -> None:
    step(cpu, VADD_I32)
    cpu.neon = 0
    with pytest.raises(Undefined):
        step(cpu, VADD_I32)


@pytest.mark.parametrize(
    "big,wanted", [(0, 0x7766_5544_3322_1100), (1, 0x4455_6677_0011_2233)]
)
def test_memory_order_is_of_elements_and_bytes_within(
    cpu: Any, big: int, wanted: int
) -> None:
    data = bytes.fromhex("0011223344556677")
    cpu.memory.write(0x2000, data)
    cpu.r[0], cpu.big_endian = 0x2000, big
    step(cpu, VLD1_32)
    assert cpu.d[0] == wanted
    cpu.memory.write(0x2000, bytes(8))
    step(cpu, VST1_32)
    assert cpu.memory.read(0x2000, 8) == data


@pytest.mark.parametrize("big", [0, 1])
def test_structures_part_in_either_order(cpu: Any, big: int) -> None:
    order = "big" if big else "little"
    cpu.memory.write(0x2000, b"".join(n.to_bytes(2, order) for n in range(8)))  # type: ignore[arg-type]
    cpu.r[0], cpu.big_endian = 0x2000, big
    step(cpu, VLD2_16)
    assert cpu.d[0] == 0x0006_0004_0002_0000
    assert cpu.d[1] == 0x0007_0005_0003_0001


def test_an_alignment_in_the_instruction_is_checked(cpu: Any) -> None:
    cpu.r[0] = 0x2004
    with pytest.raises(GuestFault):
        step(cpu, VLD1_64_ALIGNED)


def test_saturation_is_sticky_in_fpscr(cpu: Any) -> None:
    cpu.d[0], cpu.d[1] = 0x7F, 0x01
    step(cpu, VQADD_S8)
    assert (cpu.d[0], fpscr_read(cpu)) == (0x7F, 1 << 27)
    cpu.d[0] = 0
    step(cpu, VQADD_S8)
    assert fpscr_read(cpu) == 1 << 27


def test_estimates_are_within_a_place_of_the_true_values() -> None:
    for q in range(256, 512):
        assert abs(reciprocal_estimate(q) - 256 * 512 / (q + 0.5)) <= 0.5
    for q, scale in [(q, s) for q in range(128, 256) for s in (256, 512)]:
        assert abs(root_estimate(q, scale) - 256 / ((q + 0.5) / scale) ** 0.5) <= 0.5
