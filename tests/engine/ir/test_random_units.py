"""Random units of IR: the interpreter and the generated code end in the same state,
memory, way out, instruction count and floating-point flags, faults included."""

from __future__ import annotations

import ctypes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

WHY = {1: "the builder refused it", 2: "not well formed", 3: "no code was generated",
       4: "left another way", 5: "state differs", 6: "memory differs",
       7: "floating-point flags differ"}


@pytest.mark.parametrize("size", [1, 3, 8, 25, 80, 200])
def test_units_run_alike_interpreted_and_compiled(
    harness: ctypes.CDLL, size: int
) -> None:
    for seed in range(2000 // size + 200):
        result = harness.harness_random(seed, size, 0)
        assert result == 0, f"seed {seed}, size {size}: {WHY.get(result, result)}"


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**64 - 1), size=st.integers(1, 200))
def test_any_unit_runs_alike(seed: int, size: int, harness: ctypes.CDLL) -> None:
    assert harness.harness_random(seed, size, 0) == 0
