# SPDX-License-Identifier: Apache-2.0
"""The PCI transport of virtio (OASIS virtio 1.2, section 4.1): a function whose ids are
those of the virtio device on its bus. Without one there is no function.

Modern drivers find the structures of BAR 4 by capabilities; with `legacy` (which makes
it a transitional device) drivers of before virtio 1.0 have their registers in BAR 0.
Interrupts are messages (MSI-X), or INTA where the driver does not enable them.

Omitted: shared memory regions, queue reset, packed virtqueues, notification data.
"""

from __future__ import annotations

from machinebuilder.device import Bus, Device, IrqOut, Param, PciFunction, Reg, Region


class VirtioPci(Device):
    """One place for a virtio device, as a PCI function."""

    native = True
    sits_on = "pci"
    pci = PciFunction(
        vendor=0x1AF4,
        device=0x1040,
        class_code=0xFF_00_00,
        subsystem=(0x1AF4, 0x1100),
        capabilities=0x40,
        wide=(4,),
        prefetchable=(4,),
    )

    legacy = Param("boolean", default=True, doc="also for drivers of before virtio 1.0")

    registers = Region(0x80, "legacy", name="registers", on="io", bar=0)
    msix = Region(0x1000, "messages", name="msix", bar=1)
    modern = Region(0x4000, "modern", name="modern", bar=4)
    config = Region(0x100, name="config", on="config")

    inta = IrqOut(doc="a cause in interrupt_status, without MSI-X")
    virtio = Bus("virtio", doc="the device", slot=1)

    # 4.1.4.3: the common configuration
    device_features_selector = Reg(0x00, region="modern")
    device_features = Reg(0x04, "ro", region="modern")
    driver_features_selector = Reg(0x08, region="modern")
    driver_features = Reg(0x0C, region="modern")
    config_vector = Reg(0x10, width=16, region="modern")
    queues = Reg(0x12, "ro", width=16, region="modern", doc="how many there are")
    status = Reg(0x14, width=8, region="modern", doc="zero resets the device")
    generation = Reg(0x15, "ro", width=8, region="modern", doc="of the configuration")
    queue_selector = Reg(0x16, width=16, region="modern")
    queue_size = Reg(0x18, width=16, region="modern", doc="zero: no such queue")
    queue_vector = Reg(0x1A, width=16, region="modern")
    queue_enable = Reg(0x1C, width=16, region="modern")
    queue_notify_offset = Reg(0x1E, "ro", width=16, region="modern")
    queue_descriptors = Reg(0x20, count=2, region="modern", doc="address, low first")
    queue_available = Reg(0x28, count=2, region="modern")
    queue_used = Reg(0x30, count=2, region="modern")
    interrupt_status = Reg(0x1000, "ro", width=8, region="modern", doc="reading clears")
    device_config = Reg(0x2000, "ro", count=64, region="modern")
    notify = Reg(0x3000, "wo", count=32, region="modern", doc="one for each queue")

    # 4.1.4.10: the legacy interface
    host_features = Reg(0x00, "ro", region="registers")
    guest_features = Reg(0x04, region="registers")
    queue_page = Reg(0x08, region="registers", doc="address divided by 4096")
    queue_entries = Reg(0x0C, "ro", width=16, region="registers")
    selector = Reg(0x0E, width=16, region="registers", doc="of the queue")
    notification = Reg(0x10, "wo", width=16, region="registers")
    device_status = Reg(0x12, width=8, region="registers")
    isr = Reg(0x13, "ro", width=8, region="registers", doc="reading clears")
