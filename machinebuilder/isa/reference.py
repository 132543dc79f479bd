# SPDX-License-Identifier: Apache-2.0
"""The reference CPU: instruction functions run as plain Python on it.

A core's own frame (conditions, IT, interworking) is a subclass in
`cores/<isa>/reference.py` that overrides `execute`, `advance` or `run`.

Omitted: translation of addresses (memory is flat), interrupts, time.
"""

from __future__ import annotations

from typing import Any, ClassVar

from . import floating
from .core import Core
from .insns import Insn
from .softfloat import Env
from .state import Array, Field, Flag, State
from .types import IntValue, coerce, from_pattern

PAGE = 4096


class GuestFault(Exception):
    """A memory access that no memory answers, or that is misaligned."""

    def __init__(self, address: int, access: str, why: str) -> None:
        super().__init__(f"{access} at {address:#x}: {why}")
        self.address, self.access, self.why = address, access, why


class Undefined(Exception):
    """The instruction is undefined."""


class Leave(Exception):
    """Ends the instruction. An extern that "exits" raises it, having set the pc."""


class Memory:
    """Bytes by page. `automatic`: pages appear when touched, else an access faults."""

    def __init__(self, automatic: bool = True) -> None:
        self.pages: dict[int, bytearray] = {}
        self.automatic = automatic

    def map(self, address: int, size: int) -> None:
        """Let there be memory."""
        for number in range(address // PAGE, (address + size + PAGE - 1) // PAGE):
            self.pages.setdefault(number, bytearray(PAGE))

    def _page(self, address: int, access: str) -> bytearray:
        page = self.pages.get(address // PAGE)
        if page is None:
            if not self.automatic:
                raise GuestFault(address, access, "no memory")
            page = self.pages[address // PAGE] = bytearray(PAGE)
        return page

    def read(self, address: int, size: int) -> bytes:
        """All or nothing, as an access is."""
        return bytes(
            self._page(address + i, "read")[(address + i) % PAGE] for i in range(size)
        )

    def write(self, address: int, data: bytes) -> None:
        pages = [self._page(address + i, "write") for i in range(len(data))]
        for i, byte in enumerate(data):
            pages[i][(address + i) % PAGE] = byte


class Bank:
    """An array of the state, as instructions index it."""

    def __init__(self, cpu: Reference, declaration: Array, memory: bytearray) -> None:
        self.kind, self.count = declaration.type, declaration.count
        self.width, self.memory = declaration.width, memory
        self.name = declaration.name

    def _slice(self, index: int) -> slice:
        if isinstance(index, IntValue):
            raise TypeError(f"cpu.{self.name} is indexed by static numbers only")
        if not 0 <= index < self.count:
            raise IndexError(f"cpu.{self.name} has {self.count} elements, no {index}")
        return slice(index * self.width, (index + 1) * self.width)

    def __getitem__(self, index: int) -> Any:
        return from_pattern(
            self.kind, int.from_bytes(self.memory[self._slice(index)], "little")
        )

    def __setitem__(self, index: int, value: Any) -> None:
        pattern = coerce(self.kind, value).pattern
        self.memory[self._slice(index)] = pattern.to_bytes(self.width, "little")

    def __len__(self) -> int:
        return self.count

    def values(self) -> list[Any]:
        """All elements."""
        return [self[index] for index in range(self.count)]


class Reference:
    """One CPU. As `cpu` it has the state's fields and flags as attributes."""

    _bound: ClassVar[dict[tuple[type[Any], type[State]], type[Any]]] = {}

    def __new__(cls, core: Core, model: Any = None, **options: Any) -> Reference:
        bound: type[Reference] = _bind(cls, core.state)
        return object.__new__(bound)

    def __init__(
        self,
        core: Core,
        model: Any = None,
        *,
        memory: Memory | None = None,
        check_alignment: bool = False,
    ) -> None:
        self.core = core
        self.memory = memory or Memory()
        self.fp = Env()
        self.pc = 0
        self.flags = 0
        self.check_alignment = check_alignment
        self.next_pc: int | None = None
        self.insn_size = 4
        self.storage = {
            name: bytearray(field.width * field.count)
            for name, field in core.state.fields.items()
        }
        for view in core.state.views.values():
            self.storage[view.name] = self.storage[view.of]
        self.banks = {
            d.name: Bank(self, d, self.storage[d.name])
            for d in (*core.state.fields.values(), *core.state.views.values())
            if isinstance(d, Array)
        }
        if model is not None:
            model.apply(self)

    @property
    def state(self) -> dict[str, Any]:
        """A snapshot of pc, flags and every field, for comparisons."""
        values: dict[str, Any] = {"pc": self.pc, "flags": self.flags}
        for name, field in self.core.state.fields.items():
            values[name] = (
                getattr(self, name) if field.scalar else self.banks[name].values()
            )
        return values

    # -- what instruction functions call
    def has(self, feature: str) -> bool:
        """Does the model have it?"""
        features = self.core.state.features
        if features is None:
            raise AttributeError(f"{self.core.state.__name__} declares no Features")
        return bool(getattr(self, features.name).pattern >> features.bit(feature) & 1)

    def load(
        self,
        kind: Any,
        address: Any,
        aligned: bool = False,
        user: bool = False,
        word_aligned: bool = False,
    ) -> Any:
        """Guest memory as a value of `kind`."""
        at = self._address(address, kind, "read", aligned, word_aligned)
        return from_pattern(
            kind, int.from_bytes(self.memory.read(at, kind.bits // 8), self._order())
        )

    def store(
        self,
        kind: Any,
        address: Any,
        value: Any,
        aligned: bool = False,
        user: bool = False,
        word_aligned: bool = False,
    ) -> None:
        """Write guest memory."""
        at = self._address(address, kind, "write", aligned, word_aligned)
        data = coerce(kind, value).pattern.to_bytes(kind.bits // 8, self._order())
        self.memory.write(at, data)

    def cas(self, kind: Any, address: Any, expected: Any, new: Any) -> Any:
        """If memory is `expected`, write `new`; gives what memory was."""
        old = self.load(kind, address, aligned=True)
        if old.pattern == coerce(kind, expected).pattern:
            self.store(kind, address, new, aligned=True)
        return old

    def swap(self, kind: Any, address: Any, value: Any) -> Any:
        """Write memory and give what it was."""
        old = self.load(kind, address, aligned=True)
        self.store(kind, address, value, aligned=True)
        return old

    def fence(self) -> None:
        """Nothing: there is one CPU."""

    def branch(self, target: Any) -> None:
        """Continue at `target`; the instruction ends here."""
        self.next_pc = int(target) & self._address_mask
        raise Leave

    def branch_if(self, condition: Any, target: int) -> None:
        """Continue at `target` if the condition holds."""
        if condition:
            self.branch(target)

    def end_block(self) -> None:
        """Nothing: every instruction is a block."""

    def undefined(self) -> None:
        """Raise the core's undefined-instruction exception."""
        raise Undefined(f"undefined instruction at {self.pc:#x}")

    # -- the frame
    def step_word(self, set_name: str, word: int, size: int) -> Insn | None:
        """Execute one word of `size` bytes at pc; Undefined if it is no instruction."""
        found = self.core.decoders[set_name].decode(word)
        if found is None:
            self.undefined()
            return None
        insn, fields = found
        self.next_pc, self.insn_size = None, size
        floating.use(self.fp)
        self.execute(insn, fields)
        self.advance(size)
        return insn

    def execute(self, insn: Insn, fields: dict[str, int]) -> None:
        """Run the instruction's function."""
        try:
            insn.function(self, **{name: fields[name] for name in insn.parameters})
        except Leave:
            if self.next_pc is None:
                self.next_pc = self.pc

    def advance(self, size: int) -> None:
        """To the next instruction: where it branched, or behind this one."""
        branched = self.next_pc is not None
        self.pc = (
            self.next_pc
            if self.next_pc is not None
            else (self.pc + size & self._address_mask)
        )
        self.branched = branched

    def run(self, set_name: str, count: int, size: int = 4) -> None:
        """Execute `count` little-endian words from memory."""
        for _ in range(count):
            word = int.from_bytes(self.memory.read(self.pc, size), "little")
            self.step_word(set_name, word, size)

    # -- inside
    @property
    def _address_mask(self) -> int:
        return (1 << self.core.address_bits) - 1

    def _order(self) -> Any:
        return "big" if getattr(self, "big_endian", False) else "little"

    def _address(
        self, address: Any, kind: Any, access: str, aligned: bool, word_aligned: bool
    ) -> int:
        at = int(address) & self._address_mask
        demanded = 4 if word_aligned else 1
        if aligned or self.check_alignment:
            demanded = kind.bits // 8
        if at % demanded:
            raise GuestFault(at, access, "misaligned")
        return at


def _bind(cls: type[Any], state: type[State]) -> type[Any]:
    """A subclass of `cls` with a property for each name of the state."""
    bound = Reference._bound.get((cls, state))
    if bound is None:
        names: dict[str, Any] = {}
        for field in state.fields.values():
            names[field.name] = _scalar(field) if field.scalar else _bank(field.name)
        names.update((view, _bank(view)) for view in state.views)
        names.update((flag.name, _flag(flag)) for flag in state.flags.values())
        bound = type(cls.__name__, (cls,), names)
        Reference._bound[cls, state] = bound
    return bound


def _scalar(field: Field) -> property:
    name, kind, width = field.name, field.type, field.width

    def read(cpu: Reference) -> Any:
        return from_pattern(kind, int.from_bytes(cpu.storage[name], "little"))

    def write(cpu: Reference, value: Any) -> None:
        cpu.storage[name][:] = coerce(kind, value).pattern.to_bytes(width, "little")

    return property(read, write)


def _bank(name: str) -> property:
    return property(lambda cpu: cpu.banks[name])


def _flag(flag: Flag) -> property:
    def read(cpu: Reference) -> int:
        return cpu.flags >> flag.shift & ((1 << flag.width) - 1)

    def write(cpu: Reference, value: Any) -> None:
        cpu.flags = cpu.flags & ~flag.mask | int(value) << flag.shift & flag.mask

    return property(read, write)
