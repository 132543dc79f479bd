"""No word that a guest can execute upsets the translators."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import cores.arm
from machinebuilder.isa.output import write

ROOT = Path(__file__).resolve().parents[3]
ENGINE = ROOT / "machinebuilder" / "engine"
COUNT = 60_000


def stubs(header: str) -> str:
    """Bodies for the C helpers that translated code would call."""
    helpers = header[header.index("C helpers of the description") :]
    found = re.findall(r"\b(arm_\w+)\(struct arm_state", helpers)
    return "".join(f"void {name}(void) {{}}\n" for name in found)


def build(directory: Path) -> Path:
    write(cores.arm.core, directory)
    (directory / "stubs.c").write_text(
        stubs((directory / "arm_insns.h").read_text(encoding="utf-8")), encoding="utf-8"
    )
    generate = [sys.executable, "-m", "machinebuilder.engine.generate", str(directory)]
    subprocess.run(generate, check=True, cwd=ROOT, timeout=60)
    sources = [
        *directory.glob("*.c"),
        *ENGINE.glob("ir*.c"),
        *(ENGINE / "passes").glob("*.c"),
        Path(__file__).with_name("any_word.c"),
    ]
    program = directory / "any_word"
    options = ["-std=gnu11", "-D_GNU_SOURCE", "-O0", f"-I{ENGINE}", f"-I{directory}"]
    subprocess.run(
        ["gcc", *options, *map(str, sources), "-o", str(program)],
        check=True,
        timeout=300,
    )
    return program


def test_any_word_under_any_flags_is_translated(tmp_path: Path) -> None:
    result = subprocess.run(
        [str(build(tmp_path)), str(COUNT)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    last = result.stderr.rsplit("\r", 1)[-1]
    assert result.returncode == 0, f"exit {result.returncode} at {last}"
