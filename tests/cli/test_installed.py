"""The installed `mb`, away from the tree: the wheel has all it needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MB = Path(sys.prefix) / "bin" / "mb"
pytestmark = pytest.mark.skipif(not MB.exists(), reason="no wheel in this environment")


def installed(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    hidden = {"MB_BUILD_DIR", "PYTHONPATH"}
    environment = {k: v for k, v in os.environ.items() if k not in hidden}
    return subprocess.run(
        [MB, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def test_it_knows_its_boards(tmp_path):
    assert "arm-virt" in installed("boards", folder=tmp_path).stdout


def test_it_starts_the_built_in_guest(tmp_path):
    done = installed("run", "arm-virt", "--timeout", "4", folder=tmp_path)
    assert "machinebuilder monitor" in done.stdout, done.stderr
    assert done.returncode == 124
