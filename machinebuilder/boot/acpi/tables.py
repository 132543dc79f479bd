# SPDX-License-Identifier: Apache-2.0
"""The fixed tables, each as bytes with its checksum still to be made.

ACPI 6.4, section 5.2; HPET: IA-PC HPET Specification 1.0a, section 3.2.4.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

OEM, OEM_TABLE, CREATOR = b"MBUILD", b"MACHINEB", b"MBLD"
HEADER = 36
HW_REDUCED = 1 << 20
RESET_SUPPORTED = 1 << 10
FADT_SIZE = 268


def table(signature: str, revision: int, body: bytes) -> bytes:
    """A description header (5.2.6) and its body."""
    head = struct.pack(
        "<4sIBB6s8sI4sI", signature.encode(), HEADER + len(body), revision, 0,
        OEM, OEM_TABLE, 1, CREATOR, 1,
    )  # fmt: skip
    return head + body


@dataclass(frozen=True)
class Gas:
    """A generic address (5.2.3.2): a port or an address of `size` bytes."""

    address: int
    size: int
    space: int = 1
    """1: I/O ports, 0: memory."""

    def packed(self) -> bytes:
        """Twelve bytes; a block wider than any access has no access size."""
        widths = {1: 1, 2: 2, 4: 3}
        bits = 8 * self.size
        access = widths.get(self.size, 0)
        return struct.pack("<BBBBQ", self.space, bits, 0, access, self.address)


NOWHERE = bytes(12)


@dataclass
class Power:
    """What the power management chip gives to the FADT (5.2.9), and to sleep states."""

    sci: int = 0
    pm1_event: int = 0
    pm1_control: int = 0
    pm_timer: int = 0
    gpe0: int = 0
    gpe0_size: int = 0
    smi_command: int = 0
    acpi_enable: int = 0
    acpi_disable: int = 0
    soft_off: int | None = None
    """SLP_TYP of the state S5, if there is one."""
    sleep: Gas | None = None
    """The sleep control register of hardware-reduced ACPI; the status is behind it."""
    power_button: bool = False
    """A fixed one: bits in the PM1 blocks."""
    reset: tuple[Gas, int] | None = None
    """The reset register and what it wants."""
    century: int = 0
    """The RTC's byte for the century, as a CMOS index."""
    present: set[str] = field(default_factory=set)
    """Of `legacy` (devices on ISA), `8042`, `vga`, `rtc`: what the board has."""

    @property
    def reduced(self) -> bool:
        """Without PM1 blocks it is the hardware-reduced kind of ACPI (4.1)."""
        return not self.pm1_control


def boot_architecture(power: Power) -> int:
    """IA-PC boot architecture flags (table 5.11)."""
    there = {"legacy": 1, "8042": 2}
    absent = {"vga": 4, "rtc": 32}
    found = sum(bit for name, bit in there.items() if name in power.present)
    return found | sum(bit for name, bit in absent.items() if name not in power.present)


def flags(power: Power) -> int:
    """The FADT's fixed feature flags (table 5.10)."""
    wbinvd, proc_c1, no_sleep_button, rtc_not_fixed = 1, 1 << 2, 1 << 5, 1 << 6
    found = wbinvd | proc_c1 | no_sleep_button | rtc_not_fixed
    found |= 0 if power.power_button else 1 << 4
    found |= 1 << 8 if power.pm_timer else 0
    found |= RESET_SUPPORTED if power.reset else 0
    return found | (HW_REDUCED if power.reduced else 0)


