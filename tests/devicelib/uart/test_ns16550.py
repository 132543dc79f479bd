"""The 16550A: FIFOs, causes of interrupts, loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from native_bench import Chip

DATA, ENABLE, CAUSE, FRAME, MODEM, LINE_STATUS, MODEM_STATUS, SCRATCH = range(8)
IDLE, OVERRUN, RECEIVED = 0x60, 0x02, 0x01
NONE, TRANSMITTER, RECEIVED_CAUSE, TIMEOUT, LINE, MODEM_CAUSE = 1, 2, 4, 0xC, 6, 0
FIFO_14 = 0xC1
LOOP = 0x10
FRAME_NS = 10 * 16 * 1_000_000_000 // 1_843_200
"""Of eight bits at a divisor of one."""


class Uart(Chip):
    """Registers by number."""

    def get(self, register: int) -> int:
        return self.read(0, register, 1)

    def set(self, register: int, value: int) -> None:
        self.write(0, register, value, 1)

    @property
    def line(self) -> int:
        return self.level()


@pytest.fixture
def uart() -> Iterator[Uart]:
    chip = Uart("uart.ns16550", clock=1_843_200)
    chip.reset()
    yield chip
    chip.close()


def test_what_is_written_goes_out_and_the_transmitter_is_empty_again(
    uart: Uart,
) -> None:
    for byte in b"boot":
        uart.set(DATA, byte)
        assert uart.get(LINE_STATUS) == IDLE
    assert uart.sent() == b"boot"


def test_the_latch_bit_shows_the_divisor(uart: Uart) -> None:
    uart.set(ENABLE, 0x03)
    uart.set(FRAME, 0x83)
    uart.set(DATA, 0x0C)
    uart.set(ENABLE, 0x01)
    assert (uart.get(DATA), uart.get(ENABLE)) == (0x0C, 0x01)
    uart.set(FRAME, 0x03)
    assert uart.get(ENABLE) == 0x03
    assert uart.sent() == b""


def test_scratch_is_kept_and_enable_has_four_bits(uart: Uart) -> None:
    uart.set(SCRATCH, 0xA5)
    uart.set(ENABLE, 0xFF)
    assert (uart.get(SCRATCH), uart.get(ENABLE)) == (0xA5, 0x0F)


def test_enabling_the_transmitters_interrupt_raises_it_until_the_cause_is_read(
    uart: Uart,
) -> None:
    assert uart.get(CAUSE) == NONE
    uart.set(ENABLE, 2)
    assert uart.line
    assert uart.get(CAUSE) == TRANSMITTER
    assert not uart.line
    uart.set(DATA, ord("x"))
    assert uart.line


def test_without_fifos_one_byte_is_held(uart: Uart) -> None:
    uart.set(ENABLE, 1)
    assert uart.receive(b"ab") == 1
    assert uart.line
    assert uart.get(CAUSE) == RECEIVED_CAUSE
    assert uart.get(LINE_STATUS) == IDLE | RECEIVED
    assert uart.get(DATA) == ord("a")
    assert not uart.line
    assert uart.ready() == 1
    assert uart.receive(b"b") == 1


@pytest.mark.parametrize(
    ("control", "level"), [(1, 1), (0x41, 4), (0x81, 8), (0xC1, 14)]
)
def test_the_trigger_level_interrupts(uart: Uart, control: int, level: int) -> None:
    uart.set(CAUSE, control)
    uart.set(ENABLE, 1)
    for _ in range(level - 1):
        uart.receive(b".")
    assert not uart.line
    uart.receive(b".")
    assert uart.line
    assert uart.get(CAUSE) == 0xC0 | RECEIVED_CAUSE
    uart.get(DATA)
    assert not uart.line


def test_the_fifo_takes_sixteen_bytes_and_gives_them_in_order(uart: Uart) -> None:
    uart.set(CAUSE, FIFO_14)
    assert uart.receive(bytes(range(20))) == 16
    assert uart.receive(b"more") == 0
    assert [uart.get(DATA) for _ in range(16)] == list(range(16))
    assert uart.ready() > 0
    assert uart.get(LINE_STATUS) == IDLE


def test_below_the_trigger_silence_of_four_frames_interrupts(uart: Uart) -> None:
    uart.set(FRAME, 0x83)
    uart.set(DATA, 1)
    uart.set(ENABLE, 0)
    uart.set(FRAME, 0x03)
    uart.set(CAUSE, FIFO_14)
    uart.set(ENABLE, 1)
    uart.receive(b"ab")
    uart.sleep(4 * FRAME_NS - 1000)
    assert not uart.line
    uart.sleep(2000)
    assert uart.line
    assert uart.get(CAUSE) == 0xC0 | TIMEOUT
    uart.get(DATA)
    assert not uart.line
    uart.sleep(4 * FRAME_NS + 1000)
    assert uart.line
    uart.get(DATA)
    uart.sleep(1_000_000_000)
    assert not uart.line


def test_resetting_the_receiver_empties_it(uart: Uart) -> None:
    uart.set(CAUSE, FIFO_14)
    uart.receive(b"abc")
    uart.set(CAUSE, FIFO_14 | 2)
    assert uart.get(LINE_STATUS) == IDLE


def test_in_loopback_bytes_come_back_and_the_host_gets_none(uart: Uart) -> None:
    uart.set(MODEM, LOOP)
    uart.set(DATA, 0x5A)
    assert uart.get(LINE_STATUS) == IDLE | RECEIVED
    assert uart.get(DATA) == 0x5A
    assert uart.receive(b"x") == 0
    assert uart.sent() == b""
    uart.set(MODEM, 0)
    assert uart.ready() == 1


def test_an_overrun_is_told_once_and_interrupts_first(uart: Uart) -> None:
    uart.set(MODEM, LOOP)
    uart.set(ENABLE, 5)
    uart.set(DATA, 1)
    uart.set(DATA, 2)
    assert uart.get(CAUSE) == LINE
    assert uart.get(LINE_STATUS) == IDLE | RECEIVED | OVERRUN
    assert uart.get(LINE_STATUS) == IDLE | RECEIVED
    assert uart.get(CAUSE) == RECEIVED_CAUSE
    assert uart.get(DATA) == 2


def test_a_full_fifo_loses_the_newest(uart: Uart) -> None:
    uart.set(CAUSE, FIFO_14)
    uart.set(MODEM, LOOP)
    for byte in range(17):
        uart.set(DATA, byte)
    assert uart.get(LINE_STATUS) & OVERRUN
    assert [uart.get(DATA) for _ in range(16)] == list(range(16))


@pytest.mark.parametrize(
    ("output", "input_"), [(1, 0x20), (2, 0x10), (4, 0x40), (8, 0x80)]
)
def test_in_loopback_the_modem_outputs_are_its_inputs(
    uart: Uart, output: int, input_: int
) -> None:
    uart.set(MODEM, LOOP)
    uart.get(MODEM_STATUS)
    uart.set(MODEM, LOOP | output)
    assert uart.get(MODEM_STATUS) & 0xF0 == input_
    assert uart.get(MODEM_STATUS) & 0x0F == 0


def test_a_change_of_a_modem_input_interrupts_and_of_ring_only_its_end(
    uart: Uart,
) -> None:
    uart.set(MODEM, LOOP)
    uart.get(MODEM_STATUS)
    uart.set(ENABLE, 8)
    assert not uart.line
    uart.set(MODEM, LOOP | 4)
    assert not uart.line
    uart.set(MODEM, LOOP)
    assert uart.line
    assert uart.get(CAUSE) == MODEM_CAUSE
    assert uart.get(MODEM_STATUS) & 0x0F == 4
    assert not uart.line


def test_a_peer_that_is_ready(uart: Uart) -> None:
    assert uart.get(MODEM_STATUS) == 0xB0


def test_a_wider_access_is_one_to_each_register() -> None:
    chip = Uart("uart.ns16550", clock=1_843_200)
    chip.reset()
    chip.write(0, FRAME, 0x1083, 2)
    assert (chip.get(FRAME), chip.get(MODEM)) == (0x83, 0x10)
    chip.write(0, DATA, 0x0C, 2)
    assert chip.read(0, DATA, 2) == 0x000C
    chip.close()


def test_registers_may_be_words_apart() -> None:
    chip = Uart("uart.ns16550", clock=24_000_000, shift=2)
    chip.reset()
    chip.write(0, SCRATCH << 2, 0x1A5, 4)
    assert chip.read(0, SCRATCH << 2, 4) == 0xA5
    chip.write(0, DATA, ord("m"), 4)
    assert chip.sent() == b"m"
    chip.close()


def test_a_snapshot_brings_back_what_was_received(uart: Uart) -> None:
    uart.set(CAUSE, FIFO_14)
    uart.set(ENABLE, 1)
    uart.receive(b"kept")
    saved = uart.save()
    uart.reset()
    assert uart.get(LINE_STATUS) == IDLE
    assert uart.restore(saved)
    uart.sleep(1_000_000_000)
    assert uart.line
    assert bytes(uart.get(DATA) for _ in range(4)) == b"kept"
    assert not uart.restore(saved[:-1])
