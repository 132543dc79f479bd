"""The parallel port and its printer."""

from __future__ import annotations

import pytest

from devicelib.parallel.spp import ParallelPort

STROBE, INITIALIZE, SELECT, INTERRUPT = 1, 4, 8, 16
IDLE = INITIALIZE | SELECT


@pytest.fixture
def port(bench):
    return bench.attach(ParallelPort)


def put(port, byte, control=IDLE):
    port.data = byte
    port.control = control | STROBE
    port.control = control


def test_a_strobe_prints_the_data(port):
    for byte in b"page":
        put(port, byte)
    assert port.sent == b"page"
    assert port.data == ord("e")


def test_only_its_beginning_prints(port):
    port.data = ord("x")
    port.control = IDLE | STROBE
    port.control = IDLE | STROBE
    assert port.sent == b"x"


def test_the_printer_is_ready(port):
    assert port.status == 0xD8
    assert port.control == 0xC0 | IDLE


def test_the_acknowledge_interrupts_if_it_may(port):
    put(port, 1)
    assert not port.irq
    put(port, 2, IDLE | INTERRUPT)
    assert port.irq
    assert port.status == 0xD8
    assert not port.irq
