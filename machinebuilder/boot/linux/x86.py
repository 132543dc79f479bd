# SPDX-License-Identifier: Apache-2.0
"""Starting a PC: a kernel, firmware, or a kernel through firmware.

A kernel alone is started directly: a Linux bzImage, an ELF kernel by PVH, or a
multiboot kernel (boot/x86/kernel.py). `--firmware` starts that, with a kernel if there
is one. Without either it is SeaBIOS, what `mb fetch seabios` got or an installed one,
on boards that have ROM for it; else the built-in monitor comes up.

Omitted: EFI.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from machinebuilder.board.plan import Plan
from machinebuilder.boot import BootError, Images, guest, read_image
from machinebuilder.boot.x86 import direct, firmware, monitor
from machinebuilder.boot.x86.memory_map import high_end
from machinebuilder.boot.x86.room import Request
from machinebuilder.boot.x86.virtio import transport_words
from machinebuilder.device import Param
from machinebuilder.fetch import seabios

if TYPE_CHECKING:
    from machinebuilder.machine import Machine

PARAMS = {
    "acpi": Param("boolean", True, "ACPI tables where there is no firmware"),
    "through_firmware": Param("boolean", False, "kernels are started by firmware too"),
}


def prepare(machine: Machine, images: Images) -> None:
    """Put the images in place; called after reset."""
    if images.dtb is not None:
        raise BootError("--dtb: a PC has no device tree; `mb acpi` shows its tables")
    if images.initrd is not None and images.kernel is None:
        raise BootError("--initrd: there is no kernel to use it; give --kernel FILE")
    path = firmware_path(machine, images)
    if path is not None:
        request = _request(machine.plan, images, True) if images.kernel else None
        firmware.start(machine, path, images, request)
    elif images.boot:
        raise BootError(f"--boot {images.boot}: {_no_firmware(machine.plan)}")
    elif images.kernel is not None:
        told = direct.world(machine.plan, _param(machine.plan, "acpi"))
        request = _request(machine.plan, images, False, told)
        direct.start(machine, request, told)
    else:
        _start_monitor(machine)


def firmware_path(machine: Machine, images: Images) -> Path | None:
    """The firmware to start, if that is to be."""
    if images.firmware is not None:
        return images.firmware
    if images.kernel is not None and not _param(machine.plan, "through_firmware"):
        return None
    return seabios.installed() if firmware.rom_windows(machine.plan) else None


def _param(plan: Plan, name: str) -> bool:
    boot = plan.boot
    return bool(boot.params.get(name, PARAMS[name].default)) if boot else False


def _no_firmware(plan: Plan) -> str:
    if firmware.rom_windows(plan):
        return f"SeaBIOS is not installed; `{seabios.COMMAND}` gets it"
    return f"board {plan.name} has no ROM for firmware to choose"


def _request(
    plan: Plan, images: Images, through: bool, told: direct.World | None = None
) -> Request:
    """The kernel with what goes with it, read from their files."""
    assert images.kernel is not None
    limit = high_end(plan)
    words = [images.append, *transport_words(plan)]
    return Request(
        path=images.kernel,
        kernel=read_image(images.kernel, "kernel", limit),
        line=" ".join(filter(None, words)).encode(),
        modules=_modules(images.initrd, limit),
        ranges=told.ranges if told else (),
        rsdp=told.rsdp if told else 0,
        root=told.root if told else b"",
        firmware=through,
    )


def _modules(path: Path | None, limit: int) -> tuple[tuple[bytes, bytes], ...]:
    """The initial RAM disk; or several modules, `FILE TEXT,FILE TEXT`."""
    if path is None:
        return ()
    if path.exists():
        return ((read_image(path, "initrd", limit), str(path).encode()),)
    found = []
    for words in str(path).split(","):
        file = Path(words.partition(" ")[0])
        found.append((read_image(file, "initrd", limit), words.encode()))
    return tuple(found)


def _start_monitor(machine: Machine) -> None:
    """The monitor is a multiboot kernel; its module is the memory map, as text."""
    plan = machine.plan
    if firmware.rom_windows(plan) and not machine.logged:
        machine.log(
            "firmware", "SeaBIOS is not installed, here is the built-in monitor; "
            f"`{seabios.COMMAND}` gets it",
        )  # fmt: skip
    told = direct.world(plan, with_acpi=True)
    path = guest.image(monitor.IMAGE)
    request = Request(
        path=path,
        kernel=path.read_bytes(),
        line=monitor.command_line(plan),
        modules=((monitor.map_text(plan), b"map"),),
        ranges=told.ranges,
        rsdp=told.rsdp,
    )
    direct.start(machine, request, told)
