# SPDX-License-Identifier: Apache-2.0
"""What SPARC lock-step does not draw or compare, each with its reason.

`WORDS`: instructions of which no word is drawn at random. `PLAIN`: those that sets
without traps leave out. `USER`: those that Unicorn cannot run.
"""

from __future__ import annotations

PLACED = "drawn on purpose, with a target that is known"
SYSTEM = "changes PSR, WIM or TBR at random: the case would not come back; own tests"
ALTERNATE = "alternate spaces are MMU and cache control; tests of the MMU cover them"
TRAPS = "traps, always or mostly: in the set with traps"
NOT_A_STATE = "its result is the chip's number, not computed"
IN_THE_HANDLER = "the trap handler of every trap has it"
QUEUE = "a queue that is empty traps; the other case needs a trap before"

WORDS: dict[str, str] = {
    "bicc": PLACED,
    "fbfcc": PLACED,
    "call": PLACED,
    "jmpl": PLACED,
    "rett": IN_THE_HANDLER,
    "wrpsr": SYSTEM,
    "wrwim": SYSTEM,
    "wrtbr": SYSTEM,
    "lda": ALTERNATE,
    "lduba": ALTERNATE,
    "lduha": ALTERNATE,
    "ldsba": ALTERNATE,
    "ldsha": ALTERNATE,
    "ldda": ALTERNATE,
    "sta": ALTERNATE,
    "stba": ALTERNATE,
    "stha": ALTERNATE,
    "stda": ALTERNATE,
    "ldstuba": ALTERNATE,
    "swapa": ALTERNATE,
    "stdfq": QUEUE,
}

NO_PRIVILEGE = "Unicorn's SPARC32 runs in user mode"
NO_FPU = "Unicorn's SPARC32 has PSR.EF off, and no way to set it"
NO_WINDOWS = "Unicorn's WIM is its own, and it ends the run at the overflow"
WRONG_FLAGS = (
    "Unicorn gives ADDXcc and SUBXcc behind a logical instruction wrong C and V: "
    "0x6c344f6c + 0x37f83844 without overflow"
)
NO_COUPLES = (
    "Unicorn ends the run at some branches in delay slots: generate.py has none"
)

USER: dict[str, str] = {
    "addxcc": WRONG_FLAGS,
    "subxcc": WRONG_FLAGS,
    "rdpsr": NO_PRIVILEGE,
    "rdwim": NO_PRIVILEGE,
    "rdtbr": NO_PRIVILEGE,
    "save": NO_WINDOWS,
    "restore": NO_WINDOWS,
}
"""What the set for Unicorn leaves out beside PLAIN, and all modules of USER_MODULES."""
USER_MODULES = {"fp_state": NO_FPU, "fp_operate": NO_FPU}

PLAIN: dict[str, str] = {
    "ticc": TRAPS,
    "unimp": TRAPS,
    "cbccc": TRAPS,
    "fpop": TRAPS,
    "coprocessor_memory": TRAPS,
    "coprocessor_operate": TRAPS,
    "taddcctv": TRAPS,
    "tsubcctv": TRAPS,
    "ldfsr": "random FSR.TEM makes arithmetic trap",
    "udiv": "a divisor of zero traps",
    "udivcc": "a divisor of zero traps",
    "sdiv": "a divisor of zero traps",
    "sdivcc": "a divisor of zero traps",
}
