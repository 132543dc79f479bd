# SPDX-License-Identifier: Apache-2.0
"""The C header of a native chip, from its declaration.

For intc.gicv2, `intc_gicv2.h` has, as macros:

    GICV2_REGION_DIST 0        regions, outputs, inputs and alarms, each numbered from 0
    GICV2_PORT_SPI 1           in the order declared
    GICV2_DIST_CONTROL 0x0     <PART>_<REGION>_<REG>: offset within the region; without
                               the region if unnamed, or if the register's name has it
    GICV2_DIST_TARGET_COUNT    of counted registers, with _STEP in bytes
    GICV2_DIST_KIND_RESET      value after reset, if not 0
    GICV2_DIST_SEND_INTID_MASK, _SHIFT   fields
    GICV2_PARAM_SPIS "spis"    what mb_dev_param takes
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from machinebuilder.device import registry
from machinebuilder.device.chip import Device
from machinebuilder.device.register import Reg

Macro = tuple[str, str]


def native_models() -> list[str]:
    """The models of the library whose behaviour is C."""
    library = (n for n in registry.names() if registry.in_library(n))
    return [name for name in library if registry.find(name).native]


def file_name(model: str) -> str:
    """`intc_gicv2.h` for `intc.gicv2`."""
    return model.replace(".", "_") + ".h"


def header(chip: type[Device]) -> str:
    """The text of the header."""
    guard = "MB_CHIP_" + chip.model.replace(".", "_").upper() + "_H"
    lines = [f"/* Generated from the declaration of {chip.model}. */"]
    lines += [f"#ifndef {guard}", f"#define {guard}", ""]
    lines += [f"#define {name} {value}" for name, value in macros(chip)]
    return "\n".join([*lines, "", "#endif", ""])


def macros(chip: type[Device]) -> Iterator[Macro]:
    """Every macro of the header."""
    part = chip.model.rpartition(".")[2].upper()
    named = (name or "main" for name in chip.regions)
    yield from _numbered(f"{part}_REGION", named)
    yield from _numbered(f"{part}_PORT", chip.outs)
    yield from _numbered(f"{part}_PORT", chip.ins)
    yield from _numbered(f"{part}_ALARM", chip.alarms)
    for param in chip.params:
        yield f"{part}_PARAM_{param.upper()}", f'"{param}"'
    for name, region in chip.regions.items():
        if region.span is not None:
            yield f"{part}_{name or 'main'}_SPAN".upper(), hex(region.span)
    for reg in chip.regs.values():
        yield from _register(part, reg)


def _numbered(prefix: str, names: Iterable[str]) -> Iterator[Macro]:
    for number, name in enumerate(names):
        yield f"{prefix}_{name.upper()}", str(number)


def _register(part: str, reg: Reg) -> Iterator[Macro]:
    prefixed = not reg.region or reg.name.startswith(reg.region + "_")
    name = reg.name if prefixed else f"{reg.region}_{reg.name}"
    full = f"{part}_{name}".upper()
    yield full, hex(reg.offset)
    if reg.reset:
        yield f"{full}_RESET", hex(reg.reset)
    if reg.count > 1:
        yield f"{full}_COUNT", str(reg.count)
        yield f"{full}_STEP", str(reg.step)
    for field_name, field in reg.fields.items():
        field_macro = f"{full}_{field_name.rstrip('_').upper()}"
        yield f"{field_macro}_MASK", hex(field.mask)
        yield f"{field_macro}_SHIFT", str(field.low)
