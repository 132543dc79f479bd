"""DMA2's laws (L64854)."""

from __future__ import annotations

from typing import Any

import pytest

from devicelib.dma.sparc import SparcDma


@pytest.mark.parametrize("channel", [0, 1])
def test_it_is_the_second_version(bench: Any, channel: int) -> None:
    dma = bench.attach(SparcDma)
    assert dma.at("control", channel) >> 28 == 0xA
    dma.at("control", channel, 0)
    assert dma.at("control", channel) >> 28 == 0xA


@pytest.mark.parametrize(("channel", "line"), [(0, "scsi_irq"), (1, "net_irq")])
def test_a_chips_interrupt_passes_if_enabled(
    bench: Any, channel: int, line: str
) -> None:
    dma = bench.attach(SparcDma)
    dma.drive("line", 1, channel)
    assert (dma.at("control", channel) & 1, getattr(dma, line)) == (1, False)
    dma.at("control", channel, 0x10)
    assert getattr(dma, line)
    dma.drive("line", 0, channel)
    assert not getattr(dma, line)


def test_an_address_is_loaded_and_counts(bench: Any) -> None:
    dma = bench.attach(SparcDma)
    bench.memory[0x100:0x104] = b"abcd"
    dma.at("address", 0, 0x100)
    assert dma.at("control", 0) & 1 << 26
    assert dma.device.fetch(4) == b"abcd"
    assert dma.at("address", 0) == 0x104


def test_an_error_stays_until_the_buffers_are_invalidated(bench: Any) -> None:
    dma = bench.attach(SparcDma)
    dma.at("control", 0, 0x210)
    dma.at("address", 0, 0x7000_0000)
    dma.device.store(b"lost")
    dma.frame.settle()
    assert (dma.at("control", 0) & 2, dma.scsi_irq) == (2, True)
    dma.at("control", 0, 0x230)
    assert (dma.at("control", 0) & 2, dma.scsi_irq) == (0, False)


def test_the_network_has_24_address_bits_and_a_base(bench: Any) -> None:
    dma = bench.attach(SparcDma)
    bench.memory[0x10:0x12] = b"hi"
    assert dma.device.read_at(0xFF00_0010, 2) == b"hi"
    dma.at("base", 1, 0xFF00_0000)
    assert dma.device.read_at(0x10, 2) is None
