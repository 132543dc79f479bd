"""Timers of the PC interrupt a guest at the rate that it programs."""

from __future__ import annotations

import time

import pytest

from machinebuilder.board.plan import Place, Wire
from tests.accel.kvm.assembly import needs_assembler
from tests.accel.kvm.bench import DEADLINE, Make, device, end

pytestmark = needs_assembler

TICKS = 100

# Vector 0x45 counts at 0x500, ends the interrupt, and clears the HPET's status.
BODY = f"""
    movl $handler, %eax
    movl $0x6000 + 0x45 * 8, %ebx
    movw %ax, (%ebx)
    movw $0x08, 2(%ebx)
    movw $0x8e00, 4(%ebx)
    shrl $16, %eax
    movw %ax, 6(%ebx)
    lidtl idtr
    movb $0xff, %al; outb %al, $0x21
    movl $0x1ff, 0xfee000f0
    SETUP
    sti
1:  cmpl ${TICKS}, 0x500
    jb 1b
    {end()}
handler:
    incl 0x500
    movl $7, 0xfed00020
    movl $0, 0xfee000b0
    popl %edx                 # as iret, which no KVM emulates in protected mode
    addl $4, %esp
    popfl
    jmp *%edx
idtr: .word 0x7ff
    .long 0x6000
"""


def pin(number: int, level: int = 0) -> str:
    """An entry of the I/O APIC, for vector 0x45."""
    index = 0x10 + 2 * number
    return f"""
    movl ${index + 1}, 0xfec00000
    movl $0, 0xfec00010
    movl ${index}, 0xfec00000
    movl ${level << 15 | 0x45}, 0xfec00010
"""


HPET = """
    movl $1, 0xfed00010
    movl $0x2800 | 0x14c | LEVEL, 0xfed00100
    movl 0xfed000f0, %eax
    addl $100000, %eax
    movl %eax, 0xfed00108
    movl $100000, 0xfed00108
"""
TIMERS = {
    "local APIC": """
    movl $0xb, 0xfee003e0
    movl $0x20045, 0xfee00320
    movl $1000000, 0xfee00380
""",
    "8254": pin(2) + """
    movb $0x34, %al; outb %al, $0x43
    movb $0xa9, %al; outb %al, $0x40
    movb $0x04, %al; outb %al, $0x40
""",
    "HPET, edges": pin(20) + HPET.replace("LEVEL", "0"),
    "HPET, levels": pin(20, 1) + HPET.replace("LEVEL", "2"),
}  # fmt: skip


@pytest.mark.parametrize("timer", TIMERS)
@pytest.mark.parametrize("chips", ["on", "split", "off"])
def test_a_timer_interrupts_a_thousand_times_a_second(
    make: Make, chips: str, timer: str
) -> None:
    hpet = device("hpet", "timer.hpet", Place("mmio", 0xFED0_0000, 0x400))
    wires = (Wire("hpet", "irq", 20, "ioapic", "irq", 20),)
    if chips != "on":  # KVM's timer is wired to KVM's I/O APIC
        wires += (Wire("pit", "irq", 0, "ioapic", "irq", 2),)
    machine = make(BODY.replace("SETUP", TIMERS[timer]), "protected", chips=chips,
                   apic=True, extra=(hpet,), wires=wires)  # fmt: skip
    began = time.monotonic()
    assert machine.run(timeout=DEADLINE).name == "poweroff"
    # Late ones are made up for at twice the rate.
    assert time.monotonic() - began > TICKS / 2000
    assert machine.memory.read(0x500, 1)[0] >= TICKS
