# SPDX-License-Identifier: Apache-2.0
"""What a debugger sees of a stopped machine: CPUs as threads, registers, memory.

A thread's number is its CPU's plus one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from machinebuilder.isa.debug import Description, Feature, Register
from machinebuilder.machine.failure import MachineError

if TYPE_CHECKING:
    from machinebuilder.machine.cpu import Cpu
    from machinebuilder.machine.machine import Machine

HEAD = '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target>'
MOST_BREAKPOINTS = 1000


class Refused(Exception):  # noqa: N818 (an answer, not a failure)
    """The debugger asked for what cannot be done: it is told `E nn`."""


class Target:
    """The machine's side of a debugging session."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        if not machine.cpus or machine.cpus[0].core.gdb is None:
            raise MachineError("this machine's core has no description for gdb")
        self.description: Description = machine.cpus[0].core.gdb
        self.breakpoints: set[int] = set()
        self._applied: set[int] = set()

    # -- threads

    @property
    def threads(self) -> list[int]:
        """Every thread."""
        return [cpu.index + 1 for cpu in self.machine.cpus]

    def cpu(self, thread: int) -> Cpu:
        """A thread's CPU; Refused if there is none."""
        if not 1 <= thread <= len(self.machine.cpus):
            raise Refused(f"thread {thread}")
        return self.machine.cpus[thread - 1]

    # -- registers

    def xml(self) -> bytes:
        """The target description."""
        cpu = self.cpu(1)
        parts = [HEAD, f"<architecture>{self.description.architecture}</architecture>"]
        parts += [_feature(f) for f in self.description.features_of(cpu)]
        return "".join([*parts, "</target>"]).encode()

    def registers(self, thread: int) -> list[Register]:
        """By gdb's numbers."""
        return self.description.registers_of(self.cpu(thread))

    def read(self, thread: int, register: Register) -> bytes:
        """A register in the target's byte order."""
        value = register.get(self.cpu(thread))
        return value.to_bytes(register.bits // 8, self.description.byte_order)

    def write(self, thread: int, register: Register, data: bytes) -> None:
        """Set a register."""
        if len(data) != register.bits // 8:
            raise Refused(f"{register.name} has {register.bits} bits")
        register.set(
            self.cpu(thread), int.from_bytes(data, self.description.byte_order)
        )

    def jump(self, thread: int, address: int) -> None:
        """Go on at `address`."""
        register = next(r for r in self.registers(thread) if r.type == "code_ptr")
        register.set(self.cpu(thread), address & (1 << register.bits) - 1)

    # -- memory, as the thread's CPU sees it

    def read_memory(self, thread: int, address: int, size: int) -> bytes:
        """What is mapped from `address` on; Refused if nothing is."""
        cpu = self.cpu(thread)
        try:
            return cpu.read_memory(address, size)
        except ValueError:
            return self._read_mapped(cpu, address, size)

    def _read_mapped(self, cpu: Cpu, address: int, size: int) -> bytes:
        data = bytearray()
        try:
            while len(data) < size:
                at = address + len(data)
                data += cpu.read_memory(at, min(size - len(data), 4096 - at % 4096))
        except ValueError as error:
            if not data:
                raise Refused(str(error)) from None
        return bytes(data)

    def write_memory(self, thread: int, address: int, data: bytes) -> None:
        """Change memory; Refused where nothing is mapped."""
        try:
            self.cpu(thread).write_memory(address, data)
        except ValueError as error:
            raise Refused(str(error)) from None

    # -- breakpoints: told to the engine when the machine runs next

    def _checked(self, address: int, kind: int) -> int:
        if kind not in self.description.kinds:
            raise Refused(f"breakpoint kind {kind}")
        return address & -self.description.alignment

    def insert(self, address: int, kind: int) -> None:
        """Stop before the instruction at `address`."""
        if len(self.breakpoints) >= MOST_BREAKPOINTS:
            raise Refused("too many breakpoints")
        self.breakpoints.add(self._checked(address, kind))

    def remove(self, address: int, kind: int) -> None:
        """No longer."""
        self.breakpoints.discard(self._checked(address, kind))

    def apply(self) -> None:
        """Tell the engine, if anything changed."""
        if self.breakpoints != self._applied:
            self.machine.set_breakpoints(self.breakpoints)
            self._applied = set(self.breakpoints)


def _feature(feature: Feature) -> str:
    registers = "".join(
        f'<reg name={quoteattr(r.name)} bitsize="{r.bits}" type={quoteattr(r.type)}/>'
        for r in feature.registers
    )
    inside = feature.types + registers
    return f"<feature name={quoteattr(feature.name)}>{inside}</feature>"
