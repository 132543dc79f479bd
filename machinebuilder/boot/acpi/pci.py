# SPDX-License-Identifier: Apache-2.0
"""Terms for PCI: a host bridge with its ranges and interrupt routing, and the links
that a PCI-to-ISA bridge routes with (ACPI 6.4, section 6.2.13).

For the `acpi` methods of bridges, which know their own registers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from machinebuilder.boot.acpi import aml, resources
from machinebuilder.boot.acpi.view import Node, View
from machinebuilder.boot.memory import pci_hole

SLOTS, PINS = 32, 4
ANY_FUNCTION = 0xFFFF
CONFIG_PORTS = (0xCF8, 8)
LEGACY_VIDEO = (0xA_0000, 0xB_FFFF)
LINKS = ("LNKA", "LNKB", "LNKC", "LNKD")
LINK_OFF = 0x80
"""The bit of a routing register that disconnects the line."""


def host_bridge(node: Node, view: View, link: Callable[[int, int], str]) -> None:
    """Bus 0 with everything that goes to it; `link(slot, pin)` names the device by
    which pin 0-3 of a slot reaches an interrupt controller."""
    hole = pci_hole(view.plan)
    first, size = CONFIG_PORTS
    node.say("_BBN", aml.ZERO)
    node.say(
        "_CRS",
        resources.template(
            resources.bus_numbers(0, 0xFF),
            resources.io(first, size),
            resources.io_range(0, first - 1),
            resources.io_range(first + size, 0xFFFF),
            resources.memory_range(*LEGACY_VIDEO, cacheable=True),
            resources.memory_range(hole.start, hole.stop - 1),
        ),
    )
    rows = [_route(slot, pin, link(slot, pin)) for slot, pin in _pins()]
    node.add(aml.name("_PRT", aml.package(*rows)))


def _pins() -> Iterable[tuple[int, int]]:
    return ((slot, pin) for slot in range(1, SLOTS) for pin in range(PINS))


def _route(slot: int, pin: int, link: str) -> bytes:
    where = aml.integer(slot << 16 | ANY_FUNCTION)
    return aml.package(where, aml.integer(pin), aml.name_string(link), aml.ZERO)


def links(node: Node, registers: int, choices: Iterable[int]) -> None:
    """LNKA to LNKD below the bridge `node`: four bytes of its configuration space,
    from `registers` on, say which ISA interrupt each is routed to."""
    numbers = list(choices)
    node.add(
        aml.operation_region("PRQC", aml.PCI_CONFIG, registers, PINS),
        aml.byte_fields("PRQC", *(f"PRQ{n}" for n in range(PINS))),
    )
    for number in range(PINS):
        _link(node.child(LINKS[number]), number, numbers)


def _link(node: Node, number: int, choices: list[int]) -> None:
    register = aml.name_string(f"PRQ{number}")
    off = aml.integer(LINK_OFF)
    routed = resources.template(resources.interrupts(0, shared=True))
    possible = resources.template(resources.interrupts(*choices, shared=True))
    number_at = 5  # of the interrupt, in the descriptor
    node.say("_HID", aml.hardware_id("PNP0C0F"))
    node.say("_UID", aml.integer(number + 1))
    node.say("_PRS", possible)
    node.add(
        aml.method("_STA", 0, aml.when(aml.bit_and(register, off),
            aml.returns(aml.integer(0x09))) + aml.returns(aml.integer(0x0B))),
        aml.method("_DIS", 0, aml.bit_or(register, off, register)),
        aml.method("_CRS", 0, aml.name("BUFF", routed)
            + aml.create_dword_field(aml.name_string("BUFF"), number_at, "IRQW")
            + aml.bit_and(register, aml.integer(0x0F), aml.name_string("IRQW"))
            + aml.returns(aml.name_string("BUFF")), serialized=True),
        aml.method("_SRS", 1,
            aml.create_dword_field(aml.argument(0), number_at, "IRQW")
            + aml.store(aml.name_string("IRQW"), register), serialized=True),
    )  # fmt: skip
