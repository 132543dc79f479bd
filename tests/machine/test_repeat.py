"""A virtual clock: nothing of the host gets into a run."""

from __future__ import annotations

import dataclasses

from machinebuilder.boot.entropy import entropy
from machinebuilder.machine.repeat import START, repeatable
from tests.machine.conftest import device, plan

RTC = ("rtc", "rtc.pl031", (0x0901_0000, 0x1000, ""))


def test_time_of_day_and_entropy_are_fixed() -> None:
    fixed = repeatable(plan(device(*RTC), device("rng", "virtio.rng", host="entropy")))
    assert fixed.clock == "virtual"
    assert fixed.device("rtc").params["start"] == START
    assert fixed.device("rng").params["seed"] != 0
    assert entropy(fixed, 32) == entropy(fixed, 32)
    real = dataclasses.replace(fixed, clock="real")
    assert entropy(real, 32) != entropy(real, 32)


def test_what_the_board_says_stays() -> None:
    given = plan(
        device(*RTC, start=5), device("rng", "virtio.rng", host="entropy", seed=9)
    )
    fixed = repeatable(given)
    assert fixed.device("rtc").params["start"] == 5
    assert fixed.device("rng").params["seed"] == 9
