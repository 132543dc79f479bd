# SPDX-License-Identifier: Apache-2.0
"""What a chip declares about itself, besides its registers.

Each declaration is a class attribute of a `Device`; the attribute's name is the port's,
parameter's or window's name. On an instance the attribute reads as its value: the frame
keeps it in the instance under that name, where Python finds it without a call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

if TYPE_CHECKING:
    from machinebuilder.device.frame import AlarmHandle, WindowHandle

ParamType = Literal["integer", "size", "string", "choice", "boolean", "time", "path"]
Handler = TypeVar("Handler", bound=Callable[..., Any])
Count = int | str
"""A number, the name of a parameter that holds it, or "cpus": one for each CPU."""


class Declaration:
    """Anything a chip declares: it knows its attribute's name and documentation."""

    def __init__(self, doc: str = "") -> None:
        self.doc = doc
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class Param(Declaration):
    """A value that the board sets: `clock = Param("integer", default=24_000_000)`.

    `size` values are bytes. A `time` is "host" (the time of day when the machine is
    built) or seconds since 1970. A `path` is relative to the board file.
    """

    def __init__(
        self,
        type: ParamType,
        default: object = None,
        doc: str = "",
        *,
        min: int | None = None,
        max: int | None = None,
        choices: Sequence[str] = (),
        required: bool = False,
    ) -> None:
        super().__init__(doc)
        self.type: ParamType = type
        self.default = default
        self.min = min
        self.max = max
        self.choices = tuple(choices)
        self.required = required

    @overload
    def __get__(self, device: None, owner: type) -> Param: ...
    @overload
    def __get__(self, device: object, owner: type) -> Any: ...
    def __get__(self, device: object | None, owner: type) -> Any:
        return self if device is None else device.__dict__[self.name]


class Region(Declaration):
    """A window of registers or memory on the bus.

    `span` is its size in bytes, or None where the board says `size`. A chip with one
    window names it "" (`span = 0x1000` in the class is short for that). With `memory`
    it is real RAM or ROM, which CPUs reach without asking the chip, or flash, which is
    read that way when the chip shows it. A window not made of registers has handlers:

        @window.read
        def fetch(self, offset, size): ...
        @window.write
        def store(self, offset, value, size): ...

    `at` is its fixed distance from the address that the board gives the chip; then all
    windows have one. `bus` names a bus of the chip that is seen through this window:
    what sits on that bus has its own windows there.

    `on` is for a window that is elsewhere than the chip: at the address `at` of the
    root bus `io` or `mmio`, or `config`: in a PCI function's configuration space, from
    0x40 up. One that `moves` is nowhere until the chip places it, or, with `bar`, the
    guest by that base address register of a PCI function (6: its expansion ROM);
    `on="io"` makes it one of ports. `over` windows are seen where others are too.
    Memory may be in pieces of `step` bytes, which the chip shows each on their own.
    A window is 2^n times as large with the name of a parameter n as `scale`.
    """

    def __init__(
        self,
        span: int | None,
        doc: str = "",
        *,
        name: str | None = None,
        memory: Literal["ram", "rom", "flash"] | None = None,
        at: int | None = None,
        bus: str | None = None,
        on: Literal["io", "mmio", "config"] | None = None,
        bar: int | None = None,
        moves: bool = False,
        over: bool = False,
        step: int | None = None,
        scale: str | None = None,
    ) -> None:
        super().__init__(doc)
        self.span = span
        self.scale = scale
        self.on = on
        self.bar = bar
        self.moves = moves or bar is not None
        self.over = over
        self.step = step
        self.memory = memory
        self.at = at
        self.bus = bus
        self.on_read: Callable[..., int] | None = None
        self.on_write: Callable[..., None] | None = None
        self.attribute = ""
        self._fixed_name = name
        if name is not None:
            self.name = name

    def __set_name__(self, owner: type, name: str) -> None:
        self.attribute = name
        self.name = name if self._fixed_name is None else self._fixed_name

    def read(self, handler: Handler) -> Handler:
        """Decorate the method that answers reads: `(offset, size) -> int`."""
        self.on_read = handler
        return handler

    def write(self, handler: Handler) -> Handler:
        """Decorate the method that takes writes: `(offset, value, size)`."""
        self.on_write = handler
        return handler

    @overload
    def __get__(self, device: None, owner: type) -> Region: ...
    @overload
    def __get__(self, device: object, owner: type) -> WindowHandle: ...
    def __get__(self, device: object | None, owner: type) -> Any:
        return self if device is None else device.__dict__[self.attribute]


