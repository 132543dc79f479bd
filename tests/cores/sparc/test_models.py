# SPDX-License-Identifier: Apache-2.0
"""Models are data: what a chip says of itself. And how its words are written."""

from __future__ import annotations

import pytest

from cores.sparc import core
from machinebuilder import native
from machinebuilder.isa import disassemble, registry
from tests.cores.sparc.bare import G1, G3, G4, Bare, lda
from tests.lockstep.sparc.program import set_register

READ_PSR = 0x8948_0000  # rd %psr, %g4


@pytest.mark.parametrize(
    ("model", "mmu", "psr"),
    [
        ("sparc.microsparc2", 0x0400_0000, 0x0400_0000),
        ("sparc.turbosparc", 0x0500_0000, 0x0500_0000),
    ],
)
def test_a_model_names_its_chip(model: str, mmu: int, psr: int) -> None:
    try:
        native.core("sparc")
    except ImportError as missing:
        pytest.skip(str(missing))
    machine = Bare(model=model)
    machine.run(set_register(G1, 0), lda(G3, G1, 4), READ_PSR)
    assert machine.r(G3) == [mmu]
    assert machine.r(G4)[0] & 0xFF00_0000 == psr
    machine.close()


def test_every_model_sets_fields_that_exist() -> None:
    for name in registry.names():
        if name.startswith("sparc."):
            assert set(registry.find(name).fields) <= set(core.state.fields)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        (0x9DE3_BFA0, "save %sp, -96, %sp"),
        (0x81C7_E008, "jmpl %i7 + 8, %g0"),
        (0x81E8_0000, "restore %g0, %g0, %g0"),
        (0xD002_2004, "ld [%o0 + 4], %o0"),
        (0x3080_0003, "ba,a 0x0000100c"),
        (0x0100_0000, "sethi %hi(0x0), %g0"),
        (0x91D0_2010, "ta %g0 + 16"),
        (0xC0A0_0060, "sta %g0, [%g0 + %g0] 0x3"),
    ],
)
def test_words_are_written_as_the_manual_does(word: int, text: str) -> None:
    assert disassemble("v8", core, word, 0x1000, 0) == text
