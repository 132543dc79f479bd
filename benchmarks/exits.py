"""`python -m benchmarks.exits`: what an access to a device costs a CPU on KVM, with the
smallest C loop over KVM_RUN beside it, in turn on one machine.

The guest is a few bytes of real-mode code in ROM: a loop of accesses to a port or to
memory, then the write that ends it. Times are those of the host's CPU, guest included,
so that other work of the host does not count.
"""

from __future__ import annotations

import argparse
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from machinebuilder.board.plan import CpuPlan, DevicePlan, Place, Plan
from machinebuilder.boot import Images
from machinebuilder.device import registry
from machinebuilder.machine.build import build

ROM, ROM_SIZE = 0xFFFF_0000, 0x1_0000
RAM_SIZE = 0xA_0000
END_PORT = 0x92
UART_PORT, UART = 0x3F8, 0xD_0000
PRINTER_PORT, CLOCK = 0x378, 0xD_1000
SCRATCH, MASK = 7, 0x10
"""Registers of the UART and of the clock that keep what is written, and do no more."""

NATIVE_LIMIT, PYTHON_LIMIT = 1.15, 4000
"""The first as a ratio to the C loop, the second as nanoseconds more."""


@dataclass(frozen=True)
class Case:
    """A loop of one instruction, what goes before it, and who answers."""

    name: str
    setup: bytes
    body: bytes
    native: bool


def port(name: str, number: int, opcode: int, native: bool) -> Case:
    """mov dx, number; then `out dx, al` or `in al, dx`."""
    return Case(name, struct.pack("<BH", 0xBA, number), bytes([opcode]), native)


def memory(name: str, address: int, opcode: int, native: bool) -> Case:
    """mov ax, segment; mov ds, ax; then a move between al and an offset."""
    segment, offset = address >> 4 & 0xF000, address & 0xFFFF
    setup = struct.pack("<BH", 0xB8, segment) + b"\x8e\xd8"
    return Case(name, setup, struct.pack("<BH", opcode, offset), native)


OUT, IN, STORE, LOAD = 0xEE, 0xEC, 0xA2, 0xA0
CASES = (
    port("write to a port, native chip", UART_PORT + SCRATCH, OUT, True),
    port("read from a port, native chip", UART_PORT + SCRATCH, IN, True),
    memory("write to memory, native chip", UART + SCRATCH, STORE, True),
    memory("read from memory, native chip", UART + SCRATCH, LOAD, True),
    port("write to a port, Python chip", PRINTER_PORT, OUT, False),
    memory("write to memory, Python chip", CLOCK + MASK, STORE, False),
)


def image(case: Case, count: int) -> bytes:
    """ROM with that loop, `count` times."""
    back = struct.pack("b", -(len(case.body) + 4))
    loop = case.body + b"\x66\x49\x75" + back  # dec ecx; jnz
    end = bytes([0xB0, 1, 0xE6, END_PORT, 0xF4, 0xEB, 0xFD])  # and halt
    code = case.setup + b"\x66\xb9" + struct.pack("<I", count) + loop + end
    return code.ljust(0xFFF0, b"\0") + b"\xe9\x0d\x00".ljust(16, b"\0")


def device(name: str, model: str, *places: Place) -> DevicePlan:
    """A device with its model's own parameters."""
    params = {n: p.default for n, p in registry.find(model).params.items()}
    return DevicePlan(name, model, params, places)


def plan() -> Plan:
    """The machine around the loop."""
    devices = (
        device("ram", "mem.ram", Place("mmio", 0, RAM_SIZE)),
        device("rom", "mem.rom", Place("mmio", ROM, ROM_SIZE)),
        device("uart", "uart.ns16550", Place("io", UART_PORT, 8)),
        device("uart_mmio", "uart.ns16550", Place("mmio", UART, 8)),
        device("printer", "parallel.spp", Place("io", PRINTER_PORT, 3)),
        device("clock", "rtc.pl031", Place("mmio", CLOCK, 0x1000)),
        device("end", "system.port92", Place("io", END_PORT, 1)),
    )
    cpus = (CpuPlan("cpu", "x86.qemu64", 0, {"chips": "on"}),)
    return Plan("exits", "", Path("exits"), {}, cpus, devices, (), (), None)


def ours(code: bytes) -> float:
    """Nanoseconds of CPU time of a run."""
    with build(plan(), Images(), "kvm") as machine:
        machine.reset()
        machine.memory.write(ROM, code)
        began = time.process_time()
        event = machine.run(reboot=False)
        taken = time.process_time() - began
    assert event.name == "reset", event
    return taken * 1e9


def smallest(program: Path, code: bytes) -> float:
    """The same by the C loop."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(code)
        file.flush()
        words = [program, file.name, str(END_PORT)]
        said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return float(said.split()[1])


def compile_loop(folder: str) -> Path:
    """The C loop as a program."""
    program = Path(folder, "exits")
    source = Path(__file__).with_suffix(".c")
    subprocess.run(["gcc", "-O2", "-o", program, source], check=True)
    return program


def measure(case: Case, program: Path, count: int, runs: int) -> tuple[float, float]:
    """Median nanoseconds an access: the C loop's, ours; in turn."""
    code = image(case, count)
    pairs = [(smallest(program, code), ours(code)) for _ in range(runs)]
    first, second = (
        statistics.median(column) / count for column in zip(*pairs, strict=True)
    )
    return first, second


def main() -> int:
    """Measure and print; 1 if a limit is passed."""
    parser = argparse.ArgumentParser(prog="benchmarks.exits", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="accesses a run")
    parser.add_argument("--runs", type=int, default=5, help="of which the median")
    wanted = parser.parse_args()
    passed = 0
    with tempfile.TemporaryDirectory() as folder:
        program = compile_loop(folder)
        print(f"{'an access':32}{'C loop':>10}{'mb':>10}{'ratio':>8}{'more':>10}")
        for case in CASES:
            loop, mb = measure(case, program, wanted.count, wanted.runs)
            good = (
                mb <= loop * NATIVE_LIMIT if case.native else mb - loop <= PYTHON_LIMIT
            )
            passed |= not good
            print(f"{case.name:32}{loop:7.0f} ns{mb:7.0f} ns{mb / loop:8.2f}"
                  f"{mb - loop:7.0f} ns{'' if good else '  over the limit'}",
                  flush=True)  # fmt: skip
    return passed


if __name__ == "__main__":
    sys.exit(main())
