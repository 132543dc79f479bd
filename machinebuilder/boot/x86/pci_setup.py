# SPDX-License-Identifier: Apache-2.0
"""PCI as a BIOS leaves it: windows placed, interrupts routed, functions enabled.

From outside, by the ports of configuration mechanism 1 (PCI Local Bus Specification
2.2, sections 3.2.2.3.2 and 6.2.5). What registers of its own a chip wants written is in
its declaration (`pci_setup`); the rest is found as on any PC.

Omitted: bridges to further buses, windows above 4 GiB, expansion ROMs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from machinebuilder.board.plan import DevicePlan, Plan, Wire
from machinebuilder.boot.memory import pci_hole
from machinebuilder.boot.x86.ports import Ports
from machinebuilder.device import registry
from machinebuilder.device.pci import PINS

if TYPE_CHECKING:
    from machinebuilder.machine import Machine

ADDRESS, DATA = 0xCF8, 0xCFC
ENABLE = 1 << 31
SLOTS, FUNCTIONS = 32, 8
VENDOR, COMMAND, CLASS, HEADER_TYPE, BARS = 0x00, 0x04, 0x08, 0x0E, 0x10
INTERRUPT_LINE, INTERRUPT_PIN = 0x3C, 0x3D
MANY_FUNCTIONS = 0x80
NOBODY = 0xFFFF
BAR_COUNT = 6
IO_WINDOWS = range(0xC000, 0x1_0000)
IO_ENABLE, MEMORY_ENABLE, MASTER = 1, 2, 4
DISPLAY, HOST_BRIDGE = 0x03, 0x0600
PAGE = 0x1000


@dataclass(frozen=True)
class Bar:
    """A base address register, and what it wants."""

    offset: int
    size: int
    io: bool
    wide: bool


@dataclass
class Function:
    """A PCI function of bus 0."""

    ports: Ports
    slot: int
    number: int
    bars: list[Bar] = field(default_factory=list)

    def _select(self, offset: int) -> int:
        address = ENABLE | self.slot << 11 | self.number << 8 | offset & 0xFC
        self.ports.write(ADDRESS, address, 4)
        return DATA + (offset & 3)

    def read(self, offset: int, size: int) -> int:
        """A configuration register."""
        return self.ports.read(self._select(offset), size)

    def write(self, offset: int, value: int, size: int) -> None:
        """Set a configuration register."""
        self.ports.write(self._select(offset), value, size)

    @property
    def there(self) -> bool:
        """Does anybody answer?"""
        return self.read(VENDOR, 2) not in (NOBODY, 0)

    def find_bars(self) -> None:
        """Learn the sizes of the windows, by writing ones (6.2.5.1)."""
        number = 0
        while number < BAR_COUNT:
            bar = self._size(BARS + 4 * number)
            if bar.size:
                self.bars.append(bar)
            number += 2 if bar.wide else 1

    def _size(self, offset: int) -> Bar:
        before = self.read(offset, 4)
        self.write(offset, 0xFFFF_FFFF, 4)
        mask = self.read(offset, 4)
        self.write(offset, before, 4)
        io = bool(mask & 1)
        bits = mask & (0xFFFC if io else 0xFFFF_FFF0)
        return Bar(offset, bits & -bits, io, not io and mask >> 1 & 3 == 2)

    def place(self, bar: Bar, address: int) -> None:
        """Give a window its address."""
        self.write(bar.offset, address, 4)
        if bar.wide:
            self.write(bar.offset + 4, address >> 32, 4)

    def enable(self) -> None:
        """Let it decode what it has, and be master."""
        command = MASTER
        command |= IO_ENABLE if any(bar.io for bar in self.bars) else 0
        command |= 0 if all(bar.io for bar in self.bars) else MEMORY_ENABLE
        kind = self.read(CLASS, 4) >> 16
        if kind >> 8 == DISPLAY:
            command |= IO_ENABLE | MEMORY_ENABLE
        if kind != HOST_BRIDGE:
            self.write(COMMAND, self.read(COMMAND, 2) | command, 2)


def set_up(machine: Machine) -> None:
    """Do for the board's PCI what firmware would; nothing if it has none."""
    ports = Ports(machine)
    if ADDRESS not in ports:
        return
    functions = list(scan(ports))
    for function in functions:
        function.find_bars()
    _place_all(functions, pci_hole(machine.plan))
    _write_declared(machine.plan, functions, ports)
    for function in functions:
        function.enable()
    ports.write(ADDRESS, 0, 4)


