# SPDX-License-Identifier: Apache-2.0
"""Lock-step: random instructions from the decode tables, on several engines at once.

The judge is Unicorn. A case is a short straight run of instructions with a random state
before it; afterwards registers, flags and memory must be equal.

    python -m tests.lockstep --set a32 --count 1000000 [--engine reference]

`sets.py` says what is drawn, `exclusions.py` what is not compared and why.
"""
