# SPDX-License-Identifier: Apache-2.0
"""SMBIOS tables: dmidecode is the judge."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from machinebuilder.boot.x86 import smbios
from tests.boot.x86.boards import BRIDGES, RAM_ONLY, plan_of


@pytest.mark.skipif(shutil.which("dmidecode") is None, reason="no dmidecode")
@pytest.mark.parametrize(
    ("board", "ends"), [(BRIDGES, ["0x00007FFFFFF"]), (RAM_ONLY, ["0x0013FFFFFFF"])]
)
def test_dmidecode_reads_every_structure(board, ends, tmp_path):
    told = smbios.build(plan_of(board, tmp_path))
    dump = tmp_path / "dump"
    dump.write_bytes(told.entry(32).ljust(32, b"\0") + told.structures)
    done = subprocess.run(
        ["dmidecode", "--from-dump", dump], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    text = done.stdout
    assert "SMBIOS 2.8 present" in text
    assert f"{told.count} structures occupying {len(told.structures)} bytes" in text
    assert "Manufacturer: machinebuilder" in text
    assert "End Of Table" in text
    assert all(f"Ending Address: {end}" in text for end in ends)
    for word in ("BAD", "OUT OF SPEC", "TRUNCATED", "broken", "Invalid"):
        assert word not in text, text
