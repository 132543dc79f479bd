# SPDX-License-Identifier: Apache-2.0
"""Random bytes that a boot protocol gives a guest."""

from __future__ import annotations

import os
import random

from machinebuilder.board.plan import Plan


def entropy(plan: Plan, size: int) -> bytes:
    """From the host; with a virtual clock the same in every run."""
    if plan.clock == "virtual":
        return random.Random(plan.name).randbytes(size)
    return os.urandom(size)
