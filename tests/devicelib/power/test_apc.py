"""APC's law: a processor that asks for it sleeps until its next interrupt."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest

from machinebuilder import Board
from machinebuilder.fetch import openbios_sparc
from tests.conftest import guest_image

APPEND = "console=ttyS0 rdinit=/init panic=1 benchm=0 esp_scsi.esp_bus_reset_settle=0"


@pytest.mark.boot
@pytest.mark.timeout(200)
@pytest.mark.skipif(openbios_sparc.installed() is None, reason="no OpenBIOS")
def test_an_idle_linux_leaves_the_host_alone() -> None:
    images: dict[str, Path] = {
        "kernel": guest_image("sparc/zImage"),
        "initrd": guest_image("sparc/initrd.gz"),
    }
    with Board.load("sparc-ss5").build(**images, append=APPEND, net="none") as machine:
        machine.start()
        machine.console.expect("guest# ", timeout=120)
        before = used()
        time.sleep(3)
        assert used() - before < 1
        machine.console.write("echo still $((6 * 7)) here\n")
        machine.console.expect("still 42 here", timeout=30)


def used() -> float:
    """Seconds of processor time of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
