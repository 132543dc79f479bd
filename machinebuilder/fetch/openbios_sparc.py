"""OpenBIOS for 32-bit SPARC: the firmware of the SPARCstations, from Debian."""

from __future__ import annotations

import tempfile
from pathlib import Path

from machinebuilder.fetch import FetchError, Progress, cache
from machinebuilder.fetch.apt import Apt

SUMMARY = "OpenBIOS for SPARCstations (openbios-sparc32)"
COMMAND = "mb fetch openbios-sparc"
IMAGE = "openbios-sparc32"
PACKAGES = ("openbios-sparc", "qemu-system-data")
"""Not every release of Debian has the first; the second holds the same image."""
PLACES = (
    "/usr/share/openbios", "/usr/share/qemu", "/usr/local/share/qemu"
)  # fmt: skip
"""Where Debian's packages openbios-sparc and qemu-system-data put it, and others."""


def installed() -> Path | None:
    """The image: fetched, or installed on this machine."""
    folders = [cache() / "openbios-sparc", *map(Path, PLACES)]
    return next((f / IMAGE for f in folders if (f / IMAGE).is_file()), None)


def build(folder: Path, progress: Progress) -> None:
    """Write the image into `folder`."""
    with tempfile.TemporaryDirectory() as work:
        apt = Apt("amd64", Path(work), progress)
        apt.update()
        package = apt.unpack(next(filter(apt.has, PACKAGES), PACKAGES[0]))
        found = sorted(package.rglob(IMAGE))
        if not found:
            raise FetchError(f"the package {package.name} has no {IMAGE}")
        (folder / IMAGE).write_bytes(found[0].read_bytes())
