# SPDX-License-Identifier: Apache-2.0
"""The class that a chip derives from, and what a chip's methods may use.

A subclass's declarations are gathered when Python reads the class; a mistake in them is
a TypeError there and then. How the declared things behave is in frame.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, TypeVar

from machinebuilder.device.declare import (
    Alarm,
    Bus,
    Count,
    Declaration,
    IrqIn,
    IrqOut,
    Param,
    Region,
    State,
)
from machinebuilder.device.pci import PciFunction
from machinebuilder.device.picture import Picture
from machinebuilder.device.register import Reg
from machinebuilder.device.surroundings import Image, Surroundings

Declared = TypeVar("Declared", bound=Declaration)
Store = Callable[[object, Any], None]


class Device:
    """A chip. The class attributes below say what does not fit a declaration."""

    # Gathered from the declarations, by name, in the order written.
    model: ClassVar[str] = ""
    regions: ClassVar[Mapping[str, Region]] = {}
    params: ClassVar[Mapping[str, Param]] = {}
    outs: ClassVar[Mapping[str, IrqOut]] = {}
    ins: ClassVar[Mapping[str, IrqIn]] = {}
    buses: ClassVar[Mapping[str, Bus]] = {}
    regs: ClassVar[Mapping[str, Reg]] = {}
    alarms: ClassVar[Mapping[str, Alarm]] = {}
    states: ClassVar[Mapping[str, State]] = {}

    # Written by the chip.
    span: ClassVar[int | None] = None
    """Size of the only window, short for `window = Region(span, name="")`."""
    sits_on: ClassVar[str | tuple[str, ...] | None] = "mmio"
    """Kind of bus it is placed on; None: on no bus, it only has lines."""
    host: ClassVar[str | None] = None
    """Host back end it takes: console, log, disk, cdrom, floppy, net, entropy."""
    default_for: ClassVar[str | None] = None
    """`disk`, `cdrom` or `net`: the chip that `--disk` or `--net` adds to a board that
    has none free, on a bus of the kind it sits on."""
    native: ClassVar[bool] = False
    """Behaviour is in <chip>.c beside this file; here is the declaration."""

    big_endian: ClassVar[bool] = False
    """Its registers have the most significant byte at the lowest address."""

    takes_items: ClassVar[bool] = False
    """Firmware asks it for what a boot protocol has to say: see configure."""

    pci: ClassVar[PciFunction | None] = None
    """What it says as a PCI function, of a chip that sits on `pci`."""

    pci_setup: ClassVar[Mapping[int, tuple[int, int]]] = {}
    """Registers in its configuration space that firmware sets: offset -> (size, value);
    written so where a kernel starts without firmware."""

    in_kernel: ClassVar[str | None] = None
    """The role in which a hypervisor may have this chip itself: `pic`, `ioapic`,
    `lapic`, `pit`. A machine that runs on it drives its inputs, and does without it."""

    screen: ClassVar[bool] = False
    """It shows pictures: a chip in C says so, of one in Python its `picture` does."""

    compatible: ClassVar[tuple[str, ...]] = ()
    """Device-tree `compatible`; empty: no node."""
    dt_name: ClassVar[str] = ""
    """Device-tree node name without its address; by default the part's name."""
    dt_interrupt_cells: ClassVar[int | None] = None
    """An interrupt controller's `#interrupt-cells`; see dt_interrupt."""

    dt_interrupt_root: ClassVar[bool] = False
    """A controller whose own lines go to CPUs: its node has no `interrupts`."""

    acpi_hid: ClassVar[str] = ""
    """ACPI hardware id, `PNP0501`: it gets a device in the name space with its ports,
    memory and interrupts; empty: only what `acpi` says."""
    acpi_cid: ClassVar[str] = ""
    """A compatible id beside that."""
    acpi_name: ClassVar[str] = ""
    """Its name there, four characters; by default made of the board's name for it."""

    memory: ClassVar[str | None] = None
    """`ram`, `rom` or `flash` if a window is real memory; follows from the regions."""

    name: str
    clock: ChipClock
    dma: ChipMemory
    parent: Any
    """The Python chip that offers the bus it sits on, or None."""
    disk: Image | None
    """With `host = "disk"`, `"cdrom"` or `"floppy"`: the image of the parameters
    `image`, `readonly` and `snapshot`, or None."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        parts = cls.__module__.split(".")
        cls.model = cls.__dict__.get("model", ".".join(parts[-2:]))
        found = dict(_declarations(cls))
        _reject_reserved_names(cls, found)
        cls.params = _of_type(found, Param)
        cls.outs = _of_type(found, IrqOut)
        cls.ins = _of_type(found, IrqIn)
        cls.buses = _of_type(found, Bus)
        cls.regs = _of_type(found, Reg)
        cls.alarms = _of_type(found, Alarm)
        cls.states = _of_type(found, State)
        windows = _of_type(found, Region)
        cls.regions = {window.name: window for window in windows.values()}
        if cls.span is not None:
            cls.regions = {"": Region(cls.span, name=""), **cls.regions}
        kinds = [window.memory for window in cls.regions.values() if window.memory]
        cls.memory = kinds[0] if kinds else None
        cls.screen = cls.screen or cls.picture is not Device.picture
        _check_registers(cls)
        stores: dict[str, Store] = {name: r.store for name, r in cls.regs.items()}
        fixed = {**cls.params, **cls.outs, **cls.ins, **cls.alarms, **windows}
        cls._stores = stores | dict.fromkeys(fixed, _refuse)

    def __setattr__(self, name: str, value: Any) -> None:
        store = self._stores.get(name)
        if store is None:
            object.__setattr__(self, name, value)
        else:
            store(self, value)

    @classmethod
    def devicetree(cls, node: Any, view: Any) -> None:
        """Add properties to this device's node, beyond the generic ones; `view.device`
        is the device's part of the plan."""

    @classmethod
    def from_host(cls) -> Mapping[str, object]:
        """Of a chip in C: parameters that the host knows where the board says nothing,
        such as images of firmware that are installed."""
        return {}

    @classmethod
    def dt_interrupt(cls, port: str, index: int) -> list[int]:
        """An interrupt controller's cells for one of its input lines."""
        raise NotImplementedError(f"{cls.model} has no dt_interrupt")

    @classmethod
    def pci_route(cls, slot: int, pin: int) -> tuple[str, int]:
        """A host bridge's output and line to which pin 0-3 of a slot comes."""
        raise NotImplementedError(f"{cls.model} is no host bridge")

    @classmethod
    def acpi(cls, node: Any, view: Any) -> bool | None:
        """Add terms to this device's ACPI node, rows and values to the tables;
        `view.device` is the device's part of the plan. False: it gets no node."""

    @classmethod
    def acpi_interrupt(cls, port: str, index: int) -> int | None:
        """The number by which ACPI knows one of its input lines; None: by none."""

    def power_on(self) -> None:
        """Called when declared state has its reset values; most chips need nothing."""

    def receive(self, data: bytes) -> int:
        """Bytes from the host back end. Gives how many were taken; the rest is offered
        again after the next access to the chip. Of a network it is one frame, which is
        taken or, with 0, offered again after `receive_ready`."""
        return len(data)

    def power_button(self) -> bool:
        """Somebody presses the machine's power button; True: it is on this chip."""
        return False

    def key(self, code: int, down: bool) -> bool:
        """A key goes down or up; True: the keyboard is here. `code` is evdev's number
        of the key: 30 is A."""
        return False

    def pointer(self, dx: int, dy: int, wheel: int, buttons: int) -> bool:
        """The mouse moves: to the right by `dx`, down by `dy`; the wheel turns by
        `wheel` notches towards the hand. `buttons` are those that are down: 1 the left,
        2 the right, 4 the middle one. True: the mouse is here."""
        return False

    def picture(self) -> Picture | None:
        """What is on the screen, of a chip that has one."""
        return None

    def fill(self, offset: int, data: bytes) -> None:
        """Put bytes into a window that is flash, from outside the guest."""
        raise NotImplementedError(f"{self.model} is not filled from outside")

    def configure(self, items: Mapping[int | str, bytes]) -> None:
        """Items for firmware, by number or by file name, from a boot protocol."""
        raise NotImplementedError(f"{self.model} takes no items")

    def close(self) -> None:
        """The machine ends: give back what power_on took from the host."""

    # What the methods of a chip may call.

    def log(self, text: str) -> None:
        """The guest did something odd; each text is shown once."""
        self._outside.log(text)

    def send(self, data: bytes) -> None:
        """Bytes to the host back end; of a network, one frame."""
        self._outside.send(data)

    def receive_ready(self) -> None:
        """A network offers again the frame that `receive` did not take."""
        self._outside.receive_ready()

    def shutdown(self, why: str) -> None:
        """Power the machine off."""
        self._outside.shutdown(why)

    def restart(self, why: str) -> None:
        """Reset the machine."""
        self._outside.restart(why)

    _outside: Surroundings
    _stores: ClassVar[Mapping[str, Store]] = {}