def scan(ports: Ports) -> Iterator[Function]:
    """Every function of bus 0."""
    for slot in range(SLOTS):
        first = Function(ports, slot, 0)
        if not first.there:
            continue
        yield first
        if first.read(HEADER_TYPE, 1) & MANY_FUNCTIONS:
            others = (Function(ports, slot, n) for n in range(1, FUNCTIONS))
            yield from (function for function in others if function.there)


def _place_all(functions: Iterable[Function], hole: range) -> None:
    """The largest first: each at a multiple of its size, so that little is lost."""
    wanted = [(bar.size, f, bar) for f in functions for bar in f.bars]
    wanted.sort(key=lambda row: -row[0])
    free = {True: IO_WINDOWS.start, False: hole.start}
    ends = {True: IO_WINDOWS.stop, False: hole.stop}
    for size, function, bar in wanted:
        step = size if bar.io else max(size, PAGE)
        address = -(-free[bar.io] // step) * step
        if address + size <= ends[bar.io]:
            function.place(bar, address)
            free[bar.io] = address + step


def _write_declared(plan: Plan, functions: Iterable[Function], ports: Ports) -> None:
    """Registers that a chip's declaration wants written, and interrupt lines."""
    found = {(f.slot, f.number): f for f in functions}
    router = Router(plan)
    for device in plan.devices:
        if device.slot is None:
            continue
        keys = device.slot.keys
        function = found.get((keys.get("slot", -1), keys.get("function", 0)))
        declared: Any = registry.find(device.model)
        if function is None or declared.pci is None:
            continue
        for offset, (size, value) in declared.pci_setup.items():
            function.write(offset, value, size)
        line = router.line(device)
        if line is not None and function.read(INTERRUPT_PIN, 1):
            function.write(INTERRUPT_LINE, line, 1)
    router.make_level_triggered(ports)


class Router:
    """Which ISA interrupt a function's pin comes to, by the plan's wires and what the
    router's own declaration has written to it."""

    ELCR = 0x4D0
    """Edge or level: a bit for each of the 16 interrupts."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.lines: set[int] = set()

    def line(self, device: DevicePlan) -> int | None:
        """The interrupt that the first pin of a function raises; None: no pin."""
        declared: Any = registry.find(device.model)
        pin = next((n for n, pin in enumerate(PINS) if pin in declared.outs), None)
        if pin is None or device.slot is None:
            return None
        host = device.slot.bus.rpartition(".")[0]
        bridge: Any = registry.find(self.plan.device(host).model)
        output = bridge.pci_route(device.slot.keys["slot"], pin)
        for wire in self.plan.wires:
            if wire.source == host and (wire.port, wire.index) == output:
                return self._number(wire)
        return None

    def _number(self, wire: Wire) -> int | None:
        router: Any = registry.find(self.plan.device(wire.target).model)
        number: int | None = router.acpi_interrupt(wire.target_port, wire.target_index)
        self.lines |= set() if number is None else {number}
        return number

    def make_level_triggered(self, ports: Ports) -> None:
        """PCI interrupts are shared, so they are levels."""
        for port in (self.ELCR, self.ELCR + 1):
            if port in ports:
                bits = sum(1 << n % 8 for n in self.lines if n // 8 == port - self.ELCR)
                ports.write(port, ports.read(port) | bits)
