# SPDX-License-Identifier: Apache-2.0
"""Keyboard and mouse of a client, as those of the machine.

A client says which characters are typed. The guest has a US keyboard, so shift goes
down or up around a key where the client's own layout had it otherwise. A client says
where its pointer is; the guest's mouse only knows moves, and goes there step by step:
the two are apart where the guest accelerates its mouse.
"""

from __future__ import annotations

from machinebuilder.host.keyboard import (
    CAPS_LOCK,
    LEFT_SHIFT,
    RIGHT_SHIFT,
    US_LAYOUT,
)
from machinebuilder.host.vnc.keysyms import KEYSYMS, character, from_scan_code
from machinebuilder.host.vnc.source import Source

LEFT, MIDDLE, RIGHT, WHEEL_UP, WHEEL_DOWN = 1, 2, 4, 8, 16
"""Buttons as RFB has them."""
CENTRE = 0x7FFF
"""Moves of clients that send moves are counted from here."""
SHIFTS = (LEFT_SHIFT, RIGHT_SHIFT)


class Keyboard:
    """The keys that one client holds down."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._held: dict[int, int] = {}
        """What the client called a key -> evdev's number."""
        self._capitals = False

    def keysym(self, keysym: int, down: bool) -> None:
        """A key event, by the keysym."""
        typed = character(keysym)
        place = US_LAYOUT.get(typed) if typed else None
        if not down:
            self._release(keysym)
        elif place is not None and typed is not None:
            self._type(keysym, typed, *place)
        elif keysym in KEYSYMS:
            self._press(keysym, KEYSYMS[keysym])

    def scan_code(self, code: int, down: bool) -> None:
        """An extended key event: the key itself."""
        found = from_scan_code(code)
        if found is not None and down:
            self._press(-code, found)
        else:
            self._release(-code)

    def release_all(self) -> None:
        """The client is gone."""
        for name in list(self._held):
            self._release(name)

    def _press(self, name: int, code: int) -> None:
        """Also while it is down: the client's keyboard repeats."""
        self._capitals ^= code == CAPS_LOCK and name not in self._held
        self._held[name] = code
        self._source.key(code, True)

    def _release(self, name: int) -> None:
        code = self._held.pop(name, None)
        if code is not None and code not in self._held.values():
            self._source.key(code, False)

    def _type(self, name: int, typed: str, code: int, shifted: bool) -> None:
        wanted = shifted ^ (self._capitals and typed.isalpha())
        held = [shift for shift in SHIFTS if shift in self._held.values()]
        changed = [LEFT_SHIFT] if wanted and not held else [] if wanted else held
        for shift in changed:
            self._source.key(shift, wanted)
        self._press(name, code)
        for shift in changed:
            self._source.key(shift, not wanted)


class Pointer:
    """Where one client's pointer was last."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._place: tuple[int, int] | None = None
        self._mask = 0
        self.relative = False
        """The client sends moves."""

    def event(self, mask: int, x: int, y: int) -> None:
        """A pointer event: buttons, and the place."""
        dx, dy = self._move(x, y)
        pressed = mask & ~self._mask
        wheel = bool(pressed & WHEEL_DOWN) - bool(pressed & WHEEL_UP)
        self._mask = mask
        left, right, middle = (bool(mask & b) for b in (LEFT, RIGHT, MIDDLE))
        self._source.pointer(dx, dy, wheel, left | right << 1 | middle << 2)

    def release_all(self) -> None:
        """The client is gone."""
        if self._mask & (LEFT | MIDDLE | RIGHT):
            self._source.pointer(0, 0, 0, 0)

    def _move(self, x: int, y: int) -> tuple[int, int]:
        if self.relative:
            return x - CENTRE, y - CENTRE
        before = self._place or (x, y)
        self._place = (x, y)
        return x - before[0], y - before[1]
