"""Headers of native chips."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from machinebuilder.device import (
    Bits,
    Device,
    IrqIn,
    IrqOut,
    Param,
    Reg,
    Region,
    registry,
)
from machinebuilder.device.header import header, macros, native_models


class Part9(Device):
    """A native chip."""

    native = True
    model = "kind.part9"
    dist = Region(0x100)
    cpu = Region(0x200)
    spis = Param("integer")
    irq = IrqOut()
    fiq = IrqOut()
    spi = IrqIn()
    control = Reg(0x4, region="dist", mode_=Bits(7, 4), reset=1)
    cpu_id = Reg(0x8, region="cpu", count=4, step=8)


def test_macros_are_named_by_part_region_and_register() -> None:
    found = dict(macros(Part9))
    assert found == {
        "PART9_REGION_DIST": "0",
        "PART9_REGION_CPU": "1",
        "PART9_PORT_IRQ": "0",
        "PART9_PORT_FIQ": "1",
        "PART9_PORT_SPI": "0",
        "PART9_PARAM_SPIS": '"spis"',
        "PART9_DIST_SPAN": "0x100",
        "PART9_CPU_SPAN": "0x200",
        "PART9_DIST_CONTROL": "0x4",
        "PART9_DIST_CONTROL_RESET": "0x1",
        "PART9_DIST_CONTROL_MODE_MASK": "0xf0",
        "PART9_DIST_CONTROL_MODE_SHIFT": "4",
        "PART9_CPU_ID": "0x8",
        "PART9_CPU_ID_COUNT": "4",
        "PART9_CPU_ID_STEP": "8",
    }


@pytest.mark.parametrize("model", native_models())
def test_every_header_compiles_alone(model: str, tmp_path: Path) -> None:
    text = header(registry.find(model))
    names = re.findall(r"#define (\w+) ", text)
    assert len(names) == len(set(names))
    (tmp_path / "chip.h").write_text(text)
    (tmp_path / "chip.c").write_text('#include "chip.h"\nint x;\n')
    command = ["gcc", "-fsyntax-only", "-Wall", "-Werror", str(tmp_path / "chip.c")]
    assert subprocess.run(command, check=False).returncode == 0
