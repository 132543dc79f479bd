"""Debian's unmodified armhf kernel, from a board file to power off."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from machinebuilder import Board
from tests.boot.command import boot, mb

pytestmark = [pytest.mark.boot, pytest.mark.timeout(400)]
TROUBLE = re.compile(r"WARNING:|BUG:|Oops|Call trace|rcu_sched|Internal error", re.I)


def assert_done(result, cpus=1):
    """The guest came up with that many CPUs, did its work and powered off, unharmed."""
    tail = result.out[-3000:] + result.err
    assert f"cpus={cpus} " in result.out, tail
    assert "GUEST-DONE status=0" in result.out, tail
    assert result.status == 0, tail
    assert not TROUBLE.search(result.out), TROUBLE.search(result.out)


def test_it_boots_on_one_cpu(arm_images):
    result = boot(arm_images, "uname -a; cat /proc/cpuinfo")
    assert_done(result)
    assert re.search(r"Linux .* armv7l GNU/Linux", result.out)
    assert "ARMv7 Processor" in result.out
    assert "Machine model:" in result.out


def test_it_boots_on_four_cpus(arm_images):
    work = (
        "for i in 1 2 3 4; do sha256sum /bin/busybox & done; wait; cat /proc/interrupts"
    )
    result = boot(arm_images, work, "-o", "cpus=4")
    assert_done(result, cpus=4)
    assert len(set(re.findall(r"^([0-9a-f]{64})  /bin/busybox", result.out, re.M))) == 1


@pytest.fixture
def ext4(tmp_path):
    """An empty ext4 file system of 64 MiB."""
    image = tmp_path / "d.img"
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    return image


def check_ext4(image):
    done = subprocess.run(["e2fsck", "-fn", image], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


WRITE = (
    "mount /dev/vda /mnt && "
    "dd if=/dev/urandom of=/mnt/file bs=1M count=20 2>/dev/null && "
    "sync && sha256sum /mnt/file && umount /mnt && mount /dev/vda /mnt && "
    "sha256sum /mnt/file && umount /mnt"
)


@pytest.mark.skipif(
    shutil.which("mkfs.ext4") is None, reason="e2fsprogs is not installed"
)
def test_a_disk_takes_a_file_and_is_clean_afterwards(arm_images, ext4):
    result = boot(arm_images, WRITE, "--disk", ext4)
    assert_done(result)
    sums = re.findall(r"^([0-9a-f]{64})  /mnt/file", result.out, re.M)
    assert len(sums) == 2 and sums[0] == sums[1]
    check_ext4(ext4)


@pytest.mark.skipif(
    shutil.which("mkfs.ext4") is None, reason="e2fsprogs is not installed"
)
def test_snapshot_mode_leaves_the_image_alone(arm_images, ext4):
    before = ext4.read_bytes()
    result = boot(arm_images, WRITE, "--disk", f"{ext4},snapshot")
    assert_done(result)
    assert ext4.read_bytes() == before


def test_a_shell_answers_what_is_typed(arm_images):
    append = "console=ttyAMA0 rdinit=/init quiet"
    board = Board.load("arm-virt")
    with board.build(**arm_images, append=append) as machine:
        machine.start()
        machine.console.expect("GUEST-READY", timeout=120)
        machine.console.expect("# ", timeout=30)
        machine.console.write("echo $((6*7))-answer\n")
        machine.console.expect("42-answer", timeout=30)
        machine.console.write("poweroff -f\n")
        assert machine.wait(timeout=60).name == "poweroff"


def test_timeout_ends_the_run_with_124(arm_images):
    result = mb(
        "run", "arm-virt", "--kernel", arm_images["kernel"], "--timeout", "1.5",
        "--append", "console=ttyAMA0",
    )  # fmt: skip
    assert result.status == 124
    assert "1.5 s passed" in result.err
