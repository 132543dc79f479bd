# SPDX-License-Identifier: Apache-2.0
"""What CPUID says on a CPU of a model: its table, made from the model's data.

A model names features, and gives vendor, family, model, stepping and brand; `host`
takes what KVM offers. Leaves that describe the host's KVM, timing, topology and the
size of the extended state come from KVM, as it supports them. What the host lacks is
left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cores.x86.features import EBX, ECX, EDX, FEATURES, SHARED_WITH_LEAF_1
from machinebuilder import native
from machinebuilder.machine.failure import check

MAX_ENTRIES = 256
WORDS = 7
SIGNIFICANT_SUBLEAF = 1
"""KVM_CPUID_FLAG_SIGNIFCANT_INDEX."""
HOST = "host"
BASIC, EXTENDED, HYPERVISOR = 0, 0x8000_0000, 0x4000_0000
XSAVE_LEAF, TOPOLOGY_LEAF, TOPOLOGY_LEAF_2 = 0xD, 0xB, 0x1F
BRAND_LEAVES = (0x8000_0002, 0x8000_0003, 0x8000_0004)
ADDRESS_LEAF = 0x8000_0008
APIC_ID_SHIFT = 24


@dataclass(frozen=True)
class Leaf:
    """One row of the table."""

    leaf: int
    subleaf: int = 0
    flags: int = 0
    registers: tuple[int, int, int, int] = (0, 0, 0, 0)

    def with_register(self, register: int, value: int) -> Leaf:
        """The row with another value in one of eax, ebx, ecx, edx."""
        values = list(self.registers)
        values[register] = value & 0xFFFF_FFFF
        return replace(self, registers=(values[0], values[1], values[2], values[3]))


Key = tuple[int, int]


@dataclass
class Table:
    """Rows by leaf and subleaf."""

    rows: dict[Key, Leaf] = field(default_factory=dict)

    def get(self, leaf: int, subleaf: int, register: int) -> int:
        """A register, 0 where there is no row."""
        row = self.rows.get((leaf, subleaf))
        return row.registers[register] if row else 0

    def put(self, leaf: int, subleaf: int, register: int, value: int) -> None:
        """Set a register; the row is made if need be."""
        flags = SIGNIFICANT_SUBLEAF if leaf in (7, XSAVE_LEAF) else 0
        row = self.rows.get((leaf, subleaf), Leaf(leaf, subleaf, flags))
        self.rows[leaf, subleaf] = row.with_register(register, value)


@dataclass(frozen=True)
class Identity:
    """Who a CPU says it is."""

    vendor: str
    family: int
    model: int
    stepping: int
    brand: str
    level: int
    extended_level: int

    @property
    def signature(self) -> int:
        """CPUID 1 EAX: SDM volume 2A, figure 3-6."""
        extended = max(self.family - 15, 0)
        return (
            extended << 20
            | self.model >> 4 << 16
            | min(self.family, 15) << 8
            | (self.model & 15) << 4
            | self.stepping
        )


def identity(data: Mapping[str, Any]) -> Identity:
    """The identity that a model file gives."""

    def number(name: str) -> int:
        return int(str(data[name]).replace("_", ""), 0)

    return Identity(
        str(data["vendor"]), number("family"), number("model"), number("stepping"),
        str(data["brand"]), number("level"), number("extended_level"),
    )  # fmt: skip


def table(
    data: Mapping[str, Any],
    features: Iterable[str],
    removed: Iterable[str],
    supported: Table,
    index: int,
) -> Table:
    """The table of CPU number `index`: of a model's data with `features`, without those
    `removed`, as far as they are `supported` by the host."""
    if data.get("base") == HOST:
        made = Table(dict(supported.rows))
        for name in removed:
            _switch(made, name, False)
    else:
        made = _of_model(identity(data), set(features), supported)
    _number(made, index)
    return made


def _of_model(who: Identity, names: set[str], supported: Table) -> Table:
    made = Table()
    made.put(BASIC, 0, 0, who.level)
    _put_text(made, (BASIC,), who.vendor, (EBX, EDX, ECX))
    made.put(EXTENDED, 0, 0, who.extended_level)
    _put_text(made, (EXTENDED,), who.vendor, (EBX, EDX, ECX))
    made.put(1, 0, 0, who.signature)
    made.put(0x8000_0001, 0, 0, who.signature)
    _put_text(made, BRAND_LEAVES, who.brand.ljust(48, "\0"), (0, EBX, ECX, EDX))
    made.put(1, 0, EBX, 8 << 8)  # CLFLUSH: 8 x 8 bytes
    for name in names:
        _switch(made, name, True)
    if who.vendor == "AuthenticAMD":
        low = made.get(1, 0, EDX) & SHARED_WITH_LEAF_1
        made.put(0x8000_0001, 0, EDX, made.get(0x8000_0001, 0, EDX) | low)
    _mask(made, supported)
    _take(made, supported, who, names)
    return made


def _switch(made: Table, name: str, on: bool) -> None:
    (leaf, subleaf, register), bit = FEATURES[name]
    value = made.get(leaf, subleaf, register)
    value = value | 1 << bit if on else value & ~(1 << bit)
    made.put(leaf, subleaf, register, value)


def _mask(made: Table, supported: Table) -> None:
    """Leave out what the host does not have."""
    for place in {place for place, _ in FEATURES.values()}:
        if (place[0], place[1]) in made.rows:
            made.put(*place, made.get(*place) & supported.get(*place))


def _take(made: Table, supported: Table, who: Identity, names: set[str]) -> None:
    """What describes the host's KVM and the format of saved state."""
    for (leaf, subleaf), row in supported.rows.items():
        hypervisor = HYPERVISOR <= leaf < HYPERVISOR + 0x100
        xsave = leaf == XSAVE_LEAF and "xsave" in names and leaf <= who.level
        addresses = leaf == ADDRESS_LEAF <= who.extended_level
        if hypervisor or (xsave and subleaf != 1):
            made.rows[leaf, subleaf] = row
        elif addresses:
            made.put(leaf, 0, 0, row.registers[0] & 0xFFFF)
    if supported.rows.get((HYPERVISOR, 0)):
        _switch(made, "hypervisor", True)


