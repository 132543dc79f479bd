"""The generated device tree: clean for dtc, and what the board says."""

from __future__ import annotations

import contextlib
import shutil
import subprocess

import fdt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from machinebuilder.boot import devicetree
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


def test_a_tree_from_outside_is_told_of_this_boot(blob):
    data = devicetree.choose(blob.read_bytes(), "quiet", (0x4280_0000, 0x4290_0000))
    chosen = fdt.parse_dtb(data).get_node("/chosen")
    assert chosen.get_property("bootargs").value == "quiet"
    assert chosen.get_property("linux,initrd-start").data == [0, 0x4280_0000]
    assert chosen.get_property("linux,initrd-end").data == [0, 0x4290_0000]


def test_a_tree_that_is_cut_short_is_refused(blob):
    with pytest.raises(devicetree.TreeError, match="cut short"):
        devicetree.choose(blob.read_bytes()[:-8], "", None)


@given(st.binary(max_size=300))
def test_rubbish_is_no_tree(rubbish):
    head = devicetree.MAGIC + (300).to_bytes(4, "big")
    with contextlib.suppress(devicetree.TreeError):
        devicetree.choose((head + rubbish).ljust(300, b"\0"), "x", None)
