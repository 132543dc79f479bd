"""Lists the tree's files for meson, so that a new file needs no line in a build file.

usage: find.py [--relative] ROOT PATTERN...    one path a line, sorted
"""

import sys
from pathlib import Path


def main(relative: bool, root: Path, patterns: list[str]) -> None:
    for path in sorted({path for pattern in patterns for path in root.glob(pattern)}):
        print((path.relative_to(root) if relative else path).as_posix())


arguments = sys.argv[1:]
relative = "--relative" in arguments
root, *patterns = [word for word in arguments if word != "--relative"]
main(relative, Path(root), patterns)
