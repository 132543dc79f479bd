"""Interrupts of CPUs on KVM: with its chips, with some of them, with the board's."""

from __future__ import annotations

import time

import pytest

from machinebuilder.machine import Machine
from tests.accel.kvm.assembly import needs_assembler
from tests.accel.kvm.bench import DEADLINE, IRQ_PORT, Make, end

pytestmark = needs_assembler

CHIPS = ["on", "split", "off"]

# Lines 0-7 of the PIC are vectors 0x20-0x27; only line 5 is enabled.
PIC = """
    movb $0x11, %al; outb %al, $0x20
    movb $0x20, %al; outb %al, $0x21
    movb $0x04, %al; outb %al, $0x21
    movb $0x01, %al; outb %al, $0x21
    movb $0xdf, %al; outb %al, $0x21
"""

# Waits for interrupts: counts them at 0x500, and awakenings at 0x502.
WAKE = (
    PIC
    + f"""
    movw $handler - BASE, 0x25 * 4
    movw $0xf000, 0x25 * 4 + 2
    ljmp $0xf000, $1f - BASE
1:  movw $0, 0x502
    movw $1, 0x504
    sti
2:  hlt
    incw 0x502
    jmp 2b
handler:
    incw 0x500
    xorb %al, %al
    outb %al, ${IRQ_PORT}
    movb $0x20, %al
    outb %al, $0x20
    iret
"""
)


def wait_for(machine: Machine, address: int, value: int) -> None:
    """Until a running guest has put a 16-bit value there."""
    limit = time.monotonic() + 5
    while machine.memory.read(address, 2) != value.to_bytes(2, "little"):
        assert time.monotonic() < limit, f"{address:#x} did not become {value}"
        time.sleep(0.001)


def raise_line(machine: Machine) -> None:
    """As a device's interrupt from another thread."""
    with machine.lock:
        frame = machine.devices["end"].frame  # type: ignore[attr-defined]
        frame.write(0, 2, 1, 1)


@pytest.mark.parametrize("apic", [False, True])
@pytest.mark.parametrize("chips", CHIPS)
def test_an_interrupt_wakes_a_halted_cpu(make: Make, chips: str, apic: bool) -> None:
    if chips == "split" and not apic:
        pytest.skip("local APICs of KVM are between the PIC and the CPU")
    machine = make(WAKE, chips=chips, low_rom=True, apic=apic)
    machine.start()
    wait_for(machine, 0x504, 1)
    for wanted in range(1, 20):
        raise_line(machine)
        wait_for(machine, 0x502, wanted)
    assert machine.memory.read(0x500, 2) == (19).to_bytes(2, "little")


# Vector 0x45 comes from pin 5 of the I/O APIC; the handler lowers the line and counts.
IOAPIC = f"""
    movl $0x6000, %edi
    leal 0x45 * 8(%edi), %ebx
    movl $handler, %eax
    movw %ax, (%ebx)
    movw $0x08, 2(%ebx)
    movw $0x8e00, 4(%ebx)
    shrl $16, %eax
    movw %ax, 6(%ebx)
    lidtl idtr
    movb $0xff, %al; outb %al, $0x21
    movl $0x1ff, 0xfee000f0
    movl $0x1b, 0xfec00000
    movl $0, 0xfec00010
    movl $0x1a, 0xfec00000
    movl $TRIGGER | 0x45, 0xfec00010
    sti
    xorl %ebp, %ebp
1:  incl %ebp
    movb $1, %al
    outb %al, ${IRQ_PORT}
2:  cmpl %ebp, 0x500
    jne 2b
    cmpl $40, %ebp
    jne 1b
    {end()}
handler:
    pushl %eax
    xorb %al, %al
    outb %al, ${IRQ_PORT}
    incl 0x500
    movl $0, 0xfee000b0
    popl %eax
    popl %edx                 # as iret, which no KVM emulates in protected mode
    addl $4, %esp
    andl $0xfffffdff, (%esp)
    popfl
    sti                       # no interrupt comes before the jump
    jmp *%edx
idtr: .word 0x7ff
    .long 0x6000
"""


@pytest.mark.parametrize("trigger", ["edge", "level"])
@pytest.mark.parametrize("chips", CHIPS)
def test_the_io_apic_interrupts_again_and_again(
    make: Make, chips: str, trigger: str
) -> None:
    value = 0x8000 if trigger == "level" else 0
    body = IOAPIC.replace("TRIGGER", hex(value))
    machine = make(body, "protected", chips=chips, apic=True)
    event = machine.run(timeout=DEADLINE)
    assert event.name == "poweroff", machine.memory.read(0x500, 4)
    assert machine.memory.read(0x500, 1) == bytes([40])


@pytest.mark.parametrize("chips", CHIPS)
def test_a_level_that_stays_interrupts_after_each_end(make: Make, chips: str) -> None:
    """The handler lowers the line only the fifth time."""
    body = IOAPIC.replace("TRIGGER", "0x8000").replace(
        "    incl 0x500\n",
        "    incl 0x504\n    cmpl $5, 0x504\n    jne 3f\n    incl 0x500\n"
        f"    outb %al, ${IRQ_PORT}\n    movl $0, 0x504\n3:\n",
    )
    body = body.replace(
        f"    xorb %al, %al\n    outb %al, ${IRQ_PORT}\n", "    xorb %al, %al\n"
    )
    machine = make(body, "protected", chips=chips, apic=True)
    assert machine.run(timeout=DEADLINE).name == "poweroff"
    assert machine.memory.read(0x500, 1) == bytes([40])


@pytest.mark.parametrize("chips", CHIPS)
def test_the_timer_ticks_through_the_pic(make: Make, chips: str) -> None:
    body = (
        WAKE.replace("$0xdf", "$0xfe").replace("0x25", "0x20")
        .replace("    movw $1, 0x504\n", "    movb $0x34, %al; outb %al, $0x43\n"
                 "    movb $0xa9, %al; outb %al, $0x40\n"
                 "    movb $0x04, %al; outb %al, $0x40\n")
    )  # fmt: skip
    machine = make(body, chips=chips, low_rom=True, apic=True)
    began = time.monotonic()
    machine.start()
    while int.from_bytes(machine.memory.read(0x500, 2), "little") < 200:
        assert time.monotonic() - began < 10
        time.sleep(0.005)
    assert time.monotonic() - began > 0.15  # 1,000 ticks a second
