# SPDX-License-Identifier: Apache-2.0
"""A bench for chips: time stands still until told, and no engine is needed.

`from machinebuilder.device.testing import bench` in a conftest.py makes the fixture:

    def test_the_match_register_is_kept(bench):
        rtc = bench.attach(PL031, start=1000)
        rtc.match = 1003            # a guest's write
        bench.sleep(3)
        assert rtc.raw.alarm        # a guest's read
        assert not rtc.irq          # the level of a line
"""

from __future__ import annotations

import heapq
import mmap
from pathlib import Path
from typing import Any

import pytest

from machinebuilder.device.chip import Device
from machinebuilder.device.frame import Frame
from machinebuilder.device.register import Reg


@pytest.fixture
def bench() -> Bench:
    """An empty bench."""
    return Bench()


class Bench:
    """Guest memory, guest time, and the chips attached."""

    def __init__(self, cpus: int = 1) -> None:
        self.cpu_count = cpus
        self.ns = 0
        self.memory = bytearray(0x10000)
        self._alarms: list[tuple[int, int, Frame, int]] = []
        self._armed: dict[tuple[Frame, int], int] = {}
        self._order = 0

    def attach(
        self,
        chip: type[Device],
        size: int = 0,
        on: tuple[Probe, str, int | str] | None = None,
        **params: Any,
    ) -> Probe:
        """A chip just powered on; `size` for windows that the board sizes, `on` for its
        place: the chip that offers the bus, the bus, and the key there."""
        outside = Socket(self)
        sizes = dict.fromkeys(chip.regions, size)
        frame = Frame(chip, chip.model.rpartition(".")[2], params, outside, sizes)
        outside.frame = frame
        if on is not None:
            on[0].frame.adopt(on[1], on[2], frame)
        frame.reset()
        return Probe(frame, outside)

    def sleep(self, seconds: float) -> None:
        """Let guest time pass; alarms ring in order."""
        end = self.ns + int(seconds * 1_000_000_000)
        while self._alarms and self._alarms[0][0] <= end:
            self.ns = max(self.ns, self._alarms[0][0])
            self.ring_due()
        self.ns = end

    def arm(self, frame: Frame, alarm: int, deadline: int | None) -> None:
        """Arm or disarm a chip's alarm."""
        self._order += 1
        self._armed.pop((frame, alarm), None)
        if deadline is not None:
            self._armed[frame, alarm] = self._order
            heapq.heappush(self._alarms, (deadline, self._order, frame, alarm))

    def ring_due(self) -> None:
        """Ring what is due now."""
        while self._alarms and self._alarms[0][0] <= self.ns:
            _, order, frame, alarm = heapq.heappop(self._alarms)
            if self._armed.get((frame, alarm)) == order:
                del self._armed[frame, alarm]
                frame.ring(alarm)


class BenchImage:
    """A disk image as plain Python has files."""

    def __init__(self, path: str, readonly: bool, snapshot: bool) -> None:
        self.path = Path(path)
        self.data = bytearray(self.path.read_bytes())
        self.size = len(self.data)
        self.flushes = 0
        self._kept = not (readonly or snapshot)

    def read(self, offset: int, size: int) -> bytes:
        return bytes(self.data[offset : offset + size]).ljust(size, b"\0")

    def write(self, offset: int, data: bytes) -> None:
        if offset + len(data) > self.size:
            raise OSError("past the end")
        self.data[offset : offset + len(data)] = data

    def flush(self) -> None:
        self.flushes += 1
        if self._kept:
            self.path.write_bytes(self.data)

    def close(self) -> None:
        self.flush()


