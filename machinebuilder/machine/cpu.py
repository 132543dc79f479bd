# SPDX-License-Identifier: Apache-2.0
"""A CPU of a machine: its state by name, its memory by virtual address."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from machinebuilder import accel as executors
from machinebuilder import native
from machinebuilder.board.plan import CpuPlan
from machinebuilder.isa import registry
from machinebuilder.machine.failure import check

if TYPE_CHECKING:
    from machinebuilder.machine.machine import Machine

WIDEST = 16
LONGEST_TEXT = 256


class Cpu:
    """`machine.cpus[0]`: registers and other state, while the machine is stopped."""

    def __init__(self, machine: Machine, plan: CpuPlan, accel: str) -> None:
        self.machine = machine
        self.plan = plan
        self.name = plan.name
        self.index = plan.index
        self.model = registry.find(plan.model)
        self.core = self.model.core
        self._engine = native.engine()
        executor = executors.find(accel, self.core.name)
        self.handle: Any = check(executor.new_cpu(machine, self.core.name))
        """The engine's `struct mb_cpu *`."""
        getattr(executor, "prepare_cpu", lambda cpu: None)(self)
        self._set_model(plan.params)
        self.set_powered(plan.index == 0)

    def _set_model(self, params: Mapping[str, object]) -> None:
        """The model's identity, and parameters: a state field of its name, if any."""
        for field, values in self.model.fields.items():
            for index, power_on in enumerate(values):
                self.set(field, power_on, index)
        for name, value in params.items():
            declared = self.core.params[name]
            if name not in self.core.state.fields:
                continue
            if declared.type == "choice":
                self.set(name, declared.choices.index(str(value)))
            elif isinstance(value, int):
                self.set(name, value)

    def set(self, field: str, value: int, index: int = 0) -> None:
        """Set a state field; of an array, one element."""
        data = int(value).to_bytes(WIDEST, "little")
        check(
            self._engine.lib.mb_cpu_write_field(
                self.handle, field.encode(), index, data, WIDEST
            )
        )

    def get(self, field: str, index: int = 0) -> int:
        """A state field; of an array, one element."""
        data = bytearray(WIDEST)
        check(
            self._engine.lib.mb_cpu_read_field(
                self.handle,
                field.encode(),
                index,
                self._engine.ffi.from_buffer(data),
                WIDEST,
            )
        )
        return int.from_bytes(data, "little")

    def start_at(self, address: int) -> None:
        """Begin at `address` when the machine runs."""
        self.set("pc", address)
        self.set_powered(True)

    def set_powered(self, on: bool) -> None:
        """Whether the CPU runs from reset on, or waits for another to start it."""
        self._engine.lib.mb_cpu_set_powered(self.handle, int(on))

    def get_flag(self, name: str) -> int:
        """A translation flag of the state."""
        flag = self.core.state.flags[name]
        return (self.get("flags") & flag.mask) >> flag.shift

    def set_flag(self, name: str, value: int) -> None:
        """Set a translation flag of the state."""
        flag = self.core.state.flags[name]
        others = self.get("flags") & ~flag.mask
        self.set("flags", others | value << flag.shift & flag.mask)

    def has(self, feature: str) -> bool:
        """Does the CPU's model have `feature`?"""
        return feature in self.model.features

    def step(self, masked: bool = False) -> None:
        """One instruction; `masked`: interrupts wait, as someone who debugs expects."""
        lib = self._engine.lib
        step = lib.mb_cpu_step_masked if masked else lib.mb_cpu_step
        check(step(self.handle))

    def read_memory(self, address: int, size: int) -> bytes:
        """Memory as the CPU sees it now; ValueError where nothing is mapped."""
        data = bytearray(size)
        view = self._engine.ffi.from_buffer(data)
        if self._engine.lib.mb_cpu_read_memory(self.handle, address, view, size):
            raise ValueError(f"{self.name}: {address:#x} to +{size} is not mapped")
        return bytes(data)

    def write_memory(self, address: int, data: bytes) -> None:
        """Change memory as the CPU sees it; ValueError where nothing is mapped."""
        size = len(data)
        if self._engine.lib.mb_cpu_write_memory(self.handle, address, data, size):
            raise ValueError(f"{self.name}: {address:#x} to +{size} is not mapped")

    def disassemble(self, address: int) -> tuple[str, int]:
        """One instruction as text, and its length: 0 where nothing is mapped."""
        text = self._engine.ffi.new(f"char[{LONGEST_TEXT}]")
        length = self._engine.lib.mb_cpu_disassemble(
            self.handle, address, text, LONGEST_TEXT
        )
        return self._engine.ffi.string(text).decode(), int(length)

    def input_number(self, port: str, index: int = 0) -> int:
        """The engine's number of one line of an input."""
        before = itertools.takewhile(lambda name: name != port, self.core.ins)
        return sum(int(self.core.ins[name].count) for name in before) + index

    def output_number(self, port: str) -> int:
        """The engine's number of an output."""
        return list(self.core.outs).index(port)
