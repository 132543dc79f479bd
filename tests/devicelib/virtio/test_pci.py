"""The PCI transport: identity, capabilities, interrupts as lines and messages, and the
interface of before virtio 1.0."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from native_bench import RAM, Chip, held_disk
from pci_driver import (
    COMMON,
    CONFIG,
    DEVICE,
    ISR,
    LEGACY,
    MESSAGE_ADDRESS,
    MODERN,
    MSIX,
    NO_VECTOR,
    NOTIFY,
    WINDOW,
    LegacyDriver,
    PciDriver,
    header,
)
from virtio_driver import EVENT_IDX, INDIRECT, VERSION_1, Driver, Piece

MASK_ALL = 0x4000
CONTROL = 0x42
"""Of MSI-X, in configuration space."""

Make = Callable[..., PciDriver]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Driver] = []

    def maker(
        device: str = "virtio.rng", kind: type[PciDriver] = PciDriver, **params: object
    ) -> PciDriver:
        made.append(kind(device, **params))
        return made[-1]  # type: ignore[return-value]

    yield maker
    for driver in made:
        driver.close()


def ask(driver: PciDriver, queue: int = 0, room: int = 32) -> None:
    driver.queues[queue].call([(b"", room)])


# -- who it is


@pytest.mark.parametrize(
    ("device", "legacy", "expected"),
    [
        ("virtio.rng", 1, (0x1AF4, 0x1005, 0, 0xFF0000, 4)),
        ("virtio.rng", 0, (0x1AF4, 0x1044, 1, 0xFF0000, 0x1100)),
        ("virtio.net", 1, (0x1AF4, 0x1000, 0, 0x020000, 1)),
        ("virtio.net", 0, (0x1AF4, 0x1041, 1, 0x020000, 0x1100)),
        ("virtio.console", 1, (0x1AF4, 0x1003, 0, 0x078000, 3)),
    ],
)
def test_ids_follow_from_the_device(
    make: Make, device: str, legacy: int, expected: tuple[int, ...]
) -> None:
    assert header(make(device, legacy=legacy).place) == expected


def test_an_empty_place_is_no_function() -> None:
    place = Chip("virtio.pci", legacy=1)
    place.reset()
    assert place.pci_header(0, 4) == 0xFFFF_FFFF
    place.write(MODERN, 0x14, 0, 1)
    place.write(MODERN, 0x3000, 0, 2)
    place.write(LEGACY, 0x12, 3, 1)
    assert place.read(MODERN, 0x12, 2) == 0
    place.close()


def test_capabilities_lead_to_the_structures(make: Make) -> None:
    found = make().capabilities
    assert set(found) == {-0x11, COMMON, NOTIFY, ISR, DEVICE, WINDOW}
    spans = [found[n][1:] for n in (COMMON, ISR, DEVICE, NOTIFY)]
    ends = sorted((start, start + size) for start, size in spans)
    assert all(a[1] <= b[0] for a, b in zip(ends, ends[1:], strict=False))
    assert ends[-1][1] <= 0x4000


# -- the common configuration


def test_features_are_negotiated(make: Make) -> None:
    driver = make()
    assert driver.offered() == VERSION_1 | EVENT_IDX | INDIRECT
    driver.accept(EVENT_IDX)
    driver.write_common(0x14, 11, 1)
    assert driver.status == 3
    driver.accept(EVENT_IDX | VERSION_1)
    driver.write_common(0x14, 11, 1)
    assert driver.status == 11
    driver.accept(0)
    assert driver.read_common(0x0C, 4) == 1


def test_queues_tell_their_size_and_can_be_made_smaller(make: Make) -> None:
    driver = make("virtio.console")
    assert driver.read_common(0x12, 2) == 2
    for queue in (0, 1):
        driver.write_common(0x16, queue, 2)
        assert [driver.read_common(at, 2) for at in (0x18, 0x1C, 0x1E)] == [
            128,
            0,
            queue,
        ]
    driver.write_common(0x18, 16, 2)
    assert driver.read_common(0x18, 2) == 16
    driver.write_common(0x16, 2, 2)
    assert driver.read_common(0x18, 8) == 0


def test_registers_are_read_in_parts_and_pairs(make: Make) -> None:
    driver = make()
    driver.write_common(0x20, 0x1234_5678_9ABC_DEF0, 8)
    assert driver.read_common(0x20, 8) == 0x1234_5678_9ABC_DEF0
    assert driver.read_common(0x24, 4) == 0x1234_5678
    assert driver.read_common(0x10, 4) == 1 << 16 | NO_VECTOR
    assert driver.read_common(0x12, 1) == 1


def test_a_reset_forgets_everything(make: Make) -> None:
    driver = make()
    driver.start(1, size=4)
    ask(driver)
    driver.write_common(0x14, 0, 1)
    assert driver.status == 0
    assert [driver.read_common(at, 2) for at in (0x10, 0x18, 0x1A, 0x1C)] == [
        NO_VECTOR,
        8,
        NO_VECTOR,
        0,
    ]
    assert driver.place.level() == 0


# -- interrupts


def test_intx_is_the_interrupt_status(make: Make) -> None:
    driver = make()
    driver.start(1, size=8)
    ask(driver)
    assert driver.interrupt() == 1
    assert (driver.place.level(), driver.place.messages()) == (0, [])


def test_the_command_register_takes_intx_away(make: Make) -> None:
    driver = make()
    driver.start(1, size=8)
    driver.place.pci_command(0x407)
    ask(driver)
    assert driver.place.level() == 0
    assert driver.place.read(MODERN, 0x1000, 1) == 1


def messages(driver: PciDriver, count: int = 1) -> list[tuple[str, int, int]]:
    """Wait for that many."""
    found: list[tuple[str, int, int]] = []
    deadline = time.monotonic() + 2
    while len(found) < count and time.monotonic() < deadline:
        found += driver.place.messages()
        time.sleep(0.001)
    return found


def test_each_queue_has_its_message(make: Make) -> None:
    driver = make("virtio.console")
    driver.enable_messages(3)
    driver.start(2, size=8, vectors=True)
    driver.queues[1].call([(b"hello", 0)])
    assert messages(driver) == [("msi", MESSAGE_ADDRESS, 0x42)]
    assert driver.place.level() == 0
    assert driver.place.read(MODERN, 0x1000, 1) == 0


def test_a_broken_device_sends_the_configurations_message(make: Make) -> None:
    driver = make()
    driver.enable_messages(2)
    driver.start(1, size=8, vectors=True)
    driver.write_common(0x10, 0, 2)
    driver.queues[0].offer(99)
    driver.queues[0].notify()
    assert messages(driver) == [("msi", MESSAGE_ADDRESS, 0x40)]
    assert driver.status & 64


def test_masked_messages_wait(make: Make) -> None:
    driver = make()
    driver.enable_messages(2, masked=2)
    driver.start(1, size=8, vectors=True)
    ask(driver)
    time.sleep(0.02)
    assert driver.place.messages() == []
    assert driver.place.read(MSIX, 0x800, 4) == 2
    driver.place.write(MSIX, 16 + 12, 0)
    assert driver.place.messages() == [("msi", MESSAGE_ADDRESS, 0x41)]
    assert driver.place.read(MSIX, 0x800, 8) == 0


def test_all_messages_can_be_masked(make: Make) -> None:
    driver = make()
    driver.enable_messages(2)
    driver.start(1, size=8, vectors=True)
    driver.place.write(CONFIG, CONTROL, 0x8000 | MASK_ALL, 2)
    ask(driver)
    ask(driver)
    time.sleep(0.02)
    assert driver.place.messages() == []
    driver.place.write(CONFIG, CONTROL, 0x8000, 2)
    assert driver.place.messages() == [("msi", MESSAGE_ADDRESS, 0x41)]


def test_vectors_that_are_not_there_cannot_be_had(make: Make) -> None:
    driver = make()
    assert driver.config_space(CONTROL, 2) == 1, "two vectors"
    driver.write_common(0x16, 0, 2)
    for wanted, got in [(1, 1), (2, NO_VECTOR), (0x1234, NO_VECTOR)]:
        driver.write_common(0x1A, wanted, 2)
        driver.write_common(0x10, wanted, 2)
        assert driver.read_common(0x1A, 2) == driver.read_common(0x10, 2) == got


def test_the_table_is_read_as_it_was_written(make: Make) -> None:
    place = make().place
    assert [place.read(MSIX, 12 + 16 * n) for n in (0, 1, 2)] == [1, 1, 0]
    place.write(MSIX, 16, 0x1122_3344_FEE0_0000, 8)
    place.write(MSIX, 24, 0xFFFF_FFFF_0000_0055, 8)
    assert place.read(MSIX, 16, 8) == 0x1122_3344_FEE0_0000
    assert place.read(MSIX, 24, 8) == 0x1_0000_0055
    place.write(MSIX, 0x800, 0xFF)
    assert place.read(MSIX, 0x800) == 0


def test_a_snapshot_has_the_messages(make: Make) -> None:
    driver = make()
    driver.enable_messages(2, masked=2)
    driver.start(1, size=8, vectors=True)
    ask(driver)
    driver.read_common(0x14, 1)
    saved = driver.place.save()
    driver.place.reset()
    assert driver.place.restore(saved)
    assert driver.place.messages() == []
    driver.place.write(MSIX, 16 + 12, 0)
    assert driver.place.messages() == [("msi", MESSAGE_ADDRESS, 0x41)]
    ask(driver)
    assert messages(driver) == [("msi", MESSAGE_ADDRESS, 0x41)]


# -- registers by way of configuration space


def aim(driver: PciDriver, bar: int, offset: int, size: int) -> int:
    at = driver.capabilities[WINDOW][0]
    driver.place.write(CONFIG, at + 4, bar, 1)
    driver.place.write(CONFIG, at + 8, offset, 4)
    driver.place.write(CONFIG, at + 12, size, 4)
    return at + 16


def test_registers_are_reached_through_configuration_space(make: Make) -> None:
    driver = make()
    at = aim(driver, 4, 0x14, 1)
    driver.place.write(CONFIG, at, 3, 4)
    assert driver.status == 3
    assert driver.place.read(CONFIG, at, 4) == 3
    at = aim(driver, 4, 0x12, 2)
    assert driver.place.read(CONFIG, at, 4) == 1


@pytest.mark.parametrize(
    ("bar", "offset", "size"),
    [(4, 0x4000, 4), (4, 0x14, 3), (4, 0x15, 2), (9, 0, 4), (4, 2**32 - 4, 4)],
)
def test_the_window_reaches_nothing_else(
    make: Make, bar: int, offset: int, size: int
) -> None:
    driver = make()
    at = aim(driver, bar, offset, size)
    driver.place.write(CONFIG, at, 1, 4)
    assert driver.place.read(CONFIG, at, 4) == 1, "it is only memory"
    assert driver.status == 0


# -- drivers of before virtio 1.0


def test_a_legacy_driver_has_no_version(make: Make) -> None:
    driver = make(kind=LegacyDriver)
    assert driver.offered() == EVENT_IDX | INDIRECT | 1 << 27
    driver.start(1, INDIRECT)
    assert driver.status == 7
    ask(driver)
    assert driver.interrupt() == 1


def test_a_legacy_queue_works_before_the_driver_says_so(make: Make) -> None:
    driver = make(kind=LegacyDriver)
    driver.start(1)
    driver.place.write(LEGACY, 0x12, 0, 1)
    driver.place.write(LEGACY, 0x12, 3, 1)
    for queue in driver.queues:
        queue.enable()
    ask(driver)


def test_a_legacy_queue_is_taken_back_by_page_0(make: Make) -> None:
    driver = make(kind=LegacyDriver)
    driver.start(1)
    assert driver.place.read(LEGACY, 0x08, 4) == RAM >> 12
    driver.place.write(LEGACY, 0x08, 0, 4)
    assert driver.place.read(LEGACY, 0x08, 4) == 0


def test_a_legacy_queues_page_is_its_own_whatever_another_cpu_selects(
    make: Make, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    image.write_bytes(bytes(4096))
    driver = make("virtio.blk", kind=LegacyDriver, image=image)
    driver.start(1)
    place, queue, page = driver.place, driver.queues[0], (RAM >> 12) + 0x400
    place.poke(page << 12, bytes(0x1_0000))
    move = threading.Thread(target=place.write, args=(LEGACY, 0x08, page, 4))
    with held_disk():
        queue.chain([(bytes(16), 0), (b"", 512), (b"", 1)])
        queue.notify()
        time.sleep(0.02)
        move.start()
        time.sleep(0.05)
        assert move.is_alive(), "the request ends first"
        place.write(LEGACY, 0x0E, 1, 2)
    move.join()
    place.write(LEGACY, 0x0E, 0, 2)
    assert (place.read(LEGACY, 0x08, 4), driver.status) == (page, 7)


def test_configuration_follows_the_vectors(make: Make) -> None:
    driver = make("virtio.net", kind=LegacyDriver)
    mac = driver.config(0, 6)
    assert mac[:2] == b"\x52\x54"
    driver.enable_messages(3)
    assert driver.place.read(LEGACY, 0x14, 2) == NO_VECTOR
    driver.place.write(LEGACY, 0x14, 1, 2)
    assert driver.place.read(LEGACY, 0x14, 2) == 1
    assert driver.config(4, 6) == mac


def test_without_legacy_bar_0_is_mute(make: Make) -> None:
    driver = make(legacy=0)
    driver.place.write(LEGACY, 0x12, 3, 1)
    assert (driver.status, driver.place.read(LEGACY, 0, 4)) == (0, 0xFFFF_FFFF)


def frame(driver: PciDriver, pieces: list[Piece]) -> bytes:
    driver.queues[1].call(pieces)
    return driver.chip.sent()


@pytest.mark.parametrize(
    ("kind", "features", "head"),
    [(PciDriver, 0, 12), (LegacyDriver, 0, 10), (LegacyDriver, 1 << 15, 12)],
)
def test_the_header_of_a_frame(
    make: Make, kind: type[PciDriver], features: int, head: int
) -> None:
    driver = make("virtio.net", kind=kind)
    driver.start(2, features, size=16)
    assert frame(driver, [(bytes(head), 0), (b"out" * 20, 0)]) == b"out" * 20
    driver.queues[0].chain([(b"", 2000)])
    driver.queues[0].notify()
    assert driver.chip.receive(b"in" * 40) == 80
    ((_, length),) = driver.queues[0].wait()
    assert length == head + 80


# -- hostile drivers

accesses = st.lists(
    st.tuples(
        st.booleans(),
        st.integers(0, 3),
        st.one_of(
            st.integers(0, 0x40), st.sampled_from([0x800, 0x1000, 0x2000, 0x3000])
        ),
        st.integers(0, 2**64 - 1),
        st.sampled_from([1, 2, 4, 8]),
    ),
    max_size=60,
)


@settings(max_examples=100, deadline=None)
@given(accesses)
def test_a_driver_recovers_from_any_accesses(
    steps: list[tuple[bool, int, int, int, int]],
) -> None:
    driver = PciDriver("virtio.rng")
    for is_write, region, offset, value, size in steps:
        offset &= ~(size - 1)
        if is_write:
            driver.place.write(region, offset, value & (1 << 8 * size) - 1, size)
        else:
            assert driver.place.read(region, offset, size) < 1 << 8 * size
    driver.place.pci_command(7)
    driver.place.reset()
    driver.start(1, size=8)
    ask(driver)
    driver.close()
