"""LANCE's laws (AMD Am7990), on a channel of the SPARC DMA controller."""

from __future__ import annotations

import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devicelib.dma.sparc import SparcDma
from devicelib.net.lance import Lance
from machinebuilder.device.testing import Bench as PlainBench

BLOCK_AT, RECEIVE_AT, TRANSMIT_AT, BUFFERS_AT = 0x1000, 0x1100, 0x1200, 0x2000
MAC = bytes([0x52, 0x54, 0, 0x12, 0x34, 0x56])
OTHERS = bytes([0x52, 0x54, 0, 0, 0, 1])
OWN = 0x80
INIT, STRT, STOP, TDMD, INEA = 1, 2, 4, 8, 0x40
IDON, TINT, RINT, MERR, ERR = 0x100, 0x200, 0x400, 0x800, 0x8000


class Wire:
    """A LANCE with rings of four descriptors, driven as its data sheet says."""

    def __init__(self, bench: Any, mode: int = 0, hashes: int = 0) -> None:
        self.memory = bench.memory
        self.bench = bench
        self.dma = bench.attach(SparcDma)
        self.chip = bench.attach(Lance, on=(self.dma, "net", "lance"))
        self.put(BLOCK_AT, mode)
        for n in range(3):
            self.put(BLOCK_AT + 2 + 2 * n, MAC[2 * n] | MAC[2 * n + 1] << 8)
        for n in range(4):
            self.put(BLOCK_AT + 8 + 2 * n, hashes >> 16 * n & 0xFFFF)
        for at, ring in ((16, RECEIVE_AT), (20, TRANSMIT_AT)):
            self.put(BLOCK_AT + at, ring)
            self.put(BLOCK_AT + at + 2, 2 << 13)

    def put(self, at: int, word: int) -> None:
        """A word in memory, big-endian as CSR3 will say."""
        self.memory[at : at + 2] = (word & 0xFFFF).to_bytes(2, "big")

    def get(self, at: int) -> int:
        """A word of memory."""
        return int.from_bytes(self.memory[at : at + 2], "big")

    def csr(self, number: int, value: int | None = None) -> int:
        """Read or write a control register."""
        self.chip.number = number
        if value is not None:
            self.chip.data = value
        return int(self.chip.data)

    def start(self) -> None:
        """Initialize, and go on line."""
        self.csr(0, STOP)
        self.csr(1, BLOCK_AT)
        self.csr(2, 0)
        self.csr(3, 4)
        assert self.csr(0, INIT) & IDON
        self.csr(0, IDON | INEA | STRT)

    def offer(self, number: int, size: int = 1600) -> int:
        """Give the card a receive buffer; its address."""
        at, buffer = RECEIVE_AT + 8 * number, BUFFERS_AT + 0x800 * number
        self.put(at, buffer)
        self.put(at + 4, -size)
        self.put(at + 6, 0)
        self.put(at + 2, OWN << 8)
        return buffer

    def send(self, number: int, data: bytes, flags: int = 3) -> None:
        """Give the card bytes to send."""
        at, buffer = TRANSMIT_AT + 8 * number, BUFFERS_AT + 0x800 * number
        self.memory[buffer : buffer + len(data)] = data
        self.put(at, buffer)
        self.put(at + 4, -len(data))
        self.put(at + 2, (OWN | flags) << 8)
        self.csr(0, TDMD | INEA)


@pytest.fixture
def wire(bench: Any) -> Wire:
    made = Wire(bench)
    made.start()
    return made


def frame(target: bytes, size: int = 100) -> bytes:
    """A frame for `target`."""
    return target + OTHERS + bytes(n % 251 for n in range(size - 12))


def test_registers_but_the_first_are_for_a_stopped_chip(wire: Wire) -> None:
    assert wire.csr(1) == 0
    wire.csr(0, STOP)
    assert (wire.csr(0), wire.csr(1), wire.csr(3)) == (STOP, BLOCK_AT, 0)


def test_initialization_is_told_by_interrupt(bench: Any) -> None:
    made = Wire(bench)
    made.csr(1, BLOCK_AT)
    made.csr(3, 4)
    assert made.csr(0, INIT | INEA) == 0x1C1
    assert made.chip.irq
    assert made.csr(0, IDON | INEA) & IDON == 0
    assert not made.chip.irq


def test_a_frame_goes_out_and_its_descriptor_comes_back(wire: Wire) -> None:
    data = frame(OTHERS)
    wire.send(0, data)
    assert wire.chip.frames == [data]
    assert wire.get(TRANSMIT_AT + 2) == 0x0300
    assert wire.csr(0) & TINT
    assert wire.chip.irq


