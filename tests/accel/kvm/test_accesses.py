"""Accesses of guests on KVM to ports and memory, in every mode and size."""

from __future__ import annotations

import pytest

from tests.accel.kvm.assembly import BASE, needs_assembler
from tests.accel.kvm.bench import (
    DEADLINE,
    RECORDER,
    RECORDER_PORT,
    UART,
    UART_PORT,
    Make,
    chip,
    end,
)

pytestmark = needs_assembler


@pytest.mark.parametrize("mode", ["real", "protected", "long"])
def test_a_guest_runs_from_reset_and_powers_off(make: Make, mode: str) -> None:
    event = make(end(7), mode).run(timeout=DEADLINE)
    assert (event.name, event.why) == ("poweroff", "code 7")


PORTS = f"""
    movw ${RECORDER_PORT}, %dx
    movl $0x11223344, %eax
    outb %al, %dx
    addw $2, %dx
    outw %ax, %dx
    addw $2, %dx
    outl %eax, %dx
    inb %dx, %al
    inw %dx, %ax
    inl %dx, %eax
"""


@pytest.mark.parametrize("mode", ["real", "protected", "long"])
def test_ports_are_accessed_in_their_size(make: Make, mode: str) -> None:
    machine = make(PORTS + end(), mode)
    assert machine.run(timeout=DEADLINE).name == "poweroff"
    assert chip(machine, "port").seen == [
        ("write", 0, 1, 0x44),
        ("write", 2, 2, 0x3344),
        ("write", 4, 4, 0x1122_3344),
        ("read", 4, 1, 0x14),
        ("read", 4, 2, 0x1514),
        ("read", 4, 4, 0x1716_1514),
    ]


def test_what_a_port_gives_reaches_the_register(make: Make) -> None:
    body = f"""
    movw ${RECORDER_PORT + 4}, %dx
    movl $0xffffffff, %eax
    inw %dx, %ax
    movl %eax, 0x500
    movl $0xffffffff, %eax
    inl %dx, %eax
    movl %eax, 0x504
    """
    machine = make(body + end(), "protected")
    machine.run(timeout=DEADLINE)
    assert machine.memory.read(0x500, 8) == bytes.fromhex("1415ffff 14151617")


def test_ports_where_nothing_is_read_ones_and_take_writes(make: Make) -> None:
    body = "movw $0x999, %dx; xorl %eax, %eax; outl %eax, %dx; inl %dx, %eax\n"
    machine = make(body + "movl %eax, 0x500\n" + end(), "protected")
    assert machine.run(timeout=DEADLINE).name == "poweroff"
    assert machine.memory.read(0x500, 4) == b"\xff" * 4


def test_string_instructions_move_each_element(make: Make) -> None:
    body = f"""
    cld
    movw ${RECORDER_PORT}, %dx
    movl $text, %esi
    movl $5, %ecx
    rep outsb
    movl $0x500, %edi
    movl $3, %ecx
    rep insw
    jmp over
text: .ascii "hello"
over:
    """
    machine = make(body + end(), "protected")
    machine.run(timeout=DEADLINE)
    seen = chip(machine, "port").seen
    assert bytes(value for *_, value in seen[:5]) == b"hello"
    assert seen[5:] == [("read", 0, 2, 0x1110)] * 3
    assert machine.memory.read(0x500, 8) == b"\x10\x11" * 3 + b"\0\0"


def test_a_long_string_goes_to_the_device_whole(make: Make) -> None:
    body = f"""
    cld
    movl $0x10000, %edi
    movl $5000, %ecx
1:  movb %cl, (%edi)
    incl %edi
    loop 1b
    movw ${RECORDER_PORT}, %dx
    movl $0x10000, %esi
    movl $5000, %ecx
    rep outsb
    """
    machine = make(body + end(), "protected")
    assert machine.run(timeout=DEADLINE).name == "poweroff"
    sent = bytes(value for *_, value in chip(machine, "port").seen)
    assert sent == bytes((5000 - n) & 0xFF for n in range(5000))


