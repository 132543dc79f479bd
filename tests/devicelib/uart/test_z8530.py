"""The Z8530, as a serial driver uses it: registers behind a pointer."""

from __future__ import annotations

import pytest

from devicelib.uart.z8530 import Z8530

B_CONTROL, B_DATA, A_CONTROL, A_DATA = 0, 2, 4, 6
RX_AVAILABLE, TX_EMPTY = 1, 4
RESET_TX, RESET_STATUS, HIGHEST = 0x28, 0x10, 0x38


class Port:
    """A channel of a chip on the bench."""

    def __init__(self, chip, control=A_CONTROL):
        self.chip, self.control = chip, control

    def write(self, register, value):
        if register:
            self.chip.write(self.control, register, 1)
        self.chip.write(self.control, value, 1)

    def read(self, register):
        if register:
            self.chip.write(self.control, register, 1)
        return self.chip.read(self.control, 1)

    def start(self):
        """Receive and interrupt on every byte, and when sent."""
        self.write(3, 0xC1)
        self.write(1, 0x12)
        self.write(9, 0x08)


@pytest.fixture
def chip(bench):
    return bench.attach(Z8530)


@pytest.fixture
def port(chip):
    port = Port(chip)
    port.start()
    return port


def test_what_is_written_is_sent_at_once(chip):
    for byte in b"ok":
        chip.write(A_DATA, byte, 1)
    assert chip.sent == b"ok"
    assert Port(chip).read(0) & TX_EMPTY


def test_nothing_is_received_while_the_receiver_is_off(chip):
    chip.receive(b"x")
    assert not Port(chip).read(0) & RX_AVAILABLE
    Port(chip).write(3, 0xC1)
    assert Port(chip).read(0) & RX_AVAILABLE


def test_bytes_come_out_in_order_and_more_wait_for_room(port, chip):
    chip.receive(b"abcdef")
    assert bytes(chip.read(A_DATA, 1) for _ in range(6)) == b"abcdef"
    assert not port.read(0) & RX_AVAILABLE


def test_a_received_byte_interrupts_until_it_is_taken(port, chip):
    chip.receive(b"x")
    assert chip.irq
    assert port.read(3) == 0x20
    assert Port(chip, B_CONTROL).read(2) == 0b1100
    chip.read(A_DATA, 1)
    assert not chip.irq


def test_an_empty_transmitter_interrupts_until_that_is_reset(port, chip):
    chip.write(A_DATA, 0x41, 1)
    assert chip.irq and port.read(3) == 0x10
    port.write(0, RESET_TX)
    assert not chip.irq


def test_the_master_enable_gates_the_line(port, chip):
    chip.receive(b"x")
    port.write(9, 0)
    assert not chip.irq


def test_the_high_registers_are_behind_a_command(port):
    port.write(12, 0x0E)
    port.write(13, 0x01)
    assert (port.read(12), port.read(13)) == (0x0E, 0x01)


def test_a_hardware_reset_takes_back_interrupts_and_bytes(port, chip):
    chip.receive(b"x")
    port.write(9, 0xC0)
    assert not chip.irq
    assert not port.read(0) & RX_AVAILABLE


def test_the_keyboard_answers_reset_and_layout(bench):
    chip = bench.attach(Z8530, keyboard=True)
    chip.write(A_DATA, 0x01, 1)
    assert [chip.read(A_DATA, 1) for _ in range(3)] == [0xFF, 0x04, 0x7F]
    chip.write(A_DATA, 0x0F, 1)
    assert chip.read(A_DATA, 1) == 0xFE
    assert chip.sent == b""
