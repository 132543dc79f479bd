# SPDX-License-Identifier: Apache-2.0
"""`python -m machinebuilder.isa cores.arm OUTPUT_DIR`: compile a core to C.

`--list` instead of the directory prints the names of the files, for the build system.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .core import load
from .errors import IsaError
from .output import Problems, file_names, write


def main() -> int:
    """Exit status 1 if the description is wrong, with one line for each error."""
    parser = argparse.ArgumentParser(prog="python -m machinebuilder.isa")
    parser.add_argument("core", help="package, such as cores.arm")
    parser.add_argument("directory", nargs="?", type=Path)
    parser.add_argument("--list", action="store_true", help="only name the files")
    arguments = parser.parse_args()
    try:
        core = load(arguments.core)
        if arguments.list:
            print("\n".join(file_names(core)))
        elif arguments.directory is None:
            parser.error("a directory is needed")
        else:
            write(core, arguments.directory)
    except (IsaError, Problems) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
