"""Linux's own drivers on the virtio devices: disks, networks, console, entropy."""

from __future__ import annotations

import hashlib
import http.server
import random
import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from machinebuilder import Board
from machinebuilder.machine import Machine
from machinebuilder.machine.machine import MachineConsole
from tests.boot.command import MB, boot

pytestmark = [pytest.mark.boot, pytest.mark.timeout(300)]

EVERYTHING = """
extends: arm-virt
board: everything-virtio
devices:
  rng0:  {model: virtio.rng, bus: virtio, slot: 3, seed: 7}
  hvc0:  {model: virtio.console, bus: virtio, slot: 4}
  disk0: {model: virtio.blk, bus: virtio, slot: 6, host: disk, serial: number-one}
  disk1: {model: virtio.blk, bus: virtio, slot: 7, host: disk}
"""

Shell = Callable[[str], str]


def shell(machine: Machine) -> Shell:
    """What a command says, on the guest's console."""

    def run(command: str) -> str:
        machine.console.write(command + "; echo 'en''d'\n")
        return machine.console.expect("((?s:.*?))end\r\n", timeout=60)[1]

    return run


def test_linux_finds_and_uses_every_device(
    arm_images: dict[str, Path], tmp_path: Path
) -> None:
    path, image = tmp_path / "everything.yaml", tmp_path / "disk.img"
    path.write_text(EVERYTHING)
    image.write_bytes(random.Random(3).randbytes(4 << 20))
    board, append = Board.load(path), "console=ttyAMA0 quiet rdinit=/init"
    with board.build(**arm_images, append=append, disks=[f"{image},ro"]) as machine:
        console = MachineConsole(machine)
        machine.devices["hvc0"].connect(console)
        machine.start()
        machine.console.expect("# ", timeout=120)
        run = shell(machine)
        assert re.search(
            r"virtio0 +virtio1 +virtio2\b(?! +virtio3)",
            run("ls /sys/bus/virtio/devices"),
        )
        assert "number-one" in run("cat /sys/block/vda/serial")
        before = image.read_bytes()
        digest = hashlib.sha256(before).hexdigest()
        assert digest in run("sha256sum /dev/vda")
        assert "read-only: 1" in run("echo read-'only': $(cat /sys/block/vda/ro)")
        run("dd if=/dev/zero of=/dev/vda count=1")
        assert len(set(run("od -An -N32 -tx1 /dev/hwrng").split())) > 10
        run(
            "echo hello from hvc > /dev/hvc0; head -n1 /dev/hvc0 > /tmp/typed & sleep 1"
        )
        console.write("typed on hvc\n")
        assert "typed on hvc" in run("wait; cat /tmp/typed")
        assert "hello from hvc" in console.text
    assert image.read_bytes() == before


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """A web server on the host: its port, and the digest of /file."""
    data = random.Random(4).randbytes(8 << 20)
    (tmp_path / "file").write_bytes(data)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], hashlib.sha256(data).hexdigest()
        server.shutdown()


def test_the_users_network_brings_a_file(
    arm_images: dict[str, Path], web: tuple[int, str]
) -> None:
    port, digest = web
    command = (
        "ifconfig eth0 10.0.2.15 netmask 255.255.255.0; "
        f"wget -q -O /tmp/f http://10.0.2.2:{port}/file; sha256sum /tmp/f"
    )
    result = boot(arm_images, command, "--net", "user")
    if "libslirp" in result.err:
        pytest.skip(result.err)
    assert digest in result.out, result.out[-2000:] + result.err


def test_two_guests_talk_over_a_socket(
    arm_images: dict[str, Path], tmp_path: Path
) -> None:
    wire = tmp_path / "wire"
    waits = "ifconfig eth0 10.1.0.1; nc -l -p 7 > /tmp/f; sha256sum /tmp/f"
    listener = Popen(
        [*MB, "run", "arm-virt", "--kernel", arm_images["kernel"],
         "--initrd", arm_images["initrd"], "--net", f"socket,listen={wire}",
         "--append", f'console=ttyAMA0 quiet rdinit=/init run="{waits}"',
         "--timeout", "120"], stdout=PIPE, text=True, errors="replace",
    )  # fmt: skip
    sends = (
        "ifconfig eth0 10.1.0.2; until ping -c 1 -W 1 10.1.0.1; do sleep 1; done; "
        "dd if=/dev/urandom of=/tmp/f bs=64k count=32 2>/dev/null; sha256sum /tmp/f; "
        "sleep 2; nc 10.1.0.1 7 < /tmp/f; sleep 1"
    )
    try:
        while not wire.exists():
            assert listener.poll() is None
        sent = boot(arm_images, sends, "--net", f"socket,connect={wire}")
        received, _ = listener.communicate(timeout=120)
    finally:
        listener.kill()
    digest = re.compile("([0-9a-f]{64})  /tmp/f")
    assert digest.findall(sent.out) == digest.findall(received) != []
