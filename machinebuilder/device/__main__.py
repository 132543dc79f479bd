# SPDX-License-Identifier: Apache-2.0
"""Writes the C headers of the native chips; the build runs this.

usage: python -m machinebuilder.device --list      names of the headers, one a line
       python -m machinebuilder.device OUTPUT_DIR  write them there
"""

from __future__ import annotations

import sys
from pathlib import Path

from machinebuilder.device import header, registry


def main(argument: str) -> None:
    for model in header.native_models():
        name = header.file_name(model)
        if argument == "--list":
            print(name)
        else:
            text = header.header(registry.find(model))
            (Path(argument) / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
