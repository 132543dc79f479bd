"""Random use of Python chips with what they need beside them, by commands that make
some sense: SCSI targets and floppies by DMA, requests of the firmware configuration."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from devicelib.dma.i8237 import I8237
from devicelib.dma.sparc import SparcDma
from devicelib.firmware.fw_cfg_io import FirmwareConfigIo
from devicelib.floppy.i82078 import I82078
from devicelib.scsi.cdrom import ScsiCdrom
from devicelib.scsi.disk import ScsiDisk
from devicelib.scsi.esp import Esp
from machinebuilder.device.testing import Bench

ADDRESSES = [0, 0x1000, 0x2000, 0x3000, 0xFFF0, 0xFFFF, 0x1_0000, 0xFFFF_FFFC]
SIZES = [0, 1, 2, 6, 10, 16, 512, 0xFFFF, 0xFFFF_FFFF]
SCSI = [0, 3, 8, 0xA, 0x12, 0x15, 0x1A, 0x25, 0x28, 0x2A, 0x35, 0x43, 0x46, 0x4A, 0x51,
        0x55, 0x5A, 0x2F, 0xA8]  # fmt: skip
ESP = [0x00, 0x01, 0x02, 0x03, 0x10, 0x11, 0x12, 0x18, 0x1A, 0x41, 0x42, 0x43, 0x46]
FLOPPY = [0x03, 0x04, 0x07, 0x08, 0x0A, 0x0F, 0x0E, 0x10, 0x12, 0x13, 0xE6, 0xC5, 0x4D,
          0x4A, 0x46, 0x45, 0x0C, 0x09, 0x94, 0x14]  # fmt: skip

Step = Callable[[random.Random], None]


def _any(rng: random.Random, chip: Any, region: str, span: int, size: int = 1) -> None:
    """One access at random."""
    offset = rng.randrange(span) // size * size
    if rng.random() < 0.5:
        chip.write(offset, rng.getrandbits(8 * size), size, region)
    else:
        chip.read(offset, size, region)


def _cdb(rng: random.Random) -> list[int]:
    """A command of its group's length, of small numbers; at times with a mistake."""
    code = rng.choice(SCSI)
    size = {0: 6, 5: 12}.get(code >> 5, 10)
    cdb = [code, *rng.choices([0, 0, 0, 0, 1, 2, 64], k=size - 1)]
    if rng.random() < 0.2:
        cdb[rng.randrange(1, size)] = rng.getrandbits(8)
    return cdb


def _scsi(bench: Any, image: str) -> Step:
    dma = bench.attach(SparcDma)
    esp = bench.attach(Esp, on=(dma, "scsi", "esp"))
    bench.attach(ScsiDisk, on=(esp, "scsi", 0), image=image)
    bench.attach(ScsiCdrom, on=(esp, "scsi", 2), image=image)
    bench.attach(ScsiCdrom, on=(esp, "scsi", 3))

    def step(rng: random.Random) -> None:
        command = bytes([rng.choice([0x80, 0x80, 0xC0, 0]), *_cdb(rng)])
        bench.memory[0x1000 : 0x1000 + len(command)] = command
        esp.status = rng.choice([0, 0, 2, 2, 3, 6])
        codes = rng.choice([[0x10, 0x11, 0x12], rng.choices(ESP, k=rng.randrange(6))])
        for code in (0x42, *codes):
            dma.at("control", 0, rng.choice([0x200, 0x300, 0x300, rng.getrandbits(10)]))
            dma.at("address", 0, 0x1000 if code == 0x42 else rng.choice(ADDRESSES))
            size = len(command) if code == 0x42 else rng.choice(SIZES)
            esp.count_low, esp.count_middle = size & 0xFF, size >> 8 & 0xFF
            esp.command = code | rng.choice([0x80, 0x80, 0])
            esp.read(0x14, 1)
        _any(rng, esp, next(iter(esp.frame.device.regions)), 0x30)

    return step


def _floppy_command(rng: random.Random) -> list[int]:
    """A transfer on the track where the head is, mostly; or anything."""
    if rng.random() < 0.3:
        return [rng.choice(FLOPPY), *rng.randbytes(rng.randrange(10))]
    if rng.random() < 0.2:
        seek = [0x0F, 0, rng.randrange(90)]
        return rng.choice([[7, 0], seek, [8], [0x8F, 0, 1]])
    head, odd = rng.randrange(2), rng.randrange(9) if rng.random() < 0.2 else 0
    code = rng.choice([0xE6, 0xC5, 0x66, 0x4D, 0x46, 0xD1, 0xF6, 0x4C])
    values = [code, head << 2, odd, head, rng.choice([1, 1, 18, 19]), 2, 18, 0x1B, 0xFF]
    return values[:6] if code == 0x4D else values


def _floppy(bench: Any, image: str) -> Step:
    dma = bench.attach(I8237)
    fdc = bench.attach(I82078, on=(dma, "isa", 2), image=image)

    def step(rng: random.Random) -> None:
        fdc.write(2, rng.choice([0x1C, 0x1C, 0x1C, 0x18, 0x2D, 0x0C]), 1, "registers")
        address, mode = rng.getrandbits(16), rng.choice([0x46, 0x4A, 0x42, 0x56])
        for offset, value in [(0xC, 0), (4, address & 0xFF), (4, address >> 8),
                              (5, 0xFF), (5, rng.choice([1, 0xFF])), (0xB, mode),
                              (0xA, rng.choice([2, 2, 6]))]:  # fmt: skip
            dma.write(offset, value, 1, "low")
        dma.write(8, 0, 1, "low")
        fdc.write(0, rng.choice([0, 0, 3]), 1, "change")
        for value in _floppy_command(rng):
            fdc.write(5, value, 1, "registers")
        bench.sleep(rng.choice([0.001, 0.3, 3]))
        for _ in range(rng.choice([0, 12, 600])):
            fdc.read(5, 1, "registers")
        fdc.read(0, 1, "change")
        _any(rng, fdc, "registers", 6)

    return step


def _fw_cfg(bench: Any, image: str) -> Step:
    config = bench.attach(FirmwareConfigIo)

    def step(rng: random.Random) -> None:
        at = rng.choice([0x100, 0x1FF8, 0xFFF8, 0xFFF0])
        item = rng.choice([0, 1, 0x19, 0x20, 0xFFFF])
        control = rng.choice([2, 4, 8, 10, 12, 16, 24, rng.getrandbits(6)]) | item << 16
        request = control.to_bytes(4, "big") + rng.choice(SIZES).to_bytes(4, "big")
        request += rng.choice([*ADDRESSES, 0x2000, at, 2**64 - 8]).to_bytes(8, "big")
        bench.memory[at : at + 16] = request[: 0x1_0000 - at]
        config.write(0, int.from_bytes(at.to_bytes(8, "big"), "little"), 8, "dma")
        _any(rng, config, "ports", 2)
        _any(rng, config, "dma", 8, rng.choice([1, 2, 4, 8]))

    return step


BOARDS = {"wired.scsi": _scsi, "wired.floppy": _floppy, "wired.fw_cfg": _fw_cfg}


def use_hostilely(board: str, seed: int, steps: int) -> None:
    """So many commands, each of a handful of accesses."""
    rng = random.Random(f"{board} {seed}")
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image"
        image.write_bytes(rng.randbytes(1440 << 10))
        step = BOARDS[board](Bench(), str(image))
        for _ in range(steps):
            step(rng)
