"""Operands of the toy: each form of formatter once."""

NAMES = (
    "r0",
    "r1",
    "r2",
    "r3",
    "r4",
    "r5",
    "r6",
    "r7",
    "r8",
    "r9",
    "r10",
    "r11",
    "r12",
    "sp",
    "lr",
    "pc",
)
a = b = c = reg = NAMES


def shift(imm: int) -> str:
    if imm == 0:
        return ""
    return f", lsl #{imm}" if imm < 32 else f", far {imm:#x}"


def target(cpu, imm: int) -> str:
    return f"{cpu.pc + imm * 4:#010x}{'!' if cpu.mode else ''}"


def pair(first: int, second: int) -> str:
    return "{" + NAMES[first] + ", " + NAMES[second] + "}" + shift(second) + "%"


def registers(mask: int) -> str:
    text = ""
    for i in range(8):
        if mask >> i & 1:
            text = text + (", " if text else "") + NAMES[i]
    return f"{{{text}}}"


def joined(mask: int) -> str:
    return "<" + "|".join(NAMES[i] for i in range(8) if mask >> i & 1) + ">"


def named(a: int, imm: int) -> str:
    if imm > 7:
        name = NAMES[a]
        text = f"{name}!"
    elif imm > 3:
        text = "little"
    else:
        text = f"{imm * 3 - 1:#x}" if imm else ""
    text += f" {imm:x}"
    return text
