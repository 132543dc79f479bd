"""Bare-metal guests from a few lines of assembly: an image of ROM that ends at 4 GiB,
where a processor begins after reset."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

BASE = 0xFFFF_0000
SIZE = 0x1_0000

needs_assembler = pytest.mark.skipif(
    not (shutil.which("as") and shutil.which("ld")), reason="as and ld are missing"
)

REAL = """
    cli
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $0x8000, %sp
"""

PROTECTED = """
    cli
    lgdtl %cs:gdtr - BASE
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $0x08, $protected
.code32
protected:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $0x80000, %esp
"""

# Page tables at 0x1000: 4 GiB as they are, in pages of 2 MiB.
LONG = (
    PROTECTED
    + """
    cld
    movl $0x1000, %edi
    xorl %eax, %eax
    movl $0x1800, %ecx
    rep stosl
    movl $0x2007, 0x1000
    movl $0x3007, 0x2000
    movl $0x4007, 0x2008
    movl $0x5007, 0x2010
    movl $0x6007, 0x2018
    movl $0x3000, %edi
    movl $0x87, %eax
    movl $2048, %ecx
1:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 1b
    movl $0x1000, %eax
    movl %eax, %cr3
    movl %cr4, %eax
    orl $0x620, %eax
    movl %eax, %cr4
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x100, %eax
    wrmsr
    movl %cr0, %eax
    orl $0x80000000, %eax
    movl %eax, %cr0
    ljmpl $0x18, $long
.code64
long:
"""
)

MODES = {"real": REAL, "protected": PROTECTED, "long": LONG}

HEAD = f"""
.set BASE, {BASE:#x}
.code16
start:
"""

TAIL = """
    .balign 8
gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff
gdtr:
    .word 31
    .long gdt
    .org 0xfff0
.code16
    jmp start
    .org 0x10000
"""


@cache
def assemble(body: str, mode: str = "real") -> bytes:
    """The image of a guest that runs `body` in that mode, after reset."""
    return link(HEAD + MODES[mode] + body + TAIL)


def link(text: str) -> bytes:
    """What as and ld make of it, at BASE."""
    with tempfile.TemporaryDirectory() as directory:
        source, thing, image = (Path(directory, n) for n in ("g.s", "g.o", "g.bin"))
        source.write_text(text)
        _tool("as", "--64", "-o", str(thing), str(source))
        _tool("ld", "-m", "elf_x86_64", f"-Ttext={BASE:#x}", "-e", f"{BASE:#x}",
              "--oformat", "binary", "-o", str(image), str(thing))  # fmt: skip
        return image.read_bytes()


def _tool(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
