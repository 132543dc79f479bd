"""CPU models of x86: their files, features that are switched, and what CPUID says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cores.x86 import cpuid, msrs
from cores.x86.cpuid import Leaf, Table
from cores.x86.features import EBX, ECX, EDX, FEATURES
from machinebuilder.board import load
from machinebuilder.board.errors import BoardErrors
from machinebuilder.isa import registry

MODELS = [name for name in registry.names() if name.startswith("x86.")]
DESCRIBED = [name for name in MODELS if name != "x86.host"]
ROOT = Path(__file__).resolve().parents[3]


def all_of_it() -> Table:
    """A host that has everything."""
    full = Table()
    for place, _ in FEATURES.values():
        full.put(*place, 0xFFFF_FFFF)
    full.put(0xD, 0, EBX, 0x340)
    full.rows[0x4000_0000, 0] = Leaf(0x4000_0000, 0, 0, (0x4000_0001, 1, 2, 3))
    full.rows[0xB, 1] = Leaf(0xB, 1, 1, (4, 8, 0x201, 77))
    full.put(0x8000_0008, 0, 0, 0x1234_3030)
    return full


def table_of(name: str, host: Table | None = None, index: int = 0) -> Table:
    """What CPUID says on a CPU of that model."""
    model = registry.find(name)
    host = host or all_of_it()
    return cpuid.table(model.data, model.features, model.removed, host, index)


def has(made: Table, name: str) -> bool:
    place, bit = FEATURES[name]
    return bool(made.get(*place) >> bit & 1)


def text(made: Table, leaf: int, registers: tuple[int, ...]) -> bytes:
    return b"".join(made.get(leaf, 0, r).to_bytes(4, "little") for r in registers)


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_model_says_who_it_is(name: str) -> None:
    made, data = table_of(name), registry.find(name).data
    who = cpuid.identity(data)
    assert text(made, 0, (EBX, EDX, ECX)).decode() == data["vendor"]
    brand = b"".join(
        text(made, leaf, (0, EBX, ECX, EDX)) for leaf in cpuid.BRAND_LEAVES
    )
    assert brand.rstrip(b"\0").decode() == data["brand"]
    signature = made.get(1, 0, 0)
    family = signature >> 8 & 15
    family += signature >> 20 & 0xFF if family == 15 else 0
    model = signature >> 4 & 15 | signature >> 12 & 0xF0
    assert (family, model, signature & 15) == (who.family, who.model, who.stepping)


@pytest.mark.parametrize("name", DESCRIBED)
def test_every_feature_of_a_model_has_a_bit_and_is_said(name: str) -> None:
    model = registry.find(name)
    assert len(set(model.features)) == len(model.features)
    made = table_of(name)
    for feature in FEATURES:
        if feature != "hypervisor":
            assert has(made, feature) == (feature in model.features) or (
                FEATURES[feature][0] == (0x8000_0001, 0, EDX)
            ), feature


@pytest.mark.parametrize("name", DESCRIBED)
def test_no_leaf_is_beyond_the_highest_that_it_says(name: str) -> None:
    made = table_of(name)
    for leaf, _ in made.rows:
        if leaf < 0x4000_0000:
            assert leaf <= made.get(0, 0, 0)
        elif leaf >= 0x8000_0000:
            assert leaf <= made.get(0x8000_0000, 0, 0)


@given(st.sampled_from(DESCRIBED), st.sets(st.sampled_from(sorted(FEATURES))))
def test_nothing_is_said_that_the_host_lacks(name: str, lacks: set[str]) -> None:
    host = all_of_it()
    for feature in lacks:
        place, bit = FEATURES[feature]
        host.put(*place, host.get(*place) & ~(1 << bit))
    made = table_of(name, host)
    assert not [f for f in lacks - {"hypervisor"} if has(made, f)]


def test_features_are_switched_on_and_off() -> None:
    made = table_of("x86.qemu64,+aes,-cx16,+xsaveerptr")
    assert has(made, "aes") and has(made, "xsaveerptr") and not has(made, "cx16")


def test_the_host_model_is_the_host_without_what_is_switched_off() -> None:
    made, host = table_of("x86.host,-avx2"), all_of_it()
    assert not has(made, "avx2")
    for key, row in host.rows.items():
        if key not in ((7, 0), (1, 0), (0xB, 1)):
            assert made.rows[key] == row


@pytest.mark.parametrize("name", MODELS)
def test_each_cpu_has_a_number_of_its_own(name: str) -> None:
    for index in (0, 1, 7):
        made = table_of(name, index=index)
        assert made.get(1, 0, EBX) >> 24 == index
    assert table_of("x86.host", index=5).get(0xB, 1, EDX) == 5


def test_the_hypervisors_own_leaves_are_passed_on() -> None:
    made = table_of("x86.qemu64")
    assert made.rows[0x4000_0000, 0].registers == (0x4000_0001, 1, 2, 3)
    assert has(made, "hypervisor")


def test_the_format_of_saved_state_comes_with_xsave_alone() -> None:
    assert (0xD, 0) not in table_of("x86.qemu64").rows
    assert table_of("x86.v3").get(0xD, 0, EBX) == 0x340


@pytest.mark.parametrize(
    ("model", "why", "hint"),
    [
        ("qemu64,+avxx", "no feature 'avxx'", "did you mean '+avx'"),
        ("qemu64,-ssse4", "no feature 'ssse4'", "did you mean '-ssse3'"),
        ("qemu64,avx", "does not say whether on or off", "'+avx' to switch it on"),
        ("qemu64,+zzzzzz", "no feature 'zzzzzz'", "mb cpus x86.qemu64"),
    ],
)
def test_a_board_with_a_wrong_feature_is_told_which(
    model: str, why: str, hint: str
) -> None:
    with pytest.raises(BoardErrors) as caught:
        load(ROOT / "boards" / "x86-micro.yaml", {"cpu": model})
    said = str(caught.value)
    assert "E-MODEL-03" in said and why in said and hint in said


@pytest.mark.parametrize("name", MODELS)
def test_a_models_registers_are_known_and_fit(name: str) -> None:
    for number, value in msrs.values(registry.find(name).data).items():
        assert 0 < number < 1 << 32
        assert 0 <= value < 1 << 64


def test_model_specific_registers_go_by_name_or_number() -> None:
    data = {"msrs": {"misc-enable": "0x1", "0xc001_0015": "0x100_0000"}}
    assert msrs.values(data) == {0x1A0: 1, 0xC001_0015: 0x100_0000}
    with pytest.raises(KeyError, match="misc-enabled"):
        msrs.values({"msrs": {"misc-enabled": "1"}})
