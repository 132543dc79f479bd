"""A vendor's board, by YAML alone: the same kernel boots on another memory map."""

from __future__ import annotations

import re

import pytest

from tests.boot.command import boot

pytestmark = [pytest.mark.boot, pytest.mark.timeout(300)]

LOOK = (
    "cat /proc/iomem; ls /sys/class/tty /sys/class/block; "
    "dd if=/dev/vda of=/dev/null bs=64k; dd if=/dev/vdb of=/dev/null bs=64k"
)


def test_debians_kernel_boots_on_the_vendors_board(arm_images):
    result = boot(arm_images, LOOK, "-o", "cpus=2", board="acme-gateway")
    said = result.out + result.err
    assert result.status == 0, said[-3000:]
    assert "cpus=2 " in said and "GUEST-DONE status=0" in said, said[-3000:]
    assert re.search(r"^80000000-[0-9a-f]+ : System RAM", said, re.M)
    assert {"ttyAMA0", "ttyAMA1", "vda", "vdb"} <= set(said.split())
