"""The benchmarks' own arithmetic, without running a guest."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks import compare, guests, report

OURS = "noise\nWORKLOAD integer a sum=1f us=1000\r\nWORKLOAD block b sum=2 us=8000\n"
THEIRS = "WORKLOAD integer a sum=1f us=4000\nWORKLOAD block b sum=3 us=8000\n"


@pytest.fixture
def found() -> compare.Comparison:
    result = compare.Comparison("board")
    result.take(OURS, ours=True)
    result.take(THEIRS, ours=False)
    result.peaks.append((100, 120))
    return result


def test_a_ratio_above_one_is_faster_than_qemu(found):
    assert found.workloads["a"].ratio == 4
    assert found.workloads["b"].ratio == 1


def test_means_are_geometric_by_group_and_over_all(found):
    means = dict(compare.means(found))
    assert means == pytest.approx({"integer": 4, "block": 1, "all": 2})


def test_a_sum_that_is_not_qemus_is_told(found):
    assert found.wrong() == ["b"]
    assert "RESULTS DIFFER: b" in report.text(found)


def test_threads_count_as_scaling_not_as_a_ratio(found):
    for name, microseconds in (("one_thread", 1000), ("two_threads", 1250)):
        line = f"WORKLOAD threads {name} sum=0 us={microseconds}"
        found.take(line, ours=True)
        found.take(line, ours=False)
    assert found.scaling() == pytest.approx((1.6, 1.6))
    assert found.mean() == pytest.approx(2)


def test_the_plot_has_a_bar_for_each_workload(found):
    assert report.plot(found).count("<rect") == 1 + 2


@pytest.mark.skipif(not shutil.which("cpio"), reason="needs cpio")
def test_the_archive_is_one_that_cpio_reads(tmp_path: Path):
    program = tmp_path / "program"
    program.write_bytes(b"five!")
    subprocess.run(
        ["cpio", "-id", "--quiet"],
        input=guests.archive(program), cwd=tmp_path, check=True,
    )  # fmt: skip
    assert (tmp_path / "workloads").read_bytes() == b"five!"
