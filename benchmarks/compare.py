"""The workloads, ours beside QEMU's: runs in turn, medians, ratios, geometric means.

What a guest prints is `WORKLOAD group name sum=HEX us=MICROSECONDS`; both emulators
must give the same sums.
"""

from __future__ import annotations

import re
import statistics
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import guests
from benchmarks.command import Run, run
from benchmarks.guests import Guest

LINE = re.compile(r"WORKLOAD (\w+) (\w+) sum=(\w+) us=(\d+)")
DONE = "WORKLOADS-DONE"
DISK_SIZE = 16 << 20
MINIMUM = {"boot": 1.2, "block": 1.0, "system": 1.2}
"""What each of a group has to reach; 1.0 elsewhere."""


@dataclass
class Workload:
    """What both made of one workload, a value for each run: milliseconds."""

    group: str
    name: str
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    sums: set[str] = field(default_factory=set)

    @property
    def ratio(self) -> float:
        """How many times as fast as QEMU we are."""
        return statistics.median(self.theirs) / statistics.median(self.ours)


@dataclass
class Comparison:
    """All that was measured of one guest."""

    board: str
    workloads: dict[str, Workload] = field(default_factory=dict)
    peaks: list[tuple[float, float]] = field(default_factory=list)
    """MiB, ours and QEMU's"""
    facts: dict[str, str] = field(default_factory=dict)
    """of our last run: instructions, code sizes, translation time"""

    def take(self, output: str, ours: bool) -> None:
        """Read what one run printed."""
        for group, name, total, microseconds in LINE.findall(output):
            found = self.workloads.setdefault(name, Workload(group, name))
            (found.ours if ours else found.theirs).append(int(microseconds) / 1000)
            found.sums.add(total)

    def add(self, group: str, name: str, ours: float, theirs: float) -> None:
        """A figure that the host measured, in seconds."""
        found = self.workloads.setdefault(name, Workload(group, name))
        found.ours.append(ours * 1000)
        found.theirs.append(theirs * 1000)

    def rows(self) -> list[Workload]:
        """In the order of measuring, but threads are about scaling alone."""
        return [w for w in self.workloads.values() if w.group != "threads"]

    def mean(self, *groups: str) -> float:
        """Geometric mean of the ratios of these groups, of all without."""
        every = [w.ratio for w in self.rows() if not groups or w.group in groups]
        return statistics.geometric_mean(every) if every else float("nan")

    def scaling(self) -> tuple[float, float] | None:
        """How much more work two threads do than one: ours, QEMU's."""
        one, two = (self.workloads.get(n) for n in ("one_thread", "two_threads"))
        if one is None or two is None:
            return None
        return (
            2 * statistics.median(one.ours) / statistics.median(two.ours),
            2 * statistics.median(one.theirs) / statistics.median(two.theirs),
        )

    def wrong(self) -> list[str]:
        """Workloads on whose result the emulators do not agree."""
        return [w.name for w in self.workloads.values() if len(w.sums) > 1]


def measure(guest: Guest, runs: int) -> Comparison:
    """Boot both `runs` times in turn, and once more before that counts."""
    found = Comparison(guest.board)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        initrd, disk = guests.initrd(guest, folder), folder / "disk"
        disk.write_bytes(bytes(DISK_SIZE))
        for number in range(runs + 1):
            once(guest, initrd, disk, found if number else Comparison(guest.board))
    return found


def once(guest: Guest, initrd: Path, disk: Path, found: Comparison) -> None:
    """One run of everything, ours and theirs by turns."""
    ours, theirs = pair(guest, initrd, disk, "none")
    found.add("boot", "boot", ours.wall, theirs.wall)
    ours, theirs = pair(guest, initrd, disk, "all")
    found.take(ours.output, ours=True)
    found.take(theirs.output, ours=False)
    found.peaks.append((ours.peak, theirs.peak))
    found.facts = facts(ours.output)
    if guest.smp:
        ours, theirs = pair(guest, initrd, disk, "threads", cpus=2)
        found.take(ours.output, ours=True)
        found.take(theirs.output, ours=False)


def pair(
    guest: Guest, initrd: Path, disk: Path, words: str, cpus: int = 1
) -> tuple[Run, Run]:
    """The same guest on both."""
    return (
        run(guest.mb(initrd, disk, words, cpus), DONE),
        run(guest.rival(initrd, disk, words, cpus), DONE),
    )


STATISTICS = (
    "guest instructions",
    "time translating",
    "blocks translated",
    "code, guest -> host",
)


def facts(output: str) -> dict[str, str]:
    """The counts of `mb run --stats` that say what translation cost."""
    pattern = rf"^({'|'.join(STATISTICS)}) {{2,}}(.+)$"
    return dict(re.findall(pattern, output.replace("\r", ""), re.MULTILINE))


def means(found: Comparison) -> list[tuple[str, float]]:
    """Each group's geometric mean, then that of all."""
    groups: Iterable[str] = dict.fromkeys(w.group for w in found.rows())
    return [*((g, found.mean(g)) for g in groups), ("all", found.mean())]
