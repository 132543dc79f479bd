# SPDX-License-Identifier: Apache-2.0
"""`--disk` and `--net`: what the user brings to a board, as changes to its plan.

A disk image goes to the first device with `host: disk` that has none, a disc (`.iso`
or `,cdrom`) to one with `host: cdrom`, a diskette (`.ima`, `.vfd` or `,floppy`) to one
with `host: floppy`, which a board has or not. Without one, a new device is made: of a
chip that says `default_for = "disk"` and has a free place on the board. On a bus of
several places that is the lowest; of buses with one place each, such as virtio
transports, the highest (lowest of these first: guests number them in order).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

from machinebuilder.board.plan import DevicePlan, Plan, Slot
from machinebuilder.device import Device, registry
from machinebuilder.errors import UserError

DISC, DISKETTE = "cdrom", "floppy"
SUFFIXES = {".iso": DISC, ".ima": DISKETTE, ".vfd": DISKETTE}
MODES = {
    "": {},
    "ro": {"readonly": True},
    "snapshot": {"snapshot": True},
    DISC: {"readonly": True},
    DISKETTE: {},
}


def attach_disks(plan: Plan, disks: Sequence[str]) -> Plan:
    """The plan with disk images: `FILE`, or with a mode: `FILE,ro` and so on."""
    waiting: dict[str, list[dict[str, object]]] = {"disk": [], DISC: [], DISKETTE: []}
    for disk in disks:
        host, params = _disk_params(disk)
        waiting[host].append(params)
    devices = [_with_image(device, waiting) for device in plan.devices]
    plan = dataclasses.replace(plan, devices=tuple(devices))
    for params in waiting[DISKETTE]:
        raise UserError(
            f"--disk {params['image']}: board {plan.name} has no floppy drive free"
        )
    return _add(_add(plan, "disk", waiting["disk"]), DISC, waiting[DISC])


def attach_net(plan: Plan, net: str | None) -> Plan:
    """The plan with a network device, if there is to be one and the board has none."""
    if net in (None, "none") or any(device.host == "net" for device in plan.devices):
        return plan
    return _add(plan, "net", [{}])


def _disk_params(disk: str) -> tuple[str, dict[str, object]]:
    """Which back end the image wants, and its parameters."""
    name, comma, mode = str(disk).rpartition(",")
    if not comma or mode not in MODES:
        name, mode = str(disk), ""
    host = mode if mode in (DISC, DISKETTE) else SUFFIXES.get(Path(name).suffix.lower())
    if not Path(name).exists():
        raise UserError(f"--disk {disk}: there is no file {name}; make one first")
    params = {"image": str(Path(name).absolute()), **MODES[mode]}
    return host or "disk", params | (MODES[DISC] if host == DISC else {})


def _with_image(
    device: DevicePlan, waiting: dict[str, list[dict[str, object]]]
) -> DevicePlan:
    images = waiting.get(device.host or "")
    if not images or device.params.get("image"):
        return device
    return dataclasses.replace(device, params={**device.params, **images.pop(0)})


def _add(plan: Plan, host: str, wanted: Sequence[dict[str, object]]) -> Plan:
    """New devices on free slots, one for each of `wanted` parameters."""
    if not wanted:
        return plan
    chip, slots = _best(plan, host, len(wanted))
    taken = {device.name for device in plan.devices}
    names = (f"{host}{n}" for n in range(10_000) if f"{host}{n}" not in taken)
    defaults = {name: param.default for name, param in chip.params.items()}
    added = [
        DevicePlan(name, chip.model, {**defaults, **params}, slot=slot, host=host)
        for name, slot, params in zip(names, slots, wanted, strict=False)
    ]
    return dataclasses.replace(plan, devices=(*plan.devices, *added))


def _best(plan: Plan, host: str, count: int) -> tuple[type[Device], list[Slot]]:
    """The chip that the board has most room for, and `count` places of it."""
    chips = default_chips(host)
    found = [(chip, _places_for(plan, chip, count)) for chip in chips]
    chip, slots = max(found, key=lambda pair: len(pair[1]))
    if len(slots) < count:
        kinds = ", ".join(_kinds(each)[0] for each in chips)
        raise UserError(
            f"--{'net' if host == 'net' else 'disk'}: board {plan.name} has no free "
            f"place for {count} of {chip.model} (a bus of kind {kinds}); "
            "`mb map` shows its buses"
        )
    return chip, slots


def _places_for(plan: Plan, chip: type[Device], count: int) -> list[Slot]:
    slots = [slot for kind in _kinds(chip) for slot in free_slots(plan, kind)]
    several = len({slot.bus for slot in slots}) < len(slots)
    return slots[:count] if several else slots[-count:]


def _kinds(chip: type[Device]) -> tuple[str, ...]:
    kinds = chip.sits_on or ()
    return (kinds,) if isinstance(kinds, str) else tuple(kinds)


def default_chips(host: str) -> list[type[Device]]:
    """The chips that serve that host back end where a board names none."""
    chips = [registry.find(model) for model in registry.names()]
    found = [chip for chip in chips if chip.default_for == host]
    if not found:
        raise UserError(f"--{host}: no chip of the library is the default for it")
    return found


def free_slots(plan: Plan, kind: str) -> Iterable[Slot]:
    """Places of buses of that kind where nothing sits, in the plan's order."""
    taken = {
        (device.slot.bus, tuple(sorted(device.slot.keys.items())))
        for device in plan.devices
        if device.slot is not None
    }
    for device in plan.devices:
        for name, bus in registry.find(device.model).buses.items():
            if bus.kind != kind or len(bus.keys) > 1:
                continue
            for key in _places(bus.keys):
                slot = Slot(f"{device.name}.{name}", key)
                if (slot.bus, tuple(sorted(key.items()))) not in taken:
                    yield slot


def _places(keys: object) -> Iterable[dict[str, int]]:
    assert isinstance(keys, dict)
    for name, count in keys.items():
        return [{name: index} for index in range(count)]
    return [{}]
