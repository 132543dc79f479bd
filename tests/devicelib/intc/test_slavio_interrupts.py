"""SLAVIO's interrupt controller, as sun4m kernels drive it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from native_bench import Chip

CPU, SYSTEM = 0, 1
SOURCE, TIMER = 0, 1
PENDING, CLEAR, SET = 0x0, 0x4, 0x8
MASK, MASK_CLEAR, MASK_SET = 0x4, 0x8, 0xC
SCSI, ETHERNET, CLOCK, ALL = 18, 16, 19, 1 << 31


@pytest.fixture
def intc() -> Iterator[Chip]:
    chip = Chip("intc.slavio")
    chip.reset()
    yield chip
    chip.close()


def levels(intc: Chip) -> list[int]:
    return [n + 1 for n in range(15) if intc.level(0, n)]


def test_a_source_is_masked_after_reset(intc: Chip) -> None:
    intc.input(SOURCE, SCSI, 1)
    assert intc.read(SYSTEM, PENDING) == 1 << SCSI
    assert levels(intc) == []


def test_an_open_source_has_its_own_level(intc: Chip) -> None:
    intc.write(SYSTEM, MASK_CLEAR, 1 << SCSI | 1 << ETHERNET | 1 << CLOCK)
    for source in (SCSI, ETHERNET, CLOCK):
        intc.input(SOURCE, source, 1)
    assert levels(intc) == [4, 6, 10]
    assert intc.read(CPU, PENDING) == 1 << 4 | 1 << 6 | 1 << 10
    intc.input(SOURCE, ETHERNET, 0)
    assert levels(intc) == [4, 10]


def test_the_mask_of_all_spares_the_processors_own_counter(intc: Chip) -> None:
    intc.write(SYSTEM, MASK_CLEAR, 1 << SCSI)
    intc.write(SYSTEM, MASK_SET, ALL)
    intc.input(SOURCE, SCSI, 1)
    intc.input(TIMER, 0, 1)
    assert levels(intc) == [14]


def test_software_interrupts_are_set_and_cleared(intc: Chip) -> None:
    intc.write(CPU, SET, 1 << 17 | 1 << 31)
    assert levels(intc) == [1, 15]
    assert intc.read(CPU, PENDING) == 1 << 17 | 1 << 31
    intc.write(CPU, CLEAR, 1 << 31)
    assert levels(intc) == [1]


def test_bytes_of_a_register_are_in_big_endian_order(intc: Chip) -> None:
    intc.write(CPU, SET, 0xAA02_0000)
    assert intc.read(CPU, PENDING, 1) == 0xAA
    assert intc.read(CPU, PENDING + 1, 1) == 0x02
    assert intc.read(CPU, PENDING, 2) == 0xAA02


def test_a_snapshot_holds_inputs_masks_and_software_interrupts(intc: Chip) -> None:
    intc.write(SYSTEM, MASK_CLEAR, 1 << SCSI)
    intc.input(SOURCE, SCSI, 1)
    intc.input(TIMER, 0, 1)
    intc.write(CPU, SET, 1 << 17)
    saved = intc.save()
    intc.input(SOURCE, SCSI, 0)
    intc.input(TIMER, 0, 0)
    intc.reset()
    assert levels(intc) == []
    assert intc.restore(saved)
    assert levels(intc) == [1, 4, 14]
    assert not intc.restore(saved[1:])


def test_a_snapshot_cannot_set_bits_that_are_not_there(intc: Chip) -> None:
    assert intc.restore(b"\xff" * len(intc.save()))
    assert intc.read(CPU, PENDING) & 0xFFFF == 1 << 14
    assert levels(intc) == list(range(1, 16))
    assert intc.read(SYSTEM, MASK) == 0xFE7F_FFFF
