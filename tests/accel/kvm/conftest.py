"""Guests on KVM; skipped, and saying so, where the host has none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from machinebuilder.device import registry
from machinebuilder.machine import Machine
from tests.accel.kvm import bench


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chips of these tests can be found."""
    found = registry.find
    monkeypatch.setattr(registry, "find", lambda m: bench.CHIPS.get(m) or found(m))


@pytest.fixture
def make(kvm: None) -> Iterator[bench.Make]:
    """Makes guests, and closes them at the end of the test."""
    made: list[Machine] = []

    def maker(*words: object, **rest: object) -> Machine:
        machine = bench.guest(*words, **rest)  # type: ignore[arg-type]
        made.append(machine)
        return machine

    yield maker
    for machine in made:
        machine.close()
