# SPDX-License-Identifier: Apache-2.0
"""Models for the tests of the board language: no chip of the library is involved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from machinebuilder.board import Plan, load
from machinebuilder.board.catalogue import NoFeatureError
from machinebuilder.device.declare import Bus, IrqIn, IrqOut, Param, Region


class Decl:
    """A device or CPU model, as the language sees one."""

    regions: Mapping[str, Region] = {}
    params: Mapping[str, Param] = {}
    outs: Mapping[str, IrqOut] = {}
    ins: Mapping[str, IrqIn] = {}
    buses: Mapping[str, Bus] = {}
    sits_on: str | None = "mmio"
    host: str | None = None

    def __init__(self, **facts: Any) -> None:
        vars(self).update(facts)


def _window(span: int | None = 0x1000) -> dict[str, Region]:
    return {"": Region(span, name="")}


def _shared_in(count: int) -> IrqIn:
    line = IrqIn(count=count)
    line.shared = True  # type: ignore[attr-defined]
    return line


DEVICES = {
    "intc.gic": Decl(
        regions={"dist": Region(0x1000), "cpu": Region(0x2000)},
        params={"spis": Param("integer", default=64, min=0, max=988)},
        ins={"spi": IrqIn(count="spis"), "ppi": IrqIn(count=16, per_cpu=True)},
        outs={"irq": IrqOut(count="cpus")},
    ),
    "intc.pic": Decl(
        regions=_window(8),
        sits_on=("io", "mmio"),
        ins={"in": IrqIn(count=8), "any": _shared_in(1)},
        outs={"int": IrqOut()},
    ),
    "uart.spread": Decl(
        regions={"": Region(8, name="", scale="shift")},
        params={"shift": Param("integer", default=0, min=0, max=3)},
    ),
    "uart.simple": Decl(
        regions=_window(),
        params={
            "clock": Param("integer", default=24_000_000, min=1),
            "mode": Param("choice", default="fast", choices=("fast", "slow")),
            "start": Param("time", default="host"),
            "loop": Param("boolean", default=False),
            "label": Param("string"),
        },
        outs={"irq": IrqOut()},
        host="console",
    ),
    "mem.ram": Decl(regions=_window(None)),
    "mem.rom": Decl(
        regions=_window(None), params={"image": Param("path", required=True)}
    ),
    "virtio.mmio": Decl(
        regions=_window(0x200),
        outs={"irq": IrqOut()},
        buses={"virtio": Bus("virtio", slot=1)},
    ),
    "virtio.disk": Decl(sits_on="virtio", host="disk"),
    "virtio.scsi": Decl(sits_on="virtio", buses={"scsi": Bus("scsi", target=8, lun=4)}),
    "scsi.disk": Decl(sits_on="scsi", host="disk"),
    "scsi.bridge": Decl(sits_on="scsi", buses={"scsi": Bus("scsi", target=8, lun=4)}),
    "pci.host": Decl(regions=_window(), buses={"pci": Bus("pci", slot=32)}),
    "pci.card": Decl(regions={"bar0": Region(0x1000)}, sits_on="pci"),
    "pci.isa": Decl(sits_on="pci", buses={"isa": Bus("isa", at=0x400)}),
    "isa.port": Decl(regions=_window(8), sits_on="isa"),
    "sbus.bridge": Decl(
        regions={
            "registers": Region(0x1000),
            "sbus": Region(0x4_0000, name="sbus", bus="sbus"),
        },
        buses={"sbus": Bus("sbus", slot=4, at=0x1_0000)},
    ),
    "sbus.card": Decl(
        regions={"rom": Region(0x100, at=0), "ports": Region(0x10, at=0x800)},
        sits_on="sbus",
    ),
    "sbus.obio": Decl(
        regions={"obio": Region(0x1000, name="obio", bus="obio", at=0)},
        sits_on="sbus",
        buses={"obio": Bus("obio", at=0x1000)},
    ),
    "obio.uart": Decl(regions=_window(8), sits_on=("mmio", "obio")),
    "gpio.keys": Decl(sits_on=None, outs={"key": IrqOut(count=2)}),
}

CPUS = {
    "toy.one": Decl(
        features=("fast",),
        switches=("fast", "slow"),
        params={"psci": Param("choice", default="none", choices=("none", "hvc"))},
        ins={"irq": IrqIn(), "fiq": IrqIn()},
        outs={
            "timer.physical": IrqOut(),
            "timer.virtual": IrqOut(),
            "halted": IrqOut(),
        },
    ),
}

PROTOCOLS: dict[str, Mapping[str, object]] = {
    "linux.toy": {
        "devicetree": "generate",
        "delay": Param("integer", default=0, max=9),
    },
}


class Fakes:
    """A catalogue of the models above."""

    def device(self, model: str) -> Decl | None:
        return DEVICES.get(model)

    def devices(self) -> Sequence[str]:
        return sorted(DEVICES)

    def cpu(self, model: str) -> Decl | None:
        name, *switches = model.split(",")
        for switch in switches:
            if switch not in ("+fast", "-fast", "+slow", "-slow"):
                raise NoFeatureError(name, switch, ["fast", "slow"])
        return CPUS.get(name)

    def cpus(self) -> Sequence[str]:
        return sorted(CPUS)

    def protocol(self, name: str) -> Mapping[str, object] | None:
        return PROTOCOLS.get(name)

    def protocols(self) -> Sequence[str]:
        return sorted(PROTOCOLS)


def load_file(path: Path, **options: str) -> Plan:
    """The plan of a board of fakes."""
    return load(path, options, Fakes())


def load_text(text: str, folder: Path, **options: str) -> Plan:
    """The plan of a board given as text; `board:` is added where it is missing."""
    path = folder / "board.yaml"
    path.write_text(text if "board:" in text else "board: test\n" + text)
    return load_file(path, **options)
