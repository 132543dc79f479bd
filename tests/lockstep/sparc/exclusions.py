# SPDX-License-Identifier: Apache-2.0
"""What SPARC lock-step does not draw or compare, each with its reason.

`WORDS`: instructions of which no word is drawn at random. `PLAIN`: those that the set
without traps leaves out, since Unicorn delivers none. `rejected`: single words.
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
    "bicc": PLACED, "fbfcc": PLACED, "call": PLACED, "jmpl": PLACED,
    "rett": IN_THE_HANDLER, "wrpsr": SYSTEM, "wrwim": SYSTEM, "wrtbr": SYSTEM,
    "lda": ALTERNATE, "lduba": ALTERNATE, "lduha": ALTERNATE, "ldsba": ALTERNATE,
    "ldsha": ALTERNATE, "ldda": ALTERNATE, "sta": ALTERNATE, "stba": ALTERNATE,
    "stha": ALTERNATE, "stda": ALTERNATE, "ldstuba": ALTERNATE, "swapa": ALTERNATE,
    "stdfq": QUEUE,
}

PLAIN: dict[str, str] = {
    "ticc": TRAPS, "unimp": TRAPS, "cbccc": TRAPS, "fpop": TRAPS, "cpmem": TRAPS,
    "coprocessor_memory": TRAPS, "coprocessor_operate": TRAPS, "taddcctv": TRAPS,
    "tsubcctv": TRAPS, "ldfsr": "random FSR.TEM makes arithmetic trap",
    "udiv": "a divisor of zero traps", "udivcc": "a divisor of zero traps",
    "sdiv": "a divisor of zero traps", "sdivcc": "a divisor of zero traps",
}
