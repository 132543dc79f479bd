# SPDX-License-Identifier: Apache-2.0
"""Whatever the text of a board, a plan or board errors come of it, and nothing else."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from board_fakes import DEVICES, load_file, load_text
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from machinebuilder.board import BoardErrors, Plan
from machinebuilder.board.drawing import draw

GOOD = Path(__file__).with_name("good.yaml").read_text()

any_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


def check(text: str, folder: Path) -> Plan | None:
    """The plan; else every error has a place and can be shown."""
    try:
        return load_text(text, folder)
    except BoardErrors as errors:
        assert len(errors) > 0
        for error in errors:
            assert error.span.line >= 1
            assert error.span.column >= 1
            assert error.code in str(error)
        return None


_WORDS = st.sampled_from(
    [
        "board",
        "options",
        "cpus",
        "devices",
        "stubs",
        "boot",
        "extends",
        "model",
        "at",
        "step",
        "count",
        "bus",
        "slot",
        "irq",
        "size",
        "type",
        "default",
        "min",
        "max",
        "choices",
        "integer",
        "size",
        "toy.one",
        "mem.ram",
        "uart.simple",
        "virtio.mmio",
        "intc.gic",
        "gic",
        "gic.spi.1",
        "cpu.irq",
        "gic.spi.0-3",
        "0",
        "1",
        "0x1000",
        "4K",
        "null",
        "{{ram}}",
        "'{{1+1}}'",
        "ram",
        "uart0",
        "cpu",
        "virtio",
        "pci",
        "host",
        "console",
    ]
)
_NODES = st.recursive(
    _WORDS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(_WORDS, inner, max_size=5).map(
            lambda d: "{" + ", ".join(f"{k}: {v}" for k, v in d.items()) + "}"
        ),
    ),
    max_leaves=25,
)


@given(st.text(max_size=200))
@any_folder
def test_any_text(tmp_path: Path, text: str) -> None:
    check(text.encode(errors="ignore").decode(), tmp_path)


@given(st.dictionaries(_WORDS, _NODES, max_size=6))
@any_folder
def test_any_nodes_from_the_words_of_the_language(
    tmp_path: Path, sections: dict[str, str]
) -> None:
    lines = [f"{name}: {node}" for name, node in sections.items() if name != "board"]
    check("\n".join(lines), tmp_path)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(DEVICES)),
            st.integers(0, 1 << 20),
            st.sampled_from(
                [
                    "",
                    "count: 3",
                    "slot: 1",
                    "bus: virtio",
                    "bus: d1",
                    "irq: d0.spi.0-2",
                    "irq: d0.spi.1",
                    "size: 4K",
                    "step: 64K",
                    "bus: d2.scsi",
                    "target: 1",
                ]
            ),  # fmt: skip
        ),
        max_size=8,
    )
)
@any_folder
def test_any_devices(tmp_path: Path, devices: list[tuple[str, int, str]]) -> None:
    lines = [
        f"  d{i}: {{model: {model}, at: {at:#x}{', ' if rest else ''}{rest}}}"
        for i, (model, at, rest) in enumerate(devices)
    ]
    plan = check("devices:\n" + "\n".join(lines), tmp_path)
    if plan is not None:
        _consistent(plan)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 40), st.text(max_size=6))
@example(0, 0, "")
@any_folder
def test_any_change_of_a_good_board(
    tmp_path: Path, start: int, length: int, text: str
) -> None:
    changed = GOOD[:start] + text + GOOD[start + length :]
    plan = check(changed.encode(errors="ignore").decode(), tmp_path)
    if plan is not None:
        _consistent(plan)


@pytest.mark.parametrize("seed", range(20))
def test_lines_in_any_order_are_the_same_board(seed: int, tmp_path: Path) -> None:
    """Names may be used before they are declared."""
    lines = GOOD.splitlines()
    first, last = lines.index("devices:") + 1, lines.index("stubs:")
    devices = lines[first:last]
    random.Random(seed).shuffle(devices)
    text = "\n".join([*lines[:first], *devices, *lines[last:]])
    plan, good = (
        load_text(text, tmp_path),
        load_file(Path(__file__).with_name("good.yaml")),
    )
    assert {d.name: d.places for d in plan.devices} == {
        d.name: d.places for d in good.devices
    }
    assert set(plan.wires) == set(good.wires)


def _consistent(plan: Plan) -> None:
    """What the machine builder relies on."""
    names = [d.name for d in plan.devices] + [c.name for c in plan.cpus]
    assert len(set(names)) == len(names)
    seen: set[str] = set()
    for device in plan.devices:
        if device.slot:
            assert device.slot.bus.rpartition(".")[0] in seen
        seen.add(device.name)
    for wire in plan.wires:
        assert {wire.source, wire.target} <= set(names)
    windows: dict[str, list[tuple[int, int]]] = {}
    for place in (place for device in plan.devices for place in device.places):
        windows.setdefault(place.bus, []).append(
            (place.address, place.address + place.size)
        )
    for ranges in windows.values():
        ranges.sort()
        assert all(a[1] <= b[0] for a, b in zip(ranges, ranges[1:], strict=False))
    assert draw(plan).startswith("<svg")