def _refuse(device: object, value: object) -> None:
    raise AttributeError("parameters, lines, alarms and windows cannot be assigned")


class ChipClock:
    """Guest time, as a chip sees it."""

    def __init__(self, outside: Surroundings) -> None:
        self._outside = outside

    @property
    def ns(self) -> int:
        """Nanoseconds since power-on."""
        return self._outside.now()

    @property
    def seconds(self) -> int:
        """Whole seconds since power-on."""
        return self._outside.now() // 1_000_000_000


class ChipMemory:
    """Guest memory, as a chip's DMA sees it."""

    def __init__(self, outside: Surroundings) -> None:
        self._outside = outside

    def read(self, address: int, size: int) -> bytes | None:
        """`size` bytes at `address`; None where nothing is."""
        return self._outside.dma_read(address, size)

    def write(self, address: int, data: bytes) -> bool:
        """Put `data` at `address`; False where nothing is."""
        return self._outside.dma_write(address, data)


def resolve_count(count: Count, params: Mapping[str, object], cpus: int) -> int:
    """A declared count as a number, for given parameters."""
    if isinstance(count, int):
        return count
    if count == "cpus":
        return cpus
    value = params[count]
    if not isinstance(value, int):
        raise TypeError(f"count {count!r} must be an integer parameter")
    return value


