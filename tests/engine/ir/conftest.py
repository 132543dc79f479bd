"""Compiles the harness with the IR's own C files and loads it."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ENGINE = ROOT / "machinebuilder" / "engine"
FLAGS = ["-std=gnu11", "-O1", "-g", "-shared", "-fPIC", "-D_GNU_SOURCE", "-Wall",
         "-Wl,-Bsymbolic",  # its own functions, not those of an engine in the process
         "-Wextra", "-Werror", "-Wno-unused-parameter",
         "-Wno-missing-field-initializers"]


def sources() -> list[Path]:
    patterns = ("ir*.c", "interpret*.c", "passes/*.c", "x86_64/*.c")
    return [path for pattern in patterns for path in sorted(ENGINE.glob(pattern))]


@pytest.fixture(scope="session")
def harness(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("ir")
    subprocess.run([sys.executable, "-m", "machinebuilder.engine.generate", folder],
                   check=True, cwd=ROOT)
    library = folder / "harness.so"
    files = [Path(__file__).with_name("harness.c"), folder / "ir_ops.c", *sources()]
    subprocess.run(["gcc", *FLAGS, f"-I{folder}", f"-I{ENGINE}", *files, "-lm", "-o",
                    library], check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.harness_random.argtypes = [ctypes.c_uint64, ctypes.c_uint, ctypes.c_int]
    loaded.harness_op.argtypes = [
        ctypes.c_uint, ctypes.c_uint, ctypes.c_uint64, ctypes.c_uint64 * 8,
        ctypes.c_int, ctypes.POINTER(ctypes.c_uint32)]
    loaded.harness_decisions.argtypes = [
        ctypes.c_char_p, ctypes.c_uint, ctypes.c_uint32 * 4, ctypes.c_int,
        ctypes.POINTER(ctypes.c_uint32)]
    loaded.harness_decisions.restype = ctypes.c_uint32
    return loaded
