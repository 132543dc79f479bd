"""The PIC pair, as the 8259A data sheet and PIIX3's have it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from native_bench import Chip

MASTER, SLAVE, ELCR = 0, 1, 2
COMMAND, DATA = 0, 1
EOI, READ_IRR, READ_ISR, POLL = 0x20, 0x0A, 0x0B, 0x0C
SET_SPECIAL_MASK, RESET_SPECIAL_MASK = 0x68, 0x48


@pytest.fixture
def pic() -> Iterator[Chip]:
    chip = Chip("intc.i8259")
    chip.reset()
    start(chip)
    yield chip
    chip.close()


def start(pic: Chip, icw4: int = 1) -> None:
    """As a PC's firmware does, with vectors 0x20 and 0x28, and nothing masked."""
    for region, base, cascade in ((MASTER, 0x20, 4), (SLAVE, 0x28, 2)):
        write(pic, region, COMMAND, 0x11)
        for word in (base, cascade, icw4, 0):
            write(pic, region, DATA, word)


def write(pic: Chip, region: int, offset: int, value: int) -> None:
    pic.write(region, offset, value, 1)


def read(pic: Chip, region: int, offset: int) -> int:
    return pic.read(region, offset, 1)


def command(pic: Chip, region: int, value: int) -> None:
    write(pic, region, COMMAND, value)


def irr(pic: Chip, region: int = MASTER) -> int:
    command(pic, region, READ_IRR)
    return read(pic, region, COMMAND)


def isr(pic: Chip, region: int = MASTER) -> int:
    command(pic, region, READ_ISR)
    return read(pic, region, COMMAND)


def raise_irq(pic: Chip, *lines: int) -> None:
    for line in lines:
        pic.input(0, line, 1)


def lower(pic: Chip, *lines: int) -> None:
    for line in lines:
        pic.input(0, line, 0)


def served(pic: Chip) -> int:
    """Acknowledge what is requested; gives the line."""
    assert pic.level()
    return pic.acknowledge() - 0x20


def test_an_edge_goes_through_its_whole_life(pic: Chip) -> None:
    raise_irq(pic, 4)
    assert (irr(pic), isr(pic)) == (0x10, 0)
    assert served(pic) == 4
    assert (irr(pic), isr(pic), pic.level()) == (0, 0x10, 0)
    command(pic, MASTER, EOI)
    assert (isr(pic), pic.level()) == (0, 0)


def test_a_level_interrupts_again_after_its_end(pic: Chip) -> None:
    write(pic, ELCR, 0, 0x20)
    raise_irq(pic, 5)
    assert served(pic) == 5
    command(pic, MASTER, EOI)
    assert served(pic) == 5
    lower(pic, 5)
    command(pic, MASTER, EOI)
    assert not pic.level()


def test_an_edge_line_must_fall_before_it_is_heard_again(pic: Chip) -> None:
    raise_irq(pic, 4)
    served(pic)
    command(pic, MASTER, EOI)
    raise_irq(pic, 4)
    assert not pic.level()
    lower(pic, 4)
    raise_irq(pic, 4)
    assert served(pic) == 4


def test_the_slave_answers_through_input_2_and_both_need_an_eoi(pic: Chip) -> None:
    raise_irq(pic, 12)
    assert served(pic) == 12
    assert (isr(pic), isr(pic, SLAVE)) == (0x04, 0x10)
    raise_irq(pic, 14)
    assert not pic.level()
    command(pic, SLAVE, EOI)
    assert not pic.level()
    command(pic, MASTER, EOI)
    assert served(pic) == 14


def test_lower_numbers_preempt_and_the_slave_is_between_1_and_3(pic: Chip) -> None:
    raise_irq(pic, 3, 9, 1)
    assert served(pic) == 1
    assert not pic.level()
    command(pic, MASTER, EOI)
    assert served(pic) == 9
    raise_irq(pic, 0)
    assert served(pic) == 0
    command(pic, MASTER, EOI)
    command(pic, SLAVE, EOI)
    command(pic, MASTER, EOI)
    assert served(pic) == 3


