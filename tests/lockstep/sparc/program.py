# SPDX-License-Identifier: Apache-2.0
"""The fixed part of a case: words that load a CPU's state, store it, and log traps.

Registers are loaded and stored at absolute addresses ([%g0 + n]), so none is used up.
"""

from __future__ import annotations

CODE, CODE_SIZE = 0x5000_0000, 0x1_0000
PROLOGUE, EPILOGUE, TABLE, HANDLER = CODE, CODE + 0x1000, CODE + 0x2000, CODE + 0x3000
FP_HANDLER = HANDLER + 0x100
USER_PROLOGUE, USER_EPILOGUE = CODE + 0x4000, CODE + 0x5000
FP_EXCEPTION = 8
START = CODE + 0x8000
DATA, DATA_SIZE = 0x6000_0000, 0x1_0000
PAGE_SIZE = 0x2000  # the state page, at 0

# Where things are in the state page.
R_IN, F_IN, FSR_IN, Y_IN, PSR_IN, WIM_IN, TBR_IN, LOG_AT = (
    0x000,
    0x080,
    0x100,
    0x104,
    0x108,
    0x10C,
    0x110,
    0x114,
)
COMPARED = 0x118  # two words: the user program makes icc from them
R_OUT, F_OUT, FSR_OUT, Y_OUT, PSR_OUT, WIM_OUT = (
    0x200,
    0x280,
    0x300,
    0x304,
    0x308,
    0x30C,
)
WINDOWS_OUT, WINDOWS_IN, LOG = 0x400, 0x600, 0x800
WINDOWS = 8

G0, G1, G2, L0, L1, L2, L3, L4, L5 = 0, 1, 2, 16, 17, 18, 19, 20, 21
NOP = 0x0100_0000
TRAP_ALWAYS = 0x91D0_2000  # ta 0


def memory(op3: int, rd: int, rs1: int, offset: int) -> int:
    """A load or store at register plus constant."""
    return 3 << 30 | rd << 25 | op3 << 19 | rs1 << 14 | 1 << 13 | offset & 0x1FFF


def operate(op3: int, rd: int, rs1: int, constant: int) -> int:
    """Arithmetic with a constant, or an access to a state register."""
    return 2 << 30 | rd << 25 | op3 << 19 | rs1 << 14 | 1 << 13 | constant & 0x1FFF


def load(rd: int, at: int) -> int:
    return memory(0x00, rd, G0, at)


def store(rd: int, at: int) -> int:
    return memory(0x04, rd, G0, at)


