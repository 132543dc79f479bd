"""The host bridge: shadow RAM over the BIOS, and SMRAM over the video memory."""

from __future__ import annotations

import pytest

from .conftest import Pci

BIOS, ADAPTER = 0xF_0000, 0xE_4000
PAM0, SMRAM = 0x59, 0x72
READ, WRITE = 1, 2


@pytest.fixture(autouse=True)
def bios(pci: Pci) -> None:
    """What is in the ROM."""
    pci.machine.memory.write(BIOS, b"rom!")
    pci.machine.memory.write(ADAPTER, b"card")


def store(pci: Pci, address: int, data: bytes) -> None:
    """As the CPU writes: where there is ROM it changes nothing."""
    bridge = pci.machine.devices["bridge"]
    for offset, byte in enumerate(data, address - 0xA_0000):
        bridge.write(offset, byte, 1, "shadow")


def seen(pci: Pci, address: int) -> bytes:
    return pci.machine.memory.read(address, 4)


def test_after_reset_the_rom_is_seen(pci: Pci) -> None:
    assert seen(pci, BIOS) == b"rom!"


def test_a_piece_to_be_read_and_written_is_ram(pci: Pci) -> None:
    pci.write(0, 0, PAM0, (READ | WRITE) << 4, 1)
    pci.machine.memory.write(BIOS, b"ram.")
    assert seen(pci, BIOS) == b"ram."
    assert seen(pci, ADAPTER) == b"card"
    pci.write(0, 0, PAM0, 0, 1)
    assert seen(pci, BIOS) == b"rom!"


def test_a_piece_to_be_read_alone_keeps_what_it_has(pci: Pci) -> None:
    pci.write(0, 0, PAM0, (READ | WRITE) << 4, 1)
    store(pci, BIOS, b"ram.")
    pci.write(0, 0, PAM0, READ << 4, 1)
    store(pci, BIOS, b"lost")
    assert seen(pci, BIOS) == b"ram."


def test_a_piece_to_be_written_alone_takes_what_goes_over_the_rom(pci: Pci) -> None:
    pci.write(0, 0, PAM0, WRITE << 4, 1)
    assert seen(pci, BIOS) == b"rom!"
    store(pci, BIOS, b"copy")
    assert seen(pci, BIOS) == b"rom!"
    pci.write(0, 0, PAM0, READ << 4, 1)
    assert seen(pci, BIOS) == b"copy"


@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.parametrize("half", [0, 1])
def test_each_nibble_is_for_16_kib(pci: Pci, number: int, half: int) -> None:
    address = 0xC_0000 + 0x8000 * (number - 1) + 0x4000 * half
    pci.write(0, 0, PAM0 + number, (READ | WRITE) << 4 * half, 1)
    for at in (address, address + 0x3FFC):
        pci.machine.memory.write(at, b"mine")
        assert seen(pci, at) == b"mine"
    assert pci.read(0, 0, PAM0 + number, 1) == (READ | WRITE) << 4 * half


def test_open_smram_lies_over_the_video_memory(pci: Pci) -> None:
    pci.write(0, 0, SMRAM, 0x48, 1)
    pci.machine.memory.write(0xA_0000, b"smm!")
    assert seen(pci, 0xA_0000) == b"smm!"
    pci.write(0, 0, SMRAM, 0x08, 1)
    assert seen(pci, 0xA_0000) != b"smm!"


def test_locked_smram_does_not_open_again(pci: Pci) -> None:
    pci.write(0, 0, SMRAM, 0x18, 1)
    pci.write(0, 0, SMRAM, 0x48, 1)
    assert not pci.read(0, 0, SMRAM, 1) & 0x40
    pci.machine.reset()
    pci.write(0, 0, SMRAM, 0x48, 1)
    assert pci.read(0, 0, SMRAM, 1) & 0x40
