"""The frame: what follows from a declaration."""

from __future__ import annotations

from typing import Any

import pytest

from machinebuilder.device import (
    Alarm,
    Bit,
    Bits,
    Bus,
    Device,
    IrqIn,
    IrqOut,
    Param,
    Reg,
    Region,
    State,
)


class Timer(Device):
    """A chip with one of everything."""

    span = 0x100
    scale = Param("integer", default=2)
    lines = Param("integer", default=3)

    irq = IrqOut(doc="raised and enabled")
    each = IrqOut(doc="one for each line", count="lines")
    line = IrqIn(doc="levels", count="lines")
    tick = Alarm(doc="a second passed")
    rung = State(0, doc="how often")

    control = Reg(0x00, enable=Bit(0), mode_=Bits(6, 4, reset=5), now=Bit(7, "ro"))
    status = Reg(0x04, "w1c", a=Bit(0), b=Bit(1))
    plain = Reg(0x08)
    secret = Reg(0x0C, "wo")
    fixed = Reg(0x10, "ro", reset=0x1234_5678)
    small = Reg(0x14, width=8)
    wide = Reg(0x18, width=64)
    bank = Reg(0x40, count=4, step=8)

    @control.write
    def start(self, value: int) -> None:
        if self.control.enable:
            self.tick.at(self.clock.seconds + self.scale)

    @tick.rings
    def ring(self) -> None:
        self.rung += 1
        self.status.a = 1

    @bank.write
    def shadow(self, value: int, index: int) -> None:
        self.bank[index] = value + index

    @irq.level
    def raised(self) -> int:
        return self.status & 1

    @each.level
    def follow(self, index: int) -> int:
        return self.line[index]


@pytest.fixture
def timer(bench: Any) -> Any:
    return bench.attach(Timer)


def test_declarations_are_gathered_in_order() -> None:
    assert list(Timer.params) == ["scale", "lines"]
    assert list(Timer.outs) == ["irq", "each"]
    assert (Timer.regions[""].span, Timer.sits_on) == (0x100, "mmio")
    assert Timer.control.reset == 0x50


def test_reserved_and_read_only_bits_ignore_writes(timer: Any) -> None:
    timer.control = 0xFFFF_FFFF
    assert timer.control == 0x71
    assert timer.control.mode_ == 7


def test_a_one_clears_a_bit_of_w1c(timer: Any) -> None:
    timer.device.status = 3
    timer.status = 1
    assert timer.status == 2


def test_write_only_reads_as_zero_and_is_told(timer: Any) -> None:
    timer.secret = 5
    assert timer.secret == 0
    assert timer.device.secret == 5
    assert timer.logged == ["secret is write-only, and was read"]


def test_read_only_ignores_writes_and_is_told(timer: Any) -> None:
    timer.fixed = 1
    assert timer.fixed == 0x1234_5678
    assert "fixed is read-only" in timer.logged[0]


def test_narrow_accesses_reach_parts_of_a_register(timer: Any) -> None:
    assert [timer.read(0x10 + n, 1) for n in range(4)] == [0x78, 0x56, 0x34, 0x12]
    timer.plain = 0x1111_1111
    timer.write(0x09, 0xAB, 1)
    timer.write(0x0A, 0xCDEF, 2)
    assert timer.plain == 0xCDEF_AB11


def test_a_wide_access_spans_registers(timer: Any) -> None:
    timer.write(0x08, 0x0000_0007_0000_0009, 8)
    assert (timer.device.plain, timer.device.secret) == (9, 7)
    assert timer.read(0x08, 8) == 9


def test_a_small_register_is_zero_extended(timer: Any) -> None:
    timer.write(0x14, 0x1FF, 4)
    assert timer.read(0x14, 4) == 0xFF


def test_a_64_bit_register_is_written_in_halves(timer: Any) -> None:
    timer.write(0x18, 0x89AB_CDEF, 4)
    timer.write(0x1C, 0x0123_4567, 4)
    assert timer.wide == 0x0123_4567_89AB_CDEF


def test_where_nothing_is_reads_are_zero_and_told_once(timer: Any) -> None:
    assert (timer.read(0x80), timer.read(0x80)) == (0, 0)
    timer.write(0x84, 1)
    assert len(set(timer.logged)) == 2


def test_counted_registers_know_their_index(timer: Any) -> None:
    timer.at("bank", 3, 10)
    assert [timer.at("bank", n) for n in range(4)] == [0, 0, 0, 13]
    assert timer.read(0x58) == 13


