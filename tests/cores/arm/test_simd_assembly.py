# SPDX-License-Identifier: Apache-2.0
"""VFP and Advanced SIMD text assembles back to the word it was made from."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from cores.arm import core
from machinebuilder.isa.operands import disassemble

TOOLS = "arm-linux-gnueabihf-"
OPTIONS = ["-march=armv7-a", "-mfpu=neon-vfpv4"]
EACH = 8


def assembled(directory: Path, lines: list[str]) -> bytes:
    """The code of some lines of A32 assembly text."""
    assembler = shutil.which(TOOLS + "as")
    if assembler is None:
        pytest.skip("needs the binutils of arm-linux-gnueabihf")
    source, made, code = (directory / name for name in ("a.s", "a.o", "a.bin"))
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    subprocess.run([assembler, *OPTIONS, "-o", made, source], check=True, timeout=60)
    subprocess.run(
        [TOOLS + "objcopy", "-O", "binary", made, code], check=True, timeout=60
    )
    return code.read_bytes()


@pytest.mark.skipif(core.asm is None, reason="the core has no operand formatters")
@pytest.mark.parametrize("name", ["vfp", "neon"])
def test_text_assembles_to_its_word(name: str, tmp_path: Path) -> None:
    rng = random.Random(1)
    decoder = core.decoders[name]
    words = [
        decoder.random_word(insn, rng) for insn in decoder.insns for _ in range(EACH)
    ]
    if name == "vfp":
        words = [word & 0x0FFF_FFFF | 0xE000_0000 for word in words if word is not None]
    texts = [str(disassemble(name, core, word)) for word in words if word is not None]
    code = assembled(tmp_path, texts)
    for at, (word, text) in enumerate(zip(filter(None, words), texts, strict=True)):
        made = int.from_bytes(code[4 * at : 4 * at + 4], "little")
        assert made == word, f"{word:#010x} {text} gives {made:#010x}"
