"""The built-in guest on a SPARCstation that has no firmware."""

from __future__ import annotations

import pytest

from machinebuilder import Board
from machinebuilder.fetch import openbios_sparc


@pytest.fixture(params=["translate", "interpret"])
def machine(request, monkeypatch):
    monkeypatch.setattr(openbios_sparc, "installed", lambda: None)
    with Board.load("sparc-ss5").build(accel=request.param) as machine:
        machine.start()
        machine.console.expect("mb> ", timeout=60)
        yield machine


def ask(machine, line, answer):
    machine.console.write(line + "\r")
    return machine.console.expect(answer, timeout=60)


def test_it_shows_the_memory_map_and_says_how_to_get_openbios(machine):
    assert "0x71100000-0x71100007  serial" in machine.console.text
    assert any("mb fetch openbios-sparc" in line for line in machine.logged)


def test_what_is_poked_is_peeked(machine):
    ask(machine, "poke 0x200000 0xdeadbeef", "mb> ")
    ask(machine, "peek 0x200000 1", "00200000: deadbeef")
    assert machine.memory.read(0x20_0000, 4) == bytes.fromhex("deadbeef")


def test_poweroff_ends_the_run(machine):
    machine.console.write("poweroff\r")
    assert machine.wait(timeout=30).name == "poweroff"


def test_reset_starts_over(machine):
    machine.console.write("reset\r")
    machine.console.expect("nothing to boot was given", timeout=60)
