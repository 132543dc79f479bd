"""The transport, and virtqueues under hostile drivers."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from native_bench import RAM, Chip, poke
from virtio_driver import (
    EVENT_IDX,
    INDIRECT,
    IS_INDIRECT,
    NEEDS_RESET,
    NEXT,
    STATUS,
    VERSION_1,
    WRITE,
    Driver,
)


@pytest.fixture
def rng() -> Iterator[Driver]:
    driver = Driver("virtio.rng", seed=1)
    yield driver
    driver.close()


def test_an_empty_place_has_device_id_zero() -> None:
    place = Chip("virtio.mmio")
    place.reset()
    assert [place.read(0, at) for at in (0, 4, 8)] == [0x7472_6976, 2, 0]
    place.write(0, STATUS, 0)
    place.close()


def test_features_that_were_not_offered_are_refused(rng: Driver) -> None:
    assert rng.offered() == VERSION_1 | EVENT_IDX | INDIRECT
    rng.accept(VERSION_1 | 1)
    rng.place.write(0, STATUS, 11)
    assert rng.status == 3


def test_a_legacy_driver_is_refused(rng: Driver) -> None:
    rng.accept(EVENT_IDX)
    rng.place.write(0, STATUS, 11)
    assert rng.status == 3


def test_a_request_is_answered_with_an_interrupt(rng: Driver) -> None:
    rng.start(1, size=8)
    length, (data,) = rng.queues[0].call([(b"", 64)])
    assert (length, len(set(data)) > 10) == (64, True)
    assert rng.interrupt() == 1
    assert rng.place.level() == 0


def test_a_seed_makes_the_bytes_repeatable() -> None:
    seen = []
    for seed in (5, 5, 6):
        driver = Driver("virtio.rng", seed=seed)
        driver.start(1, size=8)
        seen.append(driver.queues[0].call([(b"", 32)])[1])
        driver.close()
    assert seen[0] == seen[1] != seen[2]


def test_indirect_chains_work(rng: Driver) -> None:
    rng.start(1, INDIRECT, size=8)
    length, parts = rng.queues[0].call([(b"", 8), (b"", 24)], indirect=True)
    assert (length, len(b"".join(parts))) == (32, 32)


def test_a_driver_can_ask_for_one_interrupt_in_many(rng: Driver) -> None:
    rng.start(1, EVENT_IDX, size=8)
    queue = rng.queues[0]
    queue.want_event(3)
    for _ in range(3):
        queue.call([(b"", 8)])
    assert rng.place.level() == 0
    queue.call([(b"", 8)])
    assert rng.interrupt() == 1


def test_a_driver_can_forbid_interrupts(rng: Driver) -> None:
    rng.start(1, size=8)
    poke(rng.queues[0].avail, b"\x01\x00")
    rng.queues[0].call([(b"", 8)])
    assert rng.place.level() == 0


def test_indices_wrap_around(rng: Driver) -> None:
    rng.start(1, EVENT_IDX, size=2)
    queue = rng.queues[0]
    for n in range(300):
        queue.want_event(n)
        assert queue.call([(b"", 4)])[0] == 4


def test_a_reset_forgets_all(rng: Driver) -> None:
    rng.start(1, size=8)
    rng.queues[0].call([(b"", 8)])
    rng.place.write(0, STATUS, 0)
    assert (rng.status, rng.place.level(), rng.place.read(0, 0x044)) == (0, 0, 0)
    rng.start(1, size=4)
    assert rng.queues[0].call([(b"", 8)])[0] == 8


def _offer(rng: Driver, *descriptors: tuple[int, int, int, int], head: int = 0) -> None:
    queue = rng.queues[0]
    for n, fields in enumerate(descriptors):
        queue.describe(queue.desc + 16 * n, *fields)
    queue.offer(head)
    queue.notify()


GOOD = RAM + 0x8000

HOSTILE = {
    "loop": [(GOOD, 8, WRITE | NEXT, 1), (GOOD, 8, WRITE | NEXT, 0)],
    "own tail": [(GOOD, 8, WRITE | NEXT, 0)],
    "next outside": [(GOOD, 8, WRITE | NEXT, 8)],
    "not RAM": [(0x1000, 8, WRITE, 0)],
    "past the end of RAM": [(RAM + (16 << 20) - 8, 16, WRITE, 0)],
    "wraps around": [(2**64 - 8, 16, WRITE, 0)],
    "huge": [(RAM, 0xFFFF_FFFF, WRITE, 0)],
    "read after write": [(GOOD, 8, WRITE | NEXT, 1), (GOOD, 8, 0, 0)],
    "indirect with next": [(GOOD, 16, IS_INDIRECT | NEXT, 1), (GOOD, 8, WRITE, 0)],
    "indirect of odd length": [(GOOD, 24, IS_INDIRECT, 0)],
    "indirect of nothing": [(GOOD, 0, IS_INDIRECT, 0)],
    "indirect not in RAM": [(0x1000, 16, IS_INDIRECT, 0)],
    "huge indirect": [(GOOD, 0xFFFF_FFF0, IS_INDIRECT, 0)],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_driver_that_breaks_the_rules_must_reset(rng: Driver, name: str) -> None:
    poke(GOOD, bytes(64))
    rng.start(1, INDIRECT, size=8)
    _offer(rng, *HOSTILE[name])
    assert rng.interrupt() == 2
    assert rng.status == 15 | NEEDS_RESET
    rng.start(1, size=8)
    assert rng.queues[0].call([(b"", 8)])[0] == 8


def test_an_indirect_table_within_one_is_refused(rng: Driver) -> None:
    rng.start(1, INDIRECT, size=8)
    poke(GOOD, struct.pack("<QIHH", GOOD, 16, IS_INDIRECT, 0))
    _offer(rng, (GOOD, 16, IS_INDIRECT, 0))
    assert rng.interrupt() == 2


@pytest.mark.parametrize(
    ("size", "base"),
    [(3, RAM), (0, RAM), (16, RAM + 1), (16, 0x1000), (1024, RAM), (8, 2**64 - 16)],
)
def test_a_queue_that_cannot_be_is_not_enabled(
    rng: Driver, size: int, base: int
) -> None:
    rng.start(1, size=8)
    queue = rng.queues[0]
    rng.place.write(0, 0x044, 0)
    queue.size, queue.desc = size, base
    queue.enable()
    assert rng.place.read(0, 0x044) == 0
    assert rng.status & NEEDS_RESET


def test_more_requests_than_fit_are_a_lie(rng: Driver) -> None:
    rng.start(1, size=8)
    poke(rng.queues[0].avail + 2, struct.pack("<H", 9))
    rng.queues[0].notify()
    assert rng.interrupt() == 2


ACCESS = st.tuples(
    st.booleans(),
    st.integers(0, 0x1FF),
    st.sampled_from([1, 2, 4, 4, 4, 8]),
    st.one_of(
        st.integers(0, 16), st.integers(0, 2**32 - 1), st.just(RAM), st.just(RAM + 64)
    ),
)


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(ACCESS, max_size=100))
def test_any_sequence_of_accesses_ends_and_a_reset_mends(
    rng: Driver, accesses: list[tuple[bool, int, int, int]]
) -> None:
    for write, offset, size, value in accesses:
        if write:
            rng.place.write(0, offset & ~(size - 1), value, size)
        else:
            rng.place.read(0, offset & ~(size - 1), size)
    rng.start(1, size=8)
    assert rng.queues[0].call([(b"", 8)])[0] == 8
