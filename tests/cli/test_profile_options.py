"""`mb run --profile`, `--perf-map`: files for viewers of the host."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_a_run_leaves_a_profile_and_a_map_of_its_code(tmp_path):
    profile, symbols = tmp_path / "profile.json", tmp_path / "System.map"
    symbols.write_text("00000000 T everything\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "machinebuilder", "run", "arm-virt", "--timeout", "1",
         "--perf-map", "--profile", str(profile), "--symbols", str(symbols)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 124, output
    code = Path(f"/tmp/perf-{process.pid}.map")
    try:
        first = code.read_text().splitlines()[0].split()
    finally:
        code.unlink(missing_ok=True)
    assert int(first[0], 16) and int(first[1], 16) and first[2] == "everything"
    assert first[3].startswith("guest:")
    file = json.loads(profile.read_text())
    assert [p["name"] for p in file["profiles"]] == [
        "guest time", "exits by cause", "device accesses"]  # fmt: skip


def test_a_profile_that_cannot_be_written_is_told(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "machinebuilder", "run", "arm-virt", "--timeout", "1",
         "--profile", str(tmp_path / "no" / "where.json")],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "No such file" in done.stderr and "Traceback" not in done.stderr