def fadt(power: Power) -> tuple[bytes, dict[str, int]]:
    """The FADT, revision 5; and where it has the addresses of FACS and DSDT."""
    data = bytearray(FADT_SIZE)
    data[:HEADER] = table("FACP", 5, bytes(FADT_SIZE - HEADER))[:HEADER]
    _fixed_blocks(data, power)
    struct.pack_into("<HH", data, 96, 0xFFF, 0xFFF)  # no C2, no C3
    data[108] = power.century
    struct.pack_into("<H", data, 109, boot_architecture(power))
    struct.pack_into("<I", data, 112, flags(power))
    if power.reset:
        register, value = power.reset
        data[116:128] = register.packed()
        data[128] = value
    data[131] = 1  # FADT minor version: 5.1
    _wide_blocks(data, power)
    if power.sleep:
        status = Gas(power.sleep.address + 1, 1)
        data[244:268] = power.sleep.packed() + status.packed()
    return bytes(data), {"FACS": 36, "DSDT": 40, "XDSDT": 140}


def _fixed_blocks(data: bytearray, power: Power) -> None:
    """The 32-bit addresses of the register blocks."""
    struct.pack_into("<H", data, 46, power.sci)
    struct.pack_into("<I", data, 48, power.smi_command)
    data[52], data[53] = power.acpi_enable, power.acpi_disable
    struct.pack_into("<I", data, 56, power.pm1_event)
    struct.pack_into("<I", data, 64, power.pm1_control)
    struct.pack_into("<I", data, 76, power.pm_timer)
    struct.pack_into("<I", data, 80, power.gpe0)
    if not power.reduced:
        data[88], data[89] = 4, 2
    data[91] = 4 if power.pm_timer else 0
    data[92] = power.gpe0_size


def _wide_blocks(data: bytearray, power: Power) -> None:
    """The same once more, as generic addresses."""
    blocks = {
        148: (power.pm1_event, 4),
        172: (power.pm1_control, 2),
        208: (power.pm_timer, 4),
        220: (power.gpe0, power.gpe0_size),
    }
    for offset, (address, size) in blocks.items():
        data[offset : offset + 12] = Gas(address, size).packed() if address else NOWHERE


def facs() -> bytes:
    """The firmware control structure: no header, no checksum (5.2.10)."""
    return struct.pack("<4sI", b"FACS", 64).ljust(32, b"\0") + bytes([1]) + bytes(31)


def local_apic(number: int, apic: int) -> bytes:
    """MADT: a processor that is enabled (5.2.12.2)."""
    return struct.pack("<BBBBI", 0, 8, number, apic, 1)


def io_apic(number: int, address: int, first_input: int) -> bytes:
    """MADT: an I/O APIC (5.2.12.3)."""
    return struct.pack("<BBBBII", 1, 12, number, 0, address, first_input)


def source_override(irq: int, interrupt: int, level: bool) -> bytes:
    """MADT: an ISA interrupt that is elsewhere or not edge-triggered (5.2.12.5)."""
    return struct.pack("<BBBBIH", 2, 10, 0, irq, interrupt, 0x0D if level else 0)


def local_nmi(input_number: int) -> bytes:
    """MADT: where NMI comes in, of all processors (5.2.12.7)."""
    return struct.pack("<BBBHB", 4, 6, 0xFF, 0x05, input_number)


def madt(local_apics: int, dual_8259: bool, rows: list[bytes]) -> bytes:
    """The interrupt controllers (5.2.12)."""
    head = struct.pack("<II", local_apics, int(dual_8259))
    return table("APIC", 3, head + b"".join(rows))


def hpet(address: int, identity: int) -> bytes:
    """Where the HPET is; `identity` is the low half of its capabilities register."""
    body = struct.pack("<I", identity) + Gas(address, 8, 0).packed()
    return table("HPET", 1, body + struct.pack("<BHB", 0, 100, 0))


def rsdt(count: int) -> bytes:
    """The table of 32-bit pointers, still zero."""
    return table("RSDT", 1, bytes(4 * count))


def xsdt(count: int) -> bytes:
    """The table of 64-bit pointers, still zero."""
    return table("XSDT", 1, bytes(8 * count))


def rsdp() -> bytes:
    """The root: RSDT's address at 16, XSDT's at 24; checksums at 8 and 32 (5.2.5.3)."""
    return struct.pack("<8sB6sBIIQB3x", b"RSD PTR ", 0, OEM, 2, 0, 36, 0, 0)