def branch_always(here: int, target: int) -> list[int]:
    """With a delay slot that does nothing."""
    return [0x1080_0000 | (target - here) // 4 & 0x3F_FFFF, NOP]


def set_register(register: int, value: int) -> list[int]:
    """SETHI and OR: two words, always."""
    return [
        register << 25 | 4 << 22 | value >> 10,
        operate(0x02, register, register, value & 0x3FF),
    ]


def prologue() -> list[int]:
    """Load everything, then go to START."""
    words = [
        load(G1, PSR_IN),
        operate(0x31, 0, G1, 0),
        NOP,
        NOP,
        NOP,
        operate(0x32, 0, G0, 0),
        NOP,
        NOP,
        NOP,
    ]
    for window in range(WINDOWS):
        words += [load(L0 + i, WINDOWS_IN + 64 * window + 4 * i) for i in range(16)]
        words.append(operate(0x3C, 0, 0, 0))  # save
    words += [
        load(G1, TBR_IN),
        operate(0x33, 0, G1, 0),
        load(G1, Y_IN),
        operate(0x30, 0, G1, 0),
        load(G1, WIM_IN),
        operate(0x32, 0, G1, 0),
        NOP,
        NOP,
        NOP,
    ]
    words += [memory(0x23, f, G0, F_IN + 4 * f) for f in range(0, 32, 2)]
    words.append(memory(0x21, 0, G0, FSR_IN))
    words += [load(r, R_IN + 4 * r) for r in range(1, 32)]
    return words + branch_always(PROLOGUE + 4 * len(words), START)


def epilogue() -> list[int]:
    """Store everything; the last word traps while ET is 0: error mode."""
    words = [store(r, R_OUT + 4 * r) for r in range(32)]
    words += [
        0xA148_0000,
        store(L0, PSR_OUT),  # rd %psr, %l0
        operate(0x05, L0, L0, 0x20),
        operate(0x31, 0, L0, 0),
        NOP,
        NOP,
        NOP,
        0xA150_0000,
        store(L0, WIM_OUT),  # rd %wim, %l0
        operate(0x32, 0, G0, 0),
        NOP,
        NOP,
        NOP,
        0xA140_0000,
        store(L0, Y_OUT),  # rd %y, %l0
        memory(0x25, 0, G0, FSR_OUT),
    ]
    words += [memory(0x27, f, G0, F_OUT + 4 * f) for f in range(0, 32, 2)]
    for window in range(WINDOWS - 1):
        words.append(operate(0x3D, 0, 0, 0))  # restore
        words += [store(L0 + i, WINDOWS_OUT + 64 * window + 4 * i) for i in range(16)]
    return [*words, TRAP_ALWAYS, NOP]


def user_prologue() -> list[int]:
    """Without privilege and FPU: Y, icc from a comparison, the registers."""
    words = [
        load(G1, Y_IN),
        operate(0x30, 0, G1, 0),
        load(G1, COMPARED),
        load(G2, COMPARED + 4),
        0x80A0_4002,
    ]  # subcc %g1, %g2, %g0
    words += [load(r, R_IN + 4 * r) for r in range(1, 32)]
    return words + branch_always(USER_PROLOGUE + 4 * len(words), START)


def user_epilogue() -> list[int]:
    """Registers, icc as four words, Y."""
    words = [store(r, R_OUT + 4 * r) for r in range(32)]
    for number, condition in enumerate((1, 5, 6, 7)):  # be, bcs, bneg, bvs
        words += [
            operate(0x02, L0, 0, 0),
            0x2080_0002 | condition << 25,
            operate(0x02, L0, 0, 1),
            store(L0, PSR_OUT + 16 + 4 * number),
        ]
    return [*words, 0xA140_0000, store(L0, Y_OUT), TRAP_ALWAYS, NOP]


def handler(
    resume: tuple[int, int] = (operate(0x38, 0, L2, 0), operate(0x39, 0, L2, 4)),
) -> list[int]:
    """Log %tbr, %l1, %l2 and %psr; go on behind the instruction that trapped."""
    return [
        0xA758_0000,
        load(L4, LOG_AT),
        0xAB48_0000,  # rd %tbr, %l3; %psr, %l5
        *(
            memory(0x04, register, L4, 4 * i)
            for i, register in enumerate((L3, L1, L2, L5))
        ),
        operate(0x00, L4, L4, 16),
        store(L4, LOG_AT),
        *resume,
    ]  # jmp %l2; rett %l2 + 4


def fp_handler() -> list[int]:
    """An fp_exception is taken behind the FPop: go on where it is taken."""
    return handler((operate(0x38, 0, L1, 0), operate(0x39, 0, L2, 0)))


def table() -> list[int]:
    """256 vectors that all go to the handler."""
    words: list[int] = []
    for number in range(256):
        target = FP_HANDLER if number == FP_EXCEPTION else HANDLER
        words += [*branch_always(TABLE + 16 * number, target), NOP, NOP]
    return words


def encoded(words: list[int]) -> bytes:
    """As they are in memory."""
    return b"".join(word.to_bytes(4, "big") for word in words)


FIXED = (
    (USER_PROLOGUE, encoded(user_prologue())),
    (USER_EPILOGUE, encoded(user_epilogue())),
    (PROLOGUE, encoded(prologue())),
    (EPILOGUE, encoded(epilogue())),
    (HANDLER, encoded(handler())),
    (FP_HANDLER, encoded(fp_handler())),
    (TABLE, encoded(table())),
)
# The addresses of the last traps.
END = EPILOGUE + 4 * (len(epilogue()) - 2)
USER_END = USER_EPILOGUE + 4 * (len(user_epilogue()) - 2)
