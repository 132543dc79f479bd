"""Memory that changes while a guest on KVM runs: shadow RAM, and level interrupts that
come through routing that changes."""

from __future__ import annotations

import pytest

from machinebuilder.board.plan import DevicePlan, Place
from tests.accel.kvm.assembly import needs_assembler
from tests.accel.kvm.bench import DEADLINE, Make, device, end

pytestmark = needs_assembler

PAM0 = """
    movl $0x80000058, %eax
    movw $0xcf8, %dx
    outl %eax, %dx
"""


def pam(value: int) -> str:
    """Set what is seen at 0xf0000: 1 reads, 2 writes go to RAM."""
    return f"    movb ${value << 4}, %al\n    movw $0xcfd, %dx\n    outb %al, %dx\n"


def expect(value: int, code: int) -> str:
    return f"    cmpl ${value}, 0xf8000\n    movb ${code}, %bl\n    jne bad\n"


BAD = "\nbad: movb %bl, %al\n    outb %al, $0xf4\n9:  hlt\n    jmp 9b\n"


def bridge() -> tuple[DevicePlan, ...]:
    return (
        device("bridge", "pci.i440fx", Place("io", 0xCF8, 8, ""),
               Place("mmio", 0xA_0000, 0x6_0000, "shadow")),
    )  # fmt: skip


SHADOW = f"""
    {PAM0}
    {pam(0)}
    movl 0xf8000, %ebp
    movl $1, 0xf8000
    cmpl %ebp, 0xf8000
    movb $10, %bl
    jne bad
    {pam(2)}
    movl $0x11111111, 0xf8000
    cmpl %ebp, 0xf8000
    movb $11, %bl
    jne bad
    {pam(3)}
    {expect(0x11111111, 12)}
    movl $0x22222222, 0xf8000
    {expect(0x22222222, 13)}
    {pam(1)}
    movl $0x33333333, 0xf8000
    {expect(0x22222222, 14)}
    {pam(0)}
    cmpl %ebp, 0xf8000
    movb $15, %bl
    jne bad
    {pam(3)}
    {expect(0x22222222, 16)}
"""


@pytest.mark.parametrize("chips", ["on", "off"])
def test_pam_registers_show_ram_rom_and_both(make: Make, chips: str) -> None:
    machine = make(SHADOW + end() + BAD, "protected", chips=chips, low_rom=True,
                   extra=bridge())  # fmt: skip
    assert machine.run(timeout=DEADLINE).why == "code 0"


def test_code_goes_on_in_what_it_was_copied_to(make: Make) -> None:
    """The ROM copies itself to the RAM behind it, as firmware does, and runs there. It
    runs elsewhere while it copies: KVM fetches no code from what only writes reach."""
    body = f"""
    {PAM0}
    {pam(2)}
    cld
    movl $0xf0000, %esi
    movl $0xf0000, %edi
    movl $0x4000, %ecx
    rep movsl
    {pam(3)}
    movl $inside - BASE + 0xf0000, %eax
    jmp *%eax
inside:
    movl $0x12345678, 0xf8000
    {expect(0x12345678, 20)}
    """
    machine = make(body + end() + BAD, "protected", low_rom=True, extra=bridge())
    assert machine.run(timeout=DEADLINE).why == "code 0"


def test_memory_is_remapped_thousands_of_times(make: Make) -> None:
    body = f"""
    {PAM0}
    movl $1000, %ebp
1:  {pam(3)}
    movl %ebp, 0xf8000
    {pam(0)}
    cmpl %ebp, 0xf8000
    movb $30, %bl
    je bad
    {pam(1)}
    cmpl %ebp, 0xf8000
    movb $31, %bl
    jne bad
    decl %ebp
    jnz 1b
    """
    machine = make(body + end() + BAD, "protected", low_rom=True, extra=bridge())
    assert machine.run(timeout=DEADLINE).why == "code 0"
