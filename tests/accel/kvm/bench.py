"""Machines of a CPU on KVM, memory, and chips that watch what the guest does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from machinebuilder.board.plan import CpuPlan, DevicePlan, Place, Plan, Wire
from machinebuilder.boot import Images
from machinebuilder.device import Device, IrqOut, Region, registry
from machinebuilder.machine import Machine
from machinebuilder.machine.build import build
from tests.accel.kvm.assembly import BASE, SIZE, assemble

RAM, LOW, HIGH_RAM = 0xF_0000, 0xF_0000, 0x10_0000
END_PORT, RESTART_PORT, IRQ_PORT = 0xF4, 0xF5, 0xF6
RECORDER_PORT, RECORDER = 0x100, 0xD000_0000
UART_PORT, UART = 0x3F8, 0xD000_1000
DEADLINE = 20

Make = Callable[..., Machine]


class End(Device):
    """Ends the run, or drives a line, when the guest says so."""

    model = "test.end"
    sits_on = "io"
    span = None
    window = Region(3, name="")
    irq = IrqOut()

    def power_on(self) -> None:
        self.codes: list[int] = getattr(self, "codes", [])
        self.raised = False

    @window.write
    def store(self, offset: int, value: int, size: int) -> None:
        if offset == IRQ_PORT - END_PORT:
            self.raised = bool(value)
            return
        self.codes.append(value)
        if offset == 0:
            self.shutdown(f"code {value}")
        else:
            self.restart(f"code {value}")

    @window.read
    def fetch(self, offset: int, size: int) -> int:
        return len(self.codes)

    @irq.level
    def line(self) -> bool:
        return self.raised


class Recorder(Device):
    """Remembers accesses; reads give bytes that say where they are from."""

    model = "test.recorder"
    sits_on = ("io", "mmio")
    window = Region(None, name="")

    def power_on(self) -> None:
        self.seen: list[tuple[str, int, int, int]] = []

    @window.read
    def fetch(self, offset: int, size: int) -> int:
        value = int.from_bytes(
            bytes(0x10 + offset + n & 0xFF for n in range(size)), "little"
        )
        self.seen.append(("read", offset, size, value))
        return value

    @window.write
    def store(self, offset: int, value: int, size: int) -> None:
        self.seen.append(("write", offset, size, value))


CHIPS = {chip.model: chip for chip in (End, Recorder)}


def device(name: str, model: str, *places: Place, host: str | None = None,
           **params: object) -> DevicePlan:  # fmt: skip
    """A device with a model's own parameters."""
    defaults = {n: p.default for n, p in registry.find(model).params.items()}
    return DevicePlan(name, model, {**defaults, **params}, tuple(places), None, host)


def cpus(count: int, model: str, chips: str) -> tuple[CpuPlan, ...]:
    """CPUs on KVM."""
    return tuple(
        CpuPlan(f"cpu.{n}", f"x86.{model}", n, {"chips": chips}) for n in range(count)
    )


def parts() -> list[DevicePlan]:
    """What every guest here has around it."""
    return [
        device("ram", "mem.ram", Place("mmio", 0, RAM)),
        device("high", "mem.ram", Place("mmio", HIGH_RAM, HIGH_RAM)),
        device("rom", "mem.rom", Place("mmio", BASE, SIZE)),
        device("log", "debug.port", Place("io", 0x402, 1)),
        device("end", "test.end", Place("io", END_PORT, 3)),
        device("port", "test.recorder", Place("io", RECORDER_PORT, 0x20)),
        device("window", "test.recorder", Place("mmio", RECORDER, 0x1000)),
        device("uart", "uart.ns16550", Place("io", UART_PORT, 8)),
        device("uart_mmio", "uart.ns16550", Place("mmio", UART, 8)),
        device("pic", "intc.i8259", Place("io", 0x20, 2, "master"),
               Place("io", 0xA0, 2, "slave"), Place("io", 0x4D0, 2, "elcr")),
        device("pit", "timer.i8254", Place("io", 0x40, 4, "counters"),
               Place("io", 0x61, 1, "control")),
    ]  # fmt: skip


WIRES = (
    Wire("pit", "irq", 0, "pic", "irq", 0),
    Wire("end", "irq", 0, "pic", "irq", 5),
)


def apics(count: int) -> tuple[tuple[DevicePlan, ...], tuple[Wire, ...]]:
    """Local APICs and an I/O APIC, with the PIC and test.end's line wired to them."""
    chips = (
        device("lapic", "intc.lapic", Place("mmio", 0xFEE0_0000, 0x1000)),
        device("ioapic", "intc.ioapic", Place("mmio", 0xFEC0_0000, 0x1000)),
    )
    to_cpus = (Wire("lapic", "intr", n, f"cpu.{n}", "intr", 0) for n in range(count))
    return chips, (
        Wire("pic", "intr", 0, "lapic", "lint0", 0),
        Wire("end", "irq", 0, "ioapic", "irq", 5),
        *to_cpus,
    )


def guest(
    body: str,
    mode: str = "real",
    *,
    chips: str = "on",
    count: int = 1,
    model: str = "qemu64",
    extra: tuple[DevicePlan, ...] = (),
    wires: tuple[Wire, ...] = (),
    low_rom: bool = False,
    apic: bool = False,
) -> Machine:
    """A machine that runs `body` after reset; its ROM may be below 1 MiB as well, and
    interrupts may go through APICs."""
    if apic:
        chips_of, wires_of = apics(count)
        extra, wires = (*extra, *chips_of), (*wires, *wires_of)
    else:
        wires = (*wires, Wire("pic", "intr", 0, "cpu.0", "intr", 0))
    if low_rom:
        extra += (device("low", "mem.rom", Place("mmio", LOW, SIZE)),)
    plan = Plan("test", "", Path("test.yaml"), {}, cpus(count, model, chips),
                (*parts(), *extra), (), (*WIRES, *wires), None)  # fmt: skip
    machine = build(plan, Images(), "kvm")
    try:
        machine.reset()
        for base in (BASE, LOW) if low_rom else (BASE,):
            machine.memory.write(base, assemble(body, mode))
    except BaseException:
        machine.close()
        raise
    return machine


def chip(machine: Machine, name: str) -> Any:
    """A Python chip of the machine."""
    return machine.devices[name].frame.device  # type: ignore[attr-defined]


def end(code: int = 0) -> str:
    """Power off."""
    return f"\n    movb ${code}, %al\n    outb %al, ${END_PORT}\n9:  hlt\n    jmp 9b\n"
