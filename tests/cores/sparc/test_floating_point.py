# SPDX-License-Identifier: Apache-2.0
"""Which NaN an operation gives (SPARC V8 manual, N.2)."""

from __future__ import annotations

import pytest

from tests.cores.sparc.bare import DATA, EF, ET, G1, SUPERVISOR, Bare, set_psr
from tests.lockstep.sparc.program import set_register

FSMULD_F8_F10_F12 = 2 << 30 | 12 << 25 | 0x34 << 19 | 8 << 14 | 0x69 << 5 | 10
LDFSR_G1 = 3 << 30 | 0x21 << 19 | G1 << 14
QUIET, SIGNALLING, ONE = 0x7FC0_0001, 0xFF80_0002, 0x3F80_0000
WIDE_QUIET, WIDE_SIGNALLING = 0x7FF8_0000_2000_0000, 0xFFF8_0000_4000_0000
DIVISION_BY_ZERO = 2 << 23  # in FSR.TEM


@pytest.mark.parametrize("traps", [0, DIVISION_BY_ZERO], ids=["untrapped", "trapping"])
@pytest.mark.parametrize(
    ("a", "b", "product"),
    [
        (SIGNALLING, QUIET, WIDE_SIGNALLING),
        (QUIET, SIGNALLING, WIDE_SIGNALLING),
        (QUIET, QUIET + 1, WIDE_QUIET + (1 << 29)),
        (SIGNALLING, ONE, WIDE_SIGNALLING),
        (ONE, QUIET, WIDE_QUIET),
    ],
)
def test_a_wide_product_is_the_signalling_operand_or_else_the_second(
    bare: Bare, a: int, b: int, product: int, traps: int
) -> None:
    bare.words(DATA, traps)
    bare.set("fpr", a, 8 ^ 1)
    bare.set("fpr", b, 10 ^ 1)
    bare.run(
        set_psr(SUPERVISOR | ET | EF),
        set_register(G1, DATA),
        LDFSR_G1,
        FSMULD_F8_F10_F12,
    )
    assert bare.get("fpr", 12 ^ 1) << 32 | bare.get("fpr", 13 ^ 1) == product
