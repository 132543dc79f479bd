"""Linux's drivers on the SPARCstation 5: ESP disk and CD-ROM, LANCE; the screen."""

from __future__ import annotations

import hashlib
import http.server
import random
import shutil
import subprocess
import threading
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from socket import create_server

import pytest

from machinebuilder import Board
from machinebuilder.fetch import openbios_sparc
from machinebuilder.machine import Machine
from tests.boot.command import mb
from tests.conftest import guest_image

pytestmark = [
    pytest.mark.boot,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        openbios_sparc.installed() is None, reason="OpenBIOS is not installed"
    ),
]

APPEND = (
    "console=ttyS0 rdinit=/init panic=1 benchm=0 esp_scsi.esp_bus_reset_settle=0 quiet"
)
HALF_MIB, TEN_MIB = 1 << 19, 10 << 20


@pytest.fixture
def images() -> dict[str, Path]:
    """The sun4m kernel and its RAM disk."""
    return {
        "kernel": guest_image("sparc/zImage"),
        "initrd": guest_image("sparc/initrd.gz"),
    }


class Shell:
    """A shell in the guest."""

    def __init__(self, machine: Machine) -> None:
        self.console = machine.console
        machine.start()
        self.console.expect("GUEST-READY", timeout=120)
        self.console.expect("guest# ", timeout=60)
        self.number = 0

    def __call__(self, command: str, timeout: float = 100) -> str:
        """What a command says; it must succeed."""
        self.number += 1
        self.console.write(f"{command}; echo 'en''d'{self.number}=$?\n")
        end = self.console.expect(rf"((?s:.*?))end{self.number}=(\d+)", timeout)
        assert end[2] == "0", f"{command}: {end[1]}"
        return end[1]


def partition(image: Path) -> bytes:
    """The bytes of an image's first partition."""
    data = image.read_bytes()
    first = int.from_bytes(data[454:458], "little")
    count = int.from_bytes(data[458:462], "little")
    return data[first * 512 : (first + count) * 512]


def test_a_disk_is_partitioned_formatted_and_written(
    images: dict[str, Path], tmp_path: Path
) -> None:
    disk, disc = tmp_path / "disk.img", tmp_path / "disc.iso"
    disk.write_bytes(bytes(16 << 20))
    disc.write_bytes(random.Random(5).randbytes(HALF_MIB))
    board = Board.load("sparc-ss5")
    disks = [str(disk), str(disc)]
    with board.build(**images, append=APPEND, disks=disks, net="none") as machine:
        run = Shell(machine)
        assert hashlib.md5(disc.read_bytes()).hexdigest() in run("md5sum /dev/sr0")
        run("printf 'n\\np\\n1\\n\\n\\nw\\n' | fdisk /dev/sda > /dev/null 2>&1")
        run("mkfs.ext2 /dev/sda1 > /dev/null 2>&1")
        run("mkdir /m; mount -t ext2 /dev/sda1 /m")
        run("dd if=/dev/urandom of=/m/file bs=64k count=32 2> /dev/null")
        run("before=$(md5sum < /m/file); umount /m; mount -t ext2 /dev/sda1 /m")
        run('[ "$before" = "$(md5sum < /m/file)" ]')
        run("umount /m")
        machine.console.write("poweroff -f\n")
        event = machine.wait(60)
        assert event is not None and event.name == "poweroff"
    if shutil.which("e2fsck"):
        alone = tmp_path / "partition.img"
        alone.write_bytes(partition(disk))
        subprocess.run(["e2fsck", "-fn", str(alone)], check=True)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """A web server on the host with a file of 10 MiB: its port, and the file's sum."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    data = random.Random(7).randbytes(TEN_MIB)
    (tmp_path / "file").write_bytes(data)
    handler = partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], hashlib.md5(data).hexdigest()
        server.shutdown()


def test_the_network_gets_a_lease_and_moves_ten_mebibytes_both_ways(
    images: dict[str, Path], served: tuple[int, str]
) -> None:
    port, digest = served
    got = hashlib.md5()
    board = Board.load("sparc-ss5")
    with (
        board.build(**images, append=APPEND, net="user") as machine,
        create_server(("127.0.0.1", 0)) as server,
    ):
        run = Shell(machine)
        run("ifconfig eth0 up")
        assert "10.0.2.15" in run("udhcpc -n -q -i eth0 -s /bin/true 2>&1")
        run("ifconfig eth0 10.0.2.15 netmask 255.255.255.0")
        run(f"wget -q -O /tmp/file http://10.0.2.2:{port}/file")
        assert digest in run("md5sum /tmp/file")

        def receive() -> None:
            connection, _ = server.accept()
            with connection:
                while data := connection.recv(1 << 16):
                    got.update(data)

        receiver = threading.Thread(target=receive, daemon=True)
        receiver.start()
        run(f"nc 10.0.2.2 {server.getsockname()[1]} < /tmp/file")
        receiver.join(60)
        assert got.hexdigest() == digest


def test_firmware_writes_on_the_screen(tmp_path: Path) -> None:
    picture = tmp_path / "screen.png"
    words = ("screenshot", "sparc-ss5", "-o", "console=screen", "--after", 8)
    result = mb(*words, "-O", picture)
    assert (result.status, result.out.strip()) == (0, str(picture))
    data = picture.read_bytes()
    at = data.index(b"IDAT")
    size = int.from_bytes(data[at - 4 : at], "big")
    pixels = zlib.decompress(data[at + 4 : at + 4 + size])
    assert len(pixels) == 768 * 1025
    paper, ink = pixels[-1], set(pixels[1:]) - {0, pixels[-1]}
    assert ink or pixels[:20500].count(paper) < 20480, "nothing is written"


def test_a_board_without_a_screen_has_no_screenshot() -> None:
    result = mb("screenshot", "arm-virt")
    assert result.status == 2
    assert "no screen" in result.err
