"""The GIC, as a kernel drives it (IHI 0048B)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from native_bench import Chip, library

DIST, CPU = 0, 1
PPI, SPI = 0, 1
CTLR, TYPER, IGROUPR, ISENABLER, ICENABLER = 0x000, 0x004, 0x080, 0x100, 0x180
ISPENDR, ICPENDR, ISACTIVER, ICACTIVER = 0x200, 0x280, 0x300, 0x380
IPRIORITYR, ITARGETSR, ICFGR, SGIR, SPENDSGIR = 0x400, 0x800, 0xC00, 0xF00, 0xF20
PMR, BPR, IAR, EOIR, RPR, HPPIR, DIR = 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x1000
SPURIOUS = 1023

Make = Callable[..., Chip]


@pytest.fixture
def make() -> Iterator[Make]:
    chips: list[Chip] = []

    def fresh(cpus: int = 1, spis: int = 64, on: bool = True) -> Chip:
        gic = Chip("intc.gicv2", cpus=cpus, spis=spis)
        chips.append(gic)
        if on:
            gic.write(DIST, CTLR, 1)
            for cpu in range(cpus):
                gic.write(CPU, CTLR, 1, cpu=cpu)
                gic.write(CPU, PMR, 0xF0, cpu=cpu)
        return gic

    yield fresh
    for chip in chips:
        chip.close()


def enable(gic: Chip, spi: int, priority: int = 0xA0, targets: int = 1) -> int:
    """Give an SPI its settings; gives its INTID."""
    intid = 32 + spi
    gic.write(DIST, IPRIORITYR + intid, priority, 1)
    gic.write(DIST, ITARGETSR + intid, targets, 1)
    gic.write(DIST, ISENABLER + intid // 32 * 4, 1 << intid % 32)
    return intid


def make_edge(gic: Chip, intid: int) -> None:
    gic.write(DIST, ICFGR + intid // 16 * 4, 2 << intid % 16 * 2)


def irq(gic: Chip, cpu: int = 0) -> int:
    return gic.level(0, cpu)


def test_a_level_interrupt_goes_through_its_whole_life(make: Make) -> None:
    gic = make()
    intid = enable(gic, 1)
    gic.input(SPI, 1, 1)
    assert irq(gic) == 1
    assert gic.read(CPU, IAR) == intid
    assert (irq(gic), gic.read(CPU, RPR)) == (0, 0xA0)
    gic.input(SPI, 1, 0)
    gic.write(CPU, EOIR, intid)
    assert (irq(gic), gic.read(CPU, RPR)) == (0, 0xFF)


def test_a_line_that_stays_high_interrupts_again_after_its_end(make: Make) -> None:
    gic = make()
    intid = enable(gic, 1)
    gic.input(SPI, 1, 1)
    assert gic.read(CPU, IAR) == intid
    gic.write(CPU, EOIR, intid)
    assert irq(gic) == 1


def test_an_edge_is_kept_until_it_is_acknowledged(make: Make) -> None:
    gic = make()
    intid = enable(gic, 2)
    make_edge(gic, intid)
    gic.input(SPI, 2, 1)
    gic.input(SPI, 2, 0)
    assert gic.read(CPU, IAR) == intid
    gic.write(CPU, EOIR, intid)
    assert irq(gic) == 0


def test_an_edge_while_active_is_delivered_after_the_end(make: Make) -> None:
    gic = make()
    intid = enable(gic, 2)
    make_edge(gic, intid)
    for level in (1, 0):
        gic.input(SPI, 2, level)
    gic.read(CPU, IAR)
    for level in (1, 0):
        gic.input(SPI, 2, level)
    assert irq(gic) == 0
    gic.write(CPU, EOIR, intid)
    assert gic.read(CPU, IAR) == intid


def test_nothing_pending_reads_as_spurious(make: Make) -> None:
    gic = make()
    assert gic.read(CPU, IAR) == SPURIOUS
    assert gic.read(CPU, HPPIR) == SPURIOUS


def test_the_most_urgent_comes_first_and_then_the_lowest_number(make: Make) -> None:
    gic = make(spis=988)
    ids = [enable(gic, spi, p) for spi, p in [(900, 0x20), (3, 0x80), (40, 0x20)]]
    for spi in (900, 3, 40):
        gic.input(SPI, spi, 1)
    assert gic.read(CPU, HPPIR) == ids[2]
    order = []
    for _ in ids:
        order.append(gic.read(CPU, IAR))
        gic.write(DIST, ICENABLER + order[-1] // 32 * 4, 1 << order[-1] % 32)
        gic.write(CPU, EOIR, order[-1])
    assert order == [ids[2], ids[0], ids[1]]


def test_a_more_urgent_one_preempts_and_the_other_waits(make: Make) -> None:
    gic = make()
    low, high, same = enable(gic, 1, 0x80), enable(gic, 2, 0x40), enable(gic, 3, 0x80)
    gic.input(SPI, 1, 1)
    assert gic.read(CPU, IAR) == low
    gic.input(SPI, 3, 1)
    assert irq(gic) == 0
    gic.input(SPI, 2, 1)
    assert gic.read(CPU, IAR) == high
    assert gic.read(CPU, RPR) == 0x40
    gic.input(SPI, 2, 0)
    gic.write(CPU, EOIR, high)
    assert gic.read(CPU, RPR) == 0x80
    gic.input(SPI, 1, 0)
    gic.write(CPU, EOIR, low)
    assert gic.read(CPU, IAR) == same


def test_the_binary_point_stops_preemption_within_a_group(make: Make) -> None:
    gic = make()
    enable(gic, 1, 0x48)
    enable(gic, 2, 0x40)
    gic.write(CPU, BPR, 4)
    gic.input(SPI, 1, 1)
    gic.read(CPU, IAR)
    gic.input(SPI, 2, 1)
    assert irq(gic) == 0


def test_the_priority_mask_holds_back_what_is_not_urgent_enough(make: Make) -> None:
    gic = make()
    enable(gic, 1, 0xA0)
    gic.input(SPI, 1, 1)
    gic.write(CPU, PMR, 0xA0)
    assert (irq(gic), gic.read(CPU, IAR)) == (0, SPURIOUS)
    gic.write(CPU, PMR, 0xA8)
    assert irq(gic) == 1


@pytest.mark.parametrize("region", [DIST, CPU])
def test_disabling_either_half_lowers_the_line(make: Make, region: int) -> None:
    gic = make()
    enable(gic, 1)
    gic.input(SPI, 1, 1)
    gic.write(region, CTLR, 0)
    assert irq(gic) == 0
    gic.write(region, CTLR, 1)
    assert irq(gic) == 1


def test_an_spi_goes_to_all_its_targets_and_one_takes_it(make: Make) -> None:
    gic = make(cpus=4)
    intid = enable(gic, 5, targets=0b1010)
    gic.input(SPI, 5, 1)
    assert [irq(gic, cpu) for cpu in range(4)] == [0, 1, 0, 1]
    assert gic.read(CPU, IAR, cpu=3) == intid
    assert gic.read(CPU, IAR, cpu=1) == SPURIOUS
    assert [irq(gic, cpu) for cpu in range(4)] == [0, 0, 0, 0]


def test_a_new_target_moves_a_waiting_interrupt(make: Make) -> None:
    gic = make(cpus=2)
    intid = enable(gic, 5, targets=1)
    gic.input(SPI, 5, 1)
    gic.write(DIST, ITARGETSR + intid, 2, 1)
    assert [irq(gic, 0), irq(gic, 1)] == [0, 1]


def test_a_private_interrupt_is_private(make: Make) -> None:
    gic = make(cpus=2)
    for cpu in range(2):
        gic.write(DIST, ISENABLER, 1 << 27, cpu=cpu)
    gic.input(PPI, 11, 1, cpu=1)
    assert [irq(gic, 0), irq(gic, 1)] == [0, 1]
    assert gic.read(DIST, ISPENDR, cpu=0) == 0
    assert gic.read(CPU, IAR, cpu=1) == 27


@pytest.mark.parametrize(
    ("value", "hit"),
    [(0x0006_0003, [1, 2]), (0x0100_0003, [0, 2, 3]), (0x0200_0003, [1])],
    ids=["listed", "all others", "itself"],
)
def test_software_interrupts_reach_whom_they_name(
    make: Make, value: int, hit: list[int]
) -> None:
    gic = make(cpus=4)
    gic.write(DIST, SGIR, value, cpu=1)
    assert [cpu for cpu in range(4) if irq(gic, cpu)] == hit
    assert gic.read(CPU, IAR, cpu=hit[0]) == 1 << 10 | 3


def test_each_sender_of_a_software_interrupt_is_heard(make: Make) -> None:
    gic = make(cpus=4)
    for sender in (3, 1):
        gic.write(DIST, SGIR, 0x0001_0005, cpu=sender)
    assert gic.read(DIST, SPENDSGIR + 5, 1) == 0b1010
    seen = []
    while (value := gic.read(CPU, IAR)) != SPURIOUS:
        seen.append(value)
        gic.write(CPU, EOIR, value)
    assert seen == [1 << 10 | 5, 3 << 10 | 5]


def test_ending_and_deactivating_can_be_two_steps(make: Make) -> None:
    gic = make()
    gic.write(CPU, CTLR, 1 | 1 << 9)
    intid = enable(gic, 1)
    gic.input(SPI, 1, 1)
    gic.read(CPU, IAR)
    gic.write(CPU, EOIR, intid)
    assert (gic.read(CPU, RPR), irq(gic)) == (0xFF, 0)
    gic.write(CPU, DIR, intid)
    assert irq(gic) == 1


def test_group_0_comes_as_fiq_if_asked_and_group_1_as_irq(make: Make) -> None:
    gic = make()
    first, second = enable(gic, 1), enable(gic, 2)
    gic.write(DIST, IGROUPR + 4, 1 << second % 32)
    gic.write(DIST, CTLR, 3)
    gic.write(CPU, CTLR, 0b1011)
    gic.input(SPI, 2, 1)
    assert (gic.level(0), gic.level(1)) == (1, 0)
    assert gic.read(CPU, IAR) == 1022
    gic.input(SPI, 1, 1)
    assert (gic.level(0), gic.level(1)) == (0, 1)
    assert gic.read(CPU, IAR) == first


def test_what_a_kernel_reads_to_size_the_gic(make: Make) -> None:
    gic = make(cpus=4, spis=256)
    assert gic.read(DIST, TYPER) == 8 | 3 << 5
    assert gic.read(DIST, ITARGETSR, cpu=2) == 0x0404_0404
    gic.write(DIST, ISENABLER + 36, 0xFFFF_FFFF)
    assert gic.read(DIST, ISENABLER + 36) == 0
    assert gic.read(DIST, 0xFE8) == 0x2B


def test_software_interrupts_are_always_enabled(make: Make) -> None:
    gic = make()
    gic.write(DIST, ICENABLER, 0xFFFF_FFFF)
    assert gic.read(DIST, ISENABLER) == 0xFFFF
    gic.write(DIST, ICFGR, 0)
    assert gic.read(DIST, ICFGR) == 0xAAAA_AAAA


def test_reset_keeps_the_levels_that_others_drive(make: Make) -> None:
    gic = make()
    gic.input(SPI, 1, 1)
    gic.reset()
    assert irq(gic) == 0
    gic.write(DIST, CTLR, 1)
    gic.write(CPU, CTLR, 1)
    gic.write(CPU, PMR, 0xF0)
    enable(gic, 1)
    assert irq(gic) == 1


def test_a_saved_state_continues_where_it_was(make: Make) -> None:
    gic, other = make(cpus=2), make(cpus=2, on=False)
    intid = enable(gic, 1, targets=2)
    gic.input(SPI, 1, 1)
    assert other.restore(gic.save())
    assert other.read(CPU, IAR, cpu=1) == intid
    assert not other.restore(b"short")


def test_an_acknowledge_and_end_are_quick(make: Make) -> None:
    gic = make(spis=988)
    for spi in range(988):
        enable(gic, spi)
    assert library().bench_gic_round(gic.pointer, 20000) < 5000


class Model:
    """Interrupts of one CPU without priorities' bit tricks: lists and sorting."""

    def __init__(self) -> None:
        self.line, self.latch = [False] * 96, [False] * 96
        self.enabled, self.active = [False] * 96, [False] * 96
        self.priority = [0] * 96
        self.stack: list[int] = []
        self.mask = 0xF0

    def best(self) -> int:
        waiting = [
            (self.priority[i], i)
            for i in range(32, 96)
            if self.enabled[i]
            and (self.line[i] or self.latch[i])
            and not self.active[i]
        ]
        running = min(self.stack, default=0xFF)
        if not waiting or min(waiting)[0] >= min(self.mask, running):
            return SPURIOUS
        return min(waiting)[1]


