"""The guests that run the workloads: how their programs are built and started.

The program is one static file and the guest's /init: it is appended to the images'
initrd as an archive of its own. Debian's cross compilers build it; for SPARC V8, where
Debian has no C library, `workloads/sparc.c` stands in.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parent / "workloads"
FLAGS = ("-O2", "-std=gnu11", "-Wall", "-Wextra", "-Wno-unused-result")
FLAGS += ("-fno-math-errno", "-ffp-contract=off", "-static")
V8 = ("-m32", "-mcpu=v8", "-mlong-double-64", "-ffreestanding", "-nostdlib")
V8 += ("-fno-tree-loop-distribute-patterns", "-fno-pie", "-no-pie")
V8 += ("-fno-stack-protector", "-Wl,-z,noexecstack")


@dataclass(frozen=True)
class Guest:
    """A board, and QEMU's machine like it."""

    board: str
    images: Path
    compiler: tuple[str, ...]
    append: str
    qemu: tuple[str, ...]
    """QEMU's command, without what changes from run to run"""
    disk: tuple[str, ...]
    """QEMU's words for a disk, with its file as `{}`"""
    options: tuple[str, ...] = ()
    own_library: str = ""
    smp: bool = False

    def mb(self, initrd: Path, disk: Path, words: str, cpus: int = 1) -> list[str]:
        """Our command line for a guest that runs the workloads `words`."""
        many = ["-o", f"cpus={cpus}"] if cpus > 1 else []
        return [
            sys.executable, "-m", "machinebuilder", "run", self.board, *many,
            *self.options, "--kernel", str(self.images / "zImage"),
            "--initrd", str(initrd), "--disk", str(disk), "--no-reboot",
            "--append", f"{self.append} -- {words}", "--timeout", "300", "--stats",
        ]  # fmt: skip

    def rival(self, initrd: Path, disk: Path, words: str, cpus: int = 1) -> list[str]:
        """QEMU's for the same."""
        many = ["-smp", str(cpus)] if cpus > 1 else []
        return [
            *self.qemu, *many, "-nographic", "-no-reboot", "-nic", "none",
            "-monitor", "none", "-serial", "stdio",
            *(word.format(disk) for word in self.disk),
            "-kernel", str(self.images / "zImage"), "-initrd", str(initrd),
            "-append", f"{self.append} -- {words}",
        ]  # fmt: skip


def arm(images: Path) -> Guest:
    """Debian's armhf kernel on arm-virt."""
    return Guest(
        "arm-virt", images, ("arm-linux-gnueabihf-gcc", "-pthread"),
        "console=ttyAMA0 rdinit=/workloads quiet",
        ("qemu-system-arm", "-M", "virt", "-cpu", "cortex-a15", "-m", "512"),
        ("-drive", "file={},format=raw,if=none,id=d", "-device",
         "virtio-blk-device,drive=d"), smp=True,
    )  # fmt: skip


def sparc(images: Path) -> Guest:
    """A sun4m kernel on the SPARCstation 5, without the SCSI driver's fixed sleep."""
    return Guest(
        "sparc-ss5", images, ("sparc64-linux-gnu-gcc", *V8),
        "console=ttyS0 rdinit=/workloads quiet panic=1 "
        "esp_scsi.esp_bus_reset_settle=0",
        ("qemu-system-sparc", "-M", "SS-5", "-m", "64"),
        ("-drive", "file={},format=raw,if=scsi"), options=("-o", "ram=64MiB"),
        own_library="sparc.c",
    )  # fmt: skip


def build(guest: Guest, to: Path) -> None:
    """Compile the workloads for a guest."""
    sources = [path for path in sorted(SOURCES.glob("*.c")) if path.name != "sparc.c"]
    if guest.own_library:
        sources.append(SOURCES / guest.own_library)
    command = [*guest.compiler, *FLAGS, "-o", str(to), *map(str, sources)]
    subprocess.run(command, check=True)


def archive(program: Path) -> bytes:
    """A cpio archive (newc) with the program as /workloads."""
    data = program.read_bytes()
    return entry("workloads", 0o100755, data) + entry("TRAILER!!!", 0, b"")


def entry(name: str, mode: int, data: bytes) -> bytes:
    """One file of a newc archive: header, name, data, each padded to four bytes."""
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    header = "070701" + "".join(f"{value:08x}" for value in fields) + name + "\0"
    return padded(header.encode()) + padded(data)


def padded(data: bytes) -> bytes:
    """Up to a multiple of four bytes."""
    return data + bytes(-len(data) % 4)


def initrd(guest: Guest, folder: Path) -> Path:
    """The guest's initrd and our program behind it."""
    program, whole = folder / f"{guest.board}.workloads", folder / f"{guest.board}.gz"
    build(guest, program)
    whole.write_bytes(
        padded((guest.images / "initrd.gz").read_bytes()) + archive(program)
    )
    return whole
