"""The toy, compiled: generated C, the IR and its interpreter in one small library."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path
from typing import Any

from machinebuilder.isa import Reference
from machinebuilder.isa.output import write
from tests.isa.toy import core

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "machinebuilder" / "engine"
MEMORY = 0x2000
OK, UNDEFINED, FAULT, MISTAKE = range(4)


def build(directory: Path) -> Path:
    """Compile everything; gives the library."""
    write(core, directory)
    subprocess.run(
        ["python3", "-m", "machinebuilder.engine.generate", str(directory)],
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    engine = [
        *ENGINE.glob("ir*.c"),
        *ENGINE.glob("interpret*.c"),
        *(ENGINE / "passes").glob("*.c"),
    ]
    library = directory / "toy.so"
    subprocess.run(
        [
            "gcc",
            "-std=gnu11",
            "-D_GNU_SOURCE",
            "-O1",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-Wno-unused-parameter",
            "-Wno-missing-field-initializers",
            "-shared",
            "-fPIC",
            "-fvisibility=hidden",
            "-fsanitize=undefined",
            "-fno-sanitize-recover=undefined",
            "-static-libubsan",
            f"-I{ENGINE}",
            f"-I{directory}",
            str(ROOT / "tests/isa/toy/harness.c"),
            *map(str, directory.glob("*.c")),
            *map(str, engine),
            "-lm",
            "-o",
            str(library),
        ],
        check=True,
        timeout=180,
    )
    return library


class Native:
    """The compiled CPU; `step` mirrors `Reference.step_word`."""

    def __init__(self, library: Path) -> None:
        self.c = ctypes.CDLL(str(library))
        self.c.harness_state.restype = ctypes.c_void_p
        self.c.harness_memory.restype = ctypes.c_void_p
        self.state = self.c.harness_state()
        self.memory = (ctypes.c_char * MEMORY).from_address(self.c.harness_memory())
        self.fields = {
            name: self.c.harness_field(name.encode())
            for name in ("pc", "key", *core.state.fields)
        }

    def poke(self, name: str, data: bytes) -> None:
        ctypes.memmove(self.state + self.fields[name], data, len(data))

    def peek(self, name: str, size: int) -> bytes:
        return ctypes.string_at(self.state + self.fields[name], size)

    def copy_from(self, cpu: Any) -> None:
        """Take the state of a reference CPU."""
        self.poke("pc", int(cpu.pc).to_bytes(8, "little"))
        self.poke("key", int(cpu.flags).to_bytes(8, "little"))
        for name, data in cpu.storage.items():
            if name in core.state.fields:
                self.poke(name, bytes(data))
        self.memory.raw = cpu.memory.read(0, MEMORY)

    def differences(self, cpu: Any) -> list[str]:
        """What is not as in the reference CPU."""
        found = []
        for name, expected in (
            ("pc", int(cpu.pc).to_bytes(8, "little")),
            ("key", int(cpu.flags).to_bytes(8, "little")),
            *((n, bytes(cpu.storage[n])) for n in core.state.fields),
        ):
            given = self.peek(name, len(expected))
            if given != expected:
                found.append(f"{name}: {given.hex()} instead of {expected.hex()}")
        if self.memory.raw != cpu.memory.read(0, MEMORY):
            found.append("memory")
        return found

    def step(self, set_name: str, word: int) -> int:
        return int(self.c.harness_step(int(set_name == "h16"), ctypes.c_uint32(word)))

    def text(self, set_name: str, word: int, pc: int, flags: int) -> str | None:
        buffer = ctypes.create_string_buffer(128)
        known = self.c.harness_text(
            int(set_name == "h16"),
            ctypes.c_uint32(word),
            ctypes.c_uint64(pc),
            ctypes.c_uint32(flags),
            buffer,
        )
        return buffer.value.decode() if known else None


def reference(rng: Any) -> Any:
    """A reference CPU with random state, its values often near the corners."""
    cpu: Any = Reference(core)
    for name, data in cpu.storage.items():
        if name in core.state.fields:
            field = core.state.fields[name]
            size = max(4, field.width)
            data[:] = b"".join(_value(rng, size) for _ in range(-(-len(data) // size)))[
                : len(data)
            ]
    for name in "nzcv":
        setattr(cpu, name, rng.getrandbits(1))
    cpu.flags = rng.getrandbits(4)
    cpu.pc = rng.getrandbits(20) * 4
    cpu.memory.write(0, rng.randbytes(MEMORY))
    return cpu


def _value(rng: Any, size: int) -> bytes:
    bits = size * 8
    corners = (0, 1, -1, 1 << (bits - 1), (1 << (bits - 1)) - 1, 0x80, 0x7FFF)
    number = rng.choice(corners) if rng.random() < 0.3 else rng.getrandbits(bits)
    if rng.random() < 0.2:
        number >>= rng.randrange(bits) if number > 0 else 0
    return (number & (1 << bits) - 1).to_bytes(size, "little")
