"""The PL011's laws (ARM DDI 0183G)."""

from __future__ import annotations

from typing import Any

import pytest

from devicelib.uart.pl011 import DEPTH, PL011

RECEIVED, TRANSMITTED, TIMEOUT = 1 << 4, 1 << 5, 1 << 6
ENABLE, LOOPBACK = 0x301, 0x381
FIFOS = 0x70


@pytest.fixture
def uart(bench: Any) -> Any:
    """An enabled UART with FIFOs."""
    uart = bench.attach(PL011)
    uart.line_control = FIFOS
    uart.control = ENABLE
    return uart


def test_reset_values_are_the_manuals(bench: Any) -> None:
    uart = bench.attach(PL011)
    assert uart.flags & ~7 == 0x90
    assert (uart.control, uart.triggers, uart.raw, uart.mask) == (0x300, 0x12, 0, 0)


def test_bytes_go_out_at_once_and_raise_the_transmit_interrupt(uart: Any) -> None:
    uart.data = ord("h")
    uart.data = ord("i")
    assert uart.sent == b"hi"
    assert uart.raw == TRANSMITTED
    assert not uart.irq
    uart.mask = TRANSMITTED
    assert (uart.masked, uart.irq) == (TRANSMITTED, True)
    uart.clear = TRANSMITTED
    assert (uart.raw, uart.irq) == (0, False)


def test_only_the_low_byte_is_sent(uart: Any) -> None:
    uart.write(0x000, 0xABCD_0041, 4)
    uart.write(0x000, 0x42, 1)
    assert uart.sent == b"AB"


@pytest.mark.parametrize(
    ("level", "trigger"), [(0, 4), (1, 8), (2, 16), (3, 24), (4, 28)]
)
def test_the_receive_interrupt_waits_for_its_level(
    uart: Any, level: int, trigger: int
) -> None:
    uart.triggers = level << 3
    uart.receive(bytes(trigger - 1))
    assert uart.raw == 0
    uart.receive(b"x")
    assert uart.raw == RECEIVED
    uart.data  # noqa: B018 (a read has an effect)
    assert uart.raw == 0


def test_bytes_below_the_level_time_out(bench: Any, uart: Any) -> None:
    uart.mask = TIMEOUT
    uart.receive(b"ab")
    assert not uart.irq
    bench.sleep(0.001)
    assert (uart.raw, uart.irq) == (TIMEOUT, True)
    assert uart.data == ord("a")
    assert uart.irq
    assert uart.data == ord("b")
    assert (uart.raw, uart.irq) == (0, False)


def test_what_does_not_fit_waits_and_is_not_lost(uart: Any) -> None:
    text = bytes(range(100))
    uart.receive(text)
    assert uart.flags.receive_full
    got = bytearray()
    while not uart.flags.receive_empty:
        got.append(uart.data)
    assert got == text


def test_without_fifos_one_byte_fits(uart: Any) -> None:
    uart.line_control = 0
    uart.receive(b"ab")
    assert uart.raw == RECEIVED
    assert uart.flags.receive_full
    assert uart.data == ord("a")


def test_nothing_is_received_while_disabled(bench: Any) -> None:
    uart = bench.attach(PL011)
    uart.receive(b"early")
    assert uart.flags.receive_empty
    uart.control = ENABLE
    assert uart.data == ord("e")


def test_loopback_returns_what_is_sent(uart: Any) -> None:
    uart.control = LOOPBACK
    for byte in range(DEPTH + 1):
        uart.data = byte
    assert uart.sent == b""
    assert [uart.data for _ in range(DEPTH)] == list(range(DEPTH))
    assert uart.flags.receive_empty


def test_reserved_bits_of_the_mask_read_as_zero(uart: Any) -> None:
    uart.mask = 0xFFFF_FFFF
    assert uart.mask == 0x7FF


def test_drivers_find_a_revision_with_deep_fifos(uart: Any) -> None:
    ident = [uart.at("ident", index) for index in range(8)]
    assert ident == [0x11, 0x10, 0x34, 0x00, 0x0D, 0xF0, 0x05, 0xB1]


def test_a_snapshot_keeps_the_fifo(bench: Any, uart: Any) -> None:
    uart.receive(bytes(range(40)))
    other = bench.attach(PL011)
    other.restore(uart.save())
    assert [other.data for _ in range(40)] == list(range(40))
