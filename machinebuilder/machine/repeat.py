# SPDX-License-Identifier: Apache-2.0
"""What else is fixed when a machine's clock is virtual, so that every run is the same.

Time of day begins at a fixed moment, and entropy comes from a seed.
"""

from __future__ import annotations

import dataclasses

from machinebuilder.board.plan import DevicePlan, Plan
from machinebuilder.device import registry

START = 946_684_800
"""2000-01-01, midnight UTC: the time of day at power-on."""
SEED = 1


def repeatable(plan: Plan) -> Plan:
    """The plan with nothing of the host's time and entropy in it."""
    devices = tuple(_fixed(device) for device in plan.devices)
    return dataclasses.replace(plan, devices=devices, clock="virtual")


def _fixed(device: DevicePlan) -> DevicePlan:
    chip = registry.find(device.model)
    changes: dict[str, object] = {
        name: START
        for name, param in chip.params.items()
        if param.type == "time" and device.params.get(name) == "host"
    }
    if chip.host == "entropy" and "seed" in chip.params and not device.params["seed"]:
        changes["seed"] = SEED
    return dataclasses.replace(device, params={**device.params, **changes})
