# SPDX-License-Identifier: Apache-2.0
"""Translated or interpreted code: a bare machine with three pieces of RAM.

A case starts behind a preamble that enables VFP and sets FPSCR, and is followed by UDF.
Whatever exception ends it, the vector saves R0 and FPSCR and powers the machine off.
"""

from __future__ import annotations

from types import SimpleNamespace

from cores.arm import core
from machinebuilder import accel, native
from machinebuilder.isa import registry
from tests.lockstep.engines import MODEL
from tests.lockstep.model import (
    CODE,
    CODE_SIZE,
    DATA,
    DATA_SIZE,
    ENDED,
    LOW,
    START,
    Case,
    CodeWindow,
    CpuState,
)

SVC_BANK, ABT_BANK, UND_BANK = 3, 4, 5
SVC, ABT, UND = 0x13, 0x17, 0x1B
CPACR_ALL, FPEXC_ENABLE = 0x00F0_0000, 0x4000_0000
SYSTEM_OFF = 0x8400_0008
HVC = 1
POWERED_OFF = 1
TIMEOUT_MS = 10_000

PREAMBLE, HANDLER, FPSCR_AT, LITERALS = 0x100, 0x200, 0x240, 0x280


def words(*values: int) -> bytes:
    """Little-endian words."""
    return b"".join(value.to_bytes(4, "little") for value in values)