def test_a_frame_in_parts_goes_out_whole(wire: Wire) -> None:
    data = frame(OTHERS, 300)
    wire.send(0, data[:100], flags=2)
    assert wire.chip.frames == []
    wire.send(1, data[100:], flags=1)
    assert wire.chip.frames == [data]


def test_a_frame_for_the_card_comes_in_with_its_check_sequence(wire: Wire) -> None:
    buffer = wire.offer(0)
    data = frame(MAC)
    assert wire.chip.offer(data) == len(data)
    assert wire.memory[buffer : buffer + 100] == data
    check = int.from_bytes(wire.memory[buffer + 100 : buffer + 104], "little")
    assert check == zlib.crc32(data)
    assert (wire.get(RECEIVE_AT + 2), wire.get(RECEIVE_AT + 6)) == (0x0300, 104)
    assert wire.csr(0) & RINT


def test_short_frames_are_padded(wire: Wire) -> None:
    wire.offer(0)
    wire.chip.offer(frame(b"\xff" * 6, 20))
    assert wire.get(RECEIVE_AT + 6) == 64


def test_a_long_frame_fills_several_buffers(wire: Wire) -> None:
    for n in range(3):
        wire.offer(n, 512)
    data = frame(MAC, 1200)
    wire.chip.offer(data)
    flags = [wire.get(RECEIVE_AT + 8 * n + 2) for n in range(3)]
    assert flags == [0x0200, 0x0000, 0x0100]
    assert wire.get(RECEIVE_AT + 22) == 1204
    got = b"".join(bytes(wire.memory[BUFFERS_AT + 0x800 * n :][:512]) for n in range(3))
    assert got[:1200] == data


def test_frames_for_others_are_left(wire: Wire) -> None:
    wire.offer(0)
    assert wire.chip.offer(frame(OTHERS)) == 100
    assert wire.get(RECEIVE_AT + 2) == OWN << 8


def test_the_filter_lets_its_multicast_addresses_in(bench: Any) -> None:
    group = bytes([1, 0, 0x5E, 0, 0, 1])
    bit = (zlib.crc32(group) ^ 0xFFFF_FFFF) >> 26
    made = Wire(bench, hashes=1 << bit)
    made.start()
    made.offer(0)
    made.chip.offer(frame(group))
    assert made.csr(0) & RINT
    made.chip.offer(frame(bytes([1, 0, 0x5E, 0, 0, 2])))
    assert made.get(RECEIVE_AT + 8 + 6) == 0


def test_a_frame_without_a_buffer_waits(wire: Wire) -> None:
    data = frame(MAC)
    assert wire.chip.offer(data) == 0
    before = wire.chip.ready
    wire.offer(0)
    wire.bench.sleep(0.01)
    assert wire.chip.ready > before
    assert wire.chip.offer(data) == len(data)


def test_loopback_stays_inside(bench: Any) -> None:
    made = Wire(bench, mode=4)
    made.start()
    made.offer(0)
    made.send(0, frame(MAC))
    assert made.chip.frames == []
    assert made.csr(0) & (RINT | TINT) == RINT | TINT


def test_a_ring_where_no_memory_is_stops_the_card(wire: Wire) -> None:
    wire.put(TRANSMIT_AT, 0)
    wire.put(TRANSMIT_AT + 4, -100)
    wire.put(TRANSMIT_AT + 2, (OWN | 3) << 8 | 0xFF)
    assert wire.csr(0, TDMD) & (MERR | ERR) == MERR | ERR
    assert wire.csr(0) & 0x30 == 0


ACCESSES = st.one_of(
    st.tuples(st.just("csr"), st.integers(0, 3), st.integers(0, 0xFFFF)),
    st.tuples(st.just("go"), st.just(0), st.sampled_from([1, 2, 3, 4, 8, 0x42])),
    st.tuples(st.just("memory"), st.integers(0, 0x7FF), st.integers(0, 0xFFFF)),
    st.tuples(st.just("block"), st.integers(0, 11), st.integers(0, 0xFFFF)),
    st.tuples(st.just("frame"), st.integers(0, 1600), st.integers(0, 1)),
    st.tuples(st.just("base"), st.just(0), st.integers(0, (1 << 32) - 1)),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(ACCESSES, max_size=60))
def test_no_guest_breaks_it(accesses: list[tuple[str, int, int]]) -> None:
    bench = PlainBench()
    made = Wire(bench)
    made.start()
    for what, where, value in accesses:
        if what in ("csr", "go"):
            made.csr(where, value)
        elif what in ("memory", "block"):
            made.put(BLOCK_AT + 2 * where, value)
        elif what == "frame":
            made.chip.offer(bytes([0xFF] * 6) + bytes(where))
        else:
            made.dma.at("base", 1, value)
        bench.sleep(0.001)
    assert len(bench.memory) == 0x10000
    assert all(len(sent) <= 1518 for sent in made.chip.frames)
