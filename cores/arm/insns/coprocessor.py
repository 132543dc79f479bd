"""MCR, MRC, MCRR, MRRC to coprocessors 14 and 15 (DDI 0406C A8.8.98, A8.8.107, B3.15).

The registers themselves are the table of cp15.c. What is hot or has no effect here is
decided when the instruction is translated: thread pointers, cache maintenance (caches
are not modelled, and translated code is kept coherent by the engine), barriers.

Omitted: CDP, LDC and STC: coprocessor 14 has no register for them.
"""

from __future__ import annotations

from cores.arm.formats import Cpu
from cores.arm.insns.status import PrivilegedError, synchronize
from machinebuilder.isa import InsnSet, extern, u32, u64

a32 = InsnSet("a32")
t32 = InsnSet("t32")

# Selectors: CRn, opc1, CRm, opc2, a hexadecimal digit each.
TPIDRURW, TPIDRURO, TPIDRPRW = 0xD002, 0xD003, 0xD004
BARRIER_ISB, BARRIER_DSB, BARRIER_DMB = 0x7054, 0x70A4, 0x70A5
ADDRESS_REGISTER, ADDRESS_TRANSLATION = 4, 8


@extern(effects="writes")
def coprocessor_read(cpu: Cpu, number: u32, selector: u32) -> u32:
    """MRC."""
    raise PrivilegedError


@extern(effects="writes")
def coprocessor_write(cpu: Cpu, number: u32, selector: u32, value: u32) -> None:
    """MCR."""
    raise PrivilegedError


@extern(effects="writes")
def coprocessor_read64(cpu: Cpu, number: u32, selector: u32) -> u64:
    """MRRC; the selector is opc1, CRm."""
    raise PrivilegedError


@extern(effects="writes")
def coprocessor_write64(cpu: Cpu, number: u32, selector: u32, value: u64) -> None:
    """MCRR."""
    raise PrivilegedError


def move_from(cpu: Cpu, number: int, selector: int, Rt: int) -> None:
    """MRC."""
    if number == 15 and selector == TPIDRURO:
        cpu.r[Rt] = cpu.tpidruro
    elif number == 15 and selector == TPIDRURW:
        cpu.r[Rt] = cpu.tpidrurw
    elif number == 15 and selector == TPIDRPRW and cpu.privileged:
        cpu.r[Rt] = cpu.tpidrprw
    else:
        cpu.r[Rt] = coprocessor_read(cpu, number, selector)


def maintains_cache(cpu: Cpu, number: int, selector: int) -> bool:
    """CRn 7 but for address translation; User mode has the barriers only."""
    if number != 15 or selector >> 12 != 7 or not cpu.privileged:
        return False
    crm = selector >> 4 & 15
    return crm != ADDRESS_REGISTER and crm != ADDRESS_TRANSLATION and selector != 0x7004


def maintains_tlb(number: int, selector: int) -> bool:
    """CRn 8: what follows may use old translations until a barrier."""
    return number == 15 and selector >> 12 == 8


def move_to(cpu: Cpu, number: int, selector: int, Rt: int) -> None:
    """MCR."""
    if number == 15 and selector == BARRIER_ISB:
        cpu.end_block()
    elif number == 15 and selector == BARRIER_DSB:
        synchronize(cpu)
    elif number == 15 and selector == BARRIER_DMB:
        cpu.fence()
    elif number == 15 and selector == TPIDRURW:
        cpu.tpidrurw = cpu.r[Rt]
    elif number == 15 and selector == TPIDRPRW and cpu.privileged:
        cpu.tpidrprw = cpu.r[Rt]
    elif not maintains_cache(cpu, number, selector):
        coprocessor_write(cpu, number, selector, cpu.r[Rt])
        if not maintains_tlb(number, selector):
            cpu.end_block()


