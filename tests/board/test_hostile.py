# SPDX-License-Identifier: Apache-2.0
"""Boards made to hurt end in errors within a second and 200 MiB; large ones pass."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import hostile_boards
import pytest
from board_fakes import load_file

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """Seconds of CPU for each hostile board, and the peak memory in KiB as `peak`."""
    folder = tmp_path_factory.mktemp("hostile")
    expected = len(list(hostile_boards.write(folder)))
    done = subprocess.run(
        [sys.executable, hostile_boards.__file__, str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert len(rows) == expected + 1
    assert not (folder / "hacked").exists()
    return {row[0]: float(row[1]) for row in rows}


def test_each_ends_in_an_error(costs: dict[str, float]) -> None:
    assert [name for name, cost in costs.items() if cost < 0] == []


def test_none_takes_a_second(costs: dict[str, float]) -> None:
    slow = {name: cost for name, cost in costs.items() if cost >= 1 and name != "peak"}
    assert slow == {}


def test_none_takes_200_mib(costs: dict[str, float]) -> None:
    assert costs["peak"] < 200 * 1024


def _board_of(count: int, path: Path) -> Path:
    lines = ["board: large", "cpus: {cpu: {model: toy.one}}", "devices:"]
    for i in range(count):
        gic = i // 500
        if i % 500 == 0:
            at = 0x1_0000_0000 + gic * 0x1_0000
            place = f"at: {{dist: {at:#x}, cpu: {at + 0x1000:#x}}}"
            lines.append(f"  gic{gic}: {{model: intc.gic, {place}, spis: 500}}")
        lines.append(
            f'  uart{i}: {{model: uart.simple, at: "{{{{ 0x1000 * {i} }}}}", '
            f"irq: gic{gic}.spi.{i % 500}, clock: 1_000_000, mode: slow}}"
        )
    path.write_text("\n".join(lines))
    return path


def test_two_thousand_devices_take_less_than_3_seconds_and_it_grows_linearly(
    tmp_path: Path,
) -> None:
    seconds = {}
    for count in (1000, 2000, 4000):
        path = _board_of(count, tmp_path / f"{count}.yaml")
        start = time.process_time()
        assert len(load_file(path).wires) == count
        seconds[count] = time.process_time() - start
    assert seconds[2000] < 3
    assert seconds[4000] < 3 * seconds[2000]
    assert seconds[4000] < 8 * seconds[1000]
