# SPDX-License-Identifier: Apache-2.0
"""The built-in guest on a PC, run by KVM."""

from __future__ import annotations

import os
import re
import time

import pytest

from machinebuilder import Board
from machinebuilder.fetch import seabios

pytestmark = pytest.mark.skipif(
    not os.access("/dev/kvm", os.R_OK | os.W_OK), reason="/dev/kvm is not to be had"
)


@pytest.fixture(params=["x86-micro", "x86-pc"])
def machine(request, monkeypatch):
    monkeypatch.setattr(seabios, "installed", lambda image="": None)
    with Board.load(request.param).build() as machine:
        machine.start()
        machine.console.expect("mb> ", timeout=60)
        yield machine


def ask(machine, line, answer):
    machine.console.write(line + "\r")
    return machine.console.expect(answer, timeout=60)


def test_it_shows_memory_and_ports(machine):
    text = machine.console.text
    assert "-0x07ffffff  ram" in text
    assert re.search("port 0x03f8-0x03ff  (serial|com1)", text)
    told = any("mb fetch seabios" in line for line in machine.logged)
    assert told == (machine.plan.name == "x86-pc")


def test_what_is_poked_is_peeked(machine):
    ask(machine, "poke 0x200000 0xdeadbeef", "mb> ")
    ask(machine, "peek 0x200000 1", "00200000: deadbeef")
    assert machine.memory.read(0x20_0000, 4) == bytes.fromhex("efbeadde")


def test_poweroff_ends_the_run(machine):
    machine.console.write("poweroff\r")
    assert machine.wait(timeout=30).name == "poweroff"


def test_reset_starts_over(machine):
    machine.console.write("reset\r")
    machine.console.expect("nothing to boot was given", timeout=60)


def test_a_monitor_that_waits_for_input_uses_no_host_cpu(machine):
    time.sleep(0.5)
    before = sum(os.times()[:2])
    time.sleep(2)
    assert sum(os.times()[:2]) - before < 0.1
    ask(machine, "help", "poweroff")


def test_the_tables_of_the_board_are_where_a_kernel_looks(machine):
    area = machine.memory.read(0xF_0000, 0x1_0000)
    assert area.startswith(b"RSD PTR ")
    assert sum(area[:20]) % 256 == 0
    assert area[0x40:0x44] == b"_SM_"
