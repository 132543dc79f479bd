# SPDX-License-Identifier: Apache-2.0
"""ACPI tables of a plan: what a PC's operating system is told of its board.

ACPI Specification 6.4. `build(plan)` gives the tables; `Tables` places them in memory,
or hands them to firmware. What a chip has to say it says itself: by `acpi_hid`, or in
its `acpi(node, view)`, as for device trees. Pure: no device exists yet.

Omitted: thermal zones, batteries, hot plug, NUMA.
"""

from machinebuilder.boot.acpi.build import build
from machinebuilder.boot.acpi.placing import Tables

__all__ = ["Tables", "build"]
