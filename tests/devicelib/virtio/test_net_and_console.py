"""Frames and characters, both ways."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator

import pytest
from native_bench import CreateError, peek
from virtio_driver import Driver, Queue

MRG_RXBUF = 1 << 15
HEADER = struct.pack("<BBHHHHH", 0, 0, 0, 0, 0, 0, 0)


@pytest.fixture
def net() -> Iterator[Driver]:
    driver = Driver("virtio.net", mac="52:54:00:12:34:56")
    yield driver
    driver.close()


@pytest.fixture
def console() -> Iterator[Driver]:
    driver = Driver("virtio.console")
    driver.start(2)
    yield driver
    driver.close()


def test_the_card_has_its_address_and_a_link(net: Driver) -> None:
    assert net.config(0, 8) == bytes.fromhex("525400123456") + b"\x01\x00"


@pytest.mark.parametrize(
    "mac", ["rubbish", "01:00:00:00:00:00", "52:54:00:12:34:56:78"]
)
def test_a_wrong_address_is_explained(mac: str) -> None:
    with pytest.raises(CreateError, match="is not an address"):
        Driver("virtio.net", mac=mac)


def test_a_frame_goes_out_without_its_header(net: Driver) -> None:
    net.start(2)
    net.queues[1].call([(HEADER, 0), (b"frame", 0)])
    net.queues[1].call([(HEADER + b"second", 0)])
    assert net.chip.sent() == b"framesecond"


def test_a_frame_comes_in_behind_a_header(net: Driver) -> None:
    net.start(2)
    (at,) = net.queues[0].chain([(b"", 1600)])
    assert net.chip.receive(b"hello") == 5
    assert net.queues[0].wait() == [(0, 17)]
    assert peek(at, 17) == HEADER[:10] + b"\x01\x00hello"
    assert net.interrupt() == 1


def test_a_frame_waits_for_buffers_and_is_asked_for_again(net: Driver) -> None:
    net.start(2)
    assert net.chip.receive(b"early") == 0
    net.queues[0].chain([(b"", 1600)])
    net.queues[0].notify()
    deadline = time.monotonic() + 5
    while not net.chip.ready():
        assert time.monotonic() < deadline
    assert net.chip.receive(b"early") == 5


def test_a_large_frame_is_spread_over_buffers(net: Driver) -> None:
    net.start(2, MRG_RXBUF)
    frame = bytes(n & 0xFF for n in range(250))
    places = [net.queues[0].chain([(b"", 100)])[0] for _ in range(2)]
    assert net.chip.receive(frame) == 0
    places += net.queues[0].chain([(b"", 100)])
    assert net.chip.receive(frame) == 250
    lengths = [length for _, length in net.queues[0].wait(3)]
    assert lengths == [100, 100, 62]
    parts = [peek(at, size) for at, size in zip(places, lengths, strict=True)]
    assert b"".join(parts) == HEADER[:10] + b"\x03\x00" + frame


def test_frames_for_a_card_that_is_down_are_lost(net: Driver) -> None:
    assert net.chip.receive(b"nobody hears") == 12


def test_text_goes_out(console: Driver) -> None:
    console.queues[1].call([(b"hello, ", 0), (b"world" * 2000, 0)])
    assert console.chip.sent() == b"hello, " + b"world" * 2000


def _typed(queue: Queue, places: list[int]) -> bytes:
    used = queue.wait(len(places))
    return b"".join(peek(a, n) for a, (_, n) in zip(places, used, strict=True))


def test_typing_fills_the_buffers_that_are_there(console: Driver) -> None:
    queue = console.queues[0]
    places = [queue.chain([(b"", 4)])[0] for _ in range(2)]
    assert console.chip.receive(b"ls -l /tmp") == 8
    assert _typed(queue, places) == b"ls -l /t"
