"""The generated device tree: clean for dtc, and what the board says."""

from __future__ import annotations

import shutil
import subprocess

import fdt
import pytest

from tests.boot.command import mb

needs_dtc = pytest.mark.skipif(
    shutil.which("dtc") is None, reason="dtc is not installed"
)


@pytest.fixture
def blob(tmp_path):
    file = tmp_path / "board.dtb"
    assert mb("dtb", "arm-virt", "-o", file, "-o", "cpus=3").status == 0
    return file


@needs_dtc
def test_dtc_has_nothing_to_warn_of(blob):
    done = subprocess.run(
        ["dtc", "-I", "dtb", "-O", "dts", "-o", "/dev/null", blob],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_it_has_the_cpus_and_devices_of_the_board(blob):
    tree = fdt.parse_dtb(blob.read_bytes())
    cpus = tree.get_node("/cpus").nodes
    assert [node.name for node in cpus if node.name.startswith("cpu@")] == [
        "cpu@0",
        "cpu@1",
        "cpu@2",
    ]
    uart = tree.get_node("/serial@9000000")
    assert uart.get_property("compatible").data == ["arm,pl011", "arm,primecell"]
    assert uart.get_property("interrupts").data == [0, 1, 4]
    assert (
        tree.get_node("/chosen").get_property("stdout-path").value == "/serial@9000000"
    )
