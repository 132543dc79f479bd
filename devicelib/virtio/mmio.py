# SPDX-License-Identifier: Apache-2.0
"""The memory-mapped virtio transport, version 2 (OASIS virtio 1.2, section 4.2).

A virtio device sits on its bus: `disk: {model: virtio.blk, bus: virtio0}`. Without one
the device id reads zero, which drivers take for an empty place.

Omitted: the legacy interface (version 1), shared memory regions and queue reset.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.device import Bit, Bus, Device, IrqOut, Reg


class VirtioMmio(Device):
    """One place for a virtio device, with its registers and its interrupt."""

    native = True
    span = 0x200
    compatible = ("virtio,mmio",)
    dt_name = "virtio_mmio"
    acpi_hid, acpi_name = "LNRO0005", "VR00"

    irq = IrqOut(doc="a cause in interrupt_status is not acknowledged")
    virtio = Bus("virtio", doc="the device", slot=1)

    magic = Reg(0x000, "ro", reset=0x7472_6976, doc="the letters virt")
    version = Reg(0x004, "ro", reset=2)
    device_id = Reg(0x008, "ro", doc="zero: nobody sits here")
    vendor = Reg(0x00C, "ro", reset=0x4D42, doc="the letters BM")
    device_features = Reg(0x010, "ro", doc="the word that the selector chose")
    device_features_selector = Reg(0x014, "wo")
    driver_features = Reg(0x020, "wo")
    driver_features_selector = Reg(0x024, "wo")
    queue_selector = Reg(0x030, "wo")
    queue_largest = Reg(0x034, "ro", doc="entries the queue may have, zero: no queue")
    queue_size = Reg(0x038, "wo")
    queue_ready = Reg(0x044)
    queue_notify = Reg(0x050, "wo", doc="a request waits in this queue")
    interrupt_status = Reg(0x060, "ro", used=Bit(0), config=Bit(1))
    interrupt_acknowledge = Reg(0x064, "wo", used=Bit(0), config=Bit(1))
    status = Reg(
        0x070,
        acknowledge=Bit(0),
        driver=Bit(1),
        driver_ok=Bit(2),
        features_ok=Bit(3),
        needs_reset=Bit(6),
        failed=Bit(7),
    )
    queue_descriptors = Reg(0x080, "wo", count=2, doc="address, low word first")
    queue_available = Reg(0x090, "wo", count=2)
    queue_used = Reg(0x0A0, "wo", count=2)
    memory_selector = Reg(0x0AC, "wo")
    memory_size = Reg(0x0B0, "ro", count=2, reset=0xFFFF_FFFF, doc="no shared memory")
    memory_base = Reg(0x0B8, "ro", count=2, reset=0xFFFF_FFFF)
    generation = Reg(0x0FC, "ro", doc="of the configuration")
    config = Reg(0x100, "ro", count=64, doc="the device's own configuration")

    @classmethod
    def devicetree(cls, node: Any, view: Any) -> None:
        """Devices and CPUs see the same memory, caches and all."""
        node["dma-coherent"] = True

    @classmethod
    def acpi(cls, node: Any, view: Any) -> bool:
        """Only where somebody sits."""
        return bool(view.occupied(view.device.name))
