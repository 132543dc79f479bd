# SPDX-License-Identifier: Apache-2.0
"""Registers and their fields.

`Reg(0x010, "rw", alarm=Bit(0))` is a register at offset 0x010 whose bit 0 is called
alarm. Modes, of a register or of a field that differs from its register:

    rw   stored when written
    ro   a write is ignored, and logged
    wo   stored; reads as zero
    w1c  writing a one clears the bit

Where fields are declared, all other bits are reserved: they read as reset has them and
ignore writes. Handlers see the bus, the attribute of the device sees the stored value:

    @data.read
    def now(self): ...            # its result is what the guest reads
    @match.write
    def set_alarm(self, value):   # after the value was stored

Handlers of a counted register (`count=8`) take the index last. A field that is called
like a parameter of `Reg` gets an underscore: `mode_=Bits(5, 4)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, overload

from machinebuilder.device.declare import Declaration, Handler

Mode = Literal["rw", "ro", "wo", "w1c"]
MODES = ("rw", "ro", "wo", "w1c")


class Bits:
    """The bits `high` down to `low` of a register, as the data sheet writes them."""

    def __init__(
        self,
        high: int,
        low: int,
        mode: Mode | None = None,
        reset: int = 0,
        doc: str = "",
    ) -> None:
        if not 0 <= low <= high:
            raise TypeError(f"Bits({high}, {low}) must be high bit, then low bit")
        self.low = low
        self.width = high - low + 1
        self.mode = mode
        self.reset = reset
        self.doc = doc

    @property
    def mask(self) -> int:
        """The field's bits within the register."""
        return ((1 << self.width) - 1) << self.low


class Bit(Bits):
    """One bit of a register."""

    def __init__(
        self, number: int, mode: Mode | None = None, reset: int = 0, doc: str = ""
    ) -> None:
        super().__init__(number, number, mode, reset, doc)


class RegValue(int):
    """A register's value at one moment; its fields are attributes.

    Setting a field changes the device's register; this value stays what it was.
    """

    _reg: Reg
    _device: object

    @classmethod
    def of(cls, reg: Reg, value: int, device: object) -> RegValue:
        """The value of `reg` of `device`; None for a copy without a device."""
        self = cls(value)
        self.__dict__["_reg"] = reg
        self.__dict__["_device"] = device
        return self

    def __getattr__(self, name: str) -> int:
        fields = self.__dict__.get("_reg")
        field = fields.fields.get(name) if fields is not None else None
        if field is None:
            raise AttributeError(f"{fields!r} has no field {name!r}")
        value: int = (int(self) & field.mask) >> field.low
        return value

    def __setattr__(self, name: str, value: int) -> None:
        field = self._reg.fields.get(name)
        if field is None:
            raise AttributeError(f"{self._reg!r} has no field {name!r}")
        self._reg.store_field(self._device, field, value)


class RegArray:
    """A counted register of one device: `self.target[3] = 1`."""

    def __init__(self, reg: Reg, values: list[int]) -> None:
        self._reg = reg
        self._values = values

    def __getitem__(self, index: int) -> int:
        return self._values[index]

    def __setitem__(self, index: int, value: int) -> None:
        self._values[index] = value & self._reg.mask

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[int]:
        return iter(self._values)


class Reg(Declaration):
    """A register: see the module's documentation."""

    def __init__(
        self,
        offset: int,
        mode: Mode = "rw",
        *,
        width: int = 32,
        reset: int = 0,
        count: int = 1,
        step: int | None = None,
        region: str = "",
        doc: str = "",
        **fields: Bits,
    ) -> None:
        super().__init__(doc)
        if mode not in MODES:
            raise TypeError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
        if width not in (8, 16, 32, 64):
            raise TypeError(f"width must be 8, 16, 32 or 64 bits, not {width}")
        self.offset = offset
        self.mode: Mode = mode
        self.width = width
        self.count = count
        self.step = width // 8 if step is None else step
        self.region = region
        self.fields = fields
        self.mask = (1 << width) - 1
        self.reset = reset
        for name, field in fields.items():
            if field.mask & ~self.mask:
                raise TypeError(f"field {name} does not fit into {width} bits")
            self.reset |= field.reset << field.low
        self.on_read: Callable[..., int] | None = None
        self.on_write: Callable[..., None] | None = None
        self.stored_bits = self._bits_of("rw") | self._bits_of("wo")
        self.cleared_bits = self._bits_of("w1c")
        self.hidden_bits = self._bits_of("wo")

    def _bits_of(self, mode: Mode) -> int:
        if not self.fields:
            return self.mask if self.mode == mode else 0
        found = [f.mask for f in self.fields.values() if (f.mode or self.mode) == mode]
        return sum(found) if found else 0

    @property
    def bytes(self) -> int:
        """Its size on the bus."""
        return self.width // 8

    def read(self, handler: Handler) -> Handler:
        """Decorate the method that gives what a guest reads."""
        self.on_read = handler
        return handler

    def write(self, handler: Handler) -> Handler:
        """Decorate the method that acts on what a guest wrote."""
        self.on_write = handler
        return handler

    def store_field(self, device: object, field: Bits, value: int) -> None:
        """Change one field of the stored value."""
        values = device.__dict__["_values"]
        old = values[self.name] & ~field.mask
        self.__set__(device, old | (value << field.low & field.mask))

    @overload
    def __get__(self, device: None, owner: type) -> Reg: ...
    @overload
    def __get__(self, device: object, owner: type) -> Any: ...
    def __get__(self, device: object | None, owner: type) -> Any:
        if device is None:
            return self
        state = device.__dict__
        if not self.fields or self.count > 1:
            return state["_values"][self.name]
        view = state["_views"].get(self.name)
        if view is None:
            view = RegValue.of(self, state["_values"][self.name], device)
            state["_views"][self.name] = view
        return view

    def __set__(self, device: object, value: int) -> None:
        if self.count > 1:
            raise AttributeError(f"set {self.name}[index], not {self.name}")
        state = device.__dict__
        state["_values"][self.name] = int(value) & self.mask
        state["_views"].pop(self.name, None)

    def fresh(self) -> int | RegArray:
        """The stored value after reset."""
        if self.count > 1:
            return RegArray(self, [self.reset] * self.count)
        return self.reset
