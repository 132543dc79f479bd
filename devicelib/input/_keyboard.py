# SPDX-License-Identifier: Apache-2.0
"""A PS/2 keyboard (IBM PS/2 Hardware Interface Technical Reference, "Keyboard"): what
it answers to commands, and what its keys send.

Omitted: repetition of a held key (the host repeats), single keys' modes in set 3 (each
key tells of going down and up), lights that anybody sees.
"""

from __future__ import annotations

from typing import TypedDict

from devicelib.input import _scancodes

ACKNOWLEDGE, RESEND, ECHO, PASSED = 0xFA, 0xFE, 0xEE, 0xAA
IDENT = (0xAB, 0x83)
SET_LIGHTS, CHOOSE_SET, IDENTIFY, SET_RATE = 0xED, 0xF0, 0xF2, 0xF3
ENABLE, DISABLE, SET_DEFAULTS, RESEND_LAST, RESET = 0xF4, 0xF5, 0xF6, 0xFE, 0xFF
ALL_KEYS = range(0xF7, 0xFB)
"""Modes of all keys, in set 3."""
WITH_PARAMETER = (SET_LIGHTS, CHOOSE_SET, SET_RATE, 0xFB, 0xFC, 0xFD)
ROOM = 256
"""Bytes that wait to be read; a real one keeps 16, but is not typed to by programs."""


class State(TypedDict):
    """All that a keyboard remembers."""

    enabled: bool
    scan_set: int
    lights: int
    awaits: int
    """The command whose parameter comes next, or 0."""
    alt: bool
    last: int
    replies: list[int]
    events: list[int]


def fresh() -> State:
    """A keyboard just powered on."""
    return State(
        enabled=True, scan_set=2, lights=0, awaits=0, alt=False, last=0, replies=[],
        events=[],
    )  # fmt: skip


def key(keyboard: State, code: int, down: bool) -> None:
    """A key goes down or up."""
    if code in (_scancodes.LEFT_ALT, _scancodes.RIGHT_ALT):
        keyboard["alt"] = down
    sent = _scancodes.codes(keyboard["scan_set"], code, down, keyboard["alt"])
    if keyboard["enabled"] and len(keyboard["events"]) + len(sent) <= ROOM:
        keyboard["events"] += sent


def take(keyboard: State) -> int | None:
    """The next byte that it has to say."""
    queue = keyboard["replies"] or keyboard["events"]
    if not queue:
        return None
    keyboard["last"] = queue.pop(0)
    return keyboard["last"]


def command(keyboard: State, byte: int) -> None:
    """The system says something to it; what it had not finished to say is dropped."""
    awaits, keyboard["awaits"] = keyboard["awaits"], 0
    if awaits:
        reply = _parameter(keyboard, awaits, byte)
    elif byte in WITH_PARAMETER:
        keyboard["awaits"] = byte
        reply = [ACKNOWLEDGE]
    else:
        reply = _command(keyboard, byte)
    keyboard["replies"] = reply


def _command(keyboard: State, byte: int) -> list[int]:
    if byte == ECHO:
        return [ECHO]
    if byte == IDENTIFY:
        return [ACKNOWLEDGE, *IDENT]
    if byte == RESEND_LAST:
        return [keyboard["last"]]
    if byte in (ENABLE, *ALL_KEYS):
        keyboard["enabled"] = keyboard["enabled"] or byte == ENABLE
        return [ACKNOWLEDGE]
    if byte not in (DISABLE, SET_DEFAULTS, RESET):
        return [RESEND]
    keyboard.update(fresh() | {"alt": keyboard["alt"]})
    keyboard["enabled"] = byte != DISABLE
    return [ACKNOWLEDGE, PASSED] if byte == RESET else [ACKNOWLEDGE]


def _parameter(keyboard: State, awaits: int, byte: int) -> list[int]:
    if awaits == SET_LIGHTS:
        keyboard["lights"] = byte & 7
    elif awaits == CHOOSE_SET and byte == 0:
        return [ACKNOWLEDGE, keyboard["scan_set"]]
    elif awaits == CHOOSE_SET and byte > 3:
        return [RESEND]
    elif awaits == CHOOSE_SET:
        keyboard["scan_set"] = byte
    return [ACKNOWLEDGE]
