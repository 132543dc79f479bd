"""Notifications of virtio drivers stay in KVM, and reach the device: with windows that
move, after resets, and nothing is left when the machine is closed."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest

from machinebuilder import Board
from machinebuilder.machine import Machine
from tests.accel.kvm.assembly import needs_assembler
from tests.accel.kvm.bench import DEADLINE
from tests.accel.kvm.test_hosting import kernel, open_files

pytestmark = [needs_assembler, pytest.mark.usefixtures("kvm")]

MMIO = """board: doorbells
extends: x86-micro
devices:
  place: {model: virtio.mmio, at: 0xfea0_0000, irq: pic.irq.11}
  random: {model: virtio.rng, bus: place}
"""
PCI = """board: doorbells
extends: x86-pc
devices:
  random: {model: virtio.rng, bus: virtio, slot: 0}
"""
SLOT_3 = 0x8000_1800
QUEUE, AVAILABLE, USED, BUFFER, RESULT = (0x20_0000 + 0x1000 * n for n in range(5))
DONE, LATE = 0x600D, 0xBAD
EMPTY_QUEUE = f"""
    movl ${BUFFER}, {QUEUE}
    movl $0, {QUEUE + 4}
    movl $16, {QUEUE + 8}
    movl $2, {QUEUE + 12}
    movl $0, {AVAILABLE}
    movl $0, {AVAILABLE + 4}
    movl $0, {USED}
"""


def write(base: int, *registers: tuple[str, int, int]) -> str:
    return "".join(f" mov{s} ${v}, {base + at}\n" for s, at, v in registers)


def mmio(base: int = 0xFEA0_0000) -> str:
    """Reset the device and start it, as 3.1.1 of the specification says."""
    status = [("l", 0x70, n) for n in (0, 1, 3)]
    features = [("l", 0x24, 1), ("l", 0x20, 1), ("l", 0x70, 11)]
    queue = [("l", 0x30, 0), ("l", 0x38, 8), ("l", 0x80, QUEUE)]
    queue += [("l", 0x90, AVAILABLE), ("l", 0xA0, USED), ("l", 0x44, 1)]
    return EMPTY_QUEUE + write(base, *status, *features, *queue, ("l", 0x70, 15))


def modern(base: int) -> str:
    """The same for the registers of BAR 4."""
    status = [("b", 0x14, n) for n in (0, 1, 3)]
    features = [("l", 0x08, 1), ("l", 0x0C, 1), ("b", 0x14, 11)]
    queue = [("w", 0x16, 0), ("w", 0x18, 8), ("l", 0x20, QUEUE)]
    queue += [("l", 0x28, AVAILABLE), ("l", 0x30, USED), ("w", 0x1C, 1)]
    return EMPTY_QUEUE + write(base, *status, *features, *queue, ("b", 0x14, 15))


def configure(register: int, value: int) -> str:
    return f"""
    movl ${SLOT_3 | register}, %eax
    movw $0xcf8, %dx
    outl %eax, %dx
    movl ${value}, %eax
    movw $0xcfc, %dx
    outl %eax, %dx
    """


def place(base: int) -> str:
    """Put BAR 4 there; the others are out of the way."""
    off, on = configure(4, 0), configure(4, 6)
    bars = configure(0x14, 0xE000_0000) + configure(0x20, base) + configure(0x24, 0)
    return off + bars + on


def ask(count: int, notify: str) -> str:
    """That many requests, one after the other."""
    return f"""
    movl ${count}, %ebp
1:  incw {AVAILABLE + 2}
    {notify}
    movl $4000000, %ecx
2:  movw {AVAILABLE + 2}, %ax
    cmpw %ax, {USED + 2}
    je 3f
    pause
    loop 2b
    movl ${LATE}, {RESULT}
    jmp stop
3:  decl %ebp
    jnz 1b
    """


def ring(base: int) -> str:
    return f"movw $0, {base + 0x3000}"


RING_MMIO = f"movl $0, {0xFEA0_0050}"
STOP = f"\n movl ${DONE}, {RESULT}\nstop: cli\n4: hlt\n jmp 4b\n"


def run(folder: Path, board: str, body: str) -> Machine:
    """The machine when its guest is done; the caller closes it."""
    (folder / "doorbells.yaml").write_text(board)
    image = kernel(folder, f"movl $0, {RESULT}\n{body}{STOP}")
    machine = Board.load(folder / "doorbells.yaml").build(kernel=image, accel="kvm")
    end = time.monotonic() + DEADLINE
    try:
        while not result(machine) and time.monotonic() < end:
            machine.run(timeout=0.1)
        assert result(machine) == DONE
    except BaseException:
        machine.close()
        raise
    return machine


def result(machine: Machine) -> int:
    return int(struct.unpack("<I", machine.memory.read(RESULT, 4))[0])


def writes(folder: Path, board: str, body: str) -> int:
    """How many writes of the guest came out of KVM to a device."""
    with run(folder, board, body) as machine:
        assert any(machine.memory.read(BUFFER, 16))
        return machine.stats().mmio_writes


def test_notifying_over_mmio_does_not_leave_kvm(tmp_path: Path) -> None:
    few, many = (writes(tmp_path, MMIO, mmio() + ask(n, RING_MMIO)) for n in (5, 105))
    assert few == many


def test_notifying_over_pci_does_not_leave_kvm(tmp_path: Path) -> None:
    base = 0xE100_0000
    few, many = (
        writes(tmp_path, PCI, place(base) + modern(base) + ask(n, ring(base)))
        for n in (5, 105)
    )
    assert few == many


def test_a_doorbell_moves_with_its_window(tmp_path: Path) -> None:
    one, two = 0xE100_0000, 0xE200_0000
    moves = [
        place(two) + ask(n, ring(two)) + place(one) + ask(n, ring(one))
        for n in (5, 105)
    ]
    start = place(one) + modern(one) + ask(5, ring(one))
    few, many = (writes(tmp_path, PCI, start + move) for move in moves)
    assert few == many


def test_a_doorbell_that_moved_away_is_silent(tmp_path: Path) -> None:
    """Nothing answers where it was: each write there comes out."""
    one, two = 0xE100_0000, 0xE200_0000
    start = place(one) + modern(one) + place(two)
    few, many = (
        writes(tmp_path, PCI, start + f"{ring(one)}\n" * n + ask(5, ring(two)))
        for n in (5, 25)
    )
    assert many == few + 20


def test_other_values_and_sizes_reach_the_chip(tmp_path: Path) -> None:
    """A queue that is not there, and a driver that writes four bytes."""
    base = 0xE100_0000
    wide = f"movl $0, {base + 0x3000}"
    start = place(base) + modern(base)
    few, many = (writes(tmp_path, PCI, start + ask(n, wide)) for n in (5, 25))
    assert many == few + 20


def test_a_device_that_was_reset_is_notified_again(tmp_path: Path) -> None:
    """With a notification under way at each reset."""
    again = f"incw {AVAILABLE + 2}\n{RING_MMIO}\n" + mmio() + ask(5, RING_MMIO)
    writes(tmp_path, MMIO, mmio() + ask(5, RING_MMIO) + again * 10)


def test_doorbells_are_closed_with_the_machine(tmp_path: Path) -> None:
    run(tmp_path, MMIO, mmio() + ask(5, RING_MMIO)).close()
    before = open_files()
    machine = run(tmp_path, MMIO, mmio() + ask(5, RING_MMIO))
    assert sum("eventfd" in name for name in open_files()) >= 2
    machine.close()
    assert open_files() == before