def _declarations(cls: type) -> Iterable[tuple[str, Declaration]]:
    """Declarations of the class and its bases; one set to None is taken back."""
    found: dict[str, object] = {}
    for base in reversed(cls.__mro__):
        found.update(vars(base))
    return [(name, d) for name, d in found.items() if isinstance(d, Declaration)]


def _of_type(
    found: Mapping[str, Declaration], kind: type[Declared]
) -> dict[str, Declared]:
    return {name: d for name, d in found.items() if isinstance(d, kind)}


def _reject_reserved_names(cls: type[Device], found: Mapping[str, Declaration]) -> None:
    reserved = CLASS_NAMES if cls.native else CLASS_NAMES | INSTANCE_NAMES
    for name in found:
        if name in reserved:
            raise TypeError(f"{cls.__qualname__}.{name}: every Device has a {name!r}")


def _check_registers(cls: type[Device]) -> None:
    taken: dict[tuple[str, int], str] = {}
    for reg in cls.regs.values():
        where = f"{cls.__qualname__}.{reg.name}"
        if reg.region not in cls.regions:
            raise TypeError(f"{where}: there is no region {reg.region!r}")
        span = cls.regions[reg.region].span
        end = reg.offset + (reg.count - 1) * reg.step + reg.bytes
        if span is not None and end > span:
            raise TypeError(f"{where}: ends at {end:#x}, after the window of {span:#x}")
        for index in range(reg.count):
            for byte in range(reg.bytes):
                key = (reg.region, reg.offset + index * reg.step + byte)
                other = taken.setdefault(key, reg.name)
                if other != reg.name:
                    raise TypeError(f"{where}: overlaps {other} at {key[1]:#x}")


INSTANCE_NAMES = frozenset(
    ["name", "clock", "dma", "log", "send", "receive", "power_on", "close"]
    + ["parent", "disk", "receive_ready", "picture", "shutdown", "restart"]
    + ["power_button", "fill", "key", "pointer"]
    + ["configure"]
)
CLASS_NAMES = frozenset(n for n in dir(Device) if n[0] != "_") - INSTANCE_NAMES
