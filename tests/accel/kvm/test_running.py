"""How CPUs on KVM run, halt, stop, are looked at, start again, and end."""

from __future__ import annotations

import resource
import threading
import time

import pytest

from machinebuilder.machine.failure import MachineError
from tests.accel.kvm.assembly import BASE, needs_assembler
from tests.accel.kvm.bench import (
    DEADLINE,
    RECORDER,
    RECORDER_PORT,
    RESTART_PORT,
    Make,
    chip,
    end,
)

pytestmark = needs_assembler

FOREVER = "9: jmp 9b\n"
COUNT = "1: incl 0x500; jmp 1b\n"
CHIPS = ["on", "split", "off"]


# -- stopping


@pytest.mark.parametrize("chips", CHIPS)
def test_a_timeout_ends_the_run_and_it_goes_on_later(make: Make, chips: str) -> None:
    machine = make(COUNT, "protected", chips=chips)
    counts = [0]
    for _ in range(3):
        assert machine.run(timeout=0.1).name == "timeout"
        counts.append(int.from_bytes(machine.memory.read(0x500, 4), "little"))
        time.sleep(0.02)
        assert machine.memory.read(0x500, 4) == counts[-1].to_bytes(4, "little")
    assert counts == sorted(set(counts))


@pytest.mark.parametrize("body", [FOREVER, "sti; 9: hlt; jmp 9b\n"])
@pytest.mark.parametrize("chips", CHIPS)
def test_another_thread_stops_it(make: Make, body: str, chips: str) -> None:
    machine = make(body, chips=chips)
    threading.Timer(0.1, machine.stop).start()
    began = time.monotonic()
    assert machine.run(timeout=DEADLINE).name == "stopped"
    assert time.monotonic() - began < 5


def test_stops_that_race_with_accesses_are_never_lost(make: Make) -> None:
    body = f"movw ${RECORDER_PORT}, %dx\n1: incl 0x500; outb %al, %dx; jmp 1b\n"
    machine = make(body, "protected")
    for _ in range(200):
        threading.Timer(0.001, machine.stop).start()
        assert machine.run(timeout=DEADLINE).name == "stopped"
    count = int.from_bytes(machine.memory.read(0x500, 4), "little")
    seen = len(chip(machine, "port").seen)
    assert count - seen in (0, 1)


# -- halting


def used() -> float:
    """Host CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("chips", CHIPS)
def test_a_halted_guest_costs_no_host_time(make: Make, chips: str) -> None:
    machine = make("cli; 9: hlt; jmp 9b\n", chips=chips)
    assert machine.run(timeout=0.05).name == "timeout"
    before = used()
    assert machine.run(timeout=0.5).name == "timeout"
    assert used() - before < 0.1


# -- looking at it and changing it


def test_state_is_whole_when_the_run_ends_in_an_access(make: Make) -> None:
    body = f"""
    movw ${RECORDER_PORT}, %dx
    xorl %eax, %eax
    inb %dx, %al
    movb $3, %al
    outb %al, $0xf4
    nop
    """
    machine = make(body, "protected")
    machine.run(timeout=DEADLINE)
    cpu = machine.cpus[0]
    code = cpu.read_memory(cpu.get("pc") - 2, 3)
    assert code == b"\xe6\xf4\x90"  # the access is done: pc is behind it
    assert cpu.get("r", 0) == 3


def test_a_read_is_completed_before_state_is_seen(make: Make) -> None:
    body = f"""
    movw ${RECORDER_PORT}, %dx
    movl $0x77777777, %eax
1:  inl %dx, %eax
    jmp 1b
    """
    machine = make(body, "protected")
    for _ in range(20):
        assert machine.run(timeout=0.005).name == "timeout"
        assert machine.cpus[0].get("r", 0) in (0x1312_1110, 0x7777_7777)


def test_an_access_of_two_pieces_is_completed_before_state_is_seen(make: Make) -> None:
    body = f"""
    movl ${RECORDER}, %ebx
1:  movups (%rbx), %xmm0
    jmp 1b
    """
    machine = make(body, "long")
    assert machine.run(timeout=0.1).name == "timeout"
    for _ in range(30):
        assert machine.run(timeout=0.003).name == "timeout"
        low, high = machine.cpus[0].get("xmm", 0), machine.cpus[0].get("xmm", 1)
        assert low == int.from_bytes(bytes(range(0x10, 0x18)), "little")
        assert high == int.from_bytes(bytes(range(0x18, 0x20)), "little")


def test_registers_are_set_from_outside(make: Make) -> None:
    body = """
1:  cmpl $0x1234, %ebx
    jne 1b
    movups %xmm3, 0x500
    movl %ebx, 0x510
    """
    machine = make(body + end(), "long")
    assert machine.run(timeout=0.1).name == "timeout"
    cpu = machine.cpus[0]
    cpu.set("xmm", 0xABCD, 6)
    cpu.set("r", 0x1234, 3)
    assert cpu.get("r", 3) == 0x1234
    assert machine.run(timeout=DEADLINE).name == "poweroff"
    assert machine.memory.read(0x500, 4) == (0xABCD).to_bytes(4, "little")
    assert machine.memory.read(0x510, 4) == (0x1234).to_bytes(4, "little")


def test_memory_is_read_and_written_as_the_cpu_sees_it(make: Make) -> None:
    body = """
    movl $0x200087, 0x3008    # 0x200000 to itself
    movl $0x000087, 0x3010    # 0x400000 to 0
    movl %cr3, %rax
    movl %rax, %cr3
