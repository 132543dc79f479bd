"""A bench for native chips: they are compiled with a small stand-in for the engine."""

from __future__ import annotations

import atexit
import ctypes
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from machinebuilder.device import Picture, header, registry

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    "devicelib/ata",
    "devicelib/debug",
    "devicelib/display",
    "devicelib/ide",
    "devicelib/intc",
    "devicelib/iommu",
    "devicelib/timer",
    "devicelib/uart",
    "devicelib/virtio",
    "machinebuilder/host",
]
INCLUDES = [
    "machinebuilder/engine", "machinebuilder/host", "devicelib", "devicelib/virtio",
]  # fmt: skip
FLAGS = "-std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter"
RAM = 0x4000_0000


@cache
def _folder() -> Path:
    """A place for what is built, with the generated headers in it."""
    folder = Path(mkdtemp(prefix="mb-native-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for model in header.native_models():
        text = header.header(registry.find(model))
        (folder / header.file_name(model)).write_text(text)
    return folder


def compiled(output: str, *options: str) -> Path:
    """Compile chips, back ends and bench."""
    folder = _folder()
    sources = sorted(str(p) for s in SOURCES for p in (ROOT / s).glob("*.c"))
    sources.append(str(ROOT / "devicelib/pci/msix.c"))
    sources += [
        str(Path(__file__).with_name(f"native_{n}.c")) for n in ("bench", "pci", "disk")
    ]
    includes = [f"-I{ROOT / i}" for i in INCLUDES] + [f"-I{folder}"]
    command = ["gcc", *FLAGS.split(), *options, *includes, *sources]
    libraries = ["-o", str(folder / output), "-lpthread", "-ldl"]
    done = subprocess.run([*command, *libraries], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / output


@cache
def library() -> ctypes.CDLL:
    """The chips and the bench, with undefined behaviour made to crash."""
    traps = ["-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
    # Symbolic: another test may have loaded the real engine, symbols global.
    shared = ("-shared", "-fPIC", "-Wl,-Bsymbolic", *traps)
    lib = ctypes.CDLL(str(compiled("bench.so", *shared)))
    pointer, u64, size = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_size_t
    number = ctypes.c_uint
    for name in ("bench_new", "mb_net_open"):
        getattr(lib, name).restype = pointer
    lib.bench_read.restype = u64
    for name in ("bench_set_clock", "bench_stall"):
        getattr(lib, name).argtypes = (ctypes.c_int64,)
    lib.bench_gic_round.restype = ctypes.c_double
    lib.bench_message.restype = ctypes.c_char_p
    for name in ("bench_sent", "bench_receive", "bench_save"):
        getattr(lib, name).restype = size
    lib.bench_read.argtypes = (pointer, number, u64, number, ctypes.c_int)
    lib.bench_write.argtypes = (pointer, number, u64, u64, number, ctypes.c_int)
    lib.bench_param.argtypes = (pointer, ctypes.c_char_p, u64, ctypes.c_char_p)
    return lib


@cache
def ram() -> memoryview:
    """The guest's memory, which starts at RAM."""
    array = (ctypes.c_uint8 * (16 << 20)).in_dll(library(), "bench_ram")
    return memoryview(array).cast("B")


def poke(address: int, data: bytes) -> None:
    """Change guest memory."""
    ram()[address - RAM : address - RAM + len(data)] = data


def peek(address: int, size: int) -> bytes:
    """Guest memory."""
    return bytes(ram()[address - RAM : address - RAM + size])


def flushes() -> int:
    """How often a chip had the host's disk write all that it had been given."""
    return int(library().bench_flushes())


def bad_spot(start: int, end: int) -> None:
    """These bytes of all images cannot be read or written; up to 2**63 - 1: nor can an
    image be flushed. Of no size: all is well."""
    library().bench_bad_spot(ctypes.c_uint64(start), ctypes.c_uint64(end))


@contextmanager
def held_disk() -> Iterator[None]:
    """Meanwhile images are neither read nor written: chips wait for the host."""
    library().bench_hold_disk(1)
    try:
        yield
    finally:
        library().bench_hold_disk(0)


class CreateError(Exception):
    """The chip refused; the text is its own."""


class Chip:
    """One native chip on the bench."""

    poke, peek = staticmethod(poke), staticmethod(peek)

    def __init__(
        self,
        model: str,
        parent: Chip | None = None,
        cpus: int = 1,
        slot: int = 0,
        **params: object,
    ) -> None:
        self.lib = library()
        symbol = "mb_chip_" + model.replace(".", "_")
        chip = ctypes.c_uint8.in_dll(self.lib, symbol)
        name = model.rpartition(".")[2].encode()
        above = ctypes.c_void_p(parent.dev if parent else None)
        self.dev: int = self.lib.bench_new(ctypes.byref(chip), name, cpus, above)
        self.lib.bench_place(self.pointer, slot)
        for key, value in params.items():
            text = None if isinstance(value, int) else str(value).encode()
            number = value if isinstance(value, int) else 0
            self.lib.bench_param(self.dev, key.encode(), number, text)
        if not self.lib.bench_create(self.pointer):
            raise CreateError(self.error)

    @property
    def pointer(self) -> ctypes.c_void_p:
        return ctypes.c_void_p(self.dev)

    @property
    def error(self) -> str:
        return (ctypes.c_char * 1024).in_dll(self.lib, "bench_error").value.decode()

    def read(self, region: int, offset: int, size: int = 4, cpu: int = 0) -> int:
        return int(self.lib.bench_read(self.dev, region, offset, size, cpu))

    def write(
        self, region: int, offset: int, value: int, size: int = 4, cpu: int = 0
    ) -> None:
        self.lib.bench_write(self.dev, region, offset, value, size, cpu)

    def input(self, port: int, index: int, level: int, cpu: int = -1) -> None:
        self.lib.bench_input(self.pointer, port, index, cpu, level)

    def pci_command(self, command: int) -> None:
        """The guest writes the PCI command register."""
        self.lib.bench_pci_command(self.pointer, command)

    def pci_header(self, offset: int, size: int) -> int:
        """What its PCI bridge would answer."""
        header = self.lib.bench_pci_header
        data = bytes(header(self.pointer, offset + n) for n in range(size))
        return int.from_bytes(data, "little")

    def reset(self) -> None:
        self.lib.bench_reset(self.pointer)

    def level(self, port: int = 0, index: int = 0, wanted: int = 1, ms: int = 0) -> int:
        return int(self.lib.bench_level(self.pointer, port, index, wanted, ms))

    def receive(self, data: bytes) -> int:
        size = ctypes.c_size_t(len(data))
        return int(self.lib.bench_receive(self.pointer, data, size))

    def sent(self) -> bytes:
        buffer = ctypes.create_string_buffer(1 << 20)
        size = ctypes.c_size_t(len(buffer))
        count = self.lib.bench_sent(self.pointer, buffer, size)
        return buffer.raw[:count]

    def logs(self) -> int:
        return int(self.lib.bench_logs(self.pointer))

    def changes(self) -> int:
        """How often any of its lines changed."""
        return int(self.lib.bench_changes(self.pointer))

    def rings(self) -> int:
        """How often a timer rang, of all chips."""
        return int(self.lib.bench_rings(self.pointer))

    def ready(self) -> int:
        return int(self.lib.bench_ready(self.pointer))

    def save(self) -> bytes:
        size = self.lib.bench_save(self.pointer, None, ctypes.c_size_t(0))
        buffer = ctypes.create_string_buffer(size)
        self.lib.bench_save(self.pointer, buffer, ctypes.c_size_t(size))
        return buffer.raw

    def restore(self, data: bytes) -> bool:
        size = ctypes.c_size_t(len(data))
        return bool(self.lib.bench_restore(self.pointer, data, size))

    def wire(self, port: int, index: int, to: Chip, into: int, at: int) -> None:
        """From an output to an input of another chip."""
        self.lib.bench_wire(self.pointer, port, index, to.pointer, into, at)

    def acknowledge(self, cpu: int = 0) -> int:
        return int(self.lib.bench_acknowledge(self.pointer, cpu))

    def messages(self) -> list[tuple[str, int, int]]:
        """What was said since the last call: `msi` to an address, `eoi` of a vector,
        `init`, `startup`, `nmi` and `smi` to a CPU."""
        to, what = ctypes.c_uint64(), ctypes.c_uint64()
        found: list[tuple[str, int, int]] = []
        message = self.lib.bench_message
        while kind := message(len(found), ctypes.byref(to), ctypes.byref(what)):
            found.append((kind.decode(), to.value, what.value))
        return found

    def memory(self, region: int) -> memoryview:
        """A window of real memory: 16 MiB, whatever its size."""
        find = self.lib.mb_dev_region_memory
        find.restype = ctypes.c_void_p
        array = (ctypes.c_uint8 * (16 << 20)).from_address(find(self.pointer, region))
        return memoryview(array).cast("B")

    def picture(self) -> Picture | None:
        width, height = ctypes.c_uint(), ctypes.c_uint()
        look = self.lib.bench_picture
        look.restype = ctypes.c_size_t
        size = (ctypes.byref(width), ctypes.byref(height))
        needed = look(self.pointer, *size, None, ctypes.c_size_t(0))
        if not needed:
            return None
        rgb = ctypes.create_string_buffer(needed)
        look(self.pointer, *size, rgb, ctypes.c_size_t(needed))
        return Picture(width.value, height.value, rgb.raw)

    def translate(self, address: int, size: int, write: bool) -> tuple[int, int] | None:
        """Where a DMA access of a child goes, and how much of it."""
        at, room = ctypes.c_uint64(address), ctypes.c_size_t(size)
        translate = self.lib.bench_translate
        translate.restype = ctypes.c_bool
        found = translate(
            self.pointer, ctypes.byref(at), ctypes.byref(room), int(write)
        )
        return (at.value, room.value) if found else None

    def sleep(self, ns: int) -> None:
        """Let time pass for chips with timers."""
        self.lib.bench_sleep(ctypes.c_int64(ns))

    def close(self) -> None:
        self.lib.bench_forget_timers()
        self.lib.bench_unplace(self.pointer)
        self.lib.bench_free(self.pointer)
