# SPDX-License-Identifier: Apache-2.0
"""A bare machine for each test, translated and interpreted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from machinebuilder import native
from tests.cores.sparc.bare import Bare


@pytest.fixture(params=["translate", "interpret"])
def bare(request: pytest.FixtureRequest) -> Iterator[Bare]:
    """One CPU without boot mode."""
    try:
        native.core("sparc")
    except ImportError as missing:
        pytest.skip(str(missing))
    machine = Bare(request.param)
    yield machine
    machine.close()
