# SPDX-License-Identifier: Apache-2.0
"""What lock-step does not draw or compare, each with its reason.

`WORDS` maps an instruction's name (`set.name`, or `*.name`) to the reason why none of
its words is drawn. `rejected` looks at single words of the others.
"""

from __future__ import annotations

SYSTEM = "needs a privileged mode, which the judge's user-level run has not"
STOPS = "ends in an exception or halts; exceptions have tests of their own"
CODE_BYTES = "SETEND would make the judge's later data accesses big-endian: own tests"
EXCLUSIVE = "the judge's monitor is its own; pairs of them are tested by test_exclusive"

WORDS: dict[str, str] = {
    "a32.hvc": SYSTEM,
    "a32.smc": SYSTEM,
    "t32.t32_hvc": SYSTEM,
    "t32.t32_smc": SYSTEM,
    "a32.svc": STOPS,
    "t16.t16_svc": STOPS,
    "a32.bkpt": STOPS,
    "t16.t16_bkpt": STOPS,
    "a32.udf": STOPS,
    "t16.t16_udf": STOPS,
    "t32.t32_udf": STOPS,
    "a32.mcr": SYSTEM,
    "a32.mrc": SYSTEM,
    "a32.mcrr": SYSTEM,
    "a32.mrrc": SYSTEM,
    "t32.mcr": SYSTEM,
    "t32.mrc": SYSTEM,
    "t32.mcrr": SYSTEM,
    "t32.mrrc": SYSTEM,
    "a32_always.rfe": SYSTEM,
    "a32_always.srs": SYSTEM,
    "t32.t32_rfe": SYSTEM,
    "t32.t32_srs": SYSTEM,
    "a32_always.a32_cps": SYSTEM,
    "t32.t32_cps": SYSTEM,
    "t16.t16_cps": SYSTEM,
    "a32.user_block": SYSTEM,
    "a32.ldm_return": SYSTEM,
    "a32.msr_register": SYSTEM,
    "a32.msr_immediate": SYSTEM,
    "t32.t32_msr": SYSTEM,
    "a32.mrs": SYSTEM,
    "t32.t32_mrs": SYSTEM,
    "t32.t32_return": SYSTEM,
    "a32_always.setend": CODE_BYTES,
    "t16.t16_setend": CODE_BYTES,
    "t16.if_then": "drawn on purpose, with its block behind it",
    "a32.a32_hint": STOPS,
    "t16.t16_hint": STOPS,
    "t32.t32_hint": STOPS,
    "a32.branch_jazelle": "the judge enters Jazelle's undefined state machine",
    "t32.t32_branch_jazelle": "the judge enters Jazelle's undefined state machine",
}

FLAGS_RETURN = "S with the pc is an exception return: needs a privileged mode"
RRX_ADDRESS = "the offset depends on the carry before it, so the address is not known"
SAME_REGISTER = "base and offset are one register: the address cannot be aimed"
STORE_TO_CODE = "a store relative to the pc would change the code under test"
LITERAL = "reads what is around the code, which engines fill each in its way"
UNKNOWN = "both registers are one: the result is UNKNOWN"
ROUNDING = "the judge rounds as FPSCR says; the manual, to nearest (A8.8.308)"
SHORT_VECTORS = "a random FPSCR has LEN, and the judge has short vectors; own tests"
NOT_CHECKED = "the judge does not check the alignment of elements"
MISALIGNED = "a literal pair at an odd place faults; faults have tests of their own"


def rejected(name: str, fields: dict[str, int]) -> str | None:
    """Why this word is not drawn, None if it is."""
    if fields.get("S") and fields.get("Rd") == 15 and name.startswith("a32."):
        return FLAGS_RETURN
    if fields.get("Rn") == 15 and fields.get("L") == 0 and "single" in name:
        return STORE_TO_CODE
    if fields.get("Rn") == 15 and ("store" in name or fields.get("is_store") == 1):
        return STORE_TO_CODE
    if fields.get("Rn") == 15 and name == "a32.double_immediate" and fields["imm"] & 3:
        return MISALIGNED
    return rejected_simd(name, fields)


def rejected_simd(name: str, fields: dict[str, int]) -> str | None:
    """The same for VFP and Advanced SIMD."""
    if name == "vfp.load_register" and fields["Rn"] == 15:
        return LITERAL if fields["L"] else STORE_TO_CODE
    if name == "vfp.load_multiple" and fields["Rn"] == 15:
        return STORE_TO_CODE
    if name == "vfp.fixed_point" and fields["op"] == 0:
        return ROUNDING
    if name == "vfp.move_to_system":
        return SHORT_VECTORS
    if name == "vfp.move_from_system" and fields["reg"] != 1:
        return SYSTEM
    if name == "neon.permute" and fields["d"] == fields["m"]:
        return UNKNOWN
    if (
        name == "neon.all_lanes"
        and fields["a"]
        or name == "neon.one_lane"
        and fields["where"] & 3
    ):
        return NOT_CHECKED
    return None
