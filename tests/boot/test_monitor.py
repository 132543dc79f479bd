"""The built-in guest: life on a board with nothing to boot."""

from __future__ import annotations

import os
import re
import time

import pytest

from machinebuilder import Board


@pytest.fixture(params=["translate", "interpret"])
def machine(request):
    with Board.load("arm-virt").build(accel=request.param) as machine:
        machine.start()
        machine.console.expect("mb> ", timeout=60)
        yield machine


def ask(machine, line, answer):
    machine.console.write(line + "\r")
    return machine.console.expect(answer, timeout=60)


def test_it_shows_the_memory_map_of_the_board(machine):
    said = machine.console.text
    assert "0x40000000-0x5fffffff" in said
    assert "arm,pl011" in said


def test_what_is_poked_is_peeked(machine):
    ask(machine, "poke 0x48000000 0xdeadbeef", "mb> ")
    ask(machine, "peek 0x48000000 1", "48000000: deadbeef")
    assert machine.memory.read(0x4800_0000, 4) == bytes.fromhex("efbeadde")


def test_it_counts_primes(machine):
    if machine.accel == "interpret":
        pytest.skip("the benchmark is for the translator")
    ask(machine, "bench", "6542 primes below 65536")


def test_a_monitor_that_waits_for_input_uses_no_host_cpu(machine):
    time.sleep(0.5)
    before = sum(os.times()[:2])
    time.sleep(1)
    assert sum(os.times()[:2]) - before < 0.1
    ask(machine, "help", "poweroff")


def test_poweroff_ends_the_run(machine):
    machine.console.write("poweroff\r")
    assert machine.wait(timeout=30).name == "poweroff"


def test_reset_starts_over(machine):
    machine.console.write("reset\r")
    machine.console.expect("nothing to boot was given", timeout=60)
    ask(machine, "time 0x08000004 100", re.escape("100 reads in"))
