"""Machines without CPUs: a plan by hand, devices driven from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from machinebuilder.board.plan import DevicePlan, Place, Plan, Slot, StubPlan, Wire
from machinebuilder.boot import Images
from machinebuilder.device import registry
from machinebuilder.machine import Machine
from machinebuilder.machine.build import build

Maker = Callable[..., Machine]


def device(
    name: str,
    model: str,
    *places: tuple[int, int, str],
    slot: Slot | None = None,
    host: str | None = None,
    **params: object,
) -> DevicePlan:
    """A device on the main bus; each place is (address, size, region)."""
    defaults = {n: p.default for n, p in registry.find(model).params.items()}
    windows = tuple(Place("mmio", at, size, region) for at, size, region in places)
    return DevicePlan(name, model, {**defaults, **params}, windows, slot, host)


def plan(
    *devices: DevicePlan, wires: tuple[Wire, ...] = (), stubs: tuple[StubPlan, ...] = ()
) -> Plan:
    """A board of these devices."""
    return Plan("test", "", Path("test.yaml"), {}, (), devices, stubs, wires, None)


@pytest.fixture
def make() -> Iterator[Maker]:
    """Builds and resets machines, and closes them at the end of the test."""
    made: list[Machine] = []

    def maker(*devices: DevicePlan, **rest: tuple[object, ...]) -> Machine:
        machine = build(plan(*devices, **rest), Images())  # type: ignore[arg-type]
        made.append(machine)
        machine.reset()
        return machine

    yield maker
    for machine in made:
        machine.close()
