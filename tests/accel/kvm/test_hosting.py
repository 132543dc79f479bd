"""The host's side of KVM: what it lacks is told, what is taken is given back, signals
end a run."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from machinebuilder import Board, native
from machinebuilder.accel import UnavailableError
from machinebuilder.accel.kvm import why_not
from machinebuilder.errors import UserError
from machinebuilder.machine.failure import reason
from tests.accel.kvm.assembly import needs_assembler
from tests.accel.kvm.bench import DEADLINE, Make, end, guest

ROOT = Path(__file__).resolve().parents[3]
MICRO = ROOT / "boards" / "x86-micro.yaml"

# -- what the host lacks


def refusal(monkeypatch: pytest.MonkeyPatch, device: Path | str) -> str:
    """Why no machine can be made with that file for KVM's device."""
    monkeypatch.setenv("MB_KVM_DEVICE", str(device))
    with pytest.raises(UnavailableError) as caught:
        Board.load(MICRO).build(accel="kvm")
    return str(caught.value)


def test_a_host_without_kvm_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    why = refusal(monkeypatch, tmp_path / "kvm")
    assert f"no {tmp_path}/kvm" in why and "modprobe" in why


def test_a_user_without_permission_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    device = tmp_path / "kvm"
    device.touch(mode=0)
    monkeypatch.setenv("MB_KVM_DEVICE", str(device))
    why_not("x86")  # all is loaded while files can be read
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        why = why_not("x86")
    finally:
        os.seteuid(before)
    assert why is not None
    assert "no permission" in why and "usermod -aG kvm" in why


def test_a_file_that_is_not_kvms_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "not KVM's device" in refusal(monkeypatch, "/dev/null")


def test_a_missing_capability_is_named_with_its_purpose(
    kvm: None, tmp_path: Path
) -> None:
    source = tmp_path / "needy.c"
    source.write_text("""
#include "core.h"
#include "kvm/kvm.h"
static const struct mb_kvm_need needs[] = {
    {99999, "KVM_CAP_TELEPATHY", "know what you want"}, {0}};
static const struct mb_kvm_core kvm = {.needs = needs};
const struct mb_core needy = {.abi = MB_CORE_ABI, .name = "needy", .kvm = &kvm};
""")
    library = tmp_path / "needy.so"
    place = "machinebuilder/engine"
    include = ROOT / place
    generated = Path(os.environ["MB_BUILD_DIR"]) / place
    flags = ["-shared", "-fPIC", f"-I{include}", f"-I{generated}"]
    subprocess.run(["gcc", *flags, "-o", library, source], check=True)
    core = ctypes.addressof(ctypes.c_char.in_dll(ctypes.CDLL(str(library)), "needy"))
    engine = native.engine()
    assert engine.lib.mb_kvm_probe(engine.ffi.cast("void *", core)) == -1
    assert "lacks KVM_CAP_TELEPATHY" in reason()
    assert "needed to know what you want" in reason()


def test_kvm_refuses_a_board_of_another_kind() -> None:
    with pytest.raises(UserError, match="arm CPUs cannot run.*--accel translate"):
        Board.load("arm-virt").build(accel="kvm")


def test_translating_x86_is_refused_with_what_does_run_it() -> None:
    with pytest.raises(UserError, match="no translator for x86.*KVM"):
        Board.load(MICRO).build(accel="translate")


# -- what is taken


def open_files() -> list[str]:
    """What this process has open."""
    found = []
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(str(path.readlink()))
    return sorted(found)


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def mappings() -> int:
    return len(Path("/proc/self/maps").read_text().splitlines())


@needs_assembler
@pytest.mark.parametrize("chips", ["on", "split", "off"])
def test_a_hundred_machines_leave_nothing_behind(kvm: None, chips: str) -> None:
    count = 100 if chips == "on" else 20

    def one() -> None:
        with guest(end(), chips=chips, count=2, apic=True) as machine:
            assert machine.run(timeout=DEADLINE).name == "poweroff"

    for _ in range(3):
        one()
    files, tasks, maps = open_files(), threads(), mappings()
    for _ in range(count):
        one()
    assert open_files() == files
    assert threads() <= tasks
    assert mappings() < maps + 20


@needs_assembler
def test_a_child_process_inherits_nothing_of_kvm(make: Make) -> None:
    make(end(), count=2, apic=True)
    listing = subprocess.run(["ls", "-l", "/proc/self/fd"], capture_output=True,
                             text=True, close_fds=False).stdout  # fmt: skip
    assert any("kvm" in name for name in open_files())
    assert "kvm" not in listing


@needs_assembler
def test_a_machine_that_never_ran_is_closed(kvm: None) -> None:
    files = open_files()
    guest(end(), count=3, apic=True).close()
    assert open_files() == files


# -- signals and exit codes


def mb_run(*words: str) -> subprocess.Popen[str]:
    """`mb run` of the minimal board."""
    command = [sys.executable, "-m", "machinebuilder", "run", str(MICRO), *words]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run(kvm: None, number: signal.Signals) -> None:
    process = mb_run()
    assert process.stdout is not None
    line = process.stdout.readline()
    while line and "help" not in line:
        line = process.stdout.readline()
    assert line, process.communicate()
    time.sleep(0.1)
    process.send_signal(number)
    process.communicate(timeout=DEADLINE)
    assert process.returncode == 128 + number


# A PVH kernel (XEN_ELFNOTE_PHYS32_ENTRY) of a few bytes at 1 MiB.
KERNEL = """
.section .note, "a", @note
    .long 4, 4, 18
    .asciz "Xen"
    .long entry
.text
.code32
.globl entry
entry:
    {body}
"""


def kernel(folder: Path, body: str) -> Path:
    """An ELF file that PVH boots."""
    source, thing, image = (folder / n for n in ("k.s", "k.o", "k.elf"))
    source.write_text(KERNEL.format(body=body))
    subprocess.run(["as", "--32", "-o", thing, source], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-Ttext=0x100000",
                    "--section-start=.note=0x101000", "-e", "entry", "-o",
                    image, thing], check=True)  # fmt: skip
    return image


@needs_assembler
def test_a_failing_guest_ends_mb_with_its_cause_and_code_1(
    kvm: None, tmp_path: Path
) -> None:
    image = kernel(tmp_path, "lidtl none\n ud2\nnone: .long 0, 0")
    process = mb_run("--kernel", str(image))
    _, said = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    assert "triple fault" in said and "rip=" in said


@needs_assembler
def test_a_timeout_ends_mb_with_code_124(kvm: None, tmp_path: Path) -> None:
    image = kernel(tmp_path, "1: jmp 1b")
    process = mb_run("--kernel", str(image), "--timeout", "0.5")
    process.communicate(timeout=DEADLINE)
    assert process.returncode == 124
