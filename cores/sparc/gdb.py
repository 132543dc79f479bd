# SPDX-License-Identifier: Apache-2.0
"""SPARC V8 for gdb: the current window, the floating-point registers, PSR and the rest.

Omitted: a debugger cannot change PSR.CWP, PSR.S and read-only fields of PSR and FSR;
FSR.cexc is what was last stored there, without that of an operation not yet looked at.
"""

from __future__ import annotations

from machinebuilder.isa.debug import Cpu, Description, Feature, Register, of_field

PSR_FIELDS = {
    "n": (23, 1), "z": (22, 1), "v": (21, 1), "c": (20, 1), "pil": (8, 4),
    "ps": (6, 1), "et": (5, 1), "fpu": (12, 1),
}  # fmt: skip

# FSR.aexc's bits and MXCSR's: inexact, division by zero, underflow, overflow, invalid.
ACCRUED = ((0x01, 0x20), (0x02, 0x04), (0x04, 0x10), (0x08, 0x08), (0x10, 0x01))
MXCSR_ACCRUED = 0x3D
MXCSR_ROUNDING = (0, 3, 2, 1)  # FSR.RD: nearest, zero, up, down
FSR_CONTROL = 0xCFC0_0000


def read_psr(cpu: Cpu) -> int:
    """PSR put together."""
    value = cpu.get("psr_id") | cpu.get("cwp")
    value |= cpu.get_flag("supervisor") << 7
    for name, (shift, _) in PSR_FIELDS.items():
        value |= cpu.get(name) << shift
    return value


def write_psr(cpu: Cpu, value: int) -> None:
    """PSR taken apart; window and privilege stay."""
    for name, (shift, width) in PSR_FIELDS.items():
        cpu.set(name, value >> shift & (1 << width) - 1)


def read_npc(cpu: Cpu) -> int:
    """nPC: kept only in a delay slot."""
    following = cpu.get("pc") + 4 & 0xFFFF_FFFF
    return cpu.get("npc") if cpu.get_flag("delayed") else following


def write_npc(cpu: Cpu, value: int) -> None:
    """nPC; it makes a delay slot unless it follows pc."""
    cpu.set("npc", value)
    cpu.set_flag("delayed", int(value != cpu.get("pc") + 4 & 0xFFFF_FFFF))


def write_pc(cpu: Cpu, value: int) -> None:
    """PC; nPC stays what it is, as gdb writes it apart."""
    following = read_npc(cpu)
    cpu.set("pc", value)
    write_npc(cpu, following)


def read_fsr(cpu: Cpu) -> int:
    """FSR put together."""
    value = cpu.get("fsr_control") | cpu.get("fsr_ver") << 17 | cpu.get("ftt") << 14
    value |= cpu.get("qne") << 13 | cpu.get("fcc") << 10 | cpu.get("cexc")
    host = cpu.get("mxcsr")
    return value | sum(bit << 5 for bit, flag in ACCRUED if host & flag)


def write_fsr(cpu: Cpu, value: int) -> None:
    """FSR taken apart."""
    cpu.set("fsr_control", value & FSR_CONTROL)
    cpu.set("fcc", value >> 10 & 3)
    cpu.set("cexc", value & 31)
    cpu.set("last_op", 0)
    cpu.set_flag("fp_traps", int(value >> 23 & 31 != 0))
    host = cpu.get("mxcsr") & ~(MXCSR_ACCRUED | 3 << 13)
    host |= sum(flag for bit, flag in ACCRUED if value >> 5 & bit)
    cpu.set("mxcsr", host | MXCSR_ROUNDING[value >> 30 & 3] << 13)


def read_zero(cpu: Cpu) -> int:
    """%g0, and a register that is not there."""
    return 0


def write_nothing(cpu: Cpu, value: int) -> None:
    """A register that does not change."""


def read_tbr(cpu: Cpu) -> int:
    """TBR with its trap type."""
    return cpu.get("tbr") | cpu.get("tt") << 4


def write_tbr(cpu: Cpu, value: int) -> None:
    """TBR.TBA; tt is the hardware's."""
    cpu.set("tbr", value & 0xFFFF_F000)


def _name(number: int) -> str:
    special = {14: "sp", 30: "fp"}
    return special.get(number, f"{'goli'[number // 8]}{number % 8}")


def _windowed() -> list[Register]:
    pointers = {14: "data_ptr", 30: "data_ptr"}
    return [Register("g0", 32, read_zero, write_nothing)] + [
        of_field(_name(n), 32, "r", n, pointers.get(n, "int")) for n in range(1, 32)
    ]


gdb = Description(
    architecture="sparc",
    features=(
        Feature("org.gnu.gdb.sparc.cpu", _windowed()),
        Feature(
            "org.gnu.gdb.sparc.fpu",
            [of_field(f"f{n}", 32, "fpr", n ^ 1, "ieee_single") for n in range(32)],
        ),
        Feature(
            "org.gnu.gdb.sparc.cp0",
            [
                of_field("y", 32, "y"),
                Register("psr", 32, read_psr, write_psr),
                of_field("wim", 32, "wim"),
                Register("tbr", 32, read_tbr, write_tbr),
                Register("pc", 32, lambda cpu: cpu.get("pc"), write_pc, "code_ptr"),
                Register("npc", 32, read_npc, write_npc, "code_ptr"),
                Register("fsr", 32, read_fsr, write_fsr),
                Register("csr", 32, read_zero, write_nothing),
            ],
        ),
    ),
    kinds=(4,),
    alignment=4,
    byte_order="big",
)
