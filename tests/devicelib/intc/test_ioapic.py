"""The I/O APIC, as the 82093AA data sheet has it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from native_bench import Chip

SELECT, WINDOW, EOI = 0x00, 0x10, 0x40
FIXED, LOWEST, NMI, EXTINT = 0, 1, 4, 7
LOGICAL, REMOTE_IRR, LEVEL, MASKED = 1 << 11, 1 << 14, 1 << 15, 1 << 16
ASSERT = 1 << 14


@pytest.fixture
def chip() -> Iterator[Chip]:
    chip = Chip("intc.ioapic", version=0x20)
    chip.reset()
    chip.messages()
    yield chip
    chip.close()


def read(chip: Chip, index: int) -> int:
    chip.write(0, SELECT, index)
    return chip.read(0, WINDOW)


def write(chip: Chip, index: int, value: int) -> None:
    chip.write(0, SELECT, index)
    chip.write(0, WINDOW, value)


def entry(chip: Chip, pin: int, low: int, destination: int = 0) -> None:
    write(chip, 0x11 + 2 * pin, destination << 24)
    write(chip, 0x10 + 2 * pin, low)


def pulse(chip: Chip, pin: int) -> None:
    chip.input(0, pin, 1)
    chip.input(0, pin, 0)


def vectors(chip: Chip) -> list[int]:
    return [data & 0xFF for kind, _, data in chip.messages() if kind == "msi"]


def test_it_says_how_many_pins_it_has_and_which_version_it_is(chip: Chip) -> None:
    assert read(chip, 1) == 23 << 16 | 0x20


def test_it_has_an_id_of_four_bits(chip: Chip) -> None:
    write(chip, 0, 0xFFFF_FFFF)
    assert (read(chip, 0), read(chip, 2)) == (0x0F00_0000, 0x0F00_0000)


def test_after_reset_every_pin_is_masked(chip: Chip) -> None:
    assert [read(chip, 0x10 + 2 * pin) for pin in range(24)] == [MASKED] * 24
    for pin in range(24):
        pulse(chip, pin)
    assert chip.messages() == []


def test_status_bits_of_an_entry_cannot_be_written(chip: Chip) -> None:
    entry(chip, 3, 0xFFFF_FFFF, 0xFF)
    assert read(chip, 0x16) == 0x1_FFFF & ~(REMOTE_IRR | 1 << 12)
    assert read(chip, 0x17) == 0xFF00_0000


@pytest.mark.parametrize(
    ("low", "destination", "address", "data"),
    [
        (0x31, 5, 0xFEE0_5000, 0x31 | ASSERT),
        (0x31 | LOGICAL, 0x0F, 0xFEE0_F004, 0x31 | ASSERT),
        (0x31 | LOGICAL | LOWEST << 8, 3, 0xFEE0_300C, 0x131 | ASSERT),
        (0x31 | LEVEL, 5, 0xFEE0_5000, 0x31 | ASSERT | LEVEL),
        (NMI << 8 | LEVEL, 5, 0xFEE0_5000, 0x400 | ASSERT),
        (EXTINT << 8, 0, 0xFEE0_0000, 0x700 | ASSERT),
    ],
)
def test_a_pin_sends_the_message_of_its_entry(
    chip: Chip, low: int, destination: int, address: int, data: int
) -> None:
    entry(chip, 7, low, destination)
    chip.input(0, 7, 1)
    assert chip.messages() == [("msi", address, data)]


def test_each_edge_is_sent_and_only_rising_ones(chip: Chip) -> None:
    entry(chip, 4, 0x40)
    for _ in range(3):
        pulse(chip, 4)
    chip.input(0, 4, 0)
    assert vectors(chip) == [0x40] * 3


def test_an_edge_at_a_masked_pin_is_lost(chip: Chip) -> None:
    entry(chip, 4, 0x40 | MASKED)
    chip.input(0, 4, 1)
    entry(chip, 4, 0x40)
    assert vectors(chip) == []


def test_a_level_at_a_masked_pin_is_sent_when_it_is_unmasked(chip: Chip) -> None:
    entry(chip, 4, 0x40 | LEVEL | MASKED)
    chip.input(0, 4, 1)
    entry(chip, 4, 0x40 | LEVEL)
    assert vectors(chip) == [0x40]
    assert read(chip, 0x18) & REMOTE_IRR


def test_a_level_waits_for_its_end_and_is_sent_again_while_high(chip: Chip) -> None:
    entry(chip, 20, 0x41 | LEVEL)
    chip.input(0, 20, 1)
    pulse(chip, 20)
    chip.input(0, 20, 1)
    assert vectors(chip) == [0x41]
    chip.write(0, EOI, 0x42)
    assert vectors(chip) == []
    chip.write(0, EOI, 0x41)
    assert vectors(chip) == [0x41]
    chip.input(0, 20, 0)
    chip.write(0, EOI, 0x41)
    assert vectors(chip) == []
    assert not read(chip, 0x38) & REMOTE_IRR


def test_an_end_told_by_a_local_apic_ends_all_pins_of_the_vector(chip: Chip) -> None:
    for pin in (20, 21, 22):
        entry(chip, pin, (0x41 if pin < 22 else 0x51) | LEVEL)
        chip.input(0, pin, 1)
    chip.messages()
    chip.lib.mb_eoi(None, 0x41)
    assert vectors(chip) == [0x41, 0x41]


def test_making_an_entry_an_edge_ends_it(chip: Chip) -> None:
    entry(chip, 20, 0x41 | LEVEL)
    chip.input(0, 20, 1)
    entry(chip, 20, 0x41 | MASKED)
    assert not read(chip, 0x38) & REMOTE_IRR
    entry(chip, 20, 0x41 | LEVEL)
    assert vectors(chip) == [0x41, 0x41]


def test_version_0x11_has_no_eoi_register() -> None:
    chip = Chip("intc.ioapic", version=0x11)
    chip.reset()
    entry(chip, 20, 0x41 | LEVEL)
    chip.input(0, 20, 1)
    chip.write(0, EOI, 0x41)
    assert (read(chip, 1), vectors(chip)) == (23 << 16 | 0x11, [0x41])
    chip.close()


def test_registers_that_are_not_there_read_as_zero(chip: Chip) -> None:
    for index in (3, 0xF, 0x40, 0xFF):
        write(chip, index, 0xFFFF_FFFF)
        assert read(chip, index) == 0


def test_the_table_is_written_as_words(chip: Chip) -> None:
    chip.write(0, SELECT, 0x10, 1)
    chip.write(0, WINDOW, 0x55, 1)
    assert (chip.read(0, WINDOW), chip.logs()) == (MASKED, 1)
    assert chip.read(0, WINDOW + 2, 2) == 1


def test_a_saved_state_is_taken_up_again(chip: Chip) -> None:
    entry(chip, 20, 0x41 | LEVEL, 3)
    chip.input(0, 20, 1)
    saved = chip.save()
    chip.reset()
    assert chip.restore(saved)
    assert chip.save() == saved
    assert not chip.restore(saved[1:])
    chip.write(0, EOI, 0x41)
    assert vectors(chip) == [0x41, 0x41]
