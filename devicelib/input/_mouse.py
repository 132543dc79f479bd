# SPDX-License-Identifier: Apache-2.0
"""A PS/2 mouse with a wheel and five buttons (IBM PS/2 Hardware Interface Technical
Reference, "Mouse"; Microsoft "Windows and the 5-Button Wheel Mouse", 2000).

It begins as a plain mouse with three buttons. Three sample rates in a row, which no
program sets for their own sake, make it send a fourth byte.

Omitted: the rates, resolution and scaling, which are kept and change nothing.
"""

from __future__ import annotations

from typing import TypedDict

ACKNOWLEDGE, RESEND, PASSED = 0xFA, 0xFE, 0xAA
PLAIN, WHEEL, FIVE_BUTTONS = 0, 3, 4
"""What it says that it is."""
SCALE_1_1, SCALE_2_1, SET_RESOLUTION, STATUS, STREAM, READ = range(0xE6, 0xEC)
END_WRAP, WRAP, REMOTE, IDENTIFY, SET_RATE = 0xEC, 0xEE, 0xF0, 0xF2, 0xF3
ENABLE, DISABLE, SET_DEFAULTS, RESEND_LAST, RESET = 0xF4, 0xF5, 0xF6, 0xFE, 0xFF
KNOCKS = {(200, 100, 80): WHEEL, (200, 200, 80): FIVE_BUTTONS}
"""Sample rates that turn it into another kind of mouse."""
ROOM = 64
"""Bytes of packets that wait to be read."""
MOST, MOST_TURNS = 255, 7
"""Of a move in a packet."""
ALWAYS, LEFTWARDS, DOWNWARDS = 0x08, 0x10, 0x20
"""First byte of a packet."""


class State(TypedDict):
    """All that a mouse remembers."""

    kind: int
    enabled: bool
    remote: bool
    wraps: bool
    doubled: bool
    resolution: int
    rate: int
    rates: list[int]
    """The last three."""
    awaits: int
    """The command whose parameter comes next, or 0."""
    moved: list[int]
    """Right, down and turned since the last packet."""
    buttons: int
    told: int
    """Buttons in the last packet."""
    last: int
    replies: list[int]
    events: list[int]


def fresh() -> State:
    """A mouse just powered on."""
    return State(
        kind=PLAIN, enabled=False, remote=False, wraps=False, doubled=False,
        resolution=2, rate=100, rates=[0, 0, 0], awaits=0, moved=[0, 0, 0], buttons=0,
        told=0, last=0, replies=[], events=[],
    )  # fmt: skip


def move(mouse: State, right: int, down: int, turned: int, buttons: int) -> None:
    """It moves, its wheel turns towards the hand, these buttons are down."""
    mouse["buttons"] = buttons & 0x1F
    if mouse["enabled"] or mouse["remote"]:
        moves = zip(mouse["moved"], (right, down, turned), strict=True)
        mouse["moved"] = [old + new for old, new in moves]
    _stream(mouse)


def take(mouse: State) -> int | None:
    """The next byte that it has to say."""
    queue = mouse["replies"] or mouse["events"]
    if not queue:
        return None
    mouse["last"] = queue.pop(0)
    _stream(mouse)
    return mouse["last"]


def _stream(mouse: State) -> None:
    """Packets for what happened, as far as there is room."""
    if not mouse["enabled"] or mouse["remote"]:
        return
    while len(mouse["events"]) <= ROOM - 4:
        if not any(mouse["moved"]) and mouse["buttons"] == mouse["told"]:
            return
        mouse["events"] += _packet(mouse)


def _packet(mouse: State) -> list[int]:
    right, down, turned = mouse["moved"]
    x, y = _limited(right, MOST), -_limited(down, MOST)
    z = _limited(turned, MOST_TURNS) if mouse["kind"] else turned
    mouse["moved"] = [right - x, down + y, turned - z]
    mouse["told"] = mouse["buttons"]
    head = ALWAYS | mouse["buttons"] & 7
    head |= (LEFTWARDS if x < 0 else 0) | (DOWNWARDS if y < 0 else 0)
    packet = [head, x & 0xFF, y & 0xFF]
    if mouse["kind"] == WHEEL:
        packet.append(z & 0xFF)
    elif mouse["kind"] == FIVE_BUTTONS:
        packet.append(z & 0x0F | mouse["buttons"] >> 3 << 4)
    return packet


def _limited(value: int, most: int) -> int:
    return min(max(value, -most), most)


def command(mouse: State, byte: int) -> None:
    """The system says something to it; what it had not finished to say is dropped."""
    awaits, mouse["awaits"] = mouse["awaits"], 0
    if awaits:
        _parameter(mouse, awaits, byte)
        reply = [ACKNOWLEDGE]
    elif mouse["wraps"] and byte not in (END_WRAP, RESET):
        reply = [byte]
    elif byte in (SET_RESOLUTION, SET_RATE):
        mouse["awaits"] = byte
        reply = [ACKNOWLEDGE]
    else:
        reply = _command(mouse, byte)
    mouse["replies"] = reply


def _parameter(mouse: State, awaits: int, byte: int) -> None:
    if awaits == SET_RESOLUTION:
        mouse["resolution"] = byte
        return
    mouse["rate"] = byte
    mouse["rates"] = [*mouse["rates"][1:], byte]
    first, second, third = mouse["rates"]
    mouse["kind"] = KNOCKS.get((first, second, third), mouse["kind"])


def _command(mouse: State, byte: int) -> list[int]:
    if byte in (SET_DEFAULTS, RESET):
        kind = mouse["kind"] if byte == SET_DEFAULTS else PLAIN
        mouse.update(fresh() | {"kind": kind})
        return [ACKNOWLEDGE, PASSED, PLAIN] if byte == RESET else [ACKNOWLEDGE]
    if byte == IDENTIFY:
        return [ACKNOWLEDGE, mouse["kind"]]
    if byte == STATUS:
        return [ACKNOWLEDGE, _modes(mouse), mouse["resolution"], mouse["rate"]]
    if byte == READ:
        return [ACKNOWLEDGE, *_packet(mouse)]
    if byte == RESEND_LAST:
        return [mouse["last"]]
    return [ACKNOWLEDGE] if _set_mode(mouse, byte) else [RESEND]


def _modes(mouse: State) -> int:
    """The first byte of its status: modes, and the buttons in the order 1, 3, 2."""
    left, right, middle = (mouse["buttons"] >> n & 1 for n in range(3))
    modes = mouse["remote"] << 6 | mouse["enabled"] << 5 | mouse["doubled"] << 4
    return modes | left << 2 | middle << 1 | right


def _set_mode(mouse: State, byte: int) -> bool:
    """Commands that only switch something; False: it is none of them."""
    if byte in (SCALE_1_1, SCALE_2_1):
        mouse["doubled"] = byte == SCALE_2_1
    elif byte in (STREAM, REMOTE):
        mouse["remote"] = byte == REMOTE
    elif byte in (END_WRAP, WRAP):
        mouse["wraps"] = byte == WRAP
    elif byte in (ENABLE, DISABLE):
        mouse["enabled"] = byte == ENABLE
    else:
        return False
    return True
