# SPDX-License-Identifier: Apache-2.0
"""SPARC V8 with the reference MMU: microSPARC-II, TurboSPARC (The SPARC Architecture
Manual, Version 8; STP1012 microSPARC-II User's Manual; MB86907 User's Guide).

Omitted: coprocessors, quad-precision arithmetic (traps, as on these chips), caches, and
the diagnostic registers of caches and TLB, which read as zero.
"""

from __future__ import annotations

from cores.sparc.state import SparcState
from machinebuilder.device import IrqIn, Param
from machinebuilder.isa import Core

core = Core(
    "sparc",
    "cores.sparc",
    SparcState,
    # A parameter is the state field of its name.
    params={
        "prom": Param(
            "integer",
            0x7000_0000,
            "physical address that boot mode fetches instructions from",
            min=0,
            max=0xF_FFFF_F000,
        ),
    },
    # In the order of the inputs of core.c: line n asks for interrupt level n.
    ins={
        "irl": IrqIn(
            "interrupt request level, lines 1-15; 0 is never asked for", count=16
        )
    },
)