class Socket:
    """The surroundings of one chip on the bench; keeps what came out of it."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.cpu_count = bench.cpu_count
        self.frame: Frame | None = None
        self.sent = bytearray()
        self.logged: list[str] = []
        self.events: list[str] = []
        self.windows: dict[int, bytearray] = {}
        self.shown: dict[int, mmap.mmap | None] = {}
        self.frames: list[bytes] = []
        self.ready = 0

    def now(self) -> int:
        return self.bench.ns

    def arm(self, alarm: int, deadline: int | None) -> None:
        if self.frame is not None:
            self.bench.arm(self.frame, alarm, deadline)

    def drive(self, port: int, index: int, level: bool) -> None:
        """Nothing is wired on the bench: probes read the level."""

    def log(self, text: str) -> None:
        self.logged.append(text)

    def send(self, data: bytes) -> None:
        self.sent += data
        self.frames.append(data)

    def receive_ready(self) -> None:
        self.ready += 1

    def open_image(self, path: str, readonly: bool, snapshot: bool) -> BenchImage:
        return BenchImage(path, readonly, snapshot)

    def dma_read(self, address: int, size: int) -> bytes | None:
        data = bytes(self.bench.memory[address : address + size])
        return data if len(data) == size else None

    def dma_write(self, address: int, data: bytes) -> bool:
        if address + len(data) > len(self.bench.memory):
            return False
        self.bench.memory[address : address + len(data)] = data
        return True

    def load(self, region: int, offset: int, data: bytes) -> None:
        window = self.windows.setdefault(region, bytearray())
        window[offset : offset + len(data)] = data

    def look(self, region: int, offset: int, size: int) -> bytes:
        return bytes(self.windows[region][offset : offset + size])

    def show(self, region: int, memory: mmap.mmap | None) -> None:
        self.shown[region] = memory

    def shutdown(self, why: str) -> None:
        self.events.append("shutdown")

    def restart(self, why: str) -> None:
        self.events.append("restart")


class Probe:
    """A chip from the outside: attributes are registers and lines.

    Reading and setting a register is a guest's access to the bus, counted ones with
    `probe.at("target", 3)` and `probe.at("target", 3, value)`. Lines read as levels; an
    input is set with `probe.drive("line", level, index)`. What else is known:
    `sent`, `logged`, `events`, `windows`, `shown`, and `device`, the chip itself. A
    network's `frames`: what it sent, and `offer` for one that comes.
    """

    _frame: Frame
    _socket: Socket

    def __init__(self, frame: Frame, socket: Socket) -> None:
        self.__dict__["_frame"] = frame
        self.__dict__["_socket"] = socket
        self.__dict__["device"] = frame.device
        self.__dict__["frame"] = frame

    def __getattr__(self, name: str) -> Any:
        device = self._frame.device
        if name in device.regs:
            return self._read(device.regs[name], 0)
        if name in device.outs or name in device.ins:
            return getattr(device, name)
        return getattr(self._socket, name)

    def __setattr__(self, name: str, value: int) -> None:
        device = self._frame.device
        if name not in device.regs:
            raise AttributeError(f"{device.model} has no register {name!r}")
        self._write(device.regs[name], 0, value)

    def at(self, name: str, index: int, value: int | None = None) -> int:
        """A counted register: read it, or write it if there is a value."""
        reg = self._frame.device.regs[name]
        if value is None:
            return self._read(reg, index)
        self._write(reg, index, value)
        return value

    def read(self, offset: int, size: int = 4, region: str = "") -> int:
        """A guest's read anywhere in a window."""
        value = self._frame.read(self._region(region), offset, size)
        self._socket.bench.ring_due()
        return value

    def write(self, offset: int, value: int, size: int = 4, region: str = "") -> None:
        """A guest's write anywhere in a window."""
        self._frame.write(self._region(region), offset, value, size)
        self._socket.bench.ring_due()

    def drive(self, port: str, level: bool | int, index: int = 0) -> None:
        """Set an input line."""
        number = list(self._frame.device.ins).index(port)
        self._frame.input(number, index, bool(level))

    def receive(self, data: bytes) -> None:
        """Bytes from the host."""
        self._frame.receive(data)

    def offer(self, data: bytes) -> int:
        """A frame from the network; gives its size, or 0 if it was not taken."""
        return self._frame.offer(data)

    def reset(self) -> None:
        """Reset the chip."""
        self._frame.reset()

    def save(self) -> dict[str, object]:
        """A snapshot."""
        return self._frame.save()

    def restore(self, saved: dict[str, object]) -> None:
        """Back to a snapshot."""
        self._frame.restore(saved)

    def _region(self, name: str) -> int:
        return list(self._frame.device.regions).index(name)

    def _read(self, reg: Reg, index: int) -> int:
        offset = reg.offset + index * reg.step
        return reg.value(self.read(offset, reg.bytes, reg.region))

    def _write(self, reg: Reg, index: int, value: int) -> None:
        self.write(reg.offset + index * reg.step, value, reg.bytes, reg.region)