def low_memory() -> bytes:
    """Vectors, the preamble and the handler."""
    page = bytearray(4096)
    for vector in range(0, 0x20, 4):
        page[vector : vector + 4] = words(0xEA00_0000 | (HANDLER - vector - 8) // 4)
    preamble = words(
        0xEE01_1F50,  # mcr p15, 0, r1, c1, c0, 2
        0xF57F_F06F,  # isb
        0xEEE8_2A10,  # vmsr fpexc, r2
        0xEEE1_0A10,  # vmsr fpscr, r0
        *(
            0xE59F_0000 | r << 12 | LITERALS + 4 * r - (PREAMBLE + 16 + 4 * r) - 8
            for r in range(3)
        ),  # ldr r0-r2, literals
        0xE59F_F000 | LITERALS + 12 - (PREAMBLE + 28) - 8,  # ldr pc, literal
    )
    page[PREAMBLE : PREAMBLE + len(preamble)] = preamble
    handler = words(
        0xE1A0_D000,  # mov sp, r0
        0xEEF1_0A10,  # vmrs r0, fpscr
        0xE58F_0000 | FPSCR_AT - (HANDLER + 8) - 8,  # str r0, fpscr
        0xE59F_0000 | FPSCR_AT + 4 - (HANDLER + 12) - 8,  # ldr r0, =SYSTEM_OFF
        0xE140_0070,  # hvc #0
    )
    page[HANDLER : HANDLER + len(handler)] = handler
    page[FPSCR_AT + 4 : FPSCR_AT + 8] = words(SYSTEM_OFF)
    return bytes(page)


class TranslatedEngine:
    """One vCPU of the engine."""

    def __init__(self, mode: str) -> None:
        self.name = mode
        engine = native.engine()
        self.lib, self.ffi = engine.lib, engine.ffi
        self.machine = self.lib.mb_machine_new(0, 0)
        self.bus = self.lib.mb_machine_memory(self.machine)
        for name, address, size in (
            ("low", LOW, 4096),
            ("code", CODE, CODE_SIZE),
            ("data", DATA, DATA_SIZE),
        ):
            assert self.lib.mb_bus_add_ram(self.bus, name.encode(), address, size)
        owner = SimpleNamespace(handle=self.machine)
        self.cpu = accel.find(mode, core.name).new_cpu(owner, core.name)
        for field, values in registry.find(MODEL).fields.items():
            for index, value in enumerate(values):
                self._set(field, value, index)
        self._set("psci", HVC)
        self.lib.mb_cpu_set_powered(self.cpu, 1)
        self._write(LOW, low_memory())
        self.window = CodeWindow(self._write)

    def __del__(self) -> None:
        self.lib.mb_machine_free(self.machine)

    # -- memory and fields -------------------------------------------------------------
    def _write(self, address: int, data: bytes) -> None:
        assert self.lib.mb_bus_write(self.bus, address, data, len(data)) == 0

    def _read(self, address: int, size: int) -> bytes:
        data = bytearray(size)
        assert (
            self.lib.mb_bus_read(self.bus, address, self.ffi.from_buffer(data), size)
            == 0
        )
        return bytes(data)

    def _set(self, field: str, value: int, index: int = 0) -> None:
        data = value.to_bytes(16, "little")
        assert (
            self.lib.mb_cpu_write_field(self.cpu, field.encode(), index, data, 16) > 0
        )

    def _get(self, field: str, index: int = 0) -> int:
        data = bytearray(16)
        assert (
            self.lib.mb_cpu_read_field(
                self.cpu, field.encode(), index, self.ffi.from_buffer(data), 16
            )
            > 0
        )
        return int.from_bytes(data, "little")

    def set_data(self, data: bytes) -> None:
        """The data window before a run."""
        self._write(DATA, data)

    def data(self) -> bytes:
        """The data window now."""
        return self._read(DATA, DATA_SIZE)

    # -- running -----------------------------------------------------------------------
    def run(self, case: Case) -> CpuState:
        """Run a case to its end."""
        self.lib.mb_machine_reset(self.machine)
        self.window.load(case)
        self._load_state(case)
        event = self.lib.mb_machine_run(self.machine, TIMEOUT_MS)
        if event != POWERED_OFF:
            why = self.ffi.string(self.lib.mb_machine_why(self.machine)).decode()
            return CpuState((0,) * 15, 0, 0, end=f"event {event}: {why}")
        return self._state(case)

    def _load_state(self, case: Case) -> None:
        before = case.before
        for i, value in enumerate(before.r):
            self._set("r", value, i)
        self._write(LOW + LITERALS, words(*before.r[:3], START | case.thumb))
        for i, value in enumerate((before.fpscr, CPACR_ALL, FPEXC_ENABLE)):
            self._set("r", value, i)
        for i, value in enumerate(before.d):
            self._set("d", value, i)
        for name, bit in (("n", 31), ("z", 30), ("c", 29), ("v", 28), ("q", 27)):
            self._set(name, before.cpsr >> bit & 1)
        self._set("ge", before.cpsr >> 16 & 15)
        self._set("vbar", LOW)
        self._set("pc", LOW + PREAMBLE)

    def _state(self, case: Case) -> CpuState:
        mode = self._get("mode")
        bank = {UND: UND_BANK, ABT: ABT_BANK}.get(mode)
        if bank is None:
            return CpuState((0,) * 15, self._get("pc"), 0, end=f"mode {mode:#x}")
        cpsr = self._get("bank_spsr", bank)
        registers = [self._get("r", i) for i in range(13)]
        registers[0] = self._get("r", 13)
        registers += [self._get("bank_r13", SVC_BANK), self._get("bank_r14", SVC_BANK)]
        fetched = mode == ABT and self._get("ifar") == (
            self._get("r", 14) - 4 & 0xFFFF_FFFF
        )
        back = 4 if fetched else 8 if mode == ABT else 2 if cpsr & 0x20 else 4
        pc = self._get("r", 14) - back & 0xFFFF_FFFF
        end = (
            ENDED
            if pc == case.end_pc or case.branches
            else ("undefined" if mode == UND else f"fault at {self._get('dfar'):#x}")
        )
        fpscr = int.from_bytes(self._read(LOW + FPSCR_AT, 4), "little")
        return CpuState(
            tuple(registers),
            pc,
            cpsr,
            tuple(self._get("d", i) for i in range(32)),
            fpscr,
            end,
        )