class IrqOut(Declaration):
    """A line that the chip drives; its level is derived, never set:

        @irq.level
        def line(self): return self.raw & self.mask

    The method of a counted output takes the index. On an instance: the level now
    (of a counted output: a tuple of levels).
    """

    def __init__(self, doc: str = "", count: Count = 1) -> None:
        super().__init__(doc)
        self.count = count
        self.on_level: Callable[..., object] | None = None

    def level(self, handler: Handler) -> Handler:
        """Decorate the method that gives the level."""
        self.on_level = handler
        return handler

    @overload
    def __get__(self, device: None, owner: type) -> IrqOut: ...
    @overload
    def __get__(self, device: object, owner: type) -> Any: ...
    def __get__(self, device: object | None, owner: type) -> Any:
        return self if device is None else device.__dict__[self.name]


class IrqIn(Declaration):
    """A line that the chip offers; a board wires to it as `name.port.index`.

        @line.changed
        def edge(self, level, index): ...

    The handler is optional (of a single line it takes the level only). On an instance:
    the level now, of a counted input a tuple of levels. `per_cpu` inputs exist once for
    each CPU, such as a GIC's private interrupts; only native chips may have them. A
    `shared` one takes several drivers, and is high while any of them is.
    """

    def __init__(
        self,
        doc: str = "",
        count: Count = 1,
        per_cpu: bool = False,
        shared: bool = False,
    ) -> None:
        super().__init__(doc)
        self.count = count
        self.per_cpu = per_cpu
        self.shared = shared
        self.on_change: Callable[..., None] | None = None

    def changed(self, handler: Handler) -> Handler:
        """Decorate the method that hears of a change."""
        self.on_change = handler
        return handler

    @overload
    def __get__(self, device: None, owner: type) -> IrqIn: ...
    @overload
    def __get__(self, device: object, owner: type) -> Any: ...
    def __get__(self, device: object | None, owner: type) -> Any:
        return self if device is None else device.__dict__[self.name]


class Bus(Declaration):
    """A child bus that the chip offers.

    `kind` is what a chip's `sits_on` must say to sit here. `keys` are the placement
    keys of its children with how many values each has: `Bus("pci", slot=32)`. A bus
    without keys takes one child. With the key `at` its children have windows: in a
    window of the chip that says `bus`, one range of `at` addresses for each `slot`; or
    else where no CPU sees them. What is `optional` may be left out, and is 0.

    Outputs `inta` to `intd` of what sits there go to the input `swizzle` of the chip,
    its four lines turned by the slot (PCI Local Bus Specification 2.2, section 2.2.6).

    On an instance: the Python chips on the bus by their first key's value, or by name
    where they have windows. A child finds the chip that offers its bus as `parent`.
    """

    def __init__(
        self,
        kind: str,
        doc: str = "",
        *,
        optional: Sequence[str] = (),
        swizzle: str | None = None,
        **keys: int,
    ) -> None:
        super().__init__(doc)
        self.kind = kind
        self.keys: Mapping[str, int] = keys
        self.optional = tuple(optional)
        self.swizzle = swizzle

    @overload
    def __get__(self, device: None, owner: type) -> Bus: ...
    @overload
    def __get__(self, device: object, owner: type) -> dict[int | str, Any]: ...
    def __get__(self, device: object | None, owner: type) -> Any:
        return self if device is None else device.__dict__[self.name]


class Alarm(Declaration):
    """A moment in guest time: `self.alarm.at(seconds)`, `.at_ns(ns)`, `.cancel()`.

    @alarm.rings
    def ring(self): ...
    """

    def __init__(self, doc: str = "") -> None:
        super().__init__(doc)
        self.on_ring: Callable[..., None] | None = None

    def rings(self, handler: Handler) -> Handler:
        """Decorate the method that runs then."""
        self.on_ring = handler
        return handler

    @overload
    def __get__(self, device: None, owner: type) -> Alarm: ...
    @overload
    def __get__(self, device: object, owner: type) -> AlarmHandle: ...
    def __get__(self, device: object | None, owner: type) -> Any:
        return self if device is None else device.__dict__[self.name]


class State(Declaration):
    """State that no register shows: `fifo = State(list)`, `mode = State(0)`.

    `initial` is a value, or a callable that makes one; reset restores it and snapshots
    hold it, so it consists of integers, strings, bytes, bytearrays, lists and dicts.
    What is `kept`, by a battery for one, outlives a reset.
    """

    def __init__(self, initial: object, doc: str = "", kept: bool = False) -> None:
        super().__init__(doc)
        self.initial = initial
        self.kept = kept

    def fresh(self) -> object:
        """The value after reset."""
        return self.initial() if callable(self.initial) else self.initial

    @overload
    def __get__(self, device: None, owner: type) -> State: ...
    @overload
    def __get__(self, device: object, owner: type) -> Any: ...
    def __get__(self, device: object | None, owner: type) -> Any:
        return self if device is None else device.__dict__[self.name]

    if TYPE_CHECKING:

        def __set__(self, device: object, value: object) -> None: ...
