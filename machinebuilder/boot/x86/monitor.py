# SPDX-License-Identifier: Apache-2.0
"""What the built-in monitor is told of the board that it runs on."""

from __future__ import annotations

from machinebuilder.board.describe import rows_by_bus
from machinebuilder.board.plan import Plan
from machinebuilder.boot.acpi.build import survey

IMAGE = "monitor-x86.bin"
SLEEP_ENABLE, REDUCED_SLEEP_ENABLE = 1 << 13, 1 << 5
"""In the PM1 control register, and in the sleep control register (ACPI 6.4, 4.8.3)."""


def command_line(plan: Plan) -> bytes:
    """`poweroff=PORT,VALUE reset=PORT,VALUE`, of what the board has."""
    power = survey(plan).power
    words = []
    if power.sleep and power.soft_off is not None:
        value = REDUCED_SLEEP_ENABLE | power.soft_off << 2
        words.append(f"poweroff={power.sleep.address:#x},{value:#x}")
    elif power.pm1_control and power.soft_off is not None:
        value = SLEEP_ENABLE | power.soft_off << 10
        words.append(f"poweroff={power.pm1_control:#x},{value:#x}")
    if power.reset is not None:
        register, value = power.reset
        words.append(f"reset={register.address:#x},{value:#x}")
    return " ".join(words).encode()


def map_text(plan: Plan) -> bytes:
    """Memory and ports, a line for each window; ends in a zero."""
    lines = [
        f"  {prefix}0x{at:0{digits}x}-0x{at + size - 1:0{digits}x}  {name}\n"
        for bus, digits, prefix in (("mmio", 8, ""), ("io", 4, "port "))
        for at, size, name, _ in rows_by_bus(plan).get(bus, [])
    ]
    return "".join(lines).encode() + b"\0"
