"""Random use of native chips under sanitizers: no crash, no stray access, no hang."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from fuzz_native import MODELS, chips, run, script
from native_bench import compiled


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("model", MODELS)
def test_random_use_ends_well(model: str, seed: int, tmp_path: Path) -> None:
    done = run(model, seed, tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("model", ["ide.piix3"])
def test_two_cpus_may_use_it_at_the_same_time(model: str, tmp_path: Path) -> None:
    """But for guest memory, whose races are the guest's."""
    options = ["-DBENCH_MAIN", "-rdynamic", "-fsanitize=thread", "-Wno-error=tsan"]
    command = [str(compiled("native_races", *options)), *chips(model, tmp_path)]
    one, two = (
        "\n".join(line for line in script(model, seed).splitlines() if line[0] != "m")
        for seed in (100, 101)
    )
    (tmp_path / "beside").write_text(two)
    done = subprocess.run(
        command,
        input=one,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"BENCH_BESIDE": str(tmp_path / "beside")},
    )
    assert done.returncode == 0, done.stderr[:3000]
