"""The board's own registers: power, reset, lamps."""

from __future__ import annotations

import pytest

from devicelib.system.macio_id import MacioId
from devicelib.system.slavio import Slavio


@pytest.fixture
def slavio(bench):
    return bench.attach(Slavio)


def test_the_power_bit_switches_off(slavio):
    slavio.supply = 0
    assert slavio.events == []
    slavio.supply = 1
    assert slavio.events == ["shutdown"]


def test_the_reset_bit_starts_over(slavio):
    slavio.reset_control = 1
    assert slavio.events == ["restart"]


def test_the_lamp_is_kept_and_the_upper_bits_read_as_one(slavio):
    slavio.aux = 0x01
    assert slavio.aux == 0xF1


def test_the_bytes_of_a_big_register_begin_with_the_highest(bench):
    ident = bench.attach(MacioId)
    assert [ident.read(n, 1) for n in range(4)] == [0xFE, 0x81, 0x01, 0x03]
    assert ident.read(2, 2) == 0x0103
