"""The plan: a checked board, expanded to plain data, before any device exists.

Everything downstream reads this and nothing else: the machine builder, `mb map`,
`mb dtb`, generated documentation. Addresses and sizes are in bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Span:
    """Where it was written: line and column from 1, length in characters."""

    file: Path
    line: int
    column: int
    length: int = 1


@dataclass(frozen=True)
class Place:
    """One window of a device on a bus: `region` is the device's name for it."""

    bus: str
    address: int
    size: int
    region: str = ""


@dataclass(frozen=True)
class Slot:
    """A place on a bus that is not addressed by range: keys as the bus defines them."""

    bus: str
    keys: Mapping[str, int]


@dataclass(frozen=True)
class Wire:
    """One line from an output to an input.

    `port` names come from the declarations; indices are 0 where a port has one line.
    `cpu` is set where the input is banked per CPU (`gic.ppi`).
    """

    source: str
    port: str
    index: int
    target: str
    target_port: str
    target_index: int
    cpu: int | None = None


@dataclass(frozen=True)
class DevicePlan:
    """A device to create. A counted device is expanded: `virtio.0`, `virtio.1` ..."""

    name: str
    model: str
    params: Mapping[str, object]
    places: tuple[Place, ...] = ()
    slot: Slot | None = None
    host: str | None = None
    at: Span | None = None
    via: str | None = None
    """`<device>.<bus>` where windows sit on a bus that is seen through that device's
    own: their addresses are those outside, DMA goes through the device."""


@dataclass(frozen=True)
class CpuPlan:
    """A CPU to create: `cpu.0`, `cpu.1` ... in order; `index` is its number."""

    name: str
    model: str
    index: int
    params: Mapping[str, object]
    at: Span | None = None


@dataclass(frozen=True)
class StubPlan:
    """A known range that is not modelled: reads give `value`; the first is logged."""

    name: str
    bus: str
    address: int
    size: int
    value: int
    at: Span | None = None


@dataclass(frozen=True)
class BootPlan:
    """How the board starts: a protocol of `machinebuilder/boot`, and its parameters."""

    protocol: str
    params: Mapping[str, object] = field(default_factory=dict)
    at: Span | None = None


@dataclass(frozen=True)
class Plan:
    """A whole machine. `devices` and `cpus` are in creation order."""

    name: str
    summary: str
    source: Path
    options: Mapping[str, object]
    cpus: tuple[CpuPlan, ...]
    devices: tuple[DevicePlan, ...]
    stubs: tuple[StubPlan, ...]
    wires: tuple[Wire, ...]
    boot: BootPlan | None
    clock: str = "real"
    """`real`, or `virtual`: time is the number of instructions."""

    def device(self, name: str) -> DevicePlan:
        """The device of that name; KeyError if there is none."""
        for device in self.devices:
            if device.name == name:
                return device
        raise KeyError(name)
