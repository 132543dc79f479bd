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
from typing import TYPE_CHECKING, Any, Literal, overload

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

    Setting a field changes the device's register; this value stays what it was. Each
    register with fields has its own subclass.
    """

    _of: tuple[Reg]  # in a tuple, for a register alone would act as a descriptor
    _device: object = None

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> int: ...

    def __setattr__(self, name: str, value: int) -> None:
        reg = self._of[0]
        field = reg.fields.get(name)
        if field is None:
            raise AttributeError(f"{reg!r} has no field {name!r}")
        if self._device is None:
            raise AttributeError(f"{name}: write the register as a whole")
        old = int(self._device.__dict__[reg.name]) & ~field.mask
        reg.store(self._device, old | value << field.low & field.mask)


def _value_class(reg: Reg) -> type[RegValue]:
    def field_property(field: Bits) -> property:
        mask, low = field.mask, field.low
        return property(lambda self: (int(self) & mask) >> low)

    fields = {name: field_property(field) for name, field in reg.fields.items()}
    return type("RegValue", (RegValue,), {**fields, "_of": (reg,)})


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
        self._class = _value_class(self)
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

    def value(self, value: int, device: object = None) -> int:
        """A value of this register with its fields; without a device a mere copy."""
        if not self.fields:
            return value
        view = self._class(value)
        view.__dict__["_device"] = device
        return view

    def store(self, device: object, value: int) -> None:
        """Give the device's register a value."""
        if self.count > 1:
            raise AttributeError(f"set {self.name}[index], not {self.name}")
        device.__dict__[self.name] = self.value(int(value) & self.mask, device)

    def store_fresh(self, device: object) -> None:
        """Give the device's register its value after reset."""
        if self.count > 1:
            device.__dict__[self.name] = RegArray(self, [self.reset] * self.count)
        else:
            self.store(device, self.reset)

    @overload
    def __get__(self, device: None, owner: type) -> Reg: ...
    @overload
    def __get__(self, device: object, owner: type) -> Any: ...
    def __get__(self, device: object | None, owner: type) -> Any:
        return self if device is None else device.__dict__[self.name]

    if TYPE_CHECKING:

        def __set__(self, device: object, value: int) -> None: ...
