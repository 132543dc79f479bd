"""RAM disks: what cpio itself makes of our archives."""

import gzip
import shutil
import subprocess

import pytest

from machinebuilder.fetch.cpio import Archive


def an_archive() -> Archive:
    archive = Archive()
    archive.file("init", b"#!/bin/sh\n", 0o755)
    archive.file("lib/modules/a.ko", b"x" * 5)
    archive.link("bin-sh", "busybox")
    return archive


def test_an_archive_is_the_same_every_time():
    assert an_archive().compressed() == an_archive().compressed()


def test_folders_above_a_file_come_before_it():
    names = sorted(an_archive().entries)
    assert (
        names.index("lib")
        < names.index("lib/modules")
        < names.index("lib/modules/a.ko")
    )


@pytest.mark.skipif(shutil.which("cpio") is None, reason="cpio is not installed")
def test_cpio_unpacks_what_was_put_in(tmp_path):
    data = gzip.decompress(an_archive().compressed())
    subprocess.run(["cpio", "-id", "--quiet"], input=data, cwd=tmp_path, check=True)
    assert (tmp_path / "init").read_bytes() == b"#!/bin/sh\n"
    assert (tmp_path / "init").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "lib/modules/a.ko").read_bytes() == b"xxxxx"
    assert (tmp_path / "bin-sh").readlink().name == "busybox"
