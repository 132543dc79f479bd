# SPDX-License-Identifier: Apache-2.0
"""The command: `python -m tests.lockstep.sparc --set v8 --count 1000000`."""

from __future__ import annotations

import argparse
import sys
import time

from tests.lockstep.sparc.compare import ENGINES, SETS, Comparison


def main() -> int:
    """Run, and say what differed."""
    parser = argparse.ArgumentParser(prog="tests.lockstep.sparc")
    parser.add_argument("--set", choices=sorted(SETS), required=True)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--engine", choices=sorted(ENGINES), default="translate")
    parser.add_argument("--against", choices=sorted(ENGINES))
    parser.add_argument("--length", type=int, default=64, help="instructions a case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--failures", type=int, default=10, help="stop after so many")
    options = parser.parse_args()
    comparison = Comparison(
        options.set, options.engine, options.against, options.length
    )
    started = time.monotonic()
    for difference in comparison.run(options.count, options.seed):
        print(difference, flush=True)
        if len(comparison.failures) >= options.failures:
            break
    print(
        f"{options.set}: {comparison.done} instructions in "
        f"{time.monotonic() - started:.1f} s, {len(comparison.failures)} differences"
    )
    return 1 if comparison.failures else 0


if __name__ == "__main__":
    sys.exit(main())
