"""Disks of the PC under a guest of our own: 10,000 requests with checksums, and what is
in the image when `mb` is killed in the middle of them.

The guest (guests/disks) makes request n from a seed, as `requests` does here; it prints
n when a write has been acknowledged.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.boot.command import MB, ROOT
from tests.qtest import PROGRAM, needs_qemu

pytestmark = [
    pytest.mark.boot,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not shutil.which("make"), reason="no make to build the guest"),
]
needs_kvm = pytest.mark.skipif(
    not os.access("/dev/kvm", os.R_OK | os.W_OK), reason="/dev/kvm is not to be had"
)

SECTOR, SECTORS, MOST, MAGIC = 512, 16384, 4, 0x6B73_6964
REQUESTS = 10_000
WORD = 0xFFFF_FFFF

VIRTIO_PCI = """extends: x86-pc
devices:
  hda: null
  hdb: null
  hdd: null
  test-disk: {model: virtio.blk, bus: virtio, slot: 0, host: disk}
"""
VIRTIO_MMIO = """extends: x86-micro
devices:
  test-place: {model: virtio.mmio, at: 0xfea0_0000, irq: pic.irq.11}
  test-disk:  {model: virtio.blk, bus: test-place, host: disk}
"""
WAYS = {
    "ide": ("ide", "extends: x86-pc\n"),
    "pci": ("pci", VIRTIO_PCI),
    "pci-messages": ("messages", VIRTIO_PCI),
    "micro": ("virtio", VIRTIO_MMIO),
}
"""What the guest is told, and the board."""


@dataclass(frozen=True)
class Request:
    """Request n: it reads or writes `count` sectors from `first` on."""

    n: int
    first: int
    count: int
    write: bool

    @property
    def sectors(self) -> range:
        return range(self.first, self.first + self.count)


def requests(seed: int, count: int) -> Iterator[Request]:
    """Those that the guest makes (xorshift32)."""
    state = seed

    def draw() -> int:
        nonlocal state
        state ^= state << 13 & WORD
        state ^= state >> 17
        state ^= state << 5 & WORD
        return state

    for n in range(1, count + 1):
        value = draw()
        yield Request(
            n, draw() % (SECTORS - MOST), 1 + (value >> 1) % MOST, value & 1 == 1
        )


def content(sector: int, n: int) -> bytes:
    """What request n writes to a sector; zeros before any."""
    if n == 0:
        return bytes(SECTOR)
    step = n * 2654435761 & WORD ^ sector
    words = [MAGIC, n, sector]
    words += [(sector + step * i) & WORD for i in range(1, SECTOR // 4 - 2)]
    return struct.pack(f"<{SECTOR // 4}I", *words)


def writer(image: bytes, sector: int) -> int:
    """The request that a sector of the image says is its own."""
    return int(struct.unpack_from("<I", image, SECTOR * sector + 4)[0])


def check(image: bytes, seed: int, acknowledged: int) -> int:
    """The image holds all writes up to some request, which may be there in part, and is
    not before the last one acknowledged. Gives it."""
    last = max(writer(image, sector) for sector in range(SECTORS))
    assert last >= acknowledged, f"request {acknowledged} was acknowledged and is lost"
    expected = [0] * SECTORS
    under_way = None
    for request in requests(seed, last):
        if request.write and request.n < last:
            expected[request.first : request.first + request.count] = [
                request.n
            ] * request.count
        under_way = request
    for sector in range(SECTORS):
        found = image[SECTOR * sector : SECTOR * (sector + 1)]
        n = writer(image, sector)
        assert found == content(sector, n), f"sector {sector} is torn"
        allowed = {expected[sector]}
        if under_way and sector in under_way.sectors:
            allowed.add(last)
        assert n in allowed, f"sector {sector} is of request {n}, not {allowed}"
    return last


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("guest")
    command = ["make", "-s", "-C", str(ROOT / "guests"), f"OUT={folder}", "disks-x86"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "disks-x86.bin"


class Run:
    """`mb run` with the guest on an empty disk."""

    def __init__(
        self,
        way: str,
        guest: Path,
        folder: Path,
        seed: int,
        count: int = REQUESTS,
        *options: str,
    ) -> None:
        kind, board = WAYS[way]
        self.image, self.seed = folder / "disk.img", seed
        self.image.write_bytes(bytes(SECTOR * SECTORS))
        (folder / "board.yaml").write_text(f"board: disks\n{board}")
        words = ["run", folder / "board.yaml", "--kernel", guest, "--disk", self.image]
        line = f"disk={kind} seed={seed} requests={count}"
        self.process = subprocess.Popen(
            [*MB, *map(str, words), "--append", line, "--timeout", "300", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def lines(self) -> Iterator[str]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            yield line.rstrip("\r\n")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def run(request: pytest.FixtureRequest, guest: Path, tmp_path: Path) -> Iterator[Run]:
    way, seed = request.param
    started = Run(way, guest, tmp_path, seed)
    yield started
    started.kill()


def ways(first_seed: int) -> pytest.MarkDecorator:
    cases = [(way, first_seed + n) for n, way in enumerate(WAYS)]
    return pytest.mark.parametrize("run", cases, indirect=True, ids=list(WAYS))


def ending(run: Run) -> list[str]:
    """What the guest says until it is done, or fails."""
    seen: list[str] = []
    for line in run.lines():
        seen.append(line)
        if line.startswith(("DONE", "WRONG", "mb:")):
            break
    run.kill()
    return seen


QEMU_DISKS = {
    "ide": ["-drive", "file={},if=ide,format=raw"],
    "pci": [
        "-drive",
        "file={},if=none,id=d,format=raw",
        "-device",
        "virtio-blk-pci,drive=d",
    ],
}


@needs_qemu
@pytest.mark.parametrize("kind", ["ide", "pci", "messages"])
def test_the_guest_is_right_about_qemus_disks(
    guest: Path, tmp_path: Path, kind: str
) -> None:
    """Its drivers are no good as judges if they only suit ours."""
    image = tmp_path / "disk.img"
    image.write_bytes(bytes(SECTOR * SECTORS))
    disk = QEMU_DISKS["ide" if kind == "ide" else "pci"]
    command = [PROGRAM, "-M", "pc", "-accel", "tcg", "-display", "none", "-nodefaults"]
    command += ["-serial", "stdio", "-kernel", str(guest)]
    command += ["-append", f"disk={kind} seed=9 requests=1000"]
    command += [word.format(image) for word in disk]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        lines = (line.strip() for line in process.stdout)
        last = next(line for line in lines if line.startswith(("DONE", "WRONG")))
        process.kill()
    assert last == "DONE 1000"
    check(image.read_bytes(), 9, max(r.n for r in requests(9, 1000) if r.write))


@needs_kvm
@pytest.mark.parametrize("way", ["ide", "pci", "pci-messages"])
@pytest.mark.parametrize("chips", ["split", "off"])
def test_interrupts_come_through_our_own_chips_too(
    guest: Path, tmp_path: Path, way: str, chips: str
) -> None:
    run = Run(way, guest, tmp_path, 5, 200, "-o", f"irqchip={chips}")
    assert ending(run)[-1] == "DONE 200"
    check(run.image.read_bytes(), 5, max(r.n for r in requests(5, 200) if r.write))


@needs_kvm
@ways(1)
def test_ten_thousand_requests_read_what_was_written(run: Run) -> None:
    seen = ending(run)
    assert seen[-1] == f"DONE {REQUESTS}", seen[-3:]
    writes = [r.n for r in requests(run.seed, REQUESTS) if r.write]
    assert [int(line) for line in seen if line.isdigit()] == writes
    assert check(run.image.read_bytes(), run.seed, writes[-1]) == writes[-1]


@needs_kvm
@ways(11)
def test_a_killed_machine_has_kept_what_it_acknowledged(run: Run) -> None:
    enough, acknowledged = random.Random(run.seed).randint(500, 4000), 0
    lines = run.lines()
    for line in lines:
        assert not line.startswith(("DONE", "WRONG", "mb:")), line
        acknowledged = int(line) if line.isdigit() else acknowledged
        if acknowledged >= enough:
            break
    run.kill()
    acknowledged = max(
        [acknowledged, *(int(n) for n in list(lines)[:-1] if n.isdigit())]
    )
    check(run.image.read_bytes(), run.seed, acknowledged)
