"""ESP's laws (NCR53C94/95/96 data sheet), with a disk at target 0."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from machinebuilder.device.testing import Bench as PlainBench
from tests.devicelib.scsi.esp_driver import COMMANDS_AT, DATA_AT, Bench, disk

INQUIRY = bytes([0x12, 0, 0, 0, 36, 0])
READ_ONE = bytes([0x08, 0, 0, 1, 1, 0])


@pytest.fixture
def scsi(bench: Any, tmp_path: Path) -> Bench:
    return disk(bench, tmp_path / "disk.img")


def test_selecting_nobody_ends_in_a_disconnect(scsi: Bench) -> None:
    assert scsi.select(3, INQUIRY) == 0x20
    assert scsi.phase == 0


def test_a_selection_leads_to_the_phase_that_the_target_wants(scsi: Bench) -> None:
    assert scsi.select(0, INQUIRY) == 0x18
    assert (scsi.phase, scsi.esp.step) == (1, 4)
    assert scsi.esp.status & 0x10, "the counter ran out"


def test_a_command_by_the_fifo_does_the_same(scsi: Bench) -> None:
    for word in b"\x80" + INQUIRY:
        scsi.esp.fifo = word
    scsi.esp.status = 0
    scsi.esp.command = 0x42
    assert scsi.esp.interrupt == 0x18
    assert scsi.phase == 1
    scsi.esp.command = 0x10
    assert scsi.esp.flags & 0x1F == 16
    assert bytes(scsi.esp.fifo for _ in range(16))[8:16] == b"MB      "


def test_the_line_follows_the_interrupt_register(scsi: Bench) -> None:
    assert not scsi.esp.irq
    scsi.esp.command = 0x11
    assert (scsi.esp.irq, scsi.esp.status & 0x80) == (True, 0x80)
    assert scsi.esp.interrupt == 0x40
    assert not scsi.esp.irq


def test_a_transfer_may_come_in_parts(scsi: Bench) -> None:
    scsi.select(0, READ_ONE)
    scsi.transfer(0x10, DATA_AT, 500, to_memory=True)
    assert scsi.esp.interrupt == 0x10
    assert (scsi.phase, scsi.esp.status & 0x10) == (1, 0x10)
    scsi.transfer(0x10, DATA_AT + 500, 100, to_memory=True)
    assert (scsi.phase, scsi.esp.status & 0x10) == (3, 0)
    assert (scsi.esp.count_low, scsi.esp.count_middle) == (88, 0)
    assert scsi.bench.memory[DATA_AT : DATA_AT + 512] == bytes(range(256)) * 2


def test_a_command_waits_for_dma(scsi: Bench) -> None:
    scsi.bench.memory[COMMANDS_AT : COMMANDS_AT + 7] = b"\x80" + INQUIRY
    scsi.dma.at("control", 0, 0)
    scsi.dma.at("address", 0, COMMANDS_AT)
    scsi.set_count(7)
    scsi.esp.command = 0xC2
    assert not scsi.esp.irq
    scsi.dma.at("control", 0, 0x200)
    assert scsi.esp.interrupt == 0x18


def test_a_bus_reset_is_told_unless_that_is_off(scsi: Bench) -> None:
    scsi.esp.config1 = 0x47
    scsi.esp.command = 0x03
    assert not scsi.esp.irq
    scsi.esp.config1 = 0x07
    scsi.esp.command = 0x03
    assert scsi.esp.interrupt == 0x80
    assert scsi.run(0, bytes(6))[0] == 2, "unit attention"


def test_the_identification_of_the_chip(scsi: Bench) -> None:
    scsi.esp.command = 0x02
    scsi.esp.config2 = 0x40
    scsi.esp.command = 0x80
    assert scsi.esp.count_high == 0x04
    scsi.esp.config3 = 0x05
    assert (scsi.esp.config2, scsi.esp.config3) == (0x40, 0x05)


def test_padding_takes_the_bytes_without_memory(scsi: Bench) -> None:
    scsi.select(0, READ_ONE)
    before = bytes(scsi.bench.memory)
    scsi.transfer(0x18, DATA_AT, 512, to_memory=True)
    assert scsi.esp.interrupt == 0x10
    assert scsi.phase == 3
    assert bytes(scsi.bench.memory) == before


def test_no_memory_is_the_dma_controllers_error(scsi: Bench) -> None:
    scsi.select(0, READ_ONE)
    scsi.transfer(0x10, 0x8000_0000, 512, to_memory=True)
    assert scsi.dma.at("control", 0) & 2


ACCESSES = st.one_of(
    st.tuples(st.just("esp"), st.integers(0, 15), st.integers(0, 255)),
    st.tuples(st.just("read"), st.integers(0, 15), st.just(0)),
    st.tuples(st.just("go"), st.just(3), st.sampled_from(
        [0xC1, 0xC2, 0xC3, 0xC6, 0x90, 0x10, 0x11, 0x12, 0x98, 0x42, 0x41, 0x18, 3, 2]
    )),
    st.tuples(st.just("fifo"), st.just(2), st.integers(0, 255)),
    st.tuples(st.just("dma"), st.integers(0, 3), st.integers(0, (1 << 32) - 1)),
    st.tuples(st.just("on"), st.just(0), st.sampled_from([0x200, 0x300, 0x210])),
    st.tuples(st.just("cdb"), st.integers(0, 255), st.integers(0, (1 << 72) - 1)),
)  # fmt: skip


def drive(scsi: Bench, what: str, where: int, value: int) -> None:
    """One thing that a guest may do."""
    if what in ("esp", "go", "fifo"):
        scsi.esp.write(4 * where, value, 1)
    elif what == "read":
        assert 0 <= scsi.esp.read(4 * where, 1) < 256
    elif what in ("dma", "on"):
        scsi.dma.write(4 * where, value, 4, "registers")
    else:
        command = bytes([where]) + value.to_bytes(9, "big")
        scsi.select(value & 7, command, value >> 8 & 7)


@settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(st.lists(ACCESSES, max_size=60))
def test_no_sequence_of_commands_breaks_it(
    tmp_path: Path, accesses: list[tuple[str, int, int]]
) -> None:
    scsi = disk(PlainBench(), tmp_path / "disk.img", size=1 << 14)
    for access in accesses:
        drive(scsi, *access)
        assert len(scsi.bench.memory) == 0x10000
        assert len(scsi.esp.device.queue) <= 16
    scsi.esp.command = 0x02
    scsi.esp.command = 0x03
    assert scsi.esp.interrupt & 0x80
    scsi.ready(0)
