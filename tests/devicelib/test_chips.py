"""What holds for every chip of the library."""

from __future__ import annotations

import random
import sys
from typing import Any

import pytest

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


def hammer(probe: Any, chip: type[Device], seed: int) -> None:
    """Random accesses of every size, anywhere in the windows."""
    rng = random.Random(seed)
    offsets = [reg.offset + rng.randrange(reg.count) * reg.step
               for reg in chip.regs.values()]  # fmt: skip
    for name, region in chip.regions.items():
        if region.bus:
            continue
        sizes = [size for size in (1, 2, 4, 8) if size <= (region.span or 8)]
        for _ in range(1500):
            size = rng.choice(sizes)
            limit = (region.span or 0x10000) - size
            offset = rng.choice([*offsets, rng.randrange(limit + 1)])
            offset = min(offset // size * size, limit)
            if rng.random() < 0.5:
                probe.write(offset, rng.getrandbits(8 * size), size, name)
            else:
                value = probe.read(offset, size, name)
                assert 0 <= value < 1 << 8 * size


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("model", [*PYTHON, "flash.cfi"])
def test_no_guest_breaks_a_chip(bench: Any, model: str, seed: int) -> None:
    chip = registry.find(model)
    probe = bench.attach(chip, size=0x40000)
    hammer(probe, chip, seed)
    for port, line in chip.ins.items():
        for index in range(line.count if isinstance(line.count, int) else 1):
            probe.drive(port, 1, index)
    probe.receive(bytes(range(256)))
    bench.sleep(1)
    saved = probe.save()
    hammer(probe, chip, seed + 100)
    probe.reset()
    probe.restore(saved)
    assert probe.save() == saved


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
