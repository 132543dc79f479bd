"""SeaBIOS, the firmware of PCs, and the BIOS of their display, from Debian."""

from __future__ import annotations

import tempfile
from pathlib import Path

from machinebuilder.fetch import FetchError, Progress, cache

SUMMARY = "SeaBIOS for PCs (bios-256k.bin, vgabios-stdvga.bin)"
COMMAND = "mb fetch seabios"
PACKAGE = "seabios"
IMAGE, DISPLAY_IMAGE = "bios-256k.bin", "vgabios-stdvga.bin"
PLACES = (
    "/usr/share/seabios", "/usr/share/qemu", "/usr/local/share/qemu"
)  # fmt: skip
"""Where Debian's package seabios puts it, and others."""


def installed(image: str = IMAGE) -> Path | None:
    """An image: fetched, or installed on this machine."""
    folders = [cache() / "seabios", *map(Path, PLACES)]
    return next((f / image for f in folders if (f / image).is_file()), None)


def build(folder: Path, progress: Progress) -> None:
    """Write the images into `folder`."""
    from machinebuilder.fetch.apt import Apt  # only here: machines that start ask above

    with tempfile.TemporaryDirectory() as work:
        apt = Apt("amd64", Path(work), progress)
        apt.update()
        package = apt.unpack(PACKAGE)
        for image in (IMAGE, DISPLAY_IMAGE):
            found = sorted(package.rglob(image))
            if not found:
                raise FetchError(f"the package {package.name} has no {image}")
            (folder / image).write_bytes(found[0].read_bytes())
