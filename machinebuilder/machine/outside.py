# SPDX-License-Identifier: Apache-2.0
"""Devices of a running machine: Python chips and native ones, as the engine has them.

A Python chip's accesses come from vCPU threads through callbacks.py. One lock serves
all Python chips of a machine, so that chips that drive each other's lines cannot
deadlock. What goes wrong in one stops the machine, with its name and traceback.
"""

from __future__ import annotations

import mmap
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from machinebuilder import native
from machinebuilder.board.plan import DevicePlan
from machinebuilder.device import Device, Picture
from machinebuilder.device.frame import Frame, unix_time
from machinebuilder.host.disk import Disk
from machinebuilder.machine.failure import check

if TYPE_CHECKING:
    from machinebuilder.host.console import Console
    from machinebuilder.machine.machine import Machine

Result = TypeVar("Result")

EVENT_POWEROFF, EVENT_RESET, EVENT_ERROR = 1, 2, 3
NEVER = (1 << 63) - 1
WORD = (1 << 64) - 1


class MachineDevice:
    """A device of a machine: `machine.devices["uart0"]`."""

    def __init__(self, machine: Machine, plan: DevicePlan, chip: type[Device]) -> None:
        self.machine = machine
        self.plan = plan
        self.chip = chip
        self.name = plan.name
        self.console: Console | None = None
        self.handle: Any = None
        """The engine's `struct mb_dev *`."""

    def create(self) -> None:
        """Everything is wired: the chip may look around."""

    def give(self, data: bytes) -> int:
        """Bytes from the host; gives how many were taken."""
        raise NotImplementedError

    def connect(self, console: Console) -> None:
        """Join a console to the chip."""
        self.console = console
        console.attach(self.give)

    def configure(self, items: Mapping[int | str, bytes]) -> None:
        """Items for firmware, which the chip keeps for it."""
        raise NotImplementedError(f"{self.chip.model} is native")

    def power_button(self) -> bool:
        """Press the power button; True if the chip has it."""
        return False

    def key(self, code: int, down: bool) -> bool:
        """A key goes down or up; True if the chip has the keyboard."""
        return False

    def pointer(self, dx: int, dy: int, wheel: int, buttons: int) -> bool:
        """The mouse moves; True if the chip has it."""
        return False

    def picture(self) -> Picture | None:
        """What is on the screen of a chip that has one."""
        return None

    def save(self) -> object:
        """The chip's state, for `restore`; while the machine is stopped."""
        raise NotImplementedError

    def restore(self, saved: Any) -> None:
        """Put back what `save` gave; MachineError if it is of another chip."""
        raise NotImplementedError

    def trace(self, sink: Callable[[str], None] | None) -> None:
        """Tell `sink` of every access, or stop that; a native chip has no trace."""

    def close(self) -> None:
        """The machine ends."""

    def accesses(self) -> tuple[int, int]:
        """How often the guest's CPUs read and wrote it."""
        engine = native.engine()
        reads, writes = engine.ffi.new("uint64_t *"), engine.ffi.new("uint64_t *")
        engine.lib.mb_dev_accesses(self.handle, reads, writes)
        return int(reads[0]), int(writes[0])

    def read(self, offset: int, size: int = 4, region: str = "") -> int:
        """A register, as the guest would read it (with the side effects)."""
        number = list(self.chip.regions).index(region)
        lib = native.engine().lib
        return int(lib.mb_dev_peek(self.handle, number, offset, size))

    def write(self, offset: int, value: int, size: int = 4, region: str = "") -> None:
        """A register, as the guest would write it."""
        number = list(self.chip.regions).index(region)
        native.engine().lib.mb_dev_poke(self.handle, number, offset, value, size)


