"""A disk of an IDE channel, for tests: its image, and the commands they use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ide_driver import Ide

SECTORS = 4096
SIZE = 512 * SECTORS
READ, READ_EXT, READ_MULTIPLE, READ_DMA, READ_DMA_EXT = 0x20, 0x24, 0xC4, 0xC8, 0x25
WRITE, WRITE_EXT, WRITE_MULTIPLE, WRITE_DMA = 0x30, 0x34, 0xC5, 0xCA
IDENTIFY, FLUSH, SET_FEATURES, SET_MULTIPLE = 0xEC, 0xE7, 0xEF, 0xC6

Plug = Callable[..., Ide]


def sectors(image: Path, first: int, count: int = 1) -> bytes:
    return image.read_bytes()[512 * first : 512 * (first + count)]
