"""Machines that run: the built-in monitor, and firmware in flash."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from machinebuilder import Board
from machinebuilder.machine import Machine
from machinebuilder.machine.failure import MachineError

ROOT = Path(__file__).resolve().parents[2]
BOARD = ROOT / "boards" / "arm-virt.yaml"
PROMPT = "mb> "
DEADLINE = 30


@pytest.fixture(scope="module")
def board() -> Board:
    return Board.load(BOARD, ram="64 MiB")


@pytest.fixture
def machine(board: Board) -> Iterator[Machine]:
    """The monitor, at its prompt."""
    with board.build() as machine:
        machine.console.expect(PROMPT, DEADLINE)
        yield machine


def ask(machine: Machine, command: str) -> str:
    """What the monitor answers."""
    machine.console.write(command + "\r")
    return machine.console.expect(f"(?s).*?{PROMPT}", DEADLINE)[0]


def test_expecting_text_starts_the_machine(machine: Machine) -> None:
    assert "poke" in ask(machine, "help")


def test_accesses_are_counted_by_device_as_the_guest_makes_them(
    machine: Machine,
) -> None:
    uart, rtc = machine.devices["uart0"], machine.devices["rtc"]
    assert rtc.accesses() == (0, 0)
    rtc.read(0xFE0)
    ask(machine, "peek 0x9010fe0 2")
    ask(machine, "peek 0x9010fe0 1")
    assert rtc.accesses() == (3, 0)
    ask(machine, "poke 0x9010008 0")
    assert rtc.accesses() == (3, 1)
    before = uart.accesses()[1]
    answer = ask(machine, "peek 0x9010fe0 2")
    assert uart.accesses()[1] - before == len(answer)


def test_power_off_ends_the_run(machine: Machine) -> None:
    machine.console.write("poweroff\r")
    event = machine.wait(DEADLINE)
    assert event is not None
    assert (event.name, event.failed) == ("poweroff", False)


def test_a_reset_starts_again(machine: Machine) -> None:
    machine.console.write("reset\r")
    machine.console.expect(f"(?s)monitor.*{PROMPT}", DEADLINE)


def test_a_reset_can_end_the_run(board: Board) -> None:
    with board.build() as machine:
        machine.console.write("reset\r")
        assert machine.run(timeout=DEADLINE, reboot=False).name == "reset"


def test_a_timeout_ends_the_run_and_it_goes_on_later(board: Board) -> None:
    with board.build() as machine:
        assert machine.run(timeout=0.2).name == "timeout"
        before = machine.stats().insns
        assert machine.run(timeout=0.2).name == "timeout"
        assert machine.stats().insns >= before > 0


def test_another_thread_can_stop_it(board: Board) -> None:
    with board.build() as machine:
        threading.Timer(0.2, machine.stop).start()
        assert machine.run(timeout=DEADLINE).name == "stopped"


def test_a_running_machine_can_be_closed(board: Board) -> None:
    machine = board.build()
    machine.start()
    machine.close()


def test_a_broken_chip_stops_it_with_its_name_and_traceback(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    from devicelib.rtc.pl031 import PL031

    def broken(chip: PL031) -> int:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(PL031.regs["data"], "on_read", broken)
    with board.build() as machine:
        machine.console.expect(PROMPT, DEADLINE)
        machine.console.write("peek 0x09010000\r")
        event = machine.wait(DEADLINE)
    assert event is not None and event.failed
    assert "device rtc (rtc.pl031): ZeroDivisionError" in event.why
    assert "in broken" in event.why


def test_a_stub_is_summed_up(machine: Machine) -> None:
    assert "ffffffff" in ask(machine, "peek 0x10000000 1").lower()
    machine.stop()
    machine.wait(DEADLINE)
    assert machine.summary() == ["pcie is not modelled, and was accessed once"]


def test_flash_answers_the_cfi_query_and_is_memory_again(machine: Machine) -> None:
    assert "ffffffff" in ask(machine, "peek 0x04000040 1").lower()
    ask(machine, "poke 0x04000154 0x00980098")
    words = ask(machine, "peek 0x04000040 3").lower()
    assert all(f"00{c:02x}00{c:02x}" in words for c in b"QRY")
    ask(machine, "poke 0x04000000 0x00400040")
    ask(machine, "poke 0x04000000 0x12345678")
    ask(machine, "poke 0x04000000 0x00ff00ff")
    assert "12345678" in ask(machine, "peek 0x04000000 1")


def test_firmware_runs_from_flash(board: Board, tmp_path: Path) -> None:
    firmware = tmp_path / "firmware.bin"
    send_a = (0xE3A0_0409, 0xE3A0_1041, 0xE580_1000, 0xEAFF_FFFE)
    firmware.write_bytes(struct.pack("<4I", *send_a))
    with board.build(firmware=firmware) as machine:
        machine.console.expect("A", DEADLINE)


def test_a_virtual_clock_makes_runs_the_same(board: Board) -> None:
    counts = []
    for _ in range(2):
        with board.build(clock="virtual") as machine:
            machine.console.write("poweroff\r")
            assert machine.run(timeout=DEADLINE).name == "poweroff"
            counts.append(machine.stats().insns)
    assert counts[0] == counts[1]


def test_devices_go_back_to_a_saved_state(board: Board) -> None:
    with board.build() as machine:
        machine.run(timeout=0.5)
        uart, gic = machine.devices["uart0"], machine.devices["gic"]
        saved = {name: device.save() for name, device in machine.devices.items()}
        before = (uart.read(0x038), gic.read(0x104, region="dist"))
        uart.write(0x038, 0x7E0)
        gic.write(0x104, 0xFFFF_0000, region="dist")
        for name, device in machine.devices.items():
            device.restore(saved[name])
        assert uart.save() == saved["uart0"]
        assert (uart.read(0x038), gic.read(0x104, region="dist")) == before
        with pytest.raises(MachineError, match="not a state of intc.gicv2"):
            gic.restore(b"rubbish")


def test_accesses_of_a_chip_can_be_traced(machine: Machine) -> None:
    seen: list[str] = []
    machine.devices["rtc"].trace(seen.append)
    ask(machine, "peek 0x09010004 1")
    assert seen == ["read  rtc match/4 = 0x0"]


def test_state_of_a_stopped_cpu_can_be_read_and_set(board: Board) -> None:
    with board.build() as machine:
        cpu = machine.cpus[0]
        cpu.set("r", 0x1234_5678, 3)
        assert cpu.get("r", 3) == 0x1234_5678
        start = cpu.get("pc")
        assert machine.memory.read(start, 4) == cpu.read_memory(start, 4)
