# SPDX-License-Identifier: Apache-2.0
"""The command: `python -m tests.lockstep --set a32 --count 1000000`."""

from __future__ import annotations

import argparse
import sys
import time

from tests.lockstep.compare import ENGINES, Comparison
from tests.lockstep.sets import SETS


def main() -> int:
    """Run, and say what differed."""
    parser = argparse.ArgumentParser(prog="tests.lockstep")
    parser.add_argument("--set", choices=sorted(SETS), required=True)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--engine", choices=sorted(ENGINES), default="translate")
    parser.add_argument(
        "--against", choices=("unicorn", *sorted(ENGINES)), default="unicorn"
    )
    parser.add_argument("--length", type=int, default=32, help="instructions a case")
    parser.add_argument("--loops", action="store_true", help="go round several times")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--failures", type=int, default=10, help="stop after so many")
    options = parser.parse_args()
    comparison = Comparison(
        options.set, options.engine, options.against, options.length, options.loops
    )
    started = time.monotonic()
    for difference in comparison.run(options.count, options.seed):
        print(difference, flush=True)
        if len(comparison.failures) >= options.failures:
            break
    seconds = time.monotonic() - started
    print(
        f"{options.set}: {comparison.done} instructions in {seconds:.1f} s, "
        f"{len(comparison.failures)} differences"
    )
    return 1 if comparison.failures else 0


if __name__ == "__main__":
    sys.exit(main())
