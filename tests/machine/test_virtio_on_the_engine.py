"""Virtio on the real bus: a disk request by DMA, a frame between two machines."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from machinebuilder.board.plan import Slot, Wire
from machinebuilder.boot import Images
from machinebuilder.machine import Machine
from machinebuilder.machine.build import build
from tests.machine.conftest import device, plan

Maker = Callable[..., Machine]

RAM = 0x4000_0000
NEXT, WRITE = 1, 2
PLACES = [
    device("ram", "mem.ram", (RAM, 0x10_0000, "")),
    device("gpio", "gpio.pl061", (0x0903_0000, 0x1000, "")),
    device("virtio", "virtio.mmio", (0x0A00_0000, 0x200, "")),
]
SLOT = Slot("virtio.virtio", {"slot": 0})


class Queue:
    """One virtqueue of eight entries, at `base`."""

    def __init__(self, machine: Machine, index: int, base: int) -> None:
        self.machine, self.index, self.base = machine, index, base
        self.offered = 0
        for register, value in [
            (0x030, index),
            (0x038, 8),
            (0x080, base),
            (0x090, base + 0x100),
            (0x0A0, base + 0x200),
            (0x044, 1),
        ]:
            machine.devices["virtio"].write(register, value)

    def offer(self, *pieces: tuple[int, int, int]) -> None:
        """Offer a chain of (address, size, flags) and notify the device."""
        memory = self.machine.memory
        for n, (address, size, flags) in enumerate(pieces):
            more = NEXT if n + 1 < len(pieces) else 0
            entry = struct.pack("<QIHH", address, size, flags | more, n + 1)
            memory.write(self.base + 16 * n, entry)
        memory.write(self.base + 0x104 + 2 * (self.offered % 8), b"\0\0")
        self.offered += 1
        memory.write(self.base + 0x102, struct.pack("<H", self.offered))
        self.machine.devices["virtio"].write(0x050, self.index)

    def wait(self) -> int:
        """Until all that was offered is used; gives the last one's length."""
        end = time.monotonic() + 5
        memory = self.machine.memory
        while memory.read(self.base + 0x202, 2) != struct.pack("<H", self.offered):
            assert time.monotonic() < end, "the device did not answer"
            time.sleep(0.001)
        at = self.base + 0x204 + 8 * ((self.offered - 1) % 8)
        return int(struct.unpack("<II", memory.read(at, 8))[1])


def start(machine: Machine, queues: int) -> list[Queue]:
    """Bring the device up as a driver does."""
    place = machine.devices["virtio"]
    for register, value in [(0x070, 3), (0x024, 1), (0x020, 1), (0x070, 11)]:
        place.write(register, value)
    made = [Queue(machine, n, RAM + 0x1000 * (n + 1)) for n in range(queues)]
    place.write(0x070, 15)
    return made


def test_a_disk_moves_sectors_and_raises_its_line(make: Maker, tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.write_bytes(b"sector 0".ljust(512) + b"sector 1".ljust(512))
    disk = device("disk", "virtio.blk", slot=SLOT, host="disk", image=str(image))
    wire = Wire("virtio", "irq", 0, "gpio", "line", 3)
    machine = make(*PLACES, disk, wires=(wire,))
    (queue,) = start(machine, 1)
    machine.memory.write(RAM + 0x8000, struct.pack("<IIQ", 0, 0, 1))
    queue.offer((RAM + 0x8000, 16, 0), (RAM + 0x9000, 512, WRITE), (RAM, 1, WRITE))
    assert queue.wait() == 513
    assert machine.memory.read(RAM + 0x9000, 8) == b"sector 1"
    assert line_becomes(machine, 1)
    machine.devices["virtio"].write(0x064, 1)
    assert line_becomes(machine, 0)


def line_becomes(machine: Machine, level: int) -> bool:
    """Does line 3 of the GPIO chip, a Python one, get there in time?"""
    end = time.monotonic() + 5
    while machine.devices["gpio"].read(0x020) != level << 3:
        if time.monotonic() > end:
            return False
    return True


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_two_machines_share_a_wire(stack: ExitStack, tmp_path: Path) -> None:
    ends = []
    for how in ("listen", "connect"):
        card = device(how, "virtio.net", slot=SLOT, host="net")
        wire = f"socket,{how}={tmp_path / 'wire'}"
        machine = stack.enter_context(build(plan(*PLACES, card), Images(), net=wire))
        machine.reset()
        ends.append((machine, start(machine, 2)))
    (there, (receive, _)), (here, (_, transmit)) = ends
    receive.offer((RAM + 0x8000, 2048, WRITE))
    here.memory.write(RAM + 0x8000, bytes(12) + b"hello across the wire")
    transmit.offer((RAM + 0x8000, 33, 0))
    transmit.wait()
    assert receive.wait() == 33
    assert there.memory.read(RAM + 0x800C, 21) == b"hello across the wire"
