# SPDX-License-Identifier: Apache-2.0
"""What random words do not reach: VFP's enables, modes, models and system registers."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from cores.arm.insns.simd_fpscr import fpscr_read, fpscr_write
from cores.arm.insns.vfp_arithmetic import expand_immediate
from machinebuilder.isa import Undefined

VADD_F64 = 0xEE31_0B02  # vadd.f64 d0, d1, d2
VADD_F32 = 0xEE30_0A81  # vadd.f32 s0, s1, s2
VADD_D16 = 0xEE71_0BA2  # vadd.f64 d16, d17, d18
VMRS_FLAGS = 0xEEF1_FA10  # vmrs APSR_nzcv, fpscr
VMSR_FPSCR = 0xEEE1_0A10  # vmsr fpscr, r0
VMRS_FPEXC, VMSR_FPEXC = 0xEEF8_0A10, 0xEEE8_0A10
VMRS_FPSID, VMRS_MVFR0, VMRS_MVFR1 = 0xEEF0_0A10, 0xEEF7_0A10, 0xEEF6_0A10
VMOV_D0_D1 = 0xEEB0_0B41
FLUSH, DEFAULT_NAN, LENGTH_2 = 1 << 24, 1 << 25, 1 << 16


def double(value: float) -> int:
    return int(struct.unpack("<Q", struct.pack("<d", value))[0])


def single(value: float) -> int:
    return int(struct.unpack("<I", struct.pack("<f", value))[0])


def step(cpu: Any, word: int) -> None:
    cpu.step_word("vfp", word, 4)


def test_arithmetic_is_undefined_while_the_unit_is_off(cpu: Any) -> None:
    cpu.vfp = 0
    with pytest.raises(Undefined):
        step(cpu, VADD_F64)


def test_upper_registers_are_undefined_on_a_d16_model(cpu: Any) -> None:
    step(cpu, VADD_D16)
    cpu.features = type(cpu.features)(0)
    with pytest.raises(Undefined):
        step(cpu, VADD_D16)


def test_short_vectors_are_undefined(cpu: Any) -> None:
    cpu.r[0] = LENGTH_2
    step(cpu, VMSR_FPSCR)
    with pytest.raises(Undefined):
        step(cpu, VADD_F32)
    cpu.r[0] = 0
    step(cpu, VMSR_FPSCR)
    step(cpu, VADD_F32)


def test_fpscr_keeps_what_exists_and_drops_the_trap_enables(cpu: Any) -> None:
    cpu.r[0] = 0xFFFF_FFFF
    step(cpu, VMSR_FPSCR)
    assert fpscr_read(cpu) == 0xFFF7_009F
    step(cpu, VMRS_FLAGS)
    assert (cpu.n, cpu.z, cpu.c, cpu.v) == (1, 1, 1, 1)


@pytest.mark.parametrize("word", [VMRS_FPEXC, VMSR_FPEXC, VMRS_FPSID, VMRS_MVFR0])
def test_system_registers_are_for_privileged_modes(cpu: Any, word: int) -> None:
    step(cpu, word)
    cpu.privileged = 0
    with pytest.raises(Undefined):
        step(cpu, word)


def test_fpexc_switches_the_unit_even_while_it_is_off(cpu: Any) -> None:
    cpu.r[0] = 0
    step(cpu, VMSR_FPEXC)
    with pytest.raises(Undefined):
        step(cpu, VMOV_D0_D1)
    step(cpu, VMRS_FPEXC)
    assert cpu.r[0] == 0
    cpu.r[0] = 0xFFFF_FFFF
    step(cpu, VMSR_FPEXC)
    step(cpu, VMOV_D0_D1)
    step(cpu, VMRS_FPEXC)
    assert cpu.r[0] == 0x4000_0000


def test_cpacr_hides_the_unit_altogether(cpu: Any) -> None:
    cpu.cpacr = 0
    with pytest.raises(Undefined):
        step(cpu, VMRS_FPSID)


def test_identification_is_the_models(cpu: Any) -> None:
    for word, wanted in (
        (VMRS_FPSID, 0x4104_30F0),
        (VMRS_MVFR0, 0x1011_0222),
        (VMRS_MVFR1, 0x1111_1111),
    ):
        step(cpu, word)
        assert cpu.r[0] == wanted


COMPARED = [
    (1.0, 1.0, 0b0110),
    (1.0, 2.0, 0b1000),
    (2.0, 1.0, 0b0010),
    (0.0, -0.0, 0b0110),
    (float("nan"), 1.0, 0b0011),
]


@pytest.mark.parametrize("a,b,flags", COMPARED)
def test_comparisons_set_the_flags_that_branches_read(
    cpu: Any, a: float, b: float, flags: int
) -> None:
    cpu.d[0], cpu.d[1] = double(a), double(b)
    step(cpu, 0xEEB4_0B41)  # vcmp.f64 d0, d1
    step(cpu, VMRS_FLAGS)
    assert int(cpu.n) << 3 | int(cpu.z) << 2 | int(cpu.c) << 1 | int(cpu.v) == flags


ROUNDED = [(0, 2), (1, 3), (2, 2), (3, 2)]  # FPSCR.RMode of 2.5


@pytest.mark.parametrize("mode,wanted", ROUNDED)
def test_vcvtr_rounds_as_fpscr_says_and_vcvt_toward_zero(
    cpu: Any, mode: int, wanted: int
) -> None:
    fpscr_write(cpu, mode << 22)
    cpu.s[1] = single(2.5)
    step(cpu, 0xEEBD_0A60)  # vcvtr.s32.f32 s0, s1
    assert cpu.s[0] == wanted
    step(cpu, 0xEEBD_0AE0)  # vcvt.s32.f32 s0, s1
    assert cpu.s[0] == 2


NANS = [
    (0, 0x7FC0_0005, 0x7F80_0001, 0x7FC0_0001),
    (0, 0x7FC0_0005, 0x7FC0_0006, 0x7FC0_0005),
    (DEFAULT_NAN, 0x7FC0_0005, 0x3F80_0000, 0x7FC0_0000),
    (0, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000),
]


@pytest.mark.parametrize("fpscr,a,b,wanted", NANS)
def test_a_signalling_nan_goes_before_a_quiet_one(
    cpu: Any, fpscr: int, a: int, b: int, wanted: int
) -> None:
    fpscr_write(cpu, fpscr)
    cpu.s[1], cpu.s[2] = a, b
    step(cpu, VADD_F32)
    assert cpu.s[0] == wanted


def test_flushing_raises_idc_and_not_inexact(cpu: Any) -> None:
    fpscr_write(cpu, FLUSH)
    cpu.s[1], cpu.s[2] = 1, single(1.0)
    step(cpu, VADD_F32)
    assert cpu.s[0] == single(1.0)
    assert fpscr_read(cpu) == FLUSH | 0x80


IMMEDIATES = [(0x70, 1.0), (0x00, 2.0), (0xF8, -1.5), (0x3F, 31.0), (0x40, 0.125)]


@pytest.mark.parametrize("imm8,value", IMMEDIATES)
def test_immediates_expand(imm8: int, value: float) -> None:
    assert expand_immediate(1, imm8) == double(value)
    assert expand_immediate(0, imm8) == single(value)


def test_vstm_and_vldm_walk_memory_and_write_the_base_back(cpu: Any) -> None:
    cpu.r[13] = 0x2000
    for i in range(4):
        cpu.d[8 + i] = 0x1111 * (i + 1)
    step(cpu, 0xED2D_8B08)  # vpush {d8-d11}
    assert cpu.r[13] == 0x1FE0
    assert cpu.memory.read(0x1FE8, 2) == b"\x22\x22"
    step(cpu, 0xECBD_0B08)  # vpop {d0-d3}
    assert (cpu.r[13], cpu.d[3]) == (0x2000, 0x4444)


def test_fldmx_moves_the_base_by_an_odd_word(cpu: Any) -> None:
    cpu.r[0] = 0x2000
    step(cpu, 0xECB0_0B05)  # fldmiax r0!, {d0-d1}
    assert cpu.r[0] == 0x2014
