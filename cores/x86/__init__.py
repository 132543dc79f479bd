# SPDX-License-Identifier: Apache-2.0
"""x86-64 processors, run on the host's own by KVM (Intel SDM; AMD APM).

Omitted: a translator, so that other hosts cannot run them yet.
"""

from __future__ import annotations

from typing import Any

from cores.x86 import cpuid, msrs
from cores.x86.state import X86State
from machinebuilder.device import IrqIn, Param
from machinebuilder.isa import Core


class X86Core(Core):
    """The core, with what its models say through CPUID."""

    feature_names = frozenset(cpuid.FEATURES)

    def prepare_kvm(self, cpu: Any) -> None:
        """Tell KVM what CPUID says on this CPU (a machine.Cpu)."""
        cpuid.install(cpu)
        msrs.install(cpu)


core = X86Core(
    "x86",
    "cores.x86",
    X86State,
    address_bits=64,
    params={
        "chips": Param(
            "choice",
            "on",
            "which interrupt chips are KVM's own: all it has, local APICs alone, none",
            choices=("off", "split", "on"),
        ),
    },
    # In the order of the inputs in core_x86.h.
    ins={
        "intr": IrqIn("interrupt request, of the local APIC or a PIC"),
        "nmi": IrqIn("non-maskable interrupt"),
    },
)
