# SPDX-License-Identifier: Apache-2.0
"""Linux on the PCs, started without firmware and run by KVM.

The kernel is one that a software KVM can run too, with the features switched off that
such a one does not emulate.
"""

from __future__ import annotations

import os

import pytest

from machinebuilder import Board
from tests.boot.command import mb
from tests.conftest import guest_image

pytestmark = [
    pytest.mark.boot,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not os.access("/dev/kvm", os.R_OK | os.W_OK), reason="/dev/kvm is not to be had"
    ),
]
CPU = "qemu64,+xsaveerptr,-cx16,-popcnt"
CLEARED = (
    "smap,smep,umip,fsgsbase,invpcid,pcid,rdpid,erms,fsrm,popcnt,cx16,movbe,xsave,avx,"
    "avx2,bmi1,bmi2,clwb,clflushopt,rdrand,rdseed"
)
LINE = (
    "console=ttyS0 rdinit=/init panic=-1 noxsave rodata=off reboot=k benchm=0 "
    f"clearcpuid={CLEARED}"
)


def images() -> dict[str, str]:
    return {
        "kernel": str(guest_image("x86tiny/vmlinux-kvmpvm")),
        "initrd": str(guest_image("x86tiny/initrd-min.cpio")),
    }


def test_the_minimal_board_reaches_userland_and_ends_with_the_guests_reset():
    found = images()
    result = mb(
        "run", "x86-micro", "-o", f"cpu={CPU}", "--kernel", found["kernel"],
        "--initrd", found["initrd"], "--append", f"{LINE} autooff", "--no-reboot",
        "--timeout", 400, timeout=450,
    )  # fmt: skip
    assert "GUEST-READY" in result.out
    assert result.status == 0, result.err


def test_on_the_pc_the_shell_at_the_serial_port_answers():
    with Board.load("x86-pc", cpu=CPU).build(append=LINE, **images()) as machine:
        machine.console.expect("GUEST-READY", timeout=400)
        machine.console.expect("guest# ", timeout=60)
        machine.console.write("echo $((6 * 7)) is it\n")
        machine.console.expect("42 is it", timeout=60)
        text = machine.console.text
    assert "BIOS-provided physical RAM map" in text or "e820" in text
    assert "[mem 0x0000000000100000-0x0000000007feffff] usable" in text


def test_a_bzimage_is_entered_in_long_mode_with_its_parameters():
    """As far as its own loader: unpacking takes a software KVM minutes."""
    kernel = str(guest_image("x86tiny/bzImage"))
    line = "earlyprintk=ttyS0 console=ttyS0"
    with Board.load("x86-micro").build(kernel=kernel, append=line) as machine:
        machine.console.expect("early console in extract_kernel", timeout=120)
        machine.console.expect("Decompressing Linux", timeout=120)
