"""The keyboard controller, its keyboard and its mouse."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devicelib.input import _scancodes
from devicelib.input.i8042 import I8042
from machinebuilder import Board
from machinebuilder.boot import acpi
from machinebuilder.boot.acpi import aml
from machinebuilder.device.testing import Bench

FULL, FROM_MOUSE = 0x01, 0x20
ACKNOWLEDGE = 0xFA
A, LEFT_SHIFT, RIGHT_CTRL, PAUSE, PRINT_SCREEN, LEFT_ALT = 30, 42, 97, 119, 99, 56
F7, F12 = 65, 88
TRANSLATING, RAW = 0x47, 0x07


class Pc:
    """The controller by its two ports."""

    def __init__(self, bench, mode=TRANSLATING):
        self.bench = bench
        self.chip = bench.attach(I8042)
        self.command(0x60, mode)

    def command(self, code, *data):
        self.chip.write(0, code, 1, "command")
        for byte in data:
            self.chip.write(0, byte, 1, "data")

    def keyboard(self, *data):
        """Bytes for the keyboard, and what comes back."""
        for byte in data:
            self.chip.write(0, byte, 1, "data")
        return self.all()

    def mouse(self, *data):
        for byte in data:
            self.command(0xD4, byte)
        return self.all()

    @property
    def status(self):
        return self.chip.read(0, 1, "command")

    def take(self):
        byte = self.chip.read(0, 1, "data")
        self.bench.sleep(0.0001)
        return byte

    def all(self):
        """Everything that waits."""
        found = []
        while self.status & FULL:
            found.append(self.take())
        return found

    def key(self, code, down=True):
        self.chip.frame.key(code, down)
        return self.all()

    def move(self, right=0, down=0, wheel=0, buttons=0):
        self.chip.frame.pointer(right, down, wheel, buttons)
        return self.all()


@pytest.fixture
def pc(bench):
    return Pc(bench)


def test_the_self_test_passes_and_is_remembered(pc):
    pc.command(0xAA)
    assert pc.status & 0x05 == 0x05
    assert pc.all() == [0x55]


def test_its_memory_is_kept_and_byte_0_is_the_mode(pc):
    pc.command(0x65, 0xA5)
    pc.command(0x25)
    pc.command(0x20)
    assert pc.all() == [0xA5, TRANSLATING]


def test_ports_are_tested_and_switched(pc):
    pc.command(0xA9)
    pc.command(0xAB)
    pc.command(0xA7)
    pc.command(0xAD)
    pc.command(0x20)
    assert pc.all() == [0, 0, TRANSLATING | 0x30]
    pc.command(0xA8)
    pc.command(0xAE)
    pc.command(0x20)
    assert pc.all() == [TRANSLATING]


def test_each_byte_makes_an_edge(bench, pc):
    pc.chip.write(0, 0xF2, 1, "data")
    levels = []
    for _ in range(3):
        levels.append(pc.chip.kbd_irq)
        assert pc.status & (FULL | FROM_MOUSE) == FULL
        pc.chip.read(0, 1, "data")
        levels.append(pc.chip.kbd_irq)
        bench.sleep(0.0001)
    assert levels == [True, False] * 3
    assert not pc.status & FULL


def test_a_byte_of_the_mouse_is_told_apart(pc):
    pc.command(0xD4, 0xF4)
    assert pc.status & (FULL | FROM_MOUSE) == FULL | FROM_MOUSE
    assert (pc.chip.kbd_irq, pc.chip.mouse_irq) == (False, True)
    assert pc.take() == ACKNOWLEDGE
    assert not pc.chip.mouse_irq


def test_interrupts_can_be_switched_off(bench):
    pc = Pc(bench, mode=0x04)
    pc.command(0xD4, 0xF4)
    assert not pc.chip.mouse_irq
    pc.take()
    pc.chip.write(0, 0xEE, 1, "data")
    assert pc.status & FULL
    assert not pc.chip.kbd_irq


def test_the_guest_can_play_keyboard_and_mouse(pc):
    pc.command(0xD2, 0x12)
    assert pc.status & (FULL | FROM_MOUSE) == FULL
    assert pc.take() == 0x12
    pc.command(0xD3, 0x34)
    assert pc.status & (FULL | FROM_MOUSE) == FULL | FROM_MOUSE
    assert pc.take() == 0x34


def test_the_output_port_gates_line_20_and_resets(pc):
    pc.command(0xD0)
    assert pc.take() & 0x03 == 0x03
    pc.command(0xDD)
    pc.command(0xD0)
    assert pc.take() & 0x03 == 0x01
    pc.command(0xD1, 0xDF)
    pc.command(0xD0)
    assert pc.take() & 0x03 == 0x03
    assert pc.chip.events == []
    pc.command(0xFE)
    pc.command(0xD1, 0xDE)
    assert pc.chip.events == ["restart", "restart"]


def test_keys_come_in_set_1_after_translation(pc):
    assert pc.key(A) == [0x1E]
    assert pc.key(A, down=False) == [0x9E]
    assert pc.key(F7) == [0x41]
    assert pc.key(RIGHT_CTRL) == [0xE0, 0x1D]
    assert pc.key(RIGHT_CTRL, down=False) == [0xE0, 0x9D]


def test_keys_come_in_set_2_without(bench):
    pc = Pc(bench, RAW)
    assert pc.key(A) == [0x1C]
    assert pc.key(A, down=False) == [0xF0, 0x1C]
    assert pc.key(F7) == [0x83]
    assert pc.key(RIGHT_CTRL, down=False) == [0xE0, 0xF0, 0x14]


@pytest.mark.parametrize("key", [*_scancodes.PLAIN, *_scancodes.WITH_PREFIX])
@pytest.mark.parametrize("down", [True, False])
def test_translation_makes_set_1_of_set_2(bench, key, down):
    pc = Pc(bench)
    assert bytes(pc.key(key, down)) == _scancodes.codes(1, key, down)


def test_pause_is_like_no_other_key(bench, pc):
    assert pc.key(PAUSE) == [0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5]
    assert pc.key(PAUSE, down=False) == []
    raw = Pc(bench, RAW)
    assert raw.key(PAUSE) == [0xE1, 0x14, 0x77, 0xE1, 0xF0, 0x14, 0xF0, 0x77]


def test_print_screen_is_two_and_with_alt_another(pc):
    assert pc.key(PRINT_SCREEN) == [0xE0, 0x2A, 0xE0, 0x37]
    assert pc.key(PRINT_SCREEN, down=False) == [0xE0, 0xB7, 0xE0, 0xAA]
    pc.key(LEFT_ALT)
    assert pc.key(PRINT_SCREEN) == [0x54]


@pytest.mark.parametrize(
    ("scan_set", "makes", "breaks"),
    [(1, [0x1E], [0x9E]), (2, [0x1C], [0xF0, 0x1C]), (3, [0x1C], [0xF0, 0x1C])],
)
def test_the_set_can_be_chosen(bench, scan_set, makes, breaks):
    pc = Pc(bench, RAW)
    assert pc.keyboard(0xF0, scan_set) == [ACKNOWLEDGE, ACKNOWLEDGE]
    assert pc.keyboard(0xF0, 0) == [ACKNOWLEDGE, ACKNOWLEDGE, scan_set]
    assert (pc.key(A), pc.key(A, down=False)) == (makes, breaks)
    assert pc.keyboard(0xF0, 4) == [ACKNOWLEDGE, 0xFE]


def test_set_3_has_no_prefixes(bench):
    pc = Pc(bench, RAW)
    pc.keyboard(0xF0, 3)
    assert pc.key(RIGHT_CTRL) == [0x58]
    assert pc.key(PAUSE, down=False) == [0xF0, 0x62]


def test_the_keyboard_answers(bench):
    pc = Pc(bench, RAW)
    assert pc.keyboard(0xEE) == [0xEE]
    assert pc.keyboard(0xF2) == [ACKNOWLEDGE, 0xAB, 0x83]
    assert pc.keyboard(0xFE) == [0x83]
    assert pc.keyboard(0xED, 2) == [ACKNOWLEDGE, ACKNOWLEDGE]
    assert pc.keyboard(0xFF) == [ACKNOWLEDGE, 0xAA]
    assert pc.keyboard(0x05) == [0xFE]


def test_its_ident_is_translated_too(pc):
    assert pc.keyboard(0xF2) == [ACKNOWLEDGE, 0xAB, 0x41]


def test_a_disabled_keyboard_sends_nothing(pc):
    pc.keyboard(0xF5)
    assert pc.key(A) == []
    pc.keyboard(0xF4)
    assert pc.key(A) == [0x1E]


def test_keys_wait_while_the_port_is_off(pc):
    pc.command(0xAD)
    assert pc.key(A) == []
    pc.command(0xAE)
    assert pc.all() == [0x1E]


def test_a_keyboard_that_nobody_reads_forgets_whole_keys(pc):
    pc.chip.frame.device.memory_[0] |= 0x10
    for _ in range(300):
        pc.chip.frame.key(RIGHT_CTRL, True)
    pc.command(0xAE)
    found = pc.all()
    assert found == [0xE0, 0x1D] * (len(found) // 2)
    assert 0 < len(found) <= 256


def test_the_mouse_tells_of_moves_and_buttons(pc):
    assert pc.mouse(0xF4) == [ACKNOWLEDGE]
    assert pc.move(right=5, down=3) == [0x28, 5, 0xFD]
    assert pc.move(right=-5, down=-3, buttons=1) == [0x19, 0xFB, 3]
    assert pc.move(buttons=6) == [0x0E, 0, 0]
    assert pc.move(buttons=6) == []


def test_a_long_move_takes_several_packets(pc):
    pc.mouse(0xF4)
    found = pc.move(right=600)
    assert [found[n + 1] for n in (0, 3, 6)] == [255, 255, 90]


def test_a_mouse_that_is_not_enabled_says_nothing(pc):
    assert pc.move(right=5, buttons=1) == []
    assert pc.mouse(0xF4) == [ACKNOWLEDGE, 0x09, 0, 0]


@pytest.mark.parametrize(
    ("knock", "kind", "packet"),
    [
        ((200, 100, 80), 3, [0x08, 1, 0, 0xFE]),
        ((200, 200, 80), 4, [0x08, 1, 0, 0x3E]),
        ((200, 100, 81), 0, [0x08, 1, 0]),
    ],
)
def test_a_knock_turns_it_into_another_mouse(pc, knock, kind, packet):
    for rate in knock:
        pc.mouse(0xF3, rate)
    assert pc.mouse(0xF2) == [ACKNOWLEDGE, kind]
    pc.mouse(0xF4)
    assert pc.move(right=1, wheel=-2, buttons=0x18) == packet
    assert pc.mouse(0xFF) == [ACKNOWLEDGE, 0xAA, 0]


def test_the_mouse_tells_its_modes(pc):
    pc.mouse(0xE8, 1)
    pc.mouse(0xF3, 60)
    pc.mouse(0xE7)
    pc.mouse(0xF4)
    assert pc.mouse(0xE9) == [ACKNOWLEDGE, 0x30, 1, 60]
    pc.mouse(0xF6)
    assert pc.mouse(0xE9) == [ACKNOWLEDGE, 0x00, 2, 100]


def test_a_remote_mouse_is_asked(pc):
    pc.mouse(0xF0)
    assert pc.move(right=7) == []
    assert pc.mouse(0xEB) == [ACKNOWLEDGE, 0x08, 7, 0]
    assert pc.mouse(0xEB) == [ACKNOWLEDGE, 0x08, 0, 0]


def test_in_wrap_mode_the_mouse_echoes(pc):
    pc.mouse(0xEE)
    assert pc.mouse(0xF4, 0x12) == [0xF4, 0x12]
    assert pc.mouse(0xEC) == [ACKNOWLEDGE]
    assert pc.mouse(0x12) == [0xFE]


def test_a_snapshot_holds_what_waits(pc):
    pc.chip.write(0, 0xF2, 1, "data")
    saved = pc.chip.save()
    assert pc.all() == [ACKNOWLEDGE, 0xAB, 0x41]
    pc.chip.restore(saved)
    assert pc.all() == [ACKNOWLEDGE, 0xAB, 0x41]


def test_acpi_tells_of_keyboard_and_mouse():
    tables = b"".join(acpi.build(Board.load("x86-pc").plan).files().values())
    assert aml.hardware_id("PNP0303") in tables
    assert aml.hardware_id("PNP0F13") in tables


BYTES = st.integers(0, 255)
STEP = st.one_of(
    st.tuples(st.just("command"), BYTES),
    st.tuples(st.just("command"), st.sampled_from([0x60, 0xD4, 0xD4, 0xAE, 0xA8])),
    st.tuples(st.just("data"), BYTES),
    st.tuples(st.just("data"), st.sampled_from([0xF0, 0xF3, 0xF4, 0xFF, 0xEB, 200])),
    st.tuples(st.just("read"), st.integers(1, 20)),
    st.tuples(st.just("key"), st.integers(0, 300)),
    st.tuples(st.just("move"), st.integers(-1000, 1000)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(STEP, max_size=60))
def test_any_use_leaves_it_usable(steps):
    pc = Pc(Bench())
    for what, value in steps:
        if what in ("command", "data"):
            pc.chip.write(0, value, 1, what)
        elif what == "read":
            for _ in range(value):
                pc.take()
        elif what == "key":
            pc.chip.frame.key(value, value % 2 == 0)
        else:
            pc.chip.frame.pointer(value, -value, value % 5, value % 32)
        assert not (pc.chip.kbd_irq and pc.chip.mouse_irq)
    pc.command(0xAD)
    pc.command(0xA7)
    pc.all()
    pc.command(0xAA)
    assert pc.all()[-1] == 0x55
