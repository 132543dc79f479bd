"""What `make bench` says: a table as text, and a plot (SVG) of the ratios."""

from __future__ import annotations

import math
import statistics
from html import escape
from pathlib import Path

from benchmarks.compare import MINIMUM, Comparison, Workload, means

WIDTH, ROW, LEFT = 720, 14, 150
LIMITS = (0.5, 32.0)
"""ratios at the plot's left and right edge; its scale is logarithmic"""
COLOURS = {True: "#2a7d4f", False: "#b3372f"}


def text(found: Comparison) -> str:
    """One guest's table."""
    lines = [f"{found.board:33}{'mb':>12}{'qemu':>12}{'qemu / mb':>12}"]
    lines += [row(workload) for workload in found.rows()]
    lines += [f"mean of {name:25}{mean:36.2f}" for name, mean in means(found)]
    ours, theirs = (statistics.median(side) for side in zip(*found.peaks, strict=True))
    lines.append(f"{'peak memory':33}{ours:8.0f} MiB{theirs:8.0f} MiB")
    if scaling := found.scaling():
        lines.append(
            f"{'two threads on 2 CPUs: work':33}{scaling[0]:12.2f}{scaling[1]:12.2f}"
        )
    lines += [f"{name:33}{value}" for name, value in found.facts.items()]
    lines += [f"RESULTS DIFFER: {name}" for name in found.wrong()]
    return "\n".join(lines)


def row(workload: Workload) -> str:
    """One line of the table."""
    ours, theirs = statistics.median(workload.ours), statistics.median(workload.theirs)
    return (
        f"{workload.group + ': ' + workload.name:33}{ours:9.1f} ms{theirs:9.1f} ms"
        f"{workload.ratio:12.2f}"
    )


def across(ratio: float) -> float:
    """Where a ratio is on the plot."""
    low, high = (math.log(limit) for limit in LIMITS)
    part = (math.log(min(max(ratio, LIMITS[0]), LIMITS[1])) - low) / (high - low)
    return LEFT + part * (WIDTH - LEFT - 50)


def bar(workload: Workload, top: int) -> str:
    """One workload: its name, a bar from 1 to its ratio, the ratio."""
    one, end = across(1), across(workload.ratio)
    enough = workload.ratio >= MINIMUM.get(workload.group, 1.0)
    return (
        f'<text x="{LEFT - 6}" y="{top + 10}" text-anchor="end">'
        f"{escape(workload.name)}</text>"
        f'<rect x="{min(one, end):.1f}" y="{top + 2}" width="{abs(end - one):.1f}" '
        f'height="{ROW - 4}" fill="{COLOURS[enough]}"/>'
        f'<text x="{max(one, end) + 4:.1f}" y="{top + 10}">{workload.ratio:.2f}</text>'
    )


def scale(height: int) -> str:
    """Lines at round ratios."""
    return "".join(
        f'<line x1="{across(r):.1f}" x2="{across(r):.1f}" y1="20" y2="{height}" '
        f'stroke="#ccc"/><text x="{across(r):.1f}" y="14" text-anchor="middle">{r}'
        "</text>"
        for r in (0.5, 1, 2, 4, 8, 16, 32)
    )


def plot(found: Comparison) -> str:
    """One guest's ratios, as SVG."""
    rows = found.rows()
    height = 24 + ROW * len(rows)
    bars = "".join(bar(workload, 22 + ROW * i) for i, workload in enumerate(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
        f'height="{height + 6}" font-family="sans-serif" font-size="10">'
        f"<title>{escape(found.board)}: times as fast as QEMU 7.2</title>"
        f'<rect width="100%" height="100%" fill="#fff"/>{scale(height)}{bars}</svg>\n'
    )


def save_plot(found: Comparison, folder: Path) -> Path:
    """Write the plot as `folder`/performance-BOARD.svg."""
    path = folder / f"performance-{found.board}.svg"
    path.write_text(plot(found))
    return path
