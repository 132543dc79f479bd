"""System control port A."""

from __future__ import annotations

from devicelib.system.port92 import Port92


def test_line_20_is_open_and_its_bit_is_kept(bench):
    port = bench.attach(Port92)
    assert port.control == 2
    port.control = 0
    assert port.control == 0
    assert port.events == []


def test_the_low_bit_resets_the_machine(bench):
    port = bench.attach(Port92)
    port.control = 3
    assert port.events == ["restart"]