class NativeDevice(MachineDevice):
    """A chip in C."""

    def __init__(self, machine: Machine, plan: DevicePlan, chip: type[Device]) -> None:
        super().__init__(machine, plan, chip)
        engine = native.engine()
        self.handle = check(
            engine.lib.mb_dev_new_native(
                machine.handle, plan.name.encode(), self.behaviour()
            )
        )
        self._self = engine.ffi.new_handle(self)
        given = {n: value for n, value in plan.params.items() if value is not None}
        for name, value in {**chip.from_host(), **given}.items():
            self._set_param(name, value)

    def behaviour(self) -> Any:
        """The engine's `struct mb_chip *`."""
        return native.chip(self.chip.model)

    def _set_param(self, name: str, value: object) -> None:
        lib = native.engine().lib
        declared = self.chip.params.get(name)
        if declared is not None and declared.type == "time":
            value = unix_time(value)
        if isinstance(value, bool | int):
            check(lib.mb_dev_set_param(self.handle, name.encode(), int(value) & WORD))
        elif value is not None:
            text = str(value).encode()
            check(lib.mb_dev_set_param_str(self.handle, name.encode(), text))

    def create(self) -> None:
        check(native.engine().lib.mb_dev_create(self.handle))

    def power_button(self) -> bool:
        """Of a chip with an input `power_button`."""
        if "power_button" not in self.chip.ins:
            return False
        number = list(self.chip.ins).index("power_button")
        for level in (1, 0):
            native.engine().lib.mb_dev_set_input(self.handle, number, 0, level)
        return True

    def give(self, data: bytes) -> int:
        return int(native.engine().lib.mb_dev_give(self.handle, data, len(data)))

    def picture(self) -> Picture | None:
        engine = native.engine()
        width, height = engine.ffi.new("unsigned *"), engine.ffi.new("unsigned *")
        pixels = bytearray()
        while True:  # the guest may choose another size meanwhile
            room = len(pixels)
            view = engine.ffi.from_buffer(pixels)
            size = engine.lib.mb_dev_picture(self.handle, width, height, view, room)
            if not size:
                return None
            if size <= room:
                return Picture(width[0], height[0], bytes(pixels[:size]))
            pixels = bytearray(size)

    def save(self) -> bytes:
        engine = native.engine()
        data = bytearray(engine.lib.mb_dev_save(self.handle, engine.ffi.NULL, 0))
        view = engine.ffi.from_buffer(data)
        engine.lib.mb_dev_save(self.handle, view, len(data))
        return bytes(data)

    def restore(self, saved: Any) -> None:
        check(native.engine().lib.mb_dev_restore(self.handle, saved, len(saved)))

    def connect(self, console: Console) -> None:
        native.engine().lib.mb_dev_set_handle(self.handle, self._self)
        super().connect(console)

    # from callbacks.py

    def sent(self, data: bytes) -> None:
        """The chip has bytes for the host."""
        if self.console is not None:
            self.console.send(data)

    def ready(self) -> None:
        """The chip has room again."""
        if self.console is not None:
            self.console.receive_ready()


class KernelDevice(NativeDevice):
    """A chip that the hypervisor has itself: its inputs go there."""

    def __init__(self, machine: Machine, plan: DevicePlan, chip: type[Device]) -> None:
        super().__init__(machine, plan, chip)
        self._set_param("in_kernel", chip.in_kernel)

    def behaviour(self) -> Any:
        return native.engine().lib.mb_kvm_proxy()


