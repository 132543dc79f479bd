"""The local APICs, as volume 3 of the Software Developer's Manual has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from native_bench import Chip

ID, VERSION, TPR, PPR, EOI, LDR, DFR, SVR = (
    0x20, 0x30, 0x80, 0xA0, 0xB0, 0xD0, 0xE0, 0xF0,
)  # fmt: skip
ISR, TMR, IRR, ESR, ICR, ICR_HIGH = 0x100, 0x180, 0x200, 0x280, 0x300, 0x310
TIMER, LINT0, LINT1, ERROR = 0x320, 0x350, 0x360, 0x370
INITIAL, CURRENT, DIVIDE = 0x380, 0x390, 0x3E0
FIXED, LOWEST, SMI, NMI, INIT, STARTUP, EXTINT = 0, 1, 2, 4, 5, 6, 7
LOGICAL, ASSERT, LEVEL, MASKED, PERIODIC = 1 << 11, 1 << 14, 1 << 15, 1 << 16, 1 << 17
SELF, ALL, OTHERS = 1 << 18, 2 << 18, 3 << 18

Make = Callable[..., Chip]


@pytest.fixture
def make() -> Iterator[Make]:
    chips: list[Chip] = []

    def fresh(cpus: int = 1, enabled: bool = True, wire: bool = True) -> Chip:
        chip = Chip("intc.lapic", cpus=cpus, clock=10**9, virtual_wire=int(wire))
        chip.reset()
        chip.messages()
        chips.append(chip)
        for cpu in range(cpus if enabled else 0):
            chip.write(0, SVR, 0x1FF, cpu=cpu)
            chip.write(0, DIVIDE, 0xB, cpu=cpu)
        return chip

    yield fresh
    for chip in chips:
        chip.close()


def send(
    chip: Chip, vector: int, to: int = 0, mode: int = FIXED, flags: int = 0
) -> None:
    """A message, as devices send it."""
    address = 0xFEE0_0000 | to << 12 | (4 if flags & LOGICAL else 0)
    chip.lib.mb_msi(None, address, vector | mode << 8 | flags & ~LOGICAL)


def command(chip: Chip, cpu: int, low: int, to: int = 0) -> None:
    chip.write(0, ICR_HIGH, to << 24, cpu=cpu)
    chip.write(0, ICR, low, cpu=cpu)


def bits(chip: Chip, first: int, cpu: int = 0) -> list[int]:
    """Vectors of IRR, ISR or TMR."""
    words = [chip.read(0, first + 16 * n, cpu=cpu) for n in range(8)]
    return [n for n in range(256) if words[n // 32] >> n % 32 & 1]


def reached(chip: Chip, vector: int, cpus: int) -> list[int]:
    """CPUs at which the vector waits."""
    return [cpu for cpu in range(cpus) if vector in bits(chip, IRR, cpu)]


def said(chip: Chip) -> list[tuple[str, int, int]]:
    return [message for message in chip.messages() if message[0] != "msi"]


# ---- priorities ---------------------------------------------------------------------


def test_an_interrupt_goes_through_its_whole_life(make: Make) -> None:
    chip = make()
    send(chip, 0x41)
    assert (bits(chip, IRR), chip.level()) == ([0x41], 1)
    assert chip.acknowledge() == 0x41
    assert (bits(chip, IRR), bits(chip, ISR), chip.level()) == ([], [0x41], 0)
    assert chip.read(0, PPR) == 0x40
    chip.write(0, EOI, 0)
    assert (bits(chip, ISR), chip.read(0, PPR), chip.acknowledge()) == ([], 0, -1)


def test_the_highest_vector_comes_first_and_classes_preempt(make: Make) -> None:
    chip = make()
    for vector in (0x41, 0x4F, 0x31):
        send(chip, vector)
    assert chip.acknowledge() == 0x4F
    assert chip.level() == 0, "not within a class"
    send(chip, 0x50)
    assert chip.acknowledge() == 0x50
    order = []
    while bits(chip, ISR) or bits(chip, IRR):
        chip.write(0, EOI, 0)
        order.append(chip.acknowledge())
    assert order == [-1, 0x41, 0x31, -1]


def test_the_task_priority_holds_back_its_class_and_lower_ones(make: Make) -> None:
    chip = make()
    chip.write(0, TPR, 0x4F)
    send(chip, 0x4F)
    assert (chip.level(), chip.acknowledge(), chip.read(0, PPR)) == (0, -1, 0x4F)
    chip.write(0, TPR, 0x3F)
    assert (chip.level(), chip.acknowledge()) == (1, 0x4F)
    assert chip.read(0, PPR) == 0x40


def test_an_interrupt_waits_once_while_it_is_in_service(make: Make) -> None:
    chip = make()
    for _ in range(3):
        send(chip, 0x41)
    chip.acknowledge()
    for _ in range(3):
        send(chip, 0x41)
    chip.write(0, EOI, 0)
    assert chip.acknowledge() == 0x41
    chip.write(0, EOI, 0)
    assert chip.acknowledge() == -1


def test_the_end_of_a_level_is_broadcast_and_that_of_an_edge_is_not(
    make: Make,
) -> None:
    chip = make()
    send(chip, 0x41)
    send(chip, 0x42, flags=LEVEL | ASSERT)
    assert bits(chip, TMR) == [0x42]
    for _ in range(3):
        chip.acknowledge()
        chip.write(0, EOI, 0)
    assert said(chip) == [("eoi", 0, 0x42)]


def test_an_io_apic_sends_again_after_the_end(make: Make) -> None:
    chip = make()
    ioapic = Chip("intc.ioapic", version=0x20)
    ioapic.reset()
    ioapic.write(0, 0, 0x10 + 40)
    ioapic.write(0, 0x10, 0x51 | LEVEL)
    ioapic.input(0, 20, 1)
    for _ in range(2):
        assert chip.acknowledge() == 0x51
        chip.write(0, EOI, 0)
    assert chip.acknowledge() == 0x51
    ioapic.input(0, 20, 0)
    chip.write(0, EOI, 0)
    assert chip.acknowledge() == -1
    ioapic.close()


# ---- software enable, errors --------------------------------------------------------


def test_what_software_disabled_takes_no_interrupts(make: Make) -> None:
    chip = make(enabled=False)
    send(chip, 0x41)
    assert (bits(chip, IRR), chip.level()) == ([], 0)


def test_disabling_masks_the_local_vectors_and_holds_what_waits(make: Make) -> None:
    chip = make()
    send(chip, 0x41)
    for local in (TIMER, LINT0, LINT1, ERROR):
        chip.write(0, local, 0x55)
    chip.write(0, SVR, 0xFF)
    for local in (TIMER, LINT0, LINT1, ERROR):
        chip.write(0, local, 0x55)
        assert chip.read(0, local) == 0x55 | MASKED
    assert (chip.level(), bits(chip, IRR)) == (0, [0x41])
    chip.write(0, SVR, 0x1FF)
    assert chip.acknowledge() == 0x41


def test_vectors_below_16_are_errors(make: Make) -> None:
    chip = make()
    chip.write(0, ERROR, 0x71)
    send(chip, 0x0F)
    assert chip.acknowledge() == 0x71
    command(chip, 0, 0x0F | SELF)
    assert chip.read(0, ESR) == 0
    chip.write(0, ESR, 0)
    assert chip.read(0, ESR) == 0x60
    chip.write(0, ESR, 0)
    assert chip.read(0, ESR) == 0


def test_reserved_registers_are_errors(make: Make) -> None:
    chip = make()
    for access in (lambda: chip.read(0, 0x40), lambda: chip.write(0, 0x3F0, 1)):
        chip.write(0, ESR, 0)
        access()
        chip.write(0, ESR, 0)
        assert chip.read(0, ESR) == 0x80


def test_an_error_whose_vector_is_an_error_ends_there(make: Make) -> None:
    chip = make()
    chip.write(0, ERROR, 0x05)
    send(chip, 0x01)
    chip.write(0, ESR, 0)
    assert (chip.read(0, ESR), chip.level()) == (0x40, 0)


# ---- destinations -------------------------------------------------------------------


@pytest.mark.parametrize(("to", "hit"), [(2, [2]), (7, []), (0xFF, [0, 1, 2, 3])])
def test_physical_destinations(make: Make, to: int, hit: list[int]) -> None:
    chip = make(cpus=4)
    send(chip, 0x41, to)
    assert reached(chip, 0x41, 4) == hit


@pytest.mark.parametrize(
    ("to", "hit"), [(0x05, [0, 2]), (0x08, [3]), (0xF0, []), (0xFF, [0, 1, 2, 3])]
)
def test_logical_destinations_of_the_flat_model(
    make: Make, to: int, hit: list[int]
) -> None:
    chip = make(cpus=4)
    for cpu in range(4):
        chip.write(0, LDR, 1 << 24 + cpu, cpu=cpu)
    send(chip, 0x41, to, flags=LOGICAL)
    assert reached(chip, 0x41, 4) == hit


@pytest.mark.parametrize(
    ("to", "hit"),
    [(0x13, [0, 1]), (0x2F, [2, 3]), (0xF1, []), (0x30, []), (0xFF, [0, 1, 2, 3])],
)
def test_logical_destinations_of_the_cluster_model(
    make: Make, to: int, hit: list[int]
) -> None:
    chip = make(cpus=4)
    for cpu, name in enumerate([0x11, 0x12, 0x21, 0x22]):
        chip.write(0, DFR, 0, cpu=cpu)
        chip.write(0, LDR, name << 24, cpu=cpu)
    send(chip, 0x41, to, flags=LOGICAL)
    assert reached(chip, 0x41, 4) == hit


def test_lowest_priority_goes_to_the_one_with_least_to_do(make: Make) -> None:
    chip = make(cpus=4)
    for cpu, priority in enumerate([0x30, 0x20, 0x40, 0]):
        chip.write(0, TPR, priority, cpu=cpu)
        chip.write(0, LDR, 1 << 24 + cpu, cpu=cpu)
    chip.write(0, SVR, 0xFF, cpu=3)
    send(chip, 0x41, 0xF, LOWEST, LOGICAL)
    assert reached(chip, 0x41, 4) == [1]
    send(chip, 0x42, 0x5, LOWEST, LOGICAL)
    assert reached(chip, 0x42, 4) == [0]


@pytest.mark.parametrize(
    ("low", "to", "hit"),
    [(0, 3, [3]), (SELF, 0, [1]), (ALL, 0, [0, 1, 2, 3]), (OTHERS, 0, [0, 2, 3]),
     (LOGICAL, 0x9, [0, 3])],
)  # fmt: skip
def test_interrupts_between_cpus_reach_whom_they_name(
    make: Make, low: int, to: int, hit: list[int]
) -> None:
    chip = make(cpus=4)
    for cpu in range(4):
        chip.write(0, LDR, 1 << 24 + cpu, cpu=cpu)
    command(chip, 1, 0x41 | low | ASSERT, to)
    assert reached(chip, 0x41, 4) == hit
    assert chip.read(0, ICR, cpu=1) == 0x41 | low | ASSERT


@pytest.mark.parametrize(
    ("mode", "kind", "vector"),
    [(SMI, "smi", 0), (NMI, "nmi", 0), (INIT, "init", 0), (STARTUP, "startup", 0x9A)],
)
def test_cpus_are_told_what_is_no_vectored_interrupt(
    make: Make, mode: int, kind: str, vector: int
) -> None:
    chip = make(cpus=3)
    command(chip, 0, 0x9A | mode << 8 | ASSERT | OTHERS)
    assert said(chip) == [(kind, 1, vector), (kind, 2, vector)]
    command(chip, 0, 0x9A | mode << 8 | ASSERT | SELF)
    assert said(chip) == [], "not a valid combination"


def test_init_resets_the_apic_of_that_cpu_but_its_id(make: Make) -> None:
    chip = make(cpus=2)
    chip.write(0, ID, 7 << 24, cpu=1)
    send(chip, 0x41, to=7)
    command(chip, 0, INIT << 8 | ASSERT | LEVEL, to=7)
    assert chip.read(0, SVR, cpu=1) == 0xFF
    assert bits(chip, IRR, cpu=1) == []
    assert chip.read(0, ID, cpu=1) == 7 << 24
    assert chip.read(0, SVR, cpu=0) == 0x1FF
    assert said(chip) == [("init", 1, 0)]
    command(chip, 0, INIT << 8 | LEVEL, to=7)
    assert said(chip) == [], "deasserting INIT is no INIT"


# ---- local interrupts ---------------------------------------------------------------


def pic_of(chip: Chip) -> Chip:
    """The 8259s, wired to LINT0, with line 4 raised."""
    pic = Chip("intc.i8259")
    pic.reset()
    pic.wire(0, 0, chip, 0, 0)
    for word in ((0, 0x11), (1, 0x20), (1, 4), (1, 1)):
        pic.write(0, *word, 1)
    pic.input(0, 4, 1)
    return pic


@pytest.mark.parametrize("enabled", [False, True])
def test_the_8259s_are_heard_in_extint_mode_and_give_the_vector(
    make: Make, enabled: bool
) -> None:
    chip = make(cpus=2, enabled=enabled)
    pic = pic_of(chip)
    assert (chip.level(0, 0), chip.level(0, 1)) == (1, 0)
    chip.write(0, TPR, 0xFF)
    assert (chip.acknowledge(0), chip.level()) == (0x24, 0)
    assert chip.acknowledge(0) == -1
    assert bits(chip, ISR) == []
    pic.close()


def test_without_a_virtual_wire_lint0_is_masked(make: Make) -> None:
    chip = make(wire=False)
    pic = pic_of(chip)
    assert chip.read(0, LINT0) == MASKED
    assert (chip.level(), chip.acknowledge()) == (0, -1)
    chip.write(0, LINT0, EXTINT << 8)
    assert chip.acknowledge() == 0x24
    pic.close()


def test_an_extint_message_asks_the_8259s_once(make: Make) -> None:
    chip = make()
    chip.write(0, LINT0, MASKED)
    pic = pic_of(chip)
    send(chip, 0, mode=EXTINT)
    assert (chip.level(), chip.acknowledge(), chip.level()) == (1, 0x24, 0)
    pic.close()


def test_a_level_at_a_fixed_lint_waits_for_its_end(make: Make) -> None:
    chip = make()
    chip.write(0, LINT0, 0x51 | LEVEL)
    chip.input(0, 0, 1)
    assert chip.read(0, LINT0) == 0x51 | LEVEL | 1 << 14
    assert chip.acknowledge() == 0x51
    assert chip.acknowledge() == -1
    chip.write(0, EOI, 0)
    assert chip.acknowledge() == 0x51
    chip.input(0, 0, 0)
    chip.write(0, EOI, 0)
    assert (chip.acknowledge(), chip.read(0, LINT0)) == (-1, 0x51 | LEVEL)


def test_an_edge_at_lint1_is_an_nmi_if_it_says_so(make: Make) -> None:
    chip = make(cpus=2)
    chip.write(0, LINT1, NMI << 8, cpu=1)
    for level in (1, 1, 0, 1):
        chip.input(1, 0, level)
    assert said(chip) == [("nmi", 1, 0)] * 2


# ---- timers -------------------------------------------------------------------------


def test_a_one_shot_timer_interrupts_once(make: Make) -> None:
    chip = make()
    chip.write(0, TIMER, 0x61)
    chip.write(0, INITIAL, 1000)
    chip.sleep(999)
    assert (chip.read(0, CURRENT), chip.level()) == (1, 0)
    chip.sleep(1)
    assert (chip.read(0, CURRENT), chip.acknowledge()) == (0, 0x61)
    chip.write(0, EOI, 0)
    chip.sleep(10**9)
    assert (chip.read(0, CURRENT), chip.acknowledge()) == (0, -1)


def test_a_periodic_timer_interrupts_again_and_again(make: Make) -> None:
    chip = make()
    chip.write(0, TIMER, 0x61 | PERIODIC)
    chip.write(0, INITIAL, 10**6)
    for _ in range(10):
        chip.sleep(10**6 - 1)
        assert chip.acknowledge() == -1
        chip.sleep(1)
        assert chip.acknowledge() == 0x61
        chip.write(0, EOI, 0)
    chip.write(0, INITIAL, 0)
    chip.sleep(10**9)
    assert (chip.acknowledge(), chip.read(0, CURRENT)) == (-1, 0)


@pytest.mark.parametrize(
    ("divide", "by"),
    [(0, 2), (1, 4), (2, 8), (3, 16), (8, 32), (9, 64), (10, 128), (11, 1)],
)
def test_the_clock_is_divided(make: Make, divide: int, by: int) -> None:
    chip = make()
    chip.write(0, DIVIDE, divide)
    chip.write(0, INITIAL, 10_000)
    chip.sleep(1280)
    assert chip.read(0, CURRENT) == 10_000 - 1280 // by


def test_another_divider_or_mode_goes_on_from_where_the_count_is(make: Make) -> None:
    chip = make()
    chip.write(0, TIMER, 0x61)
    chip.write(0, INITIAL, 10_000)
    chip.sleep(4000)
    chip.write(0, DIVIDE, 0)
    chip.sleep(2000)
    assert chip.read(0, CURRENT) == 5000
    chip.write(0, TIMER, 0x61 | PERIODIC)
    chip.sleep(10_000)
    assert (chip.read(0, CURRENT), chip.acknowledge()) == (10_000, 0x61)


def test_a_masked_timer_counts_and_wakes_nobody(make: Make) -> None:
    chip = make()
    chip.write(0, TIMER, 0x61 | PERIODIC | MASKED)
    chip.write(0, INITIAL, 10**6)
    rings = chip.rings()
    chip.sleep(10**9 + 300)
    assert (chip.rings(), chip.read(0, CURRENT)) == (rings, 10**6 - 300)
    chip.write(0, TIMER, 0x61 | PERIODIC)
    assert chip.acknowledge() == -1
    chip.sleep(10**6 - 300)
    assert chip.acknowledge() == 0x61


def test_each_cpu_has_its_own_timer(make: Make) -> None:
    chip = make(cpus=2)
    for cpu in range(2):
        chip.write(0, TIMER, 0x61 + cpu, cpu=cpu)
        chip.write(0, INITIAL, 1000 * (cpu + 1), cpu=cpu)
    chip.sleep(1000)
    assert (chip.level(0, 0), chip.level(0, 1)) == (1, 0)
    chip.sleep(1000)
    assert chip.acknowledge(1) == 0x62


def test_tiny_periods_do_not_keep_the_host_busy(make: Make) -> None:
    chip = make()
    chip.write(0, TIMER, 0x61 | PERIODIC)
    chip.write(0, INITIAL, 1)
    rings = chip.rings()
    chip.sleep(10**9)
    assert 9_900 < chip.rings() - rings <= 10_001


def test_short_one_shots_are_not_delayed(make: Make) -> None:
    chip = make()
    chip.write(0, TIMER, 0x61)
    for _ in range(5):
        chip.write(0, INITIAL, 2000)
        chip.sleep(2000)
        assert chip.acknowledge() == 0x61
        chip.write(0, EOI, 0)


# ---- registers ----------------------------------------------------------------------


def test_after_reset_all_is_as_the_manual_says(make: Make) -> None:
    chip = make(cpus=2, enabled=False, wire=False)
    for cpu in range(2):
        words = [chip.read(0, at, cpu=cpu) for at in (ID, VERSION, SVR, DFR, LDR, TPR)]
        assert words == [cpu << 24, 0x5_0014, 0xFF, 0xFFFF_FFFF, 0, 0]
        for local in range(TIMER, ERROR + 1, 0x10):
            assert chip.read(0, local, cpu=cpu) == MASKED


def test_a_register_is_written_as_a_word(make: Make) -> None:
    chip = make()
    chip.write(0, TPR, 0x55, 1)
    chip.write(0, TPR + 4, 0x55)
    assert (chip.read(0, TPR), chip.logs()) == (0, 2)
    assert chip.read(0, VERSION + 2, 1) == 5


def test_a_saved_state_is_taken_up_again(make: Make) -> None:
    chip = make(cpus=2)
    chip.write(0, TIMER, 0x61 | PERIODIC, cpu=1)
    chip.write(0, INITIAL, 10**6, cpu=1)
    chip.sleep(300)
    send(chip, 0x41)
    chip.acknowledge()
    send(chip, 0x91)
    saved = chip.save()
    chip.reset()
    assert chip.restore(saved)
    assert chip.save() == saved
    assert (chip.acknowledge(), bits(chip, ISR)) == (0x91, [0x41, 0x91])
    chip.sleep(10**6 - 300)
    assert chip.acknowledge(1) == 0x61
    assert not chip.restore(saved[1:])
