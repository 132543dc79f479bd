"""What holds for every chip of the library."""

from __future__ import annotations

import sys
from typing import Any

import fuzz_wired
import pytest
from fuzz_python import hammer, use_hostilely

from machinebuilder.device import Device, registry

CHIPS = registry.names()
FOUND = [registry.find(model) for model in CHIPS]
PYTHON = [chip.model for chip in FOUND if not chip.native and not chip.memory]


@pytest.mark.parametrize("model", CHIPS)
def test_a_chip_says_what_it_leaves_out(model: str) -> None:
    chip = registry.find(model)
    text = sys.modules[chip.__module__].__doc__ or ""
    assert "Omitted:" in text, f"{model}: name the parts not modelled"
    assert chip.__doc__


@pytest.mark.parametrize("model", CHIPS)
def test_parameters_and_ports_are_documented(model: str) -> None:
    chip = registry.find(model)
    parts: list[Any] = [*chip.params.values(), *chip.outs.values(), *chip.ins.values()]
    assert [part.name for part in parts if not part.doc] == []


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("model", [*PYTHON, "flash.cfi"])
def test_no_guest_breaks_a_chip(bench: Any, model: str, seed: int) -> None:
    use_hostilely(bench, registry.find(model), seed)


@pytest.mark.parametrize("board", fuzz_wired.BOARDS)
def test_no_guest_breaks_chips_that_work_together(board: str) -> None:
    fuzz_wired.use_hostilely(board, seed=1, steps=150)


@pytest.mark.parametrize("model", PYTHON)
def test_reset_brings_back_every_register(bench: Any, model: str) -> None:
    chip = registry.find(model)
    fresh, used = bench.attach(chip), bench.attach(chip)
    hammer(used, chip, 1)
    used.reset()
    assert used.save()["registers"] == fresh.save()["registers"]
    assert forgotten(chip, used) == forgotten(chip, fresh)


def forgotten(chip: type[Device], probe: Any) -> dict[str, object]:
    """The state that does not outlive a reset."""
    state: dict[str, object] = probe.save()["state"]
    return {name: value for name, value in state.items() if not chip.states[name].kept}
