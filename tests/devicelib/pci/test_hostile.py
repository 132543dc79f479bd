"""Random use of the bridge and its functions on the engine."""

from __future__ import annotations

import pytest
from fuzz_pci import use_hostilely


@pytest.mark.parametrize("seed", range(2))
def test_random_use_ends_well(seed: int) -> None:
    use_hostilely(seed, 3000)