def test_levels_follow_state_without_being_told(bench: Any, timer: Any) -> None:
    timer.control = 1
    bench.sleep(1.9)
    assert not timer.irq
    bench.sleep(0.1)
    assert timer.irq
    timer.status = 1
    assert not timer.irq


def test_counted_lines_follow_inputs(timer: Any) -> None:
    timer.drive("line", 1, 2)
    assert timer.each == (False, False, True)


def test_setting_a_field_changes_the_register_not_the_value_read(timer: Any) -> None:
    before = timer.device.status
    before.b = 1
    assert (before, timer.device.status) == (0, 2)
    with pytest.raises(AttributeError, match="no field 'nonsense'"):
        timer.device.status.nonsense = 1


def test_a_snapshot_holds_alarms_and_state(bench: Any, timer: Any) -> None:
    timer.control = 1
    bench.sleep(1)
    other = bench.attach(Timer)
    other.restore(timer.save())
    bench.sleep(1)
    assert (timer.device.rung, other.device.rung) == (1, 1)


def test_accesses_can_be_traced(timer: Any) -> None:
    seen: list[str] = []
    timer._frame.trace = seen.append
    timer.plain = 3
    timer.at("bank", 1)
    timer.read(0x80)
    assert [line.replace(timer.device.name, "timer") for line in seen] == [
        "write timer plain/4 = 0x3",
        "read  timer bank[1]/4 = 0x0",
        "read  timer +0x80/4 = 0x0",
    ]


def chip(**body: Any) -> type[Device]:
    return type("Chip", (Device,), {"span": 0x10, **body})


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"a": Reg(0), "b": Reg(2)}, "b: overlaps a at 0x2"),
        ({"a": Reg(0x10)}, "ends at 0x14, after the window of 0x10"),
        ({"a": Reg(0, region="other")}, "there is no region 'other'"),
        ({"clock": Reg(0)}, "every Device has a 'clock'"),
        ({"host": Param("string")}, "every Device has a 'host'"),
    ],
)
def test_a_mistake_in_a_declaration_is_told_at_once(
    body: dict[str, Any], why: str
) -> None:
    with pytest.raises(TypeError, match=why):
        chip(**body)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Reg(0, "rx"),  # type: ignore[arg-type]
        lambda: Reg(0, width=12),
        lambda: Reg(0, width=8, high=Bit(8)),
        lambda: Bits(2, 5),
    ],
)
def test_a_register_that_cannot_be_is_refused(make: Any) -> None:
    with pytest.raises(TypeError):
        make()


def test_two_windows_keep_their_registers_apart(bench: Any) -> None:
    class Two(Device):
        """Two windows."""

        dist = Region(0x10)
        cpu = Region(0x10)
        a = Reg(0x0, region="dist")
        b = Reg(0x0, region="cpu")

    two = bench.attach(Two)
    two.write(0, 1, region="dist")
    two.write(0, 2, region="cpu")
    assert (two.a, two.b) == (1, 2)


def test_a_subclass_inherits_and_may_take_back() -> None:
    class Smaller(Timer):
        """Without the alarm line."""

        bank = None

    assert "bank" not in Smaller.regs
    assert "plain" in Smaller.regs


def test_a_bus_names_its_placement_keys() -> None:
    class Host(Device):
        """A bus of four."""

        scsi = Bus("scsi", doc="disks", target=4)

    assert (Host.buses["scsi"].kind, dict(Host.buses["scsi"].keys)) == (
        "scsi",
        {"target": 4},
    )


def test_dma_reaches_memory_and_stops_where_it_ends(bench: Any, timer: Any) -> None:
    assert timer.device.dma.write(0x100, b"dma")
    assert bench.memory[0x100:0x103] == b"dma"
    assert timer.device.dma.read(0x100, 3) == b"dma"
    assert timer.device.dma.read(len(bench.memory) - 1, 2) is None


class Battery(Device):
    """A chip with memory of its own."""

    span = 4
    lost = State(1)
    battery = State(lambda: [1], kept=True)


def test_what_a_battery_keeps_outlives_a_reset(bench: Any) -> None:
    chip = bench.attach(Battery)
    chip.device.lost, chip.device.battery = 2, [2]
    chip.reset()
    assert (chip.device.lost, chip.device.battery) == (1, [2])
    assert chip.save()["state"]["battery"] == [2]
