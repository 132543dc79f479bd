# SPDX-License-Identifier: Apache-2.0
"""The power registers of hardware-reduced ACPI."""

from __future__ import annotations

from devicelib.power.reduced import ReducedPower


def test_the_type_of_soft_off_with_the_enable_bit_powers_off(bench):
    power = bench.attach(ReducedPower)
    power.control = 5 << 2
    assert power.events == []
    power.control = 1 << 5 | 5 << 2
    assert power.events == ["shutdown"]


def test_another_sleep_state_is_logged_and_does_nothing(bench):
    power = bench.attach(ReducedPower)
    power.control = 1 << 5 | 3 << 2
    assert power.events == []
    assert any("sleep state" in text for text in power.logged)


def test_the_reset_bit_resets(bench):
    power = bench.attach(ReducedPower)
    power.reset_control = 2
    assert power.events == []
    power.reset_control = 6
    assert power.events == ["restart"]
