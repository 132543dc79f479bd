"""Assembler of the toy ISA of toy.c: one call an instruction, labels by name."""

from __future__ import annotations

import struct

NAMES = {
    "movi": 0x00, "movt": 0x01, "add": 0x02, "sub": 0x03, "addi": 0x04, "xor": 0x05,
    "b": 0x10, "bnz": 0x11, "jmp": 0x12, "bl": 0x13,
    "ld": 0x20, "st": 0x21, "ldh": 0x22, "sth": 0x23, "ldb": 0x24, "stb": 0x25,
    "ldsb": 0x26, "lda": 0x28, "sta": 0x29, "ldbe": 0x2A, "stbe": 0x2B,
    "cas": 0x30, "swap": 0x31, "sys": 0x40,
}  # fmt: skip
BRANCHES = {"b", "bnz", "bl"}
OFF, TTBR, FLUSH, FLUSH_PAGE, FLUSH_PAGE_HERE, VBAR, ERET, POWER_ON = range(8)
IRQ, WFI, POWER_OFF, INDEX, GET_EPC, SET_EPC, ROUNDING, C_LOAD, C_STORE, FAULT_VA = (
    range(8, 18)
)


class Program:
    """Words at an address; `end()` gives the bytes, with labels filled in."""

    def __init__(self, base: int = 0x1000) -> None:
        self.base = base
        self.words: list[int] = []
        self.labels: dict[str, int] = {}
        self.fixes: list[tuple[int, str]] = []

    @property
    def here(self) -> int:
        return self.base + 4 * len(self.words)

    def label(self, name: str) -> Program:
        self.labels[name] = self.here
        return self

    def op(self, name: str, a: int = 0, b: int = 0, imm: int | str = 0) -> Program:
        if isinstance(imm, str):
            self.fixes.append((len(self.words), imm))
            imm = 0
        self.words.append(encode(name, a, b, imm))
        return self

    def li(self, register: int, value: int) -> Program:
        return self.op("movi", register, 0, value & 0xFFFF).op(
            "movt", register, 0, value >> 16
        )

    def sys(self, number: int, a: int = 0, b: int = 0) -> Program:
        return self.op("sys", a, b, number)

    def to(self, address: int) -> Program:
        while self.here < address:
            self.words.append(0xFF00_0000)
        assert self.here == address
        return self

    def end(self) -> bytes:
        for index, name in self.fixes:
            distance = (self.labels[name] - (self.base + 4 * index)) // 4
            self.words[index] |= distance & 0xFFFF
        return struct.pack(f"<{len(self.words)}I", *self.words)


def encode(name: str, a: int = 0, b: int = 0, imm: int = 0) -> int:
    return NAMES[name] << 24 | a << 20 | b << 16 | imm & 0xFFFF
