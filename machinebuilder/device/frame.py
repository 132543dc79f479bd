# SPDX-License-Identifier: Apache-2.0
"""How a declared chip behaves: the frame between a Python chip and what it stands in.

`Frame(chip, name, params, outside)` makes the chip. The machine calls the frame, the
frame the chip's handlers; after each access, line change, alarm or received byte the
output levels are derived anew. Callers make sure that one thread is in at a time.
"""

from __future__ import annotations

import copy
import mmap
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from machinebuilder.device.access import LOW, RegisterFile
from machinebuilder.device.chip import ChipClock, ChipMemory, Device, resolve_count
from machinebuilder.device.declare import IrqIn, IrqOut, Param
from machinebuilder.device.register import RegArray
from machinebuilder.device.surroundings import Image, Surroundings


class Frame:
    """One chip, running."""

    def __init__(
        self,
        chip: type[Device],
        name: str,
        params: Mapping[str, object],
        outside: Surroundings,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        self.outside = outside
        self.chip = chip
        self.device = chip.__new__(chip)
        self.trace: Callable[[str], None] | None = None
        self._state = self.device.__dict__
        self._waiting = b""
        self.relatives: list[Frame] = []
        """The chips of its buses, and the one whose bus it sits on."""
        self._install(name, params)
        self._install_ports()
        self._install_windows(sizes or {})
        self._set_fresh()
        self.device.__init__()  # type: ignore[misc]

    # -- what the machine calls

    def reset(self) -> None:
        """Power on, or reset: declared state gets its initial values."""
        self._set_fresh()
        self._waiting = b""
        for handle in self._alarms:
            handle.cancel()
        self.device.power_on()
        self.settle()

    def read(self, region: int, offset: int, size: int) -> int:
        """A guest's read of `size` bytes."""
        entry = self._entries[region].get(offset)
        if entry is not None and size <= entry[0]:
            value = entry[1]() & LOW[size]
            if entry[3] and not self.trace:
                return value
        else:
            value = self._windows[region].read(offset, size)
        if self.trace:
            self.trace(f"read  {self._where(region, offset)}/{size} = {value:#x}")
        self.settle()
        return value

    def write(self, region: int, offset: int, value: int, size: int) -> None:
        """A guest's write of `size` bytes."""
        if self.trace:
            self.trace(f"write {self._where(region, offset)}/{size} = {value:#x}")
        self._windows[region].write(offset, value, size)
        self.settle()

    def input(self, port: int, index: int, level: bool) -> None:
        """An input line has a level; nothing happens if it had it before."""
        declared, levels = self._ins[port]
        if levels[index] == level:
            return
        levels[index] = level
        self._state[declared.name] = level if declared.count == 1 else tuple(levels)
        if declared.on_change and declared.count == 1:
            declared.on_change(self.device, level)
        elif declared.on_change:
            declared.on_change(self.device, level, index)
        self.settle()

    def ring(self, alarm: int) -> None:
        """An alarm's time has come."""
        handle = self._alarms[alarm]
        handle.deadline = None
        if handle.declared.on_ring:
            handle.declared.on_ring(self.device)
        self.settle()

    def receive(self, data: bytes) -> None:
        """Bytes from the host; what the chip cannot take yet waits."""
        self._waiting += data
        self.settle()

    def offer(self, frame: bytes) -> int:
        """A network's frame; gives its size, or 0 if the chip cannot take it now."""
        taken = self.device.receive(frame)
        self.settle()
        return taken

    def adopt(self, bus: str, key: int | str, child: Frame) -> None:
        """`child` sits on a bus of this chip."""
        self._state[bus][key] = child.device
        child.device.parent = self.device
        self.relatives.append(child)
        child.relatives.append(self)

    def power_button(self) -> bool:
        """The machine's power button is pressed; True if this chip has it."""
        found = self.device.power_button()
        self.settle()
        return found

    def key(self, code: int, down: bool) -> bool:
        """A key goes down or up; True if this chip has the keyboard."""
        found = self.device.key(code, down)
        self.settle()
        return found

    def pointer(self, dx: int, dy: int, wheel: int, buttons: int) -> bool:
        """The mouse moves; True if this chip has it."""
        found = self.device.pointer(dx, dy, wheel, buttons)
        self.settle()
        return found

    def fill(self, offset: int, data: bytes) -> None:
        """Bytes for a window of flash, from outside the guest."""
        self.device.fill(offset, data)
        self.reset()

    def settle(self) -> None:
        """Derive every output from state, and drive those that changed."""
        if self._waiting:
            self._waiting = self._waiting[self.device.receive(self._waiting) :]
        self.derive()
        for relative in self.relatives:
            relative.derive()

    def derive(self) -> None:
        """Drive the outputs whose level is another now."""
        for line in self._derived:
            level = True if line.derive() else False  # noqa: SIM210 (faster than bool)
            if level is not line.level:
                self._change(line, level)

    def _change(self, line: OutLine, level: bool) -> None:
        line.level = level
        lines = self._outs[line.port]
        single = self.chip.outs[line.name].count == 1
        levels = tuple(other.level for other in lines)
        self._state[line.name] = level if single else levels
        self.outside.drive(line.port, line.index, level)

    # -- snapshots

    def save(self) -> dict[str, object]:
        """Everything declared, as plain data."""
        chip, state = self.chip, self._state
        return {
            "registers": {name: _plain(state[name]) for name in chip.regs},
            "state": {name: copy.deepcopy(state[name]) for name in chip.states},
            "inputs": {d.name: list(levels) for d, levels in self._ins},
            "alarms": {a.declared.name: a.deadline for a in self._alarms},
            "waiting": self._waiting,
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Put back what `save` gave."""
        for name, value in saved["registers"].items():
            reg = self.chip.regs[name]
            if reg.count > 1:
                self._state[name] = RegArray(reg, list(value))
            else:
                reg.store(self.device, value)
        self._state.update(copy.deepcopy(saved["state"]))
        for declared, levels in self._ins:
            levels[:] = saved["inputs"][declared.name]
            single = declared.count == 1
            self._state[declared.name] = levels[0] if single else tuple(levels)
        self._waiting = saved["waiting"]
        for handle in self._alarms:
            deadline = saved["alarms"][handle.declared.name]
            if deadline is None:
                handle.cancel()
            else:
                handle.at_ns(deadline)
        self.settle()

    # -- making the instance: values go where attributes are looked up first

    def _install(self, name: str, params: Mapping[str, object]) -> None:
        device = self.device
        device.name = name
        device.clock = ChipClock(self.outside)
        device.dma = ChipMemory(self.outside)
        device._outside = self.outside
        device.parent = None
        for declared in self.chip.params.values():
            self._state[declared.name] = _param(declared, params)
        for bus in self.chip.buses:
            self._state[bus] = {}
        device.disk = _disk(self.chip, self._state, self.outside)
        self._alarms = [
            AlarmHandle(alarm, index, self.outside)
            for index, alarm in enumerate(self.chip.alarms.values())
        ]
        self._state.update((a.declared.name, a) for a in self._alarms)

    def _set_fresh(self) -> None:
        for reg in self.chip.regs.values():
            reg.store_fresh(self.device)
        for declared in self.chip.states.values():
            if not (declared.kept and declared.name in self._state):
                self._state[declared.name] = declared.fresh()

    def _install_ports(self) -> None:
        self._ins = [(i, [False] * self._count(i)) for i in self.chip.ins.values()]
        for declared, levels in self._ins:
            single = declared.count == 1
            self._state[declared.name] = False if single else tuple(levels)
        self._outs = [
            [OutLine(self.device, out, port, n) for n in range(self._count(out))]
            for port, out in enumerate(self.chip.outs.values())
        ]
        for out, lines in zip(self.chip.outs.values(), self._outs, strict=True):
            many = (False,) * len(lines)
            self._state[out.name] = False if out.count == 1 else many
        self._derived = [
            line
            for out, lines in zip(self.chip.outs.values(), self._outs, strict=True)
            for line in lines
            if out.on_level is not None
        ]

    def _count(self, port: IrqIn | IrqOut) -> int:
        return resolve_count(port.count, self._state, self.outside.cpu_count)

    def _install_windows(self, sizes: Mapping[str, int]) -> None:
        regions = self.chip.regions.values()
        self._windows = [RegisterFile(self.device, region) for region in regions]
        # Narrow reads of the low bytes go the short way only where these come first.
        self._entries = [
            {} if self.chip.big_endian else window.entries for window in self._windows
        ]
        for index, region in enumerate(regions):
            size = sizes.get(region.name) or region.span or 0
            handle = WindowHandle(index, size, self.outside)
            self._state[region.attribute or region.name] = handle

    def _where(self, region: int, offset: int) -> str:
        return f"{self.device.name} {self._windows[region].name_at(offset)}"


class OutLine:
    """One line of an output: how its level is derived, and what it was last."""

    def __init__(self, device: Device, out: IrqOut, port: int, index: int) -> None:
        self.name = out.name
        self.port = port
        self.index = index
        self.level = False
        handler = out.on_level
        self.derive: Callable[[], object] = lambda: False
        if handler is not None and out.count == 1:
            self.derive = handler.__get__(device)
        elif handler is not None:
            self.derive = lambda: handler(device, index)


class AlarmHandle:
    """`self.alarm` of a chip."""

    def __init__(self, declared: Any, index: int, outside: Surroundings) -> None:
        self.declared = declared
        self.deadline: int | None = None
        self._index = index
        self._outside = outside

    def at(self, seconds: float) -> None:
        """Ring `seconds` after power-on; at once if that is past."""
        self.at_ns(int(seconds * 1_000_000_000))

    def at_ns(self, ns: int) -> None:
        """Ring `ns` nanoseconds after power-on; at once if that is past."""
        self.deadline = ns
        self._outside.arm(self._index, ns)

    def cancel(self) -> None:
        """Do not ring."""
        if self.deadline is not None:
            self.deadline = None
            self._outside.arm(self._index, None)


class WindowHandle:
    """`self.window` of a chip: its size, and real memory behind it."""

    def __init__(self, index: int, size: int, outside: Surroundings) -> None:
        self.size = size
        self._index = index
        self._outside = outside

    def load(self, offset: int, data: bytes) -> None:
        """Fill a window declared with `memory`."""
        self._outside.load(self._index, offset, data)

    def look(self, offset: int, size: int) -> bytes:
        """What is in a window declared with `memory`."""
        return self._outside.look(self._index, offset, size)

    def show(self, memory: mmap.mmap) -> None:
        """Let CPUs read a window of flash from `memory`, without asking the chip."""
        self._outside.show(self._index, memory)

    def hide(self) -> None:
        """Ask the chip again."""
        self._outside.show(self._index, None)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, RegArray) else value


def _disk(
    chip: type[Device], params: Mapping[str, Any], outside: Surroundings
) -> Image | None:
    """The image of a chip that is a disk, if the board gives one."""
    path = params.get("image") if chip.host in ("disk", "cdrom", "floppy") else None
    if not path:
        return None
    return outside.open_image(str(path), params["readonly"], params["snapshot"])


def _param(declared: Param, given: Mapping[str, object]) -> object:
    value = given.get(declared.name, declared.default)
    return unix_time(value) if declared.type == "time" else value


def unix_time(value: object) -> int:
    """Seconds since 1970 of a `time` parameter: "host", a number, or ISO 8601."""
    if isinstance(value, int):
        return value
    if value is None or value == "host":
        return int(time.time())
    return int(datetime.fromisoformat(str(value)).timestamp())