def _number(made: Table, index: int) -> None:
    """The initial APIC id: SDM volume 2A, CPUID leaves 1 and 0xB."""
    ebx = made.get(1, 0, EBX) & 0x00FF_FFFF
    made.put(1, 0, EBX, ebx | (index & 0xFF) << APIC_ID_SHIFT)
    for leaf, subleaf in list(made.rows):
        if leaf in (TOPOLOGY_LEAF, TOPOLOGY_LEAF_2):
            made.put(leaf, subleaf, EDX, index)


def _put_text(
    made: Table, leaves: Iterable[int], text: str, registers: tuple[int, ...]
) -> None:
    data = text.encode()
    for leaf in leaves:
        for register in registers:
            made.put(leaf, 0, register, int.from_bytes(data[:4], "little"))
            data = data[4:]


# -- KVM


def supported(machine: Any) -> Table:
    """What KVM can say on this host; the machine's VM is open."""
    engine = native.engine()
    words = engine.ffi.new(f"uint32_t[{MAX_ENTRIES * WORDS}]")
    count = engine.lib.mb_kvm_supported_cpuid(machine, words, MAX_ENTRIES)
    check(count)
    found = Table()
    for row in range(count):
        leaf, subleaf, flags, *values = words[row * WORDS : (row + 1) * WORDS]
        found.rows[leaf, subleaf] = Leaf(leaf, subleaf, flags, tuple(values))
    return found


def install(cpu: Any) -> None:
    """Give KVM the table of a machine's CPU, and its state the signature."""
    model = cpu.model
    host = supported(cpu.machine.handle)
    made = table(model.data, model.features, model.removed, host, cpu.index)
    rows = [
        word
        for row in sorted(made.rows.values(), key=lambda row: (row.leaf, row.subleaf))
        for word in (row.leaf, row.subleaf, row.flags, *row.registers)
    ]
    engine = native.engine()
    words = engine.ffi.new("uint32_t[]", rows)
    count = len(made.rows)
    check(engine.lib.mb_kvm_set_cpuid(cpu.handle, words, count))
    cpu.set("signature", made.get(1, 0, 0))
