# SPDX-License-Identifier: Apache-2.0
"""A reference ARM CPU with VFP and Advanced SIMD switched on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cores.arm import core
from cores.arm.insns.simd_fpscr import fpscr_write
from machinebuilder import native
from machinebuilder.isa import registry
from tests.cores.arm.bare import Bare

FPEXC_ENABLE, CPACR_ALL = 0x4000_0000, 0x00F0_0000


@pytest.fixture
def cpu() -> Any:
    """A Cortex-A15 in a privileged mode, FPSCR 0."""
    made: Any = core.reference(core, registry.find("arm.cortex-a15"))
    made.cpacr, made.fpexc = CPACR_ALL, FPEXC_ENABLE
    made.vfp = made.neon = made.privileged = 1
    fpscr_write(made, 0)
    return made


@pytest.fixture(params=["translate", "interpret"])
def bare(request: pytest.FixtureRequest) -> Iterator[Bare]:
    """A bare machine, once with translated and once with interpreted code."""
    _need_engine()
    machine = Bare(request.param)
    yield machine
    machine.close()


@pytest.fixture
def bare_with() -> Iterator[Callable[..., Bare]]:
    """Makes bare machines with other options."""
    _need_engine()
    made: list[Bare] = []

    def make(**options: Any) -> Bare:
        made.append(Bare(**options))
        return made[-1]

    yield make
    for machine in made:
        machine.close()


def _need_engine() -> None:
    try:
        native.engine()
        native.core("arm")
    except ImportError as missing:
        pytest.skip(str(missing))
