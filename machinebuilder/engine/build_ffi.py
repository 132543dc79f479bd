"""Writes the C source of `machinebuilder._engine` from api.h and callbacks.h.

usage: build_ffi.py OUTPUT.c
"""

import sys
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).parent


def main(output: Path) -> None:
    ffi = FFI()
    ffi.cdef((HERE / "api.h").read_text())
    ffi.cdef((HERE / "callbacks.h").read_text())
    ffi.set_source(
        "machinebuilder._engine",
        '#include <stdint.h>\n#include <stddef.h>\n#include <sys/types.h>\n'
        '#include <stdbool.h>\n#include "api.h"\n',
    )
    ffi.emit_c_code(str(output))


main(Path(sys.argv[1]))
