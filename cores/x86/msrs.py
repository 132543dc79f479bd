# SPDX-License-Identifier: Apache-2.0
"""Model-specific registers that a CPU model may give values: `msrs:` of its file, by
the name here or by number (Intel SDM volume 4, table 2-2; AMD APM volume 2, A).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from machinebuilder import native
from machinebuilder.machine.failure import check

NUMBERS = {
    "feature-control": 0x3A,
    "microcode-revision": 0x8B,
    "platform-info": 0xCE,
    "arch-capabilities": 0x10A,
    "misc-enable": 0x1A0,
    "pat": 0x277,
    "hwcr": 0xC001_0015,
}


def values(data: Mapping[str, Any]) -> dict[int, int]:
    """Number -> value, of a model's data; KeyError for a name that is not known."""
    return {
        NUMBERS[name] if name in NUMBERS else _number(name): _number(value)
        for name, value in (data.get("msrs") or {}).items()
    }


def _number(text: object) -> int:
    try:
        return int(str(text).replace("_", ""), 0)
    except ValueError:
        raise KeyError(text) from None


def install(cpu: Any) -> None:
    """Give KVM the values of a machine's CPU, whose CPUID is set."""
    lib = native.engine().lib
    for number, value in values(cpu.model.data).items():
        check(lib.mb_kvm_set_msr(cpu.handle, number, value))
