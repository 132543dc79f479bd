"""The PL061's laws (ARM DDI 0190)."""

from __future__ import annotations

from typing import Any

import pytest

from devicelib.gpio.pl061 import PL061


@pytest.fixture
def gpio(bench: Any) -> Any:
    return bench.attach(PL061, power_key=3)


def test_the_address_masks_the_lines(gpio: Any) -> None:
    gpio.direction = 0xFF
    gpio.at("data", 0xFF, 0xF0)
    gpio.at("data", 0x0F, 0xFF)
    assert gpio.at("data", 0xFF) == 0xFF
    assert gpio.at("data", 0x81) == 0x81
    gpio.at("data", 0x01, 0)
    assert gpio.at("data", 0xFF) == 0xFE


def test_outputs_drive_their_lines_and_inputs_do_not(gpio: Any) -> None:
    gpio.direction = 0x03
    gpio.at("data", 0xFF, 0xFF)
    assert gpio.out == (True, True, *[False] * 6)
    gpio.drive("line", 1, 7)
    assert gpio.at("data", 0xFF) == 0x83


@pytest.mark.parametrize(
    ("both", "event", "level", "caught"),
    [
        (0, 1, 1, True),
        (0, 1, 0, False),
        (0, 0, 0, True),
        (0, 0, 1, False),
        (1, 0, 1, True),
    ],
)
def test_edges_are_caught_as_chosen(
    gpio: Any, both: int, event: int, level: int, caught: bool
) -> None:
    gpio.drive("line", not level, 2)
    gpio.both, gpio.event = both << 2, event << 2
    gpio.clear = 0xFF
    gpio.drive("line", level, 2)
    assert gpio.raw == caught << 2


def test_an_edge_stays_until_it_is_cleared(gpio: Any) -> None:
    gpio.event = gpio.mask = 1 << 5
    gpio.drive("line", 1, 5)
    gpio.drive("line", 0, 5)
    assert (gpio.masked, gpio.irq) == (1 << 5, True)
    gpio.clear = 1 << 5
    assert (gpio.raw, gpio.irq) == (0, False)


def test_a_level_interrupts_as_long_as_it_lasts(gpio: Any) -> None:
    gpio.sense = gpio.event = gpio.mask = 1 << 1
    gpio.drive("line", 1, 1)
    gpio.clear = 0xFF
    assert gpio.irq
    gpio.drive("line", 0, 1)
    assert not gpio.irq


def test_the_power_button_is_let_go_again(bench: Any, gpio: Any) -> None:
    gpio.event = gpio.mask = 1 << 3
    assert gpio._frame.power_button()
    assert gpio.irq
    assert gpio.at("data", 0xFF) == 8
    bench.sleep(0.2)
    assert gpio.at("data", 0xFF) == 0


def test_without_a_power_key_there_is_no_button(bench: Any) -> None:
    assert not bench.attach(PL061)._frame.power_button()
