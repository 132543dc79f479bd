"""The SPARCstation 5: OpenBIOS to its prompt, and a kernel through it to power off."""

from __future__ import annotations

from pathlib import Path

import pytest

from machinebuilder import Board
from machinebuilder.boot import BootError
from machinebuilder.boot.prom import openbios
from machinebuilder.fetch import openbios_sparc
from tests.boot.command import mb
from tests.conftest import guest_image

needs_openbios = pytest.mark.skipif(
    openbios_sparc.installed() is None, reason=f"no OpenBIOS: {openbios_sparc.COMMAND}"
)
pytestmark = [pytest.mark.boot, pytest.mark.timeout(300)]


@pytest.fixture
def images() -> dict[str, Path]:
    """Linux for sun4m and a RAM disk with busybox."""
    return {
        "kernel": guest_image("sparc/zImage"),
        "initrd": guest_image("sparc/initrd.gz"),
    }


@pytest.fixture
def prompt():
    with Board.load("sparc-ss5").build() as machine:
        machine.start()
        machine.console.expect("0 > ", timeout=120)
        yield machine


@needs_openbios
def test_openbios_computes_and_lists_its_devices(prompt):
    console = prompt.console
    console.write("6 7 * .\r")
    console.expect(r"2a\b", timeout=30)
    console.write("show-devs\r")
    console.expect(r"/obio/zs@0,100000 \(serial\)", timeout=30)
    console.expect(r"/FMI,MB86904 \(cpu\)", timeout=30)


@needs_openbios
def test_openbios_knows_the_machine(prompt):
    prompt.console.write("dev / .properties\r")
    prompt.console.expect("SUNW,501-3059", timeout=30)


@needs_openbios
def test_memory_is_as_large_as_the_board_says():
    with Board.load("sparc-ss5", ram="128 MiB").build() as machine:
        machine.start()
        machine.console.expect("0 > ", timeout=120)
        machine.console.write("dev /memory .properties\r")
        machine.console.expect(r"06000000 +02000000", timeout=30)


@needs_openbios
def test_linux_comes_up_and_powers_off(images):
    result = mb(
        "run", "sparc-ss5", "--kernel", images["kernel"], "--initrd", images["initrd"],
        "--timeout", 200,
        "--append", "console=ttyS0 rdinit=/init benchm=1 autooff",
    )  # fmt: skip
    tail = result.out[-3000:] + result.err
    assert "TYPE: SPARCstation 5" in result.out, tail
    assert "GUEST-READY" in result.out, tail
    assert "BENCH int  n=1M sum=3c4683de" in result.out, tail
    assert result.status == 0, tail


@needs_openbios
def test_the_shell_sees_the_processor_and_the_clock(images):
    board = Board.load("sparc-ss5")
    with board.build(**images, append="console=ttyS0 rdinit=/init benchm=0") as machine:
        machine.start()
        console = machine.console
        console.expect("GUEST-READY", timeout=120)
        console.expect("guest# ", timeout=30)
        console.write("cat /proc/cpuinfo; date +%Y\n")
        console.expect("Fujitsu +MB86904", timeout=30)
        console.expect("sun4m", timeout=30)
        console.expect(r"20[2-9]\d", timeout=30)
        console.write("poweroff -f\n")
        assert machine.wait(timeout=60).name == "poweroff"


def test_a_kernel_without_openbios_is_told_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(openbios_sparc, "installed", lambda: None)
    kernel = tmp_path / "kernel"
    kernel.write_bytes(bytes(64))
    with pytest.raises(BootError, match="mb fetch openbios-sparc"):
        Board.load("sparc-ss5").build(kernel=kernel)


@pytest.mark.parametrize(
    "image, why",
    [
        (b"\x7fELF" + bytes(8), "not an ELF file"),
        (b"\x7fELF\x01\x01" + bytes(10) + b"\2\0\x28\0" + bytes(60), "nothing to load"),
    ],
)
def test_firmware_that_is_broken_is_refused(tmp_path, image, why):
    file = tmp_path / "firmware"
    file.write_bytes(image)
    with pytest.raises(BootError, match=why):
        Board.load("sparc-ss5").build(firmware=file)


def test_firmware_is_told_about_the_machine():
    with Board.load("sparc-ss5", ram="32 MiB").build(firmware=__file__) as machine:
        ram = openbios.main_ram(machine.plan)
        loaded = openbios.Loaded(0x4000, 100, 0x80_0000, 7, 0x7F_F000)
        images = openbios.Images(append="quiet")
        items = openbios.items(machine, images, ram, loaded)
    assert int.from_bytes(items[openbios.RAM_SIZE], "little") == 32 << 20
    assert int.from_bytes(items[openbios.MACHINE], "little") == 32
    assert items[openbios.COMMAND_LINE_DATA] == b"quiet\0"
    assert items[openbios.INITRD_SIZE] == (7).to_bytes(4, "little")
