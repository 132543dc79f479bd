"""The console: what scripts see, what is typed, and the terminal's own commands."""

import os
import pty
import termios
import threading

import pytest

from machinebuilder.host.console import Console, ExpectTimeout, Terminal


class Chip:
    """A device with room for `room` bytes at a time."""

    def __init__(self, room=1000):
        self.room = room
        self.got = b""

    def receive(self, data):
        taken = data[: self.room]
        self.got += taken
        self.room -= len(taken)
        return len(taken)


def test_expect_goes_on_after_its_match():
    console = Console()
    console.send(b"login: login: ")
    assert console.expect("login:").group() == "login:"
    console.expect("login:")
    with pytest.raises(ExpectTimeout, match="last said:\nlogin: login: "):
        console.expect("login:", timeout=0.01)


def test_expect_wakes_for_output_of_another_thread():
    console = Console()
    threading.Timer(0.05, console.send, [b"ready\n"]).start()
    assert console.expect(r"rea\w+", timeout=5).group() == "ready"


def test_expect_says_that_the_machine_stopped():
    console = Console()
    console.close()
    with pytest.raises(ExpectTimeout, match="the machine stopped"):
        console.expect("x", timeout=60)


def test_what_does_not_fit_waits_for_room():
    console, chip = Console(), Chip(room=3)
    console.attach(chip.receive)
    console.write("hello")
    assert chip.got == b"hel"
    chip.room = 10
    console.receive_ready()
    assert chip.got == b"hello"


def test_typing_before_the_device_is_there_is_kept():
    console, chip = Console(), Chip()
    console.write("early")
    console.attach(chip.receive)
    assert chip.got == b"early"


def test_history_is_bounded_and_expect_survives_it():
    console = Console()
    for _ in range(40):
        console.send(b"x" * 65536)
    console.send(b"END")
    assert len(console.text) == 1 << 20
    console.expect("END", timeout=1)


@pytest.fixture
def tty(monkeypatch):
    """A terminal on a pseudo-terminal: (terminal, the person's end, left, chip)."""
    person, side = pty.openpty()
    left = []
    terminal = Terminal({"x": lambda: left.append(True)})
    terminal._stdin = terminal._stdout = side
    chip = Chip()
    terminal.attach(chip.receive)
    yield terminal, person, side, left, chip
    terminal.close()
    os.close(person)
    os.close(side)


def wait_for(condition):
    for _ in range(200):
        if condition():
            return True
        threading.Event().wait(0.01)
    return False


def test_the_terminal_is_raw_while_open_and_restored_after(tty):
    terminal, _, side, _, _ = tty
    before = termios.tcgetattr(side)
    with terminal:
        assert not termios.tcgetattr(side)[3] & termios.ICANON
    assert termios.tcgetattr(side) == before


def test_ctrl_a_x_leaves_and_ctrl_a_a_is_sent(tty):
    terminal, person, _, left, chip = tty
    with terminal:
        os.write(person, b"ls\x03\x01a\x01x")
        assert wait_for(lambda: left)
    assert chip.got == b"ls\x03\x01"


def test_output_reaches_the_person(tty):
    terminal, person, _, _, _ = tty
    with terminal:
        terminal.send(b"hello")
        assert os.read(person, 100) == b"hello"
