# SPDX-License-Identifier: Apache-2.0
"""ARM for gdb: core registers, VFP and Advanced SIMD under gdb's own feature names.

Omitted: a debugger cannot change CPSR.M: registers of other modes stay where they are.
"""

from __future__ import annotations

from machinebuilder.isa.debug import Cpu, Description, Feature, Register, of_field

# CPSR's fields with their bit: the state keeps them apart.
CPSR_FIELDS = {
    "n": (31, 1), "z": (30, 1), "c": (29, 1), "v": (28, 1), "q": (27, 1),
    "ge": (16, 4), "abort_masked": (8, 1), "irq_masked": (7, 1), "fiq_masked": (6, 1),
}  # fmt: skip

FPSCR_FIELDS = {
    "fp_n": 31, "fp_z": 30, "fp_c": 29, "fp_v": 28, "fp_qc": 27, "fp_idc": 7,
}  # fmt: skip
FPSCR_CONTROL = 0x07F7_0000
FPSCR_VECTORS = 0x0037_0000

# FPSCR's cumulative bits and MXCSR's, where the engine keeps them: IOC DZC OFC UFC IXC.
STICKY = ((0x01, 0x01), (0x02, 0x04), (0x04, 0x08), (0x08, 0x10), (0x10, 0x20))
MXCSR_STICKY = 0x3D
MXCSR_ROUNDING = (0, 2, 1, 3)  # FPSCR.RMode: nearest, up, down, zero


def read_cpsr(cpu: Cpu) -> int:
    """CPSR put together."""
    it = cpu.get_flag("itstate")
    value = cpu.get("mode") | (it & 3) << 25 | (it & 0xFC) << 8
    value |= cpu.get_flag("thumb") << 5 | cpu.get_flag("big_endian") << 9
    for name, (shift, _) in CPSR_FIELDS.items():
        value |= cpu.get(name) << shift
    return value


def write_cpsr(cpu: Cpu, value: int) -> None:
    """CPSR taken apart; the mode stays."""
    cpu.set_flag("itstate", value >> 25 & 3 | value >> 8 & 0xFC)
    cpu.set_flag("thumb", value >> 5 & 1)
    cpu.set_flag("big_endian", value >> 9 & 1)
    for name, (shift, width) in CPSR_FIELDS.items():
        cpu.set(name, value >> shift & (1 << width) - 1)


def read_fpscr(cpu: Cpu) -> int:
    """FPSCR put together."""
    value, host = cpu.get("fp_control"), cpu.get("mxcsr")
    for name, shift in FPSCR_FIELDS.items():
        value |= cpu.get(name) << shift
    return value | sum(bit for bit, flag in STICKY if host & flag)


def write_fpscr(cpu: Cpu, value: int) -> None:
    """FPSCR taken apart."""
    for name, shift in FPSCR_FIELDS.items():
        cpu.set(name, value >> shift & 1)
    cpu.set("fp_control", value & FPSCR_CONTROL)
    cpu.set_flag("fp_vectors", int(value & FPSCR_VECTORS != 0))
    cpu.set_flag("fp_flush", value >> 24 & 1)
    cpu.set_flag("fp_default_nan", value >> 25 & 1)
    host = cpu.get("mxcsr") & ~(MXCSR_STICKY | 3 << 13)
    host |= sum(flag for bit, flag in STICKY if value & bit)
    cpu.set("mxcsr", host | MXCSR_ROUNDING[value >> 22 & 3] << 13)


def _core() -> list[Register]:
    return [
        *(of_field(f"r{n}", 32, "r", n, "uint32") for n in range(13)),
        of_field("sp", 32, "r", 13, "data_ptr"),
        of_field("lr", 32, "r", 14),
        of_field("pc", 32, "pc", type="code_ptr"),
        Register("cpsr", 32, read_cpsr, write_cpsr),
    ]


def _vfp(first: int) -> list[Register]:
    return [
        of_field(f"d{n}", 64, "d", n, "ieee_double") for n in range(first, first + 16)
    ]


FPSCR = Register("fpscr", 32, read_fpscr, write_fpscr)

gdb = Description(
    architecture="arm",
    features=(
        Feature("org.gnu.gdb.arm.core", _core()),
        Feature("org.gnu.gdb.arm.vfp", [*_vfp(0), *_vfp(16), FPSCR], needs="d32"),
        Feature("org.gnu.gdb.arm.neon", needs="d32"),
        Feature("org.gnu.gdb.arm.vfp", [*_vfp(0), FPSCR], without="d32"),
    ),
    kinds=(2, 3, 4),  # a Thumb instruction of 2 bytes, of 4, an ARM one
    alignment=2,
)
