"""A machine with the toy core of toy.c: RAM at 0, one or more CPUs, no devices."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from machinebuilder import native

HERE = Path(__file__).parent
ENGINE = HERE.parents[2] / "machinebuilder" / "engine"
MODES = {"translated": 0, "windows": 0, "long": 0, "interpreted": 1}
"""translated as usual, or from the start with windows, or in long units; interpreted"""
RAM = 8 << 20


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The core's address; compiled against the engine's headers."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    build = os.environ.get("MB_BUILD_DIR")
    if not compiler or not build:
        pytest.skip("needs a C compiler and MB_BUILD_DIR")
    engine = native.engine()
    library = tmp_path_factory.mktemp("toy") / "toy.so"
    subprocess.run(
        [compiler, "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-g", "-fPIC", "-shared",
         "-I", ENGINE, "-I", Path(build) / "machinebuilder/engine",
         HERE / "toy.c", "-o", library],
        check=True,
    )  # fmt: skip
    loaded = ctypes.CDLL(str(library), mode=os.RTLD_NOW)
    core = ctypes.addressof(ctypes.c_char.in_dll(loaded, "mb_core_toy"))
    return engine.ffi.cast("void *", core)


class Toy:
    """One machine: `load`, `run`, then look at registers and memory."""

    def __init__(self, core: Any, mode: str, cpus: int = 1, clock: int = 0) -> None:
        module = native.engine()
        self.lib, self.ffi = module.lib, module.ffi
        self.machine = self.lib.mb_machine_new(clock, 3)
        self.bus = self.lib.mb_machine_memory(self.machine)
        ram = self.lib.mb_bus_add_ram(self.bus, b"ram", 0, RAM)
        self.ram = self.ffi.buffer(ram, RAM)
        self.cpus = []
        for index in range(cpus):
            cpu = self.lib.mb_cpu_new(self.machine, core, MODES[mode])
            assert cpu, self.error()
            self.lib.mb_cpu_set_powered(cpu, index == 0)
            self.cpus.append(cpu)

    def error(self) -> str:
        return bytes(self.ffi.string(self.lib.mb_error())).decode()

    def load(self, program: Any) -> None:
        data = program.end()
        assert self.lib.mb_bus_write(self.bus, program.base, data, len(data)) >= 0

    def run(self, timeout: float = 10.0) -> int:
        return int(self.lib.mb_machine_run(self.machine, int(timeout * 1000)))

    def get(self, name: str, index: int = 0, cpu: int = 0) -> int:
        value = self.ffi.new("uint64_t *")
        code = self.lib.mb_cpu_read_field(
            self.cpus[cpu], name.encode(), index, value, 8
        )
        assert code > 0, self.error()
        return int(value[0])

    def set(self, name: str, value: int, index: int = 0, cpu: int = 0) -> None:
        data = self.ffi.new("uint64_t *", value)
        code = self.lib.mb_cpu_write_field(
            self.cpus[cpu], name.encode(), index, data, 8
        )
        assert code > 0, self.error()

    def reg(self, index: int, cpu: int = 0) -> int:
        return self.get("r", index, cpu)

    def word(self, address: int) -> int:
        return int.from_bytes(self.ram[address : address + 4], "little")

    def poke(self, address: int, value: int) -> None:
        self.ram[address : address + 4] = (value & 0xFFFF_FFFF).to_bytes(4, "little")

    def stats(self) -> Any:
        stats = self.ffi.new("struct mb_stats *")
        self.lib.mb_machine_stats(self.machine, stats)
        return stats

    def free(self) -> None:
        self.lib.mb_machine_free(self.machine)


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(
    toy: Any, mode: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Toy]]:
    made: list[Toy] = []
    if mode == "windows":
        monkeypatch.setenv("MB_WINDOWS", "all")
    if mode == "long":
        monkeypatch.setenv("MB_UNITS", "long")

    def build(cpus: int = 1, clock: int = 0) -> Toy:
        made.append(Toy(toy, mode, cpus, clock))
        return made[-1]

    yield build
    for machine in made:
        machine.free()