def selector_of(CRn: int, opc1: int, CRm: int, opc2: int) -> int:
    """One number for a register."""
    return CRn << 12 | opc1 << 8 | CRm << 4 | opc2


@a32(
    "cond:4 1110 opc1:3 0 CRn:4 Rt:4 111 number:1 opc2:3 1 CRm:4",
    where=lambda Rt: Rt != 15,
    asm="mcr{cond} {number:cp}, {opc1}, {Rt}, c{CRn}, c{CRm}, {opc2}",
)
@t32(
    "1110 1110 opc1:3 0 CRn:4 Rt:4 111 number:1 opc2:3 1 CRm:4",
    where=lambda Rt: Rt != 15 and Rt != 13,
    asm="mcr{it} {number:cp}, {opc1}, {Rt}, c{CRn}, c{CRm}, {opc2}",
)
def mcr(
    cpu: Cpu, opc1: int, CRn: int, Rt: int, number: int, opc2: int, CRm: int
) -> None:
    """MCR."""
    move_to(cpu, 14 + number, selector_of(CRn, opc1, CRm, opc2), Rt)


@a32(
    "cond:4 1110 opc1:3 1 CRn:4 Rt:4 111 number:1 opc2:3 1 CRm:4",
    where=lambda Rt: Rt != 15,
    asm="mrc{cond} {number:cp}, {opc1}, {Rt}, c{CRn}, c{CRm}, {opc2}",
)
@t32(
    "1110 1110 opc1:3 1 CRn:4 Rt:4 111 number:1 opc2:3 1 CRm:4",
    where=lambda Rt: Rt != 15 and Rt != 13,
    asm="mrc{it} {number:cp}, {opc1}, {Rt}, c{CRn}, c{CRm}, {opc2}",
)
def mrc(
    cpu: Cpu, opc1: int, CRn: int, Rt: int, number: int, opc2: int, CRm: int
) -> None:
    """MRC."""
    move_from(cpu, 14 + number, selector_of(CRn, opc1, CRm, opc2), Rt)


def two_registers(Rt: int, Rt2: int) -> bool:
    """Two different ones, no pc."""
    return Rt != 15 and Rt2 != 15 and Rt != Rt2


@a32(
    "cond:4 1100 0100 Rt2:4 Rt:4 111 number:1 opc1:4 CRm:4",
    where=two_registers,
    asm="mcrr{cond} {number:cp}, {opc1}, {Rt}, {Rt2}, c{CRm}",
)
@t32(
    "1110 1100 0100 Rt2:4 Rt:4 111 number:1 opc1:4 CRm:4",
    where=two_registers,
    asm="mcrr{it} {number:cp}, {opc1}, {Rt}, {Rt2}, c{CRm}",
)
def mcrr(cpu: Cpu, Rt2: int, Rt: int, number: int, opc1: int, CRm: int) -> None:
    """MCRR."""
    value = (u64(cpu.r[Rt2]) << 32) | u64(cpu.r[Rt])
    coprocessor_write64(cpu, 14 + number, opc1 << 4 | CRm, value)
    cpu.end_block()


@a32(
    "cond:4 1100 0101 Rt2:4 Rt:4 111 number:1 opc1:4 CRm:4",
    where=two_registers,
    asm="mrrc{cond} {number:cp}, {opc1}, {Rt}, {Rt2}, c{CRm}",
)
@t32(
    "1110 1100 0101 Rt2:4 Rt:4 111 number:1 opc1:4 CRm:4",
    where=two_registers,
    asm="mrrc{it} {number:cp}, {opc1}, {Rt}, {Rt2}, c{CRm}",
)
def mrrc(cpu: Cpu, Rt2: int, Rt: int, number: int, opc1: int, CRm: int) -> None:
    """MRRC."""
    value = coprocessor_read64(cpu, 14 + number, opc1 << 4 | CRm)
    cpu.r[Rt] = u32(value)
    cpu.r[Rt2] = u32(value >> 32)
