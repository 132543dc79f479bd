"""Devices on the engine: windows, lines, consoles, what happens when one breaks."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from machinebuilder.board.plan import StubPlan, Wire
from machinebuilder.machine import Machine
from machinebuilder.machine.failure import MachineError
from tests.machine.conftest import device

Maker = Callable[..., Machine]

UART = ("uart0", "uart.pl011", (0x0900_0000, 0x1000, ""))
RTC = ("rtc", "rtc.pl031", (0x0901_0000, 0x1000, ""))
GPIO = ("gpio", "gpio.pl061", (0x0903_0000, 0x1000, ""))
RAM = ("ram", "mem.ram", (0x4000_0000, 0x10_0000, ""))


def wait_for(condition: Callable[[], object], seconds: float = 5) -> bool:
    """Other threads need a moment."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.001)
    return bool(condition())


def test_ram_keeps_what_is_written_and_ends_where_it_ends(make: Maker) -> None:
    machine = make(device(*RAM))
    machine.memory.write(0x400F_FFFC, b"last")
    assert machine.memory.read(0x400F_FFFC, 4) == b"last"
    with pytest.raises(ValueError, match="nothing is at 0x40100000"):
        machine.memory.write(0x400F_FFFC, b"beyond")


def test_a_reset_leaves_ram_alone(make: Maker) -> None:
    machine = make(device(*RAM))
    machine.memory.write(0x4000_0000, b"kept")
    machine.reset()
    assert machine.memory.read(0x4000_0000, 4) == b"kept"


def test_windows_that_overlap_are_refused(make: Maker) -> None:
    with pytest.raises(MachineError, match="overlaps uart0"):
        make(device(*UART), device("other", "rtc.pl031", (0x0900_0800, 0x1000, "")))


def test_registers_of_a_python_chip_are_on_the_bus(make: Maker) -> None:
    machine = make(device(*RTC, start=1000))
    assert machine.memory.read(0x0901_0FE0, 1) == b"\x31"
    rtc = machine.devices["rtc"]
    rtc.write(0x004, 5000)
    assert rtc.read(0x004) == 5000
    machine.reset()
    assert rtc.read(0x004) == 0


def test_what_a_uart_sends_arrives_at_its_console(make: Maker) -> None:
    machine = make(device(*UART, host="console"))
    for byte in b"hello\n":
        machine.devices["uart0"].write(0x000, byte)
    assert machine.console.text == "hello\n"


def test_what_is_typed_arrives_when_the_uart_is_enabled(make: Maker) -> None:
    machine = make(device(*UART, host="console"))
    uart = machine.devices["uart0"]
    machine.console.write(b"ab")
    assert uart.read(0x018) & 0x10
    uart.write(0x02C, 0x70)
    uart.write(0x030, 0x301)
    assert [uart.read(0x000), uart.read(0x000)] == [ord("a"), ord("b")]
    assert uart.read(0x018) & 0x10


def test_a_line_goes_from_chip_to_chip(make: Maker) -> None:
    wire = Wire("rtc", "irq", 0, "gpio", "line", 2)
    machine = make(device(*RTC, start=1000), device(*GPIO), wires=(wire,))
    rtc, gpio = machine.devices["rtc"], machine.devices["gpio"]
    rtc.write(0x010, 1)
    rtc.write(0x004, rtc.read(0x000))
    assert wait_for(lambda: gpio.read(0x3FC) == 4)
    rtc.write(0x01C, 1)
    assert gpio.read(0x3FC) == 0


def test_two_lines_at_one_input_are_ored(make: Maker) -> None:
    wires = tuple(Wire(name, "irq", 0, "gpio", "line", 0) for name in "ab")
    places = {"a": 0x1000, "b": 0x2000}
    clocks = [
        device(n, "rtc.pl031", (at, 0x1000, ""), start=1000) for n, at in places.items()
    ]
    machine = make(*clocks, device(*GPIO), wires=wires)
    gpio = machine.devices["gpio"]
    for name in places:
        clock = machine.devices[name]
        clock.write(0x010, 1)
        clock.write(0x004, clock.read(0x000))
    assert wait_for(lambda: gpio.read(0x3FC) == 1)
    assert wait_for(lambda: machine.devices["b"].read(0x014) == 1)
    machine.devices["a"].write(0x01C, 1)
    time.sleep(0.02)
    assert gpio.read(0x3FC) == 1
    machine.devices["b"].write(0x01C, 1)
    assert wait_for(lambda: gpio.read(0x3FC) == 0)


def test_an_alarm_rings_in_real_time(make: Maker) -> None:
    machine = make(device(*RTC, start=1000))
    rtc = machine.devices["rtc"]
    rtc.write(0x004, rtc.read(0x000) + 1)
    assert rtc.read(0x014) == 0
    assert wait_for(lambda: rtc.read(0x014) == 1, 3)


def test_a_stub_gives_its_value_and_is_told_once(
    make: Maker, capfd: pytest.CaptureFixture[str]
) -> None:
    stub = StubPlan("pcie", "mmio", 0x1000_0000, 0x1000, 0xFFFF_FFFF)
    machine = make(stubs=(stub,))
    assert machine.summary() == []
    assert machine.memory.read(0x1000_0010, 2) == b"\xff\xff"
    assert machine.summary() == ["pcie is not modelled, and was accessed 2 times"]
    assert wait_for(lambda: machine.logged)
    assert machine.logged == ["mb: pcie: not modelled, first read at offset 0x10"]


def test_a_rom_holds_its_image(make: Maker, tmp_path: Path) -> None:
    image = tmp_path / "rom.bin"
    image.write_bytes(b"firmware")
    machine = make(device("rom", "mem.rom", (0, 0x1000, ""), image=str(image)))
    assert machine.memory.read(0, 10) == b"firmware\0\0"


def test_a_broken_chip_stops_the_machine_with_its_name(
    make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from devicelib.rtc.pl031 import PL031

    def broken(self: PL031) -> int:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(PL031.regs["data"], "on_read", broken)
    machine = make(device(*RTC))
    assert machine.devices["rtc"].read(0x000) == 0
    with pytest.raises(RuntimeError, match=r"device rtc \(rtc.pl031\): Zero") as e:
        machine.reset()
    assert "in broken" in str(e.value)


def test_the_power_button_raises_its_line(make: Maker) -> None:
    machine = make(device(*GPIO, power_key=3))
    assert machine.power_button()
    assert machine.devices["gpio"].read(0x020) == 8
    assert wait_for(lambda: machine.devices["gpio"].read(0x020) == 0)
    other = make(device(*GPIO, power_key=None))
    assert not other.power_button()


def test_what_is_typed_reaches_the_keyboard(make: Maker) -> None:
    machine = make(device("kbd", "uart.z8530", (0, 8, ""), keyboard=True))
    chip = machine.devices["kbd"]
    for value in (3, 0xC1):  # the receiver is on
        chip.write(4, value, 1)
    assert machine.type_text("a", pause=0)
    assert [chip.read(6, 1) for _ in range(3)] == [0x4D, 0xCD, 0x7F]
    assert machine.pointer(1, 1)
    other = make(device(*UART))
    assert not other.type_text("a")
    assert not other.pointer(1, 1)


def test_closing_twice_is_harmless(make: Maker) -> None:
    machine = make(device(*UART, host="console"))
    machine.close()
    machine.close()