def test_a_masked_line_waits_until_it_is_unmasked(pic: Chip) -> None:
    write(pic, MASTER, DATA, 0x10)
    raise_irq(pic, 4)
    assert (pic.level(), irr(pic), read(pic, MASTER, DATA)) == (0, 0x10, 0x10)
    write(pic, MASTER, DATA, 0)
    assert served(pic) == 4


@pytest.mark.parametrize("line", [4, 12])
def test_a_request_that_goes_away_is_acknowledged_as_7(pic: Chip, line: int) -> None:
    raise_irq(pic, line)
    lower(pic, line)
    assert not pic.level()
    assert pic.acknowledge() == 0x20 + 7
    assert (isr(pic), isr(pic, SLAVE)) == (0, 0)


def test_a_slave_that_no_longer_asks_is_polled_as_nothing(pic: Chip) -> None:
    start(pic, icw4=0x11)
    raise_irq(pic, 12)
    command(pic, MASTER, POLL)
    assert read(pic, MASTER, COMMAND) == 0x82
    lower(pic, 12)
    command(pic, SLAVE, POLL)
    assert read(pic, SLAVE, COMMAND) & 0x80 == 0
    assert (isr(pic), isr(pic, SLAVE)) == (4, 0)


def test_a_slave_that_is_masked_asks_no_more(pic: Chip) -> None:
    raise_irq(pic, 12)
    write(pic, SLAVE, DATA, 0xFF)
    assert pic.acknowledge() == 0x27
    write(pic, SLAVE, DATA, 0)
    assert served(pic) == 12


def test_a_non_specific_eoi_ends_the_highest_in_service(pic: Chip) -> None:
    raise_irq(pic, 6)
    served(pic)
    raise_irq(pic, 3)
    served(pic)
    command(pic, MASTER, EOI)
    assert isr(pic) == 0x40


def test_a_specific_eoi_ends_the_one_it_names(pic: Chip) -> None:
    for line in (6, 3):
        raise_irq(pic, line)
        served(pic)
    command(pic, MASTER, 0x60 | 6)
    assert isr(pic) == 0x08


def test_rotation_on_eoi_makes_the_ended_one_the_lowest(pic: Chip) -> None:
    raise_irq(pic, 3)
    served(pic)
    command(pic, MASTER, 0xA0)
    lower(pic, 3)
    raise_irq(pic, 3, 4, 7, 0)
    order = []
    while pic.level():
        order.append(served(pic))
        command(pic, MASTER, 0xE0 | order[-1])
    assert order == [4, 7, 0, 3]


def test_a_specific_rotation_names_the_lowest(pic: Chip) -> None:
    command(pic, MASTER, 0xC0 | 4)
    raise_irq(pic, 4, 5, 0)
    order = []
    while pic.level():
        order.append(served(pic))
        command(pic, MASTER, EOI)
    assert order == [5, 0, 4]


def test_automatic_eoi_leaves_nothing_in_service(pic: Chip) -> None:
    start(pic, icw4=3)
    raise_irq(pic, 3, 5)
    assert [served(pic), isr(pic), served(pic)] == [3, 0, 5]


def test_a_slave_asks_again_for_each_of_its_lines(pic: Chip) -> None:
    start(pic, icw4=3)
    raise_irq(pic, 12, 14, 9)
    assert [served(pic) for _ in range(3)] == [9, 12, 14]
    assert not pic.level()


def test_automatic_eoi_may_rotate(pic: Chip) -> None:
    start(pic, icw4=3)
    command(pic, MASTER, 0x80)
    raise_irq(pic, 3)
    assert served(pic) == 3
    lower(pic, 3)
    raise_irq(pic, 3, 4)
    assert [served(pic), served(pic)] == [4, 3]
    command(pic, MASTER, 0x00)
    lower(pic, 4)
    raise_irq(pic, 4)
    lower(pic, 3)
    raise_irq(pic, 3)
    assert served(pic) == 4


