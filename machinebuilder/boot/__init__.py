"""Boot protocols: how images get into a machine's memory and where its CPU begins.

A protocol is a module here, named by its path: `linux.arm` is boot/linux/arm.py. It has
`prepare(machine, images)`, called after each reset, and `PARAMS`, what a board may say
beside `protocol:`.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from machinebuilder.errors import UserError


class BootError(UserError):
    """An image cannot be used: which, why, and what to do."""


@dataclass(frozen=True)
class Images:
    """What the user asked to boot; all optional."""

    kernel: Path | None = None
    initrd: Path | None = None
    append: str = ""
    dtb: Path | None = None
    firmware: Path | None = None
    boot: str = ""
    """What firmware starts first: disk, cd, floppy, net; menu: it asks."""


FAMILIES = ("linux", "prom")
"""The packages whose modules are protocols; others hold what protocols are made of."""


def names() -> list[str]:
    """The protocols there are."""
    folders = ((family, [str(Path(__path__[0]) / family)]) for family in FAMILIES)
    found = ((f, m.name) for f, path in folders for m in pkgutil.iter_modules(path))
    return sorted(f"{family}.{name}" for family, name in found)


def find(protocol: str) -> ModuleType:
    """The protocol's module; KeyError if there is none of that name."""
    try:
        return importlib.import_module(f"{__name__}.{protocol}")
    except ModuleNotFoundError:
        raise KeyError(protocol) from None


def read_image(path: Path, what: str, limit: int) -> bytes:
    """The bytes of an image file; BootError if missing, empty or over `limit` bytes."""
    try:
        if not path.is_file():
            raise BootError(f"{what} {path}: there is no such file")
        if path.stat().st_size == 0:
            raise BootError(f"{what} {path}: the file is empty; get it again")
        if path.stat().st_size > limit:
            raise BootError(
                f"{what} {path}: {path.stat().st_size} bytes do not fit in the "
                f"{limit} bytes of RAM there are for it; give it more (-o ram=...)"
            )
        return path.read_bytes()
    except PermissionError:
        raise BootError(f"{what} {path}: not readable; check its permissions") from None
