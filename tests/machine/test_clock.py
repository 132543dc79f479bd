"""Alarms of Python chips on the engine's clock."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

import pytest

from machinebuilder.board.plan import DevicePlan
from machinebuilder.device import Alarm, Device, Reg, State, registry
from machinebuilder.machine import Machine
from tests.machine.conftest import plan

Maker = Callable[..., Machine]
RUNG: list[tuple[int, str]] = []


class Bell(Device):
    """Rings when told, and again after `again` nanoseconds."""

    model = "test.bell"
    span = 0x10
    bell = Alarm()
    again = Reg(0x0)
    count = State(0)

    @bell.rings
    def ring(self) -> None:
        RUNG.append((self.clock.ns, self.name))
        self.count += 1
        if self.again:
            self.bell.at_ns(self.clock.ns + self.again)


@pytest.fixture(autouse=True)
def bell(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    found = registry.find
    monkeypatch.setattr(
        registry, "find", lambda m: Bell if m == Bell.model else found(m)
    )
    RUNG.clear()
    yield


def bells(count: int) -> list[DevicePlan]:
    return [DevicePlan(f"bell{n}", Bell.model, {}) for n in range(count)]


def handle(machine: Machine, name: str) -> Bell:
    return machine.devices[name].frame.device  # type: ignore[attr-defined, no-any-return]


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.001)
    assert condition()


def test_alarms_ring_in_order_and_not_early(make: Maker) -> None:
    machine = make(*bells(200))
    rng = random.Random(1)
    start = handle(machine, "bell0").clock.ns + 20_000_000
    due = {f"bell{n}": start + rng.randrange(50_000_000) for n in range(200)}
    for name, deadline in due.items():
        handle(machine, name).bell.at_ns(deadline)
    wait_for(lambda: len(RUNG) == 200)
    assert [name for _, name in RUNG] == sorted(due, key=lambda name: due[name])
    assert all(when >= due[name] for when, name in RUNG)


def test_a_cancelled_alarm_is_silent_and_a_moved_one_rings_once(make: Maker) -> None:
    machine = make(*bells(2))
    now = handle(machine, "bell0").clock.ns
    handle(machine, "bell0").bell.at_ns(now + 10_000_000)
    handle(machine, "bell1").bell.at_ns(now + 10_000_000)
    handle(machine, "bell0").bell.cancel()
    handle(machine, "bell1").bell.at_ns(now + 30_000_000)
    time.sleep(0.06)
    assert [name for _, name in RUNG] == ["bell1"]
    assert RUNG[0][0] >= now + 30_000_000


def test_an_alarm_may_set_itself_again(make: Maker) -> None:
    machine = make(*bells(1))
    bell = handle(machine, "bell0")
    bell.again = 1_000_000
    bell.bell.at_ns(bell.clock.ns)
    wait_for(lambda: bell.count >= 20)
    times = [when for when, _ in RUNG[:20]]
    assert all(b - a >= 1_000_000 for a, b in zip(times, times[1:], strict=False))


def test_a_reset_silences_alarms(make: Maker) -> None:
    machine = make(*bells(1))
    bell = handle(machine, "bell0")
    bell.bell.at_ns(bell.clock.ns + 20_000_000)
    machine.reset()
    time.sleep(0.04)
    assert RUNG == []


def test_closing_with_alarms_armed_is_harmless() -> None:
    from machinebuilder.boot import Images
    from machinebuilder.machine.build import build

    for _ in range(5):
        machine = build(plan(*bells(10)), Images())
        machine.reset()
        for name in machine.devices:
            bell = handle(machine, name)
            bell.again = 1000
            bell.bell.at_ns(0)
        machine.close()
