"""PIIX3's interrupt routing and reset port, PIIX4's power management."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from machinebuilder.machine import Machine

from .conftest import BOARD, Pci

ISA, PM = (1, 0), (1, 3)
ROUTE, PM_BASE, PM_ENABLE = 0x60, 0x40, 0x80
STATUS, ENABLE, CONTROL, TIMER = 0x600, 0x602, 0x604, 0x608
BUTTON, SCI, SLEEP = 0x100, 1, 0x2000
OCW3_IRR = 0x0A
CASCADE = 1 << 2


def requests(pci: Pci) -> int:
    """The lines that ask at the 8259s, but for the one between the two."""
    found = 0
    for shift, port in ((0, 0x20), (8, 0xA0)):
        pci.out(port, OCW3_IRR, 1)
        found |= pci.in_(port, 1) << shift
    return found & ~CASCADE


@pytest.fixture
def started(pci: Pci) -> Pci:
    """The 8259s in operation, level-triggered where PCI may come."""
    for port in (0x20, 0xA0):
        pci.out(port, 0x11, 1)
        for word in (0x20, 4 if port == 0x20 else 2, 1):
            pci.out(port + 1, word, 1)
    pci.out(0x4D1, 0x0E, 1)
    pci.write(*PM, PM_BASE, 0x601)
    pci.write(*PM, PM_ENABLE, 1, 1)
    return pci


class PmPorts:
    """The registers of power management, wherever they are."""

    def __init__(self, pci: Pci) -> None:
        self.device = pci.machine.devices["pm"]
        self.bus = pci.machine.bus("io")

    def read(self, port: int, size: int = 2) -> int:
        return int.from_bytes(self.bus.read(port, size), "little")

    def write(self, port: int, value: int) -> None:
        self.device.write(port - 0x600, value, 2, "pm")


def test_a_routed_pin_asks_at_its_line(started: Pci) -> None:
    started.write(*ISA, ROUTE + 2, 11, 1)
    set_pin = _set_pin(started)
    set_pin(2, 1)
    assert requests(started) == 1 << 11
    set_pin(2, 0)
    assert requests(started) == 0


def test_a_pin_that_is_not_routed_goes_nowhere(started: Pci) -> None:
    started.write(*ISA, ROUTE, 0x8B, 1)
    _set_pin(started)(0, 1)
    assert requests(started) == 0


def test_two_pins_share_a_line(started: Pci) -> None:
    set_pin = _set_pin(started)
    for pin in (0, 1):
        started.write(*ISA, ROUTE + pin, 10, 1)
        set_pin(pin, 1)
    set_pin(0, 0)
    assert requests(started) == 1 << 10


@pytest.mark.parametrize("line", [0, 1, 2, 8, 13])
def test_reserved_lines_take_no_pin(started: Pci, line: int) -> None:
    started.write(*ISA, ROUTE, line, 1)
    _set_pin(started)(0, 1)
    assert requests(started) == 0


def test_the_reset_port_lies_in_the_configuration_address(pci: Pci) -> None:
    pci.out(0xCF8, 0x8000_0800)
    isa = pci.machine.devices["isa"]
    isa.write(0, 0x02, 1, "reset_port")
    assert pci.machine.bus("io").read(0xCF9, 1) == b"\x02"
    assert pci.in_(0xCF8) == 0x8000_0800
    isa.write(0, 0x06, 1, "reset_port")
    assert pci.machine.run_once(1000).name == "reset"


def test_registers_are_where_firmware_puts_them(started: Pci) -> None:
    ports = PmPorts(started)
    assert ports.read(CONTROL) == 0
    started.write(*PM, PM_BASE, 0xB001)
    with pytest.raises(ValueError, match="nothing is at"):
        ports.read(CONTROL)
    assert started.machine.bus("io").read(0xB004, 2) == bytes(2)


def test_the_timer_runs(started: Pci) -> None:
    ports = PmPorts(started)
    first = ports.read(TIMER, 4)
    while ports.read(TIMER, 4) == first:
        pass
    assert ports.read(TIMER, 4) < 1 << 24


def test_the_power_button_interrupts_and_is_cleared_by_a_one(started: Pci) -> None:
    ports = PmPorts(started)
    ports.write(ENABLE, BUTTON)
    ports.write(CONTROL, SCI)
    assert started.machine.power_button()
    assert ports.read(STATUS) & BUTTON
    assert requests(started) & 1 << 9
    ports.write(STATUS, BUTTON)
    assert not ports.read(STATUS) & BUTTON
    assert not requests(started) & 1 << 9


def test_acpi_is_switched_on_and_off_by_the_apm_port(started: Pci) -> None:
    ports = PmPorts(started)
    started.out(0xB2, 0xF1, 1)
    assert ports.read(CONTROL) & SCI
    started.out(0xB2, 0xF0, 1)
    assert not ports.read(CONTROL) & SCI


def test_soft_off_ends_the_run(started: Pci) -> None:
    PmPorts(started).write(CONTROL, SLEEP)
    assert started.machine.run_once(1000).name == "poweroff"


def test_pins_are_turned_by_the_slot(build: Callable[[str], Machine]) -> None:
    more = "".join(
        f"  v{slot}: {{model: virtio.pci, slot: {slot}}}\n" for slot in (4, 9)
    )
    wires = {
        wire.source: wire.target_index
        for wire in build(BOARD + more).plan.wires
        if wire.port == "inta"
    }
    assert wires == {"net": 3, "v4": 0, "v9": 1}


def _set_pin(pci: Pci) -> Callable[[int, int], None]:
    """Sets PCI interrupt pins at the router."""
    from machinebuilder import native

    isa = pci.machine.devices["isa"]
    port = list(isa.chip.ins).index("pirq")

    def set_pin(index: int, level: int) -> None:
        native.engine().lib.mb_dev_set_input(isa.handle, port, index, level)

    return set_pin
