# SPDX-License-Identifier: Apache-2.0
"""CPUs whose code is translated to the host's: the default."""

from __future__ import annotations

import platform
from typing import Any

from machinebuilder import native
from machinebuilder.accel import interpreted

TRANSLATED = 0


def new_cpu(machine: Any, isa: str) -> Any:
    """Add a CPU; on hosts that have no back end it is interpreted."""
    if platform.machine() != "x86_64":
        return interpreted.new_cpu(machine, isa)
    return native.engine().lib.mb_cpu_new(machine.handle, native.core(isa), TRANSLATED)
