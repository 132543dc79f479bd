"""Long runs, by hand: `python -m tests.boot.soak boots --count 50` and `... load`.

`boots` boots Debian's kernel again and again to power off; `load` keeps the guest busy
with processes, signals, pipes, files and memory, and looks for a kernel's complaint.
The exit code is 0 only if every run ended well.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import time
from pathlib import Path

from machinebuilder import Board
from tests.boot.command import ROOT, boot

GUESTS = Path(os.environ.get("MB_GUESTS", ROOT.parent / "shared" / "guests"))
IMAGES = {"kernel": GUESTS / "arm/zImage", "initrd": GUESTS / "arm/initrd.gz"}
TROUBLE = re.compile(
    r"WARNING:|BUG:|Oops|Call trace|rcu_sched|Internal error|segfault|Segmentation",
    re.I,
)

SCRIPT = Path(__file__).with_name("load.sh")


def trouble(result) -> str | None:
    """Why a run was not well; None if it was."""
    if result.status != 0 or "GUEST-DONE status=0" not in result.out:
        return f"exit code {result.status}: {result.out[-1500:]}{result.err}"
    match = TROUBLE.search(result.out)
    return f"the guest said {match[0]!r}: {result.out[-3000:]}" if match else None


def boots(count: int, cpus: int) -> int:
    """Boot to power off `count` times; gives how many went wrong."""
    wrong, walls = 0, []
    for number in range(1, count + 1):
        start = time.monotonic()
        said = trouble(boot(IMAGES, "true", "-o", f"cpus={cpus}"))
        walls.append(time.monotonic() - start)
        if said:
            wrong += 1
            print(f"boot {number}: {said}", flush=True)
    print(f"{count - wrong} of {count} boots with cpus={cpus} ended well, "
          f"median {statistics.median(walls):.1f} s")  # fmt: skip
    return wrong


def load(seconds: int, cpus: int) -> int:
    """Keep the guest busy for `seconds`; 1 if anything went wrong."""
    append = "console=ttyAMA0 rdinit=/init"
    with Board.load("arm-virt", cpus=cpus).build(**IMAGES, append=append) as machine:
        machine.start()
        console = machine.console
        console.expect("GUEST-READY", timeout=120)
        console.expect("# ", timeout=30)
        console.write("cat >/load.sh <<'END'\n" + SCRIPT.read_text() + "END\n")
        console.write(f"sh /load.sh {seconds}; poweroff -f\n")
        event = machine.wait(timeout=seconds + 240)
        said = console.text.partition("sh /load.sh")[2]
    bad = TROUBLE.search(said) or re.search("BAD-[A-Z]+.*", said)
    well = event.name == "poweroff" and "LOAD-DONE" in said and not bad
    print(f"{seconds} s of load with cpus={cpus}: {'no complaint' if well else said}")
    return 0 if well else 1


def main() -> int:
    """What to run, from the command line."""
    parser = argparse.ArgumentParser(prog="tests.boot.soak", description=__doc__)
    parser.add_argument("what", choices=("boots", "load"))
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--cpus", type=int, default=1)
    words = parser.parse_args()
    if words.what == "boots":
        return boots(words.count, words.cpus)
    return load(words.seconds, words.cpus)


if __name__ == "__main__":
    sys.exit(main())
