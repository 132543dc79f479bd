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
from typing import Any, cast

from machinebuilder.device.access import RegisterFile
from machinebuilder.device.chip import ChipClock, ChipMemory, Device, resolve_count
from machinebuilder.device.declare import Param
from machinebuilder.device.register import RegArray
from machinebuilder.device.surroundings import Surroundings


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
        self.device = chip.__new__(chip)
        self.trace: Callable[[str], None] | None = None
        self._waiting = b""
        self._install(chip, name, params)
        self._install_ports(chip)
        self._install_windows(chip, sizes or {})
        self.device.__init__()  # type: ignore[misc]

    # -- what the machine calls

    def reset(self) -> None:
        """Power on, or reset: declared state gets its initial values."""
        chip, state = type(self.device), self.device.__dict__
        state["_values"] = {name: reg.fresh() for name, reg in chip.regs.items()}
        state["_views"].clear()
        state["_states"] = {name: s.fresh() for name, s in chip.states.items()}
        self._waiting = b""
        for handle in state["_alarms"].values():
            handle.cancel()
        self.device.power_on()
        self.settle()

    def read(self, region: int, offset: int, size: int) -> int:
        """A guest's read of `size` bytes."""
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
        declared = self._ins[port]
        levels = self.device.__dict__["_in_levels"][declared.name]
        if levels[index] == level:
            return
        levels[index] = level
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

    def power_button(self) -> bool:
        """The machine's power button is pressed; True if this chip has it."""
        found = self.device.power_button()
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
        for port, index, levels, derive in self._derived:
            level = bool(derive())
            if level != levels[index]:
                levels[index] = level
                self.outside.drive(port, index, level)

    def save(self) -> dict[str, object]:
        """Everything declared, as plain data."""
        state = self.device.__dict__
        values = {n: _plain(v) for n, v in state["_values"].items()}
        return {
            "registers": values,
            "state": copy.deepcopy(state["_states"]),
            "inputs": copy.deepcopy(state["_in_levels"]),
            "alarms": {n: a.deadline for n, a in state["_alarms"].items()},
            "waiting": self._waiting,
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Put back what `save` gave."""
        chip, state = type(self.device), self.device.__dict__
        for name, value in saved["registers"].items():
            reg = chip.regs[name]
            restored = RegArray(reg, list(value)) if reg.count > 1 else value
            state["_values"][name] = restored
        state["_views"].clear()
        state["_states"].update(copy.deepcopy(saved["state"]))
        for name, levels in saved["inputs"].items():
            state["_in_levels"][name][:] = levels
        self._waiting = saved["waiting"]
        for name, deadline in saved["alarms"].items():
            handle = state["_alarms"][name]
            if deadline is None:
                handle.cancel()
            else:
                handle.at_ns(deadline)
        self.settle()

    # -- making the instance

    def _install(
        self, chip: type[Device], name: str, params: Mapping[str, object]
    ) -> None:
        device = self.device
        device.name = name
        device.clock = ChipClock(self.outside)
        device.dma = ChipMemory(self.outside)
        device._outside = self.outside
        state = device.__dict__
        state["_params"] = {n: _param(p, params) for n, p in chip.params.items()}
        state["_values"] = {n: reg.fresh() for n, reg in chip.regs.items()}
        state["_views"] = {}
        state["_states"] = {n: s.fresh() for n, s in chip.states.items()}
        state["_alarms"] = {
            n: AlarmHandle(alarm, index, self.outside)
            for index, (n, alarm) in enumerate(chip.alarms.items())
        }
        self._alarms = list(state["_alarms"].values())

    def _install_ports(self, chip: type[Device]) -> None:
        state, cpus = self.device.__dict__, self.outside.cpu_count

        def lines(count: int | str) -> list[bool]:
            return [False] * resolve_count(count, state["_params"], cpus)

        state["_in_levels"] = {n: lines(i.count) for n, i in chip.ins.items()}
        state["_out_levels"] = {n: lines(o.count) for n, o in chip.outs.items()}
        self._ins = list(chip.ins.values())
        self._derived: list[tuple[int, int, list[bool], Callable[[], object]]] = []
        for port, out in enumerate(chip.outs.values()):
            levels = state["_out_levels"][out.name]
            for index in range(len(levels)):
                if out.on_level is not None:
                    derive = _bound(out.on_level, self.device, out.count, index)
                    self._derived.append((port, index, levels, derive))

    def _install_windows(self, chip: type[Device], sizes: Mapping[str, int]) -> None:
        self._windows = [RegisterFile(self.device, r) for r in chip.regions.values()]
        self.device.__dict__["_windows"] = {
            name: WindowHandle(index, region.span or sizes.get(name, 0), self.outside)
            for index, (name, region) in enumerate(chip.regions.items())
        }

    def _where(self, region: int, offset: int) -> str:
        return f"{self.device.name} {self._windows[region].name_at(offset)}"


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

    def show(self, memory: mmap.mmap) -> None:
        """Let CPUs read a window of flash from `memory`, without asking the chip."""
        self._outside.show(self._index, memory)

    def hide(self) -> None:
        """Ask the chip again."""
        self._outside.show(self._index, None)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, RegArray) else value


def _bound(
    handler: Callable[..., object], device: Device, count: int | str, index: int
) -> Callable[[], object]:
    if count == 1:
        return cast(Callable[[], object], handler.__get__(device))
    return lambda: handler(device, index)


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
