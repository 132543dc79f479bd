"""The long campaign of random use: chips, steps and seeds from the command line.

    PYTHONPATH=.:tests/devicelib python -m fuzz [MODEL...] [--steps N] [--seed N]

Without MODEL: every native chip that has a script (under address and
undefined-behaviour sanitizers), every Python chip, and `pci` (the bridge and its
functions on the engine). Each plays the steps in runs, one seed after the other; each
run of a native chip has a time limit. The seed and the steps of a run are all that it
takes to see a failure again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import fuzz_native
import fuzz_python
import fuzz_wired

from machinebuilder.device import registry
from machinebuilder.device.testing import Bench

RUN = 50_000
"""Steps of a run."""
LIMIT = 300
"""Seconds that a run may take."""


def python_models() -> list[str]:
    """Chips in Python, and flash, whose window is memory at times."""
    chips = [registry.find(model) for model in registry.names()]
    models = [chip.model for chip in chips if not chip.native and not chip.memory]
    return [*models, "flash.cfi"]


def play_native(model: str, seed: int, steps: int) -> str:
    """Why the run failed; empty if it did not."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = fuzz_native.run(model, seed, Path(folder), steps, LIMIT)
        except subprocess.TimeoutExpired:
            return f"no end after {LIMIT} s"
    return done.stderr[-3000:] or "failed" if done.returncode else ""


def in_process(use: Callable[[str, int, int], None]) -> Callable[[str, int, int], str]:
    """Of a use that raises when it goes wrong."""

    def play(model: str, seed: int, steps: int) -> str:
        try:
            use(model, seed, steps)
        except Exception:
            return traceback.format_exc()
        return ""

    return play


def _use_python(model: str, seed: int, steps: int) -> None:
    chip = registry.find(model)
    windows = sum(not region.bus for region in chip.regions.values()) or 1
    fuzz_python.use_hostilely(Bench(), chip, seed, steps // (2 * windows))


def _use_wired(model: str, seed: int, steps: int) -> None:
    fuzz_wired.use_hostilely(model, seed, steps // 20)  # accesses of a command


def _use_pci(model: str, seed: int, steps: int) -> None:
    import fuzz_pci  # the engine is not needed for the others

    fuzz_pci.use_hostilely(seed, steps)


def campaign(model: str, seed: int, steps: int) -> bool:
    """All runs of one chip; reports and stops at the first that fails."""
    play = in_process(_use_python)
    if model in fuzz_native.MODELS:
        play = play_native
    elif model in fuzz_wired.BOARDS:
        play = in_process(_use_wired)
    elif model == "pci":
        play = in_process(_use_pci)
    started, done = time.monotonic(), 0
    while done < steps:
        count = min(RUN, steps - done)
        if why := play(model, seed, count):
            print(f"{model}: seed {seed} with {count} steps failed\n{why}", flush=True)
            return False
        seed, done = seed + 1, done + count
    seconds = time.monotonic() - started
    print(f"{model}: {done} steps, {seconds:.0f} s, no failure", flush=True)
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="*")
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    models = options.model or [*fuzz_native.MODELS, *python_models()]
    if not options.model:
        models += [*fuzz_wired.BOARDS, "pci"]
    results = [campaign(model, options.seed, options.steps) for model in models]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
