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


@pytest.fixture
def console(bench):
    """A chip with keyboard and mouse, whose driver listens to both."""
    chip = bench.attach(Z8530, keyboard=True)
    for control in (A_CONTROL, B_CONTROL):
        Port(chip, control).start()
    return chip


def taken(chip, control, data):
    """All the bytes that a channel has, one after the other."""
    found = []
    while Port(chip, control).read(0) & RX_AVAILABLE:
        found.append(chip.read(data, 1))
    return found


def test_a_key_goes_down_and_up_and_then_all_are_up(console):
    assert console.frame.key(30, True) and console.irq
    console.frame.key(30, False)
    assert taken(console, A_CONTROL, A_DATA) == [0x4D, 0xCD, 0x7F]
    assert not console.irq


def test_all_are_up_only_when_the_last_one_is(console):
    for code, down in ((42, True), (16, True), (42, False), (16, False)):
        console.frame.key(code, down)
    assert taken(console, A_CONTROL, A_DATA) == [0x63, 0x36, 0xE3, 0xB6, 0x7F]


def test_a_key_that_is_down_does_not_go_down_again(console):
    console.frame.key(30, True)
    console.frame.key(30, True)
    assert taken(console, A_CONTROL, A_DATA) == [0x4D]


def test_the_mouse_says_buttons_that_are_down_and_moves_up_as_positive(console):
    assert console.frame.pointer(200, -3, 0, 1)
    assert taken(console, B_CONTROL, B_DATA) == [0x83, 127, 3, 73, 0]
    console.frame.pointer(-1, 1, 0, 0b110)
    assert taken(console, B_CONTROL, B_DATA) == [0x84, 0xFF, 0xFF, 0, 0]


def test_keys_that_nobody_takes_are_lost_in_the_end(console):
    for _ in range(1000):
        console.frame.key(30, True)
        console.frame.key(30, False)
    left = taken(console, A_CONTROL, A_DATA)
    assert 200 < len(left) < 300
    assert left[:3] == [0x4D, 0xCD, 0x7F]


def test_firmware_that_switches_no_receiver_on_finds_keys_but_no_moves(bench):
    chip = bench.attach(Z8530, keyboard=True)
    assert chip.frame.key(30, True)
    assert chip.frame.pointer(1, 1, 0, 0)
    assert Port(chip).read(0) & RX_AVAILABLE
    assert not Port(chip, B_CONTROL).read(0) & RX_AVAILABLE


def test_the_argument_of_the_lights_is_no_command(console):
    for byte in (0x0E, 0x01):
        console.write(A_DATA, byte, 1)
    assert taken(console, A_CONTROL, A_DATA) == []
    console.write(A_DATA, 0x01, 1)
    assert taken(console, A_CONTROL, A_DATA) == [0xFF, 0x04, 0x7F]


def test_a_plain_serial_port_has_neither_keyboard_nor_mouse(bench):
    chip = bench.attach(Z8530)
    assert not chip.frame.key(30, True)
    assert not chip.frame.pointer(1, 1, 0, 0)