STEP = st.tuples(
    st.sampled_from(["line", "enable", "priority", "latch", "ack", "end", "mask"]),
    st.integers(32, 95),
    st.integers(0, 255),
)


def _step(gic: Chip, model: Model, what: str, intid: int, value: int) -> None:
    word, bit = intid // 32 * 4, 1 << intid % 32
    if what == "line":
        model.line[intid] = bool(value & 1)
        gic.input(SPI, intid - 32, value & 1)
    elif what == "enable":
        model.enabled[intid] = bool(value & 3)
        gic.write(DIST, (ISENABLER if value & 3 else ICENABLER) + word, bit)
    elif what == "priority":
        model.priority[intid] = value & 0xF8
        gic.write(DIST, IPRIORITYR + intid, value, 1)
    elif what == "latch":
        model.latch[intid] = bool(value & 1)
        gic.write(DIST, (ISPENDR if value & 1 else ICPENDR) + word, bit)
    elif what == "mask":
        model.mask = value & 0xF8
        gic.write(CPU, PMR, value)
    elif what == "ack":
        taken = model.best()
        assert gic.read(CPU, IAR) == taken
        if taken != SPURIOUS:
            model.latch[taken], model.active[taken] = False, True
            model.stack.append(model.priority[taken])
    elif model.active[intid]:
        model.stack.remove(min(model.stack))
        model.active[intid] = False
        gic.write(CPU, EOIR, intid)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(STEP, max_size=120))
def test_it_agrees_with_a_plain_model(
    make: Make, steps: list[tuple[str, int, int]]
) -> None:
    gic, model = make(), Model()
    for what, intid, value in steps:
        _step(gic, model, what, intid, value)
        assert irq(gic) == (model.best() != SPURIOUS)
    gic.reset()
