# SPDX-License-Identifier: Apache-2.0
"""ARMv7-A: Cortex-A15, Cortex-A7 (ARM DDI 0406C).

Omitted: the Security and Virtualization Extensions (no Monitor or Hyp mode; HVC and SMC
are only the conduit of PSCI), Jazelle, ThumbEE, the debug architecture.
"""

from __future__ import annotations

from typing import Any

from cores.arm import devicetree
from cores.arm.state import ArmState
from machinebuilder.device import IrqIn, IrqOut, Param
from machinebuilder.isa import Core


class ArmCore(Core):
    """The core, with what it adds to a device tree."""

    def devicetree(self, tree: Any, view: Any, cpus: Any) -> None:
        """Nodes for `cpus` (a tuple of CpuPlan) and what comes with them."""
        devicetree.add(tree, view, cpus)


core = ArmCore(
    "arm",
    "cores.arm",
    ArmState,
    # A parameter is the state field of its name; a choice is its index.
    params={
        "psci": Param(
            "choice",
            "none",
            "how the guest calls the firmware's PSCI",
            choices=("none", "hvc", "smc"),
        ),
        "timer_frequency": Param(
            "integer",
            62_500_000,
            "counts a second of the timer",
            min=1_000_000,
            max=1_000_000_000,
        ),
    },
    # In the order of the inputs and outputs in core_arm.h.
    ins={
        "irq": IrqIn("interrupt request"),
        "fiq": IrqIn("fast interrupt request"),
    },
    outs={
        "timer.secure": IrqOut("physical timer, secure state: never driven"),
        "timer.physical": IrqOut("physical timer"),
        "timer.virtual": IrqOut("virtual timer"),
        "timer.hypervisor": IrqOut("hypervisor timer: never driven"),
        "pmu": IrqOut("performance monitor overflow: never driven"),
    },
)
