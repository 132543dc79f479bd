"""Debian's armhf kernel and a RAM disk with Debian's static busybox."""

from __future__ import annotations

import tempfile
from pathlib import Path

from machinebuilder.fetch import FetchError, Progress
from machinebuilder.fetch.apt import Apt
from machinebuilder.fetch.cpio import Archive

SUMMARY = "Debian's armhf kernel (zImage) and busybox (initrd.gz)"
MODULES = (
    "net/core/failover",
    "drivers/net/net_failover",
    "drivers/net/virtio_net",
    "lib/crc16",
    "lib/libcrc32c",
    "crypto/crc32c_generic",
    "fs/mbcache",
    "fs/jbd2/jbd2",
    "fs/ext4/ext4",
    "drivers/virtio/virtio",
    "drivers/virtio/virtio_ring",
    "drivers/virtio/virtio_mmio",
    "drivers/block/virtio_blk",
    "drivers/char/hw_random/virtio-rng",
    "drivers/char/virtio_console",
)


def build(folder: Path, progress: Progress) -> None:
    """Write zImage and initrd.gz into `folder`."""
    with tempfile.TemporaryDirectory() as work:
        apt = Apt("armhf", Path(work), progress)
        apt.update()
        kernel = apt.unpack(apt.newest("linux-image-armmp"))
        busybox = apt.unpack("busybox-static")
        images = list((kernel / "boot").glob("vmlinuz-*"))
        if not images:
            raise FetchError("the kernel package has no /boot/vmlinuz-*")
        (folder / "zImage").write_bytes(images[0].read_bytes())
        progress("building the RAM disk")
        (folder / "initrd.gz").write_bytes(ramdisk(kernel, busybox))


def ramdisk(kernel: Path, busybox: Path) -> bytes:
    """The initrd: busybox, the modules for virtio and ext4, and our /init."""
    archive = Archive()
    for name in ["bin", "dev", "proc", "sys", "tmp", "mnt", "lib/modules"]:
        archive.folder(name)
    archive.file("bin/busybox", (busybox / "bin/busybox").read_bytes(), 0o755)
    archive.link("bin/sh", "busybox")
    archive.file("init", (Path(__file__).parent / "init.sh").read_bytes(), 0o755)
    for module in MODULES:
        for path in kernel.glob(f"lib/modules/*/kernel/{module}.ko"):
            archive.file(f"lib/modules/{path.name}", path.read_bytes())
    return archive.compressed()
