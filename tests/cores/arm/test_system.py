# SPDX-License-Identifier: Apache-2.0
"""System registers, the generic timer, PSCI."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from machinebuilder.isa import registry
from tests.cores.arm.bare import (
    CODE,
    OFF,
    POWERED_OFF,
    RAM,
    RESET,
    SVC,
    TIMED_OUT,
    UND,
    Bare,
)


@pytest.mark.parametrize("model", ["arm.cortex-a15", "arm.cortex-a7"])
def test_identification_is_the_model_files(
    bare_with: Callable[..., Bare], model: str
) -> None:
    bare = bare_with(model=model)
    bare.run(
        """
        ee101f10 mrc p15, 0, r1, c0, c0, 0
        ee102fb0 mrc p15, 0, r2, c0, c0, 5
        ee103f11 mrc p15, 0, r3, c0, c1, 0
        """
        + OFF
    )
    fields = registry.find(model).fields
    assert bare.r(1, 2, 3) == [fields["midr"][0], 0x8000_0000, fields["id_pfr0"][0]]


@pytest.mark.parametrize(
    "access",
    [
        "ee101f10 mrc p15, 0, r1, c0, c0, 0",
        "ee031f10 mcr p15, 0, r1, c3, c0, 0",
        "ee071f15 mcr p15, 0, r1, c7, c5, 0",
        "ee081f17 mcr p15, 0, r1, c8, c7, 0",
        "ee1e1f11 mrc p15, 0, r1, c14, c1, 0",
    ],
)
def test_system_registers_are_undefined_in_user_mode(bare: Bare, access: str) -> None:
    bare.run("f1020010 cps #16\n" + access)
    assert (bare.get("mode"), bare.r(14)) == (UND, [CODE + 8])


def test_unknown_registers_are_undefined(bare: Bare) -> None:
    bare.run("ee1b1f10 mrc p15, 0, r1, c11, c0, 0")
    assert bare.get("mode") == UND


def test_user_code_reads_its_thread_pointers_and_writes_one(bare: Bare) -> None:
    bare.set("tpidruro", 11)
    bare.run(
        """
        f1020010 cps #16
        ee1d1f70 mrc p15, 0, r1, c13, c0, 3
        ee0d1f50 mcr p15, 0, r1, c13, c0, 2
        ee0d1f70 mcr p15, 0, r1, c13, c0, 3
        """
    )
    assert (bare.get("tpidrurw"), bare.get("mode"), bare.r(14)) == (
        11,
        UND,
        [CODE + 16],
    )


def test_the_timer_counts_and_comes_due(bare: Bare) -> None:
    bare.run(  # 17 ms: longer than any host takes to translate this
        """
        e3a01601 mov r1, #1048576
        ee0e1f13 mcr p15, 0, r1, c14, c3, 0
        e3a01001 mov r1, #1
        ee0e1f33 mcr p15, 0, r1, c14, c3, 1
        ee1e2f33 mrc p15, 0, r2, c14, c3, 1
        ee1e3f33 mrc p15, 0, r3, c14, c3, 1
        e3130004 tst r3, #4
        0afffffc beq 0x40000014
        """
        + OFF
    )
    assert bare.r(2, 3) == [1, 5]


def test_psci_has_a_version_and_refuses_what_it_does_not_know(bare: Bare) -> None:
    bare.run(
        """
        e3a00321 mov r0, #2214592512
        e1400070 hvc #0
        e1a04000 mov r4, r0
        e3010234 movw r0, #4660
        e3480400 movt r0, #33792
        e1400070 hvc #0
        e1a05000 mov r5, r0
        """
        + OFF
    )
    assert bare.r(4, 5) == [0x0001_0000, 0xFFFF_FFFF]


def test_hvc_is_undefined_without_psci(bare: Bare) -> None:
    bare.set("psci", 0)
    bare.set("r", CODE, 0)
    assert bare.run("e1400070 hvc #0", milliseconds=100) == TIMED_OUT
    assert bare.get("mode") == UND


def test_psci_resets_the_machine(bare: Bare) -> None:
    event = bare.run("e3000009 movw r0, #9\ne3480400 movt r0, #33792\ne1400070 hvc #0")
    assert event == RESET


@pytest.mark.parametrize("mode", ["translate", "interpret"])
def test_psci_starts_another_cpu(bare_with: Callable[..., Bare], mode: str) -> None:
    bare = bare_with(mode=mode, cpus=2)
    bare.load(
        RAM + 0x4000,
        """
        e3a01101 mov r1, #1073741824
        e2811602 add r1, r1, #2097152
        e5810000 str r0, [r1, #0]
        eafffffe b 0x4000400c
        """,
    )
    event = bare.run(
        """
        e3000003 movw r0, #3
        e3480400 movt r0, #33792
        e3a01001 mov r1, #1
        e3a02101 mov r2, #1073741824
        e2822901 add r2, r2, #16384
        e3a03063 mov r3, #99
        e1400070 hvc #0
        e1a04000 mov r4, r0
        e3a01101 mov r1, #1073741824
        e2811602 add r1, r1, #2097152
        e5912000 ldr r2, [r1, #0]
        e3520000 cmp r2, #0
        0afffffc beq 0x40000028
        """
        + OFF
    )
    assert (event, bare.r(2, 4)) == (POWERED_OFF, [99, 0])
    assert bare.get("mode", cpu=1) == SVC
