# SPDX-License-Identifier: Apache-2.0
"""A plan as a picture: what `mb map --svg` writes.

One box for each window, stub and CPU, in the order of addresses; wires are arcs beside
them. The boxes of an entry with many instances become one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from machinebuilder.board.describe import rows_by_bus
from machinebuilder.board.plan import Plan
from machinebuilder.board.values import size_text

ROW, TOP, LEFT, WIDTH = 28, 64, 200, 300
COLOURS = {"cpu": "#dbe7ff", "device": "#e3f4e1", "stub": "#eeeeee"}
FONT = 'font-family="monospace" font-size="12"'


@dataclass
class Box:
    """A row of the picture; `owners` are the devices it stands for."""

    title: str
    note: str
    kind: str
    owners: set[str]


def draw(plan: Plan) -> str:
    """The picture as an SVG document."""
    boxes = _boxes(plan)
    arcs = _arcs(plan, boxes)
    height = TOP + ROW * len(boxes) + 20
    body = [_box(number, box) for number, box in enumerate(boxes)]
    body += [_arc(first, last, label) for (first, last), label in sorted(arcs.items())]
    title = f"{plan.name}: {plan.summary}" if plan.summary else plan.name
    width = LEFT + WIDTH + 420
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{height}">',
            f'<rect width="{width}" height="{height}" fill="white"/>',
            f'<text x="20" y="32" font-family="sans-serif" font-size="18">'
            f"{escape(title)}</text>",
            *body,
            "</svg>\n",
        ]
    )


def _boxes(plan: Plan) -> list[Box]:
    boxes = [Box(cpu.name, cpu.model, "cpu", {cpu.name}) for cpu in plan.cpus]
    stubs = {stub.name for stub in plan.stubs}
    placed: set[str] = set()
    devices = {device.name for device in plan.devices}
    for bus, rows in rows_by_bus(plan).items():
        for start, size, name, model in rows:
            owner = name if name in devices else name.rpartition(".")[0] or name
            placed.add(owner)
            entry = _entry(owner)
            last = boxes[-1] if boxes else None
            if last and last.title == f"{entry}.*" and owner != entry:
                last.owners.add(owner)
                continue
            many = owner != entry and f"{entry}.1" in devices
            note = f"{bus} {start:#x} {size_text(size)} {model}"
            kind = "stub" if name in stubs else "device"
            boxes.append(Box(f"{entry}.*" if many else name, note, kind, {owner}))
    for device in plan.devices:
        if device.name not in placed:
            where = device.slot.bus if device.slot else ""
            note = f"{where} {device.model}".strip()
            boxes.append(Box(device.name, note, "device", {device.name}))
    return boxes


def _entry(name: str) -> str:
    head, dot, number = name.rpartition(".")
    return head if dot and number.isdecimal() else name


def _arcs(plan: Plan, boxes: Sequence[Box]) -> dict[tuple[int, int], str]:
    """Pairs of boxes that are wired, with a label of the lines."""
    rows: dict[str, int] = {}
    for number, box in enumerate(boxes):
        for owner in box.owners:
            rows.setdefault(owner, number)
    labels: dict[tuple[int, int], list[str]] = {}
    for wire in plan.wires:
        ends = rows[wire.source], rows[wire.target]
        line = f"{wire.target_port}.{wire.target_index}"
        if line not in (lines := labels.setdefault(ends, [])):
            lines.append(line)
    return {
        ends: lines[0] if len(lines) == 1 else f"{lines[0]} ... {lines[-1]}"
        for ends, lines in labels.items()
    }


def _box(number: int, box: Box) -> str:
    y = TOP + ROW * number
    return (
        f'<rect x="20" y="{y}" width="{LEFT + WIDTH}" height="{ROW - 4}" rx="4" '
        f'fill="{COLOURS[box.kind]}" stroke="#555"/>'
        f'<text x="28" y="{y + 16}" {FONT} font-weight="bold">'
        f"{escape(box.title)}</text>"
        f'<text x="{LEFT - 30}" y="{y + 16}" {FONT}>{escape(box.note)}</text>'
    )


def _arc(first: int, last: int, label: str) -> str:
    x, y1 = LEFT + WIDTH + 20, TOP + ROW * first + 12
    y2 = TOP + ROW * last + 12
    bow = x + 30 + min(250, 6 * abs(y2 - y1) // 10)
    return (
        f'<path d="M {x} {y1} C {bow} {y1}, {bow} {y2}, {x} {y2}" fill="none" '
        f'stroke="#36c" opacity="0.6"/><circle cx="{x}" cy="{y2}" r="3" fill="#36c"/>'
        f'<text x="{x + 6}" y="{y1 - 2}" {FONT} fill="#36c">{escape(label)}</text>'
    )
