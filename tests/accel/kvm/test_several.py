"""Several CPUs on KVM: started by messages, interrupted by each other, reset."""

from __future__ import annotations

import pytest

from tests.accel.kvm.assembly import needs_assembler
from tests.accel.kvm.bench import DEADLINE, RESTART_PORT, Make, end

pytestmark = needs_assembler

CHIPS = ["on", "split", "off"]

# Code for the other CPUs goes to 0x2000: they count themselves at 0x500 and note their
# APIC number, then wait.
COPY = """
    cld
    movl $other, %esi
    movl $0x2000, %edi
    movl $other_end - other, %ecx
    rep movsb
    movl $0x1ff, 0xfee000f0
"""
INIT = "    movl $0x000c4500, 0xfee00300\n"
STARTUP = "    movl $0x000c4602, 0xfee00300\n"
OTHER = """
.code16
other:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    lock incl 0x500
1:  hlt
    jmp 1b
other_end:
.code32
"""


def all_here(count: int) -> str:
    return f"1:  cmpl ${count}, 0x500\n    jne 1b\n"


@pytest.mark.parametrize("chips", CHIPS)
def test_init_and_start_up_messages_start_the_others(make: Make, chips: str) -> None:
    body = COPY + INIT + STARTUP + all_here(3) + end() + OTHER
    machine = make(body, "protected", chips=chips, count=4, apic=True)
    assert machine.run(timeout=DEADLINE).name == "poweroff"
    assert machine.memory.read(0x500, 1) == b"\x03"


@pytest.mark.parametrize("chips", CHIPS)
def test_a_cpu_without_a_message_does_not_run(make: Make, chips: str) -> None:
    body = COPY + INIT + "9: cli; hlt; jmp 9b\n" + OTHER
    machine = make(body, "protected", chips=chips, count=2, apic=True)
    assert machine.run(timeout=0.2).name == "timeout"
    assert machine.memory.read(0x500, 1) == b"\0"


@pytest.mark.parametrize("chips", CHIPS)
def test_a_started_cpu_is_in_real_mode_at_its_vector(make: Make, chips: str) -> None:
    body = COPY + INIT + STARTUP + all_here(1) + "9: cli; hlt; jmp 9b\n" + OTHER
    machine = make(body, "protected", chips=chips, count=2, apic=True)
    assert machine.run(timeout=0.3).name == "timeout"
    cpu = machine.cpus[1]
    assert cpu.get("seg_selector", 1) == 0x200
    assert cpu.get("seg_base", 1) == 0x2000
    assert cpu.get("cr0") & 1 == 0
    assert cpu.get("halted") == 1


@pytest.mark.parametrize("chips", CHIPS)
def test_a_reset_makes_the_others_wait_again(make: Make, chips: str) -> None:
    body = f"""
    incl 0x508
    cmpl $2, 0x508
    je second
    {COPY + INIT + STARTUP + all_here(2)}
    movl $0, 0x500
    outb %al, ${RESTART_PORT}
9:  hlt
    jmp 9b
second:
    movl $200000, %ecx
8:  loop 8b
    {end()}
    """
    machine = make(body + OTHER, "protected", chips=chips, count=3, apic=True)
    assert machine.run(timeout=DEADLINE).name == "poweroff"
    assert machine.memory.read(0x508, 1) == b"\x02"
    assert machine.memory.read(0x500, 1) == b"\0"


@pytest.mark.parametrize("chips", CHIPS)
def test_messages_between_cpus_interrupt_them(make: Make, chips: str) -> None:
    """CPU 0 sends vector 0x40 to CPU 1, which halts, and waits until it was taken."""
    other = """
.code16
other:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    movw $0x3000, %sp
    movw %ax, %ss
    movw $handler - other + 0x2000, 0x40 * 4
    movw %ax, 0x40 * 4 + 2
    lgdtl gdtr2 - other + 0x2000
    movl %cr0, %eax           # a local APIC is reached with 32-bit addresses
    orb $1, %al
    movl %eax, %cr0
    movw $8, %bx
    movw %bx, %ds
    andb $0xfe, %al
    movl %eax, %cr0
    xorw %ax, %ax
    movw %ax, %ds
    movl $0x1ff, %eax
    movl $0xfee000f0, %ebx
    movl %eax, (%ebx)
    lock incl 0x500
1:  sti
    hlt
    jmp 1b
handler:
    incl 0x510
    movl $0xfee000b0, %ebx
    movl $0, (%ebx)
    iret
gdt2: .quad 0, 0x00cf93000000ffff
gdtr2: .word 15
    .long gdt2 - other + 0x2000
other_end:
.code32
"""
    send = "movl $0x01000000, 0xfee00310; movl $0x4040, 0xfee00300\n"
    body = f"""
    {COPY + INIT + STARTUP + all_here(1)}
    movl $0, %ebp
2:  {send}
    incl %ebp
3:  cmpl %ebp, 0x510
    jne 3b
    cmpl $50, %ebp
    jne 2b
    """
    machine = make(body + end() + other, "protected", chips=chips, count=2, apic=True)
    assert machine.run(timeout=DEADLINE).name == "poweroff"
    assert machine.memory.read(0x510, 1) == bytes([50])


def test_breakpoints_stop_the_cpu_that_comes_to_them(make: Make) -> None:
    body = COPY + INIT + STARTUP + all_here(1) + end() + OTHER
    machine = make(body, "protected", count=2, apic=True)
    machine.set_breakpoints([0x2000])
    assert machine.run(timeout=DEADLINE).name == "step"
    assert machine.breakpoint_cpu() == 1
    assert machine.run(timeout=DEADLINE).name == "poweroff"


@pytest.mark.parametrize("chips", CHIPS)
def test_any_cpu_can_end_the_run(make: Make, chips: str) -> None:
    other = """
.code16
other: movb $3, %al
    outb %al, $0xf4
1:  hlt
    jmp 1b
other_end:
.code32
"""
    body = COPY + INIT + STARTUP + "9: jmp 9b\n" + other
    machine = make(body, "protected", chips=chips, count=2, apic=True)
    assert machine.run(timeout=DEADLINE).why == "code 3"