MEMORY = f"""
    movl ${RECORDER}, %ebx
    movl $0x11223344, %eax
    movb %al, 1(%ebx)
    movw %ax, 2(%ebx)
    movl %eax, 4(%ebx)
    movb 0x20(%ebx), %al
    movw 0x20(%ebx), %ax
    movl 0x20(%ebx), %eax
    movl %eax, 0x500
"""


def test_memory_mapped_registers_are_accessed_in_their_size(make: Make) -> None:
    machine = make(MEMORY + end(), "protected")
    assert machine.run(timeout=DEADLINE).name == "poweroff"
    assert chip(machine, "window").seen == [
        ("write", 1, 1, 0x44),
        ("write", 2, 2, 0x3344),
        ("write", 4, 4, 0x1122_3344),
        ("read", 0x20, 1, 0x30),
        ("read", 0x20, 2, 0x3130),
        ("read", 0x20, 4, 0x3332_3130),
    ]
    assert machine.memory.read(0x500, 4) == b"\x30\x31\x32\x33"


def test_long_mode_accesses_eight_bytes_at_once(make: Make) -> None:
    body = f"""
    movl ${RECORDER}, %ebx
    movabsq $0x1122334455667788, %rax
    movq %rax, 8(%rbx)
    movq 0x10(%rbx), %rax
    movq %rax, 0x500
    """
    machine = make(body + end(), "long")
    assert machine.run(timeout=DEADLINE).name == "poweroff"
    assert chip(machine, "window").seen == [
        ("write", 8, 8, 0x1122_3344_5566_7788),
        ("read", 0x10, 8, 0x2726_2524_2322_2120),
    ]
    assert machine.memory.read(0x500, 8) == bytes(range(0x20, 0x28))


def test_a_copy_out_of_a_device_asks_for_each_element(make: Make) -> None:
    body = f"""
    cld
    movl ${RECORDER}, %esi
    movl $0x500, %edi
    movl $4, %ecx
    rep movsl
    """
    machine = make(body + end(), "protected")
    assert machine.run(timeout=DEADLINE).name == "poweroff"
    assert [seen[1] for seen in chip(machine, "window").seen] == [0, 4, 8, 12]
    assert machine.memory.read(0x500, 16) == bytes(range(0x10, 0x20))


def test_native_chips_answer_at_ports_and_in_memory(make: Make) -> None:
    body = f"""
    movb $0x5a, %al
    movw ${UART_PORT + 7}, %dx
    outb %al, %dx
    movb $0xa5, {UART + 7}
    inb %dx, %al
    movb %al, 0x500
    movb {UART + 7}, %al
    movb %al, 0x501
    """
    machine = make(body + end(), "protected")
    assert machine.run(timeout=DEADLINE).name == "poweroff"
    assert machine.memory.read(0x500, 2) == b"\x5a\xa5"
    assert machine.stats().mmio_writes == 3  # with the one that ends the run
    assert machine.stats().mmio_reads == 2


def test_rom_keeps_its_bytes_whatever_is_written(make: Make) -> None:
    body = f"""
    movl rom, %eax
    movl $0x12345678, rom
    cmpl rom, %eax
    jne bad
    lock incl rom
    cmpl rom, %eax
    jne bad
    {end(1)}
bad: {end(2)}
rom: .long 0xcafe
    """
    machine = make(body, "protected")
    before = machine.memory.read(BASE, 0x1000)
    assert machine.run(timeout=DEADLINE).why == "code 1"
    assert machine.memory.read(BASE, 0x1000) == before


def test_memory_where_nothing_is_reads_ones(make: Make) -> None:
    body = "movl $0, 0xe0000000; movl 0xe0000000, %eax; movl %eax, 0x500\n"
    machine = make(body + end(), "protected")
    assert machine.run(timeout=DEADLINE).name == "poweroff"
    assert machine.memory.read(0x500, 4) == b"\xff" * 4