class PythonDevice(MachineDevice):
    """A chip in Python: the surroundings of its frame."""

    def __init__(self, machine: Machine, plan: DevicePlan, chip: type[Device]) -> None:
        super().__init__(machine, plan, chip)
        engine = native.engine()
        self.cpu_count = len(machine.plan.cpus)
        self._lib = engine.lib
        self._ffi = engine.ffi
        self._lock: threading.RLock = machine.lock
        self._self = engine.ffi.new_handle(self)
        self.handle = check(
            engine.lib.mb_dev_new_python(machine.handle, plan.name.encode(), self._self)
        )
        for _ in chip.alarms:
            self._lib.mb_dev_add_alarm(self.handle)
        self._memory: dict[int, Any] = {}
        self._images: list[Disk] = []
        sizes = {place.region: place.size for place in plan.places}
        self.frame = Frame(chip, plan.name, plan.params, self, sizes)
        self._logged: set[str] = set()

    # -- callbacks: any thread

    def on_read(self, region: int, offset: int, size: int) -> int:
        """The guest reads."""
        try:
            with self._lock:
                return self.frame.read(region, offset, size)
        except BaseException as error:
            self._fail(error)
            return 0

    def on_write(self, region: int, offset: int, value: int, size: int) -> None:
        """The guest writes."""
        try:
            with self._lock:
                self.frame.write(region, offset, value, size)
        except BaseException as error:
            self._fail(error)

    def on_input(self, port: int, index: int, level: bool) -> None:
        """An input line changed."""
        self._guarded(lambda: self.frame.input(port, index, level))

    def on_ring(self, alarm: int) -> None:
        """An alarm's time has come."""
        self._guarded(lambda: self.frame.ring(alarm))

    def on_reset(self) -> None:
        """Power on, or reset."""
        self._guarded(self.frame.reset)

    def give(self, data: bytes) -> int:
        self._guarded(lambda: self.frame.receive(data))
        return len(data)

    def on_receive(self, data: bytes) -> int:
        """A network has a frame; gives its size, or 0 if it is not taken now."""
        return self._guarded(lambda: self.frame.offer(data)) or 0

    def configure(self, items: Mapping[int | str, bytes]) -> None:
        with self._lock:
            self.frame.device.configure(items)

    def power_button(self) -> bool:
        return bool(self._guarded(self.frame.power_button))

    def key(self, code: int, down: bool) -> bool:
        return bool(self._guarded(lambda: self.frame.key(code, down)))

    def pointer(self, dx: int, dy: int, wheel: int, buttons: int) -> bool:
        move = (dx, dy, wheel, buttons)
        return bool(self._guarded(lambda: self.frame.pointer(*move)))

    def picture(self) -> Picture | None:
        return self._guarded(self.frame.device.picture)

    def save(self) -> dict[str, object]:
        with self._lock:
            return self.frame.save()

    def restore(self, saved: Any) -> None:
        with self._lock:
            self.frame.restore(saved)

    def trace(self, sink: Callable[[str], None] | None) -> None:
        self.frame.trace = sink

    def close(self) -> None:
        self._guarded(self.frame.device.close)
        for image in self._images:
            image.close()

    def _guarded(self, action: Callable[[], Result]) -> Result | None:
        try:
            with self._lock:
                return action()
        except BaseException as error:
            self._fail(error)
            return None

    def _fail(self, error: BaseException) -> None:
        text = "".join(traceback.format_exception(error))
        self.machine.fail(f"device {self.name} ({self.chip.model}): {error!r}", text)

    def fill(self, offset: int, data: bytes) -> None:
        """Bytes for a window of flash, from outside the guest."""
        with self._lock:
            self.frame.fill(offset, data)

    # -- Surroundings: what the chip asks for

    def now(self) -> int:
        now: int = self._lib.mb_machine_clock_ns(self.machine.handle)
        return now

    def arm(self, alarm: int, deadline: int | None) -> None:
        deadline = NEVER if deadline is None else deadline
        self._lib.mb_dev_arm(self.handle, alarm, deadline)

    def drive(self, port: int, index: int, level: bool) -> None:
        self._lib.mb_dev_drive(self.handle, port, index, level)

    def log(self, text: str) -> None:
        if text not in self._logged and len(self._logged) < 1000:
            self._logged.add(text)
            self.machine.log(self.name, text)

    def send(self, data: bytes) -> None:
        if self.plan.host == "net":
            self._lib.mb_dev_emit(self.handle, data, len(data))
        elif self.console is not None:
            self.console.send(data)

    def receive_ready(self) -> None:
        self._lib.mb_dev_emit_ready(self.handle)

    def open_image(self, path: str, readonly: bool, snapshot: bool) -> Disk:
        self._images.append(Disk(path, readonly, snapshot))
        return self._images[-1]

    def dma_read(self, address: int, size: int) -> bytes | None:
        data = bytearray(size)
        done = self._lib.mb_dev_dma_read(
            self.handle, address, self._ffi.from_buffer(data), size
        )
        return None if done else bytes(data)

    def dma_write(self, address: int, data: bytes) -> bool:
        return not self._lib.mb_dev_dma_write(self.handle, address, data, len(data))

    def load(self, region: int, offset: int, data: bytes) -> None:
        name = list(self.chip.regions)[region]
        memory = self._lib.mb_dev_region_memory(self.handle, region)
        if memory != self._ffi.NULL:
            part = data[: max((self.chip.regions[name].span or 0) - offset, 0)]
            self._ffi.memmove(memory + offset, part, len(part))
            return
        for place in self.plan.places:
            if place.region == name:
                room = data[: max(place.size - offset, 0)]
                self.machine.bus(place.bus).write(place.address + offset, room)

    def look(self, region: int, offset: int, size: int) -> bytes:
        name = list(self.chip.regions)[region]
        memory = self._lib.mb_dev_region_memory(self.handle, region)
        if memory != self._ffi.NULL:
            return bytes(self._ffi.buffer(memory + offset, size))
        place = next(place for place in self.plan.places if place.region == name)
        return self.machine.bus(place.bus).read(place.address + offset, size)

    def show(self, region: int, memory: mmap.mmap | None) -> None:
        view = self._ffi.NULL if memory is None else self._ffi.from_buffer(memory)
        self._memory[region] = (view, memory)
        self._lib.mb_dev_region_rom(self.handle, region, view)

    def shutdown(self, why: str) -> None:
        self._lib.mb_machine_post(self.machine.handle, EVENT_POWEROFF, why.encode())

    def restart(self, why: str) -> None:
        self._lib.mb_machine_post(self.machine.handle, EVENT_RESET, why.encode())
