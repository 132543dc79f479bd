# SPDX-License-Identifier: Apache-2.0
"""`--disk` and `--net`: what the user brings to a board, as changes to its plan.

A disk image goes to the first device with `host: disk` that has none. Without one, a
new device is made: of the chip that says `default_for = "disk"`, on the highest free
slots of the buses it can sit on (lowest of these first: guests number them in order).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

from machinebuilder.board.plan import DevicePlan, Plan, Slot
from machinebuilder.device import Device, registry
from machinebuilder.errors import UserError

MODES = {"": {}, "ro": {"readonly": True}, "snapshot": {"snapshot": True}}


def attach_disks(plan: Plan, disks: Sequence[str]) -> Plan:
    """The plan with disk images: `FILE`, `FILE,ro` or `FILE,snapshot` each."""
    waiting = [_disk_params(disk) for disk in disks]
    devices = [_with_image(device, waiting) for device in plan.devices]
    plan = dataclasses.replace(plan, devices=tuple(devices))
    return _add(plan, "disk", waiting)


def attach_net(plan: Plan, net: str | None) -> Plan:
    """The plan with a network device, if there is to be one and the board has none."""
    if net in (None, "none") or any(device.host == "net" for device in plan.devices):
        return plan
    return _add(plan, "net", [{}])


def _disk_params(disk: str) -> dict[str, object]:
    name, comma, mode = str(disk).rpartition(",")
    if not comma or mode not in MODES:
        name, mode = str(disk), ""
    if not Path(name).exists():
        raise UserError(f"--disk {disk}: there is no file {name}; make one first")
    return {"image": str(Path(name).absolute()), **MODES[mode]}


def _with_image(device: DevicePlan, waiting: list[dict[str, object]]) -> DevicePlan:
    if device.host != "disk" or device.params.get("image") or not waiting:
        return device
    return dataclasses.replace(device, params={**device.params, **waiting.pop(0)})


def _add(plan: Plan, host: str, wanted: Sequence[dict[str, object]]) -> Plan:
    """New devices on free slots, one for each of `wanted` parameters."""
    if not wanted:
        return plan
    chip = default_chip(host)
    slots = list(free_slots(plan, chip.sits_on or ""))[-len(wanted) :]
    if len(slots) < len(wanted):
        raise UserError(
            f"--{host}: board {plan.name} has no free place for {len(wanted)} of "
            f"{chip.model} (a bus of kind {chip.sits_on}); `mb map` shows its buses"
        )
    taken = {device.name for device in plan.devices}
    names = (f"{host}{n}" for n in range(10_000) if f"{host}{n}" not in taken)
    defaults = {name: param.default for name, param in chip.params.items()}
    added = [
        DevicePlan(name, chip.model, {**defaults, **params}, slot=slot, host=host)
        for name, slot, params in zip(names, slots, wanted, strict=False)
    ]
    return dataclasses.replace(plan, devices=(*plan.devices, *added))


def default_chip(host: str) -> type[Device]:
    """The chip that serves that host back end where a board names none."""
    for model in registry.names():
        chip = registry.find(model)
        if chip.default_for == host:
            return chip
    raise UserError(f"--{host}: no chip of the library is the default for it")


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