1:  cmpl $0x5678, 0x400500
    jne 1b
    """.replace("movl %cr3, %rax", "movq %cr3, %rax").replace(
        "movl %rax, %cr3", "movq %rax, %cr3"
    )
    machine = make(body + end(), "long")
    assert machine.run(timeout=0.1).name == "timeout"
    cpu = machine.cpus[0]
    cpu.write_memory(0x40_0500, (0x5678).to_bytes(4, "little"))
    assert machine.memory.read(0x500, 4) == (0x5678).to_bytes(4, "little")
    assert cpu.read_memory(0x40_0500, 4) == (0x5678).to_bytes(4, "little")
    with pytest.raises(ValueError, match="not mapped"):
        cpu.read_memory(0x1_0000_0000_0000 >> 1, 1)
    assert machine.run(timeout=DEADLINE).name == "poweroff"


def test_a_halted_cpu_is_sent_elsewhere_from_outside(make: Make) -> None:
    machine = make("cli; 9: hlt; jmp 9b\nout:" + end(5))
    assert machine.run(timeout=0.1).name == "timeout"
    code = machine.memory.read(BASE, 0x1000)
    target = code.index(b"\xb0\x05\xe6\xf4")
    assert machine.cpus[0].get("halted") == 1
    machine.cpus[0].set("pc", target)
    machine.cpus[0].set("halted", 0)
    assert machine.run(timeout=DEADLINE).why == "code 5"


# -- reset


DIRTY = f"""
    movl 0x500, %eax
    incl 0x500
    testl %eax, %eax
    jnz 1f
    movl %cr4, %eax; orl $0x80, %eax; movl %eax, %cr4
    movl $0x12345678, %eax
    movl %eax, %dr0
    movl $0x174, %ecx         # IA32_SYSENTER_CS
    xorl %edx, %edx
    wrmsr
    movl $0xfee000f0, %ebx    # spurious vector register
    movl $0x1ff, (%ebx)
    movb $0x11, %al; outb %al, $0x20
    movb $0x40, %al; outb %al, $0x21
    movb $0x04, %al; outb %al, $0x21
    movb $0x01, %al; outb %al, $0x21
    movb $0x12, %al; outb %al, $0x21
    outb %al, ${RESTART_PORT}
9:  hlt
    jmp 9b
1:  movl %cr4, %eax; movl %eax, 0x510
    movl %dr0, %eax; movl %eax, 0x514
    movl $0x174, %ecx; rdmsr; movl %eax, 0x518
    movl 0xfee000f0, %eax; movl %eax, 0x51c
"""


def test_a_reset_keeps_nothing_but_memory(make: Make) -> None:
    machine = make(DIRTY + end(), "protected")
    assert machine.run(timeout=DEADLINE).name == "poweroff"
    found = [
        int.from_bytes(machine.memory.read(at, 4), "little")
        for at in (0x510, 0x514, 0x518, 0x51C)
    ]
    assert found == [0, 0, 0, 0xFF]
    assert chip(machine, "end").codes[-1] == 0


def test_a_machine_is_reset_from_outside_while_its_cpu_waits(make: Make) -> None:
    machine = make("incl 0x500; cli; 9: hlt; jmp 9b\n", "protected")
    for _ in range(3):
        assert machine.run(timeout=0.1).name == "timeout"
        machine.reset()
    assert machine.memory.read(0x500, 1) == b"\x03"


def test_a_reset_can_end_the_run(make: Make) -> None:
    machine = make(f"outb %al, ${RESTART_PORT}; 9: hlt; jmp 9b\n")
    assert machine.run(timeout=DEADLINE, reboot=False).name == "reset"


# -- the end


@pytest.mark.parametrize("chips", CHIPS)
def test_a_triple_fault_ends_the_run_with_cause_registers_and_bytes(
    make: Make, chips: str
) -> None:
    body = "movl $0xbadcafe, %ebx\nlidt none\nud2\nnone: .word 0; .long 0\n"
    event = make(body, "protected", chips=chips).run(timeout=DEADLINE)
    assert event.failed
    assert "triple fault" in event.why
    assert "CPU 0" in event.why and "rip=" in event.why and "cr0=" in event.why


def test_what_kvm_cannot_emulate_ends_the_run_with_the_instruction(make: Make) -> None:
    body = f"""
    movl $0xbadcafe, %ecx
    movl ${RECORDER}, %ebx
    .byte 0xd9, 0x03          # fld from a device: no KVM emulates that
    """
    event = make(body + end(9), "protected").run(timeout=DEADLINE)
    assert event.failed
    assert "KVM cannot emulate the instruction" in event.why
    assert "rcx=000000000badcafe" in event.why
    assert "instruction bytes: d9 03 b0 09 e6 f4" in event.why


def test_execution_where_nothing_is_ends_the_run(make: Make) -> None:
    body = "movl $0xe0000000, %eax\njmp *%eax\n"
    event = make(body, "protected").run(timeout=DEADLINE)
    assert event.failed
    assert "rip=00000000e0000000" in event.why


def test_a_broken_chip_ends_the_run(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.accel.kvm.bench import Recorder

    def broken(self: Recorder, offset: int, value: int, size: int) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(Recorder.regions[""], "on_write", broken)
    body = f"movw ${RECORDER_PORT}, %dx; outb %al, %dx; 9: jmp 9b\n"
    event = make(body).run(timeout=DEADLINE)
    assert event.failed and "ZeroDivisionError" in event.why


def test_a_virtual_clock_is_refused(kvm: None) -> None:
    import dataclasses

    from machinebuilder.boot import Images
    from machinebuilder.machine.build import build
    from tests.accel.kvm import bench

    with bench.guest(end()) as machine:
        plan = dataclasses.replace(machine.plan, clock="virtual")
    with pytest.raises(MachineError, match="virtual clock needs --accel translate"):
        build(plan, Images(), "kvm")