def test_the_special_mask_mode_lets_lower_ones_through(pic: Chip) -> None:
    raise_irq(pic, 3)
    served(pic)
    raise_irq(pic, 6)
    write(pic, MASTER, DATA, 0x08)
    assert not pic.level()
    command(pic, MASTER, SET_SPECIAL_MASK)
    assert served(pic) == 6
    command(pic, MASTER, EOI)
    assert isr(pic) == 0x08, "a masked one is not ended by a non-specific EOI"
    command(pic, MASTER, RESET_SPECIAL_MASK)
    command(pic, MASTER, EOI)
    assert isr(pic) == 0


def test_the_special_fully_nested_mode_hears_a_slave_in_service_again(
    pic: Chip,
) -> None:
    start(pic, icw4=0x11)
    raise_irq(pic, 12)
    served(pic)
    raise_irq(pic, 9)
    assert served(pic) == 9
    command(pic, SLAVE, EOI)
    assert isr(pic, SLAVE) == 0x10
    raise_irq(pic, 5)
    assert not pic.level(), "only the slave itself"


def test_polling_acknowledges(pic: Chip) -> None:
    raise_irq(pic, 5)
    command(pic, MASTER, POLL)
    assert read(pic, MASTER, COMMAND) == 0x85
    assert (isr(pic), pic.level()) == (0x20, 0)
    command(pic, MASTER, POLL)
    assert read(pic, MASTER, COMMAND) & 0x80 == 0


def test_a_poll_reads_once_and_then_the_selected_register_again(pic: Chip) -> None:
    write(pic, MASTER, DATA, 0xA5)
    command(pic, MASTER, POLL)
    read(pic, MASTER, DATA)
    assert read(pic, MASTER, DATA) == 0xA5


def test_initialization_forgets_edges_masks_and_what_is_in_service(pic: Chip) -> None:
    raise_irq(pic, 3)
    served(pic)
    raise_irq(pic, 4)
    write(pic, MASTER, DATA, 0xFF)
    start(pic)
    assert (irr(pic), isr(pic), read(pic, MASTER, DATA)) == (0, 0, 0)
    lower(pic, 4)
    raise_irq(pic, 4)
    assert served(pic) == 4


def test_without_icw4_the_third_word_is_a_mask(pic: Chip) -> None:
    command(pic, MASTER, 0x10)
    for word in (0x40, 0x04, 0x5A):
        write(pic, MASTER, DATA, word)
    assert read(pic, MASTER, DATA) == 0x5A


def test_a_single_one_takes_no_icw3(pic: Chip) -> None:
    command(pic, MASTER, 0x13)
    for word in (0x40, 0x01, 0x5A):
        write(pic, MASTER, DATA, word)
    assert read(pic, MASTER, DATA) == 0x5A


def test_some_lines_are_edges_whatever_is_written(pic: Chip) -> None:
    write(pic, ELCR, 0, 0xFF)
    write(pic, ELCR, 1, 0xFF)
    assert (read(pic, ELCR, 0), read(pic, ELCR, 1)) == (0xF8, 0xDE)
    assert pic.read(ELCR, 0, 2) == 0xDEF8


def test_input_2_is_the_cascade_and_no_line(pic: Chip) -> None:
    raise_irq(pic, 2)
    assert (irr(pic), pic.level()) == (0, 0)


def test_a_saved_state_is_taken_up_again(pic: Chip) -> None:
    raise_irq(pic, 12)
    served(pic)
    raise_irq(pic, 1)
    saved = pic.save()
    served(pic)
    command(pic, MASTER, EOI)
    pic.reset()
    assert pic.restore(saved)
    assert pic.save() == saved
    assert served(pic) == 1
    assert not pic.restore(saved[1:])


def test_a_reset_keeps_what_the_lines_are(pic: Chip) -> None:
    write(pic, ELCR, 0, 0x20)
    raise_irq(pic, 5)
    pic.reset()
    start(pic)
    write(pic, ELCR, 0, 0x20)
    assert served(pic) == 5
