# SPDX-License-Identifier: Apache-2.0
"""A reference ARM CPU with VFP and Advanced SIMD switched on."""

from __future__ import annotations

from typing import Any

import pytest

from cores.arm import core
from cores.arm.insns.simd_fpscr import fpscr_write
from machinebuilder.isa import registry

FPEXC_ENABLE, CPACR_ALL = 0x4000_0000, 0x00F0_0000


@pytest.fixture
def cpu() -> Any:
    """A Cortex-A15 in a privileged mode, FPSCR 0."""
    made: Any = core.reference(core, registry.find("arm.cortex-a15"))
    made.cpacr, made.fpexc = CPACR_ALL, FPEXC_ENABLE
    made.vfp = made.neon = made.privileged = 1
    fpscr_write(made, 0)
    return made
