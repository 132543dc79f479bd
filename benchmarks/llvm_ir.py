"""A unit of IR as a function of LLVM IR: what LLVM would get as a second tier.

`i64 unit(state, window)`: fields that the unit uses are local variables, which LLVM
keeps in registers round the unit's own loop, and go to state at the ways out. The loop
counts instructions and looks at exit_request each round, as our code does.

With `precise`, fields that changed are stored before each access of guest memory, and
accesses keep their order, for an access may fault and LLVM keeps no table of where
fields are. Without, a fault would find old state: a bound that no emulator can reach.

Omitted: vectors, atomics and helpers that return (UnsupportedError); the host's sticky
flags of floating point, which LLVM may raise at other times than the guest.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from machinebuilder.engine.opcodes import OPS

CODES = [op.name for op in OPS]
TYPES = ("void", "i32", "i64", "float", "double", "v128")
INTEGER_BITS = {"i32": 32, "i64": 64, "float": 32, "double": 64}
SIGNED, ALIGNED, SWAP, WORD_ALIGNED = 1, 2, 4, 16
"""MB_MEM_* of core.h"""
LEFT, UNALIGNED, NAN, TRAP = 0, -2, -3, -4
"""What the function returns"""
EXITS = 4
"""MB_EXITS of ir.h"""


class UnsupportedError(Exception):
    """An operation that is not translated."""


@dataclass(frozen=True)
class Op:
    """struct mb_op of ir.h."""

    code: str
    type: str
    width: int
    flags: int
    inputs: tuple[int, ...]
    imm: int
    effects: int = 0
    """of a call"""

    @property
    def disp(self) -> int:
        """The immediate as a signed displacement."""
        return self.imm - (1 << 64) if self.imm >> 63 else self.imm


@dataclass(frozen=True)
class Layout:
    """Offsets in the head of state: struct mb_cpu of core.h."""

    pc: int
    insns: int
    exit_request: int


@dataclass
class Fork:
    """An `if` that is open."""

    number: int
    dirty: frozenset[tuple[int, int]]
    has_else: bool = False
    then_end: str | None = None
    then_dirty: frozenset[tuple[int, int]] = frozenset()


def ranges(ops: Iterable[Op]) -> list[tuple[int, int]]:
    """Fields that are used, those that overlap as one: (first, end) in order."""
    spans = sorted({(o.imm, o.imm + o.width) for o in ops if o.code in ("get", "put")})
    merged: list[tuple[int, int]] = []
    for first, end in spans:
        if merged and first < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((first, end))
    return merged


def literal(op: Op) -> str:
    """A floating-point constant: LLVM writes both kinds as the bits of a double."""
    if op.type == "double":
        return f"0x{op.imm:016X}"
    (number,) = struct.unpack("<f", struct.pack("<I", op.imm & 0xFFFF_FFFF))
    return "0x" + struct.pack(">d", number).hex().upper()


BINARY = {"add": "add", "sub": "sub", "mul": "mul", "and": "and", "or": "or",
          "xor": "xor"}  # fmt: skip
SHIFTS = {"shl": "shl", "shr": "lshr", "sar": "ashr"}
COMPARES = {"eq": "eq", "ne": "ne", "ltu": "ult", "leu": "ule", "lts": "slt",
            "les": "sle"}  # fmt: skip
FLOATS = {"fadd": "fadd", "fsub": "fsub", "fmul": "fmul", "fdiv": "fdiv"}
COUNTS = {"clz": "ctlz", "ctz": "cttz"}
CONVERSIONS = {"s32tof": "sitofp", "s64tof": "sitofp", "u32tof": "uitofp",
               "f32to64": "fpext", "f64to32": "fptrunc", "sext32": "sext",
               "zext32": "zext", "trunc": "trunc", "bits32": "bitcast",
               "bits64": "bitcast", "float32": "bitcast",
               "float64": "bitcast"}  # fmt: skip
NAN_GUARDED = {*FLOATS, "fsqrt", "fma", "f32to64", "f64to32"}


@dataclass
class Writer:
    """The text of one function, as it grows."""

    ops: list[Op]
    layout: Layout
    precise: bool
    name: str
    lines: list[str] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)
    forks: list[Fork] = field(default_factory=list)
    dirty: frozenset[tuple[int, int]] = frozenset()
    block: str = "top"
    ended: bool = False
    insns: int = 0
    temporaries: int = 0
    values: dict[int, str] = field(default_factory=dict)

    # -- text
    def emit(self, line: str) -> None:
        self.lines.append("  " + line)

    def let(self, expression: str) -> str:
        """A new value."""
        self.temporaries += 1
        name = f"%t{self.temporaries}"
        self.emit(f"{name} = {expression}")
        return name

    def start(self, block: str) -> None:
        self.lines.append(f"{block}:")
        self.block, self.ended = block, False

    def call(self, result: str, function: str, *arguments: str) -> str:
        """A value by an intrinsic, declared."""
        types = ", ".join(argument.rsplit(" ", 1)[0] for argument in arguments)
        self.declared.add(f"declare {result} @llvm.{function}({types})")
        return self.let(f"call {result} @llvm.{function}({', '.join(arguments)})")

    def value(self, v: int) -> str:
        """An operand without its type."""
        op = self.ops[v]
        if op.code == "const":
            return str(op.imm & ((1 << INTEGER_BITS[op.type]) - 1))
        if op.code == "fconst":
            return literal(op)
        return self.values[v]

    def typed(self, v: int) -> str:
        value = self.value(v)
        return f"{self.ops[v].type} {value}"

    def truth(self, v: int) -> str:
        return self.let(f"icmp ne {self.typed(v)}, 0")

    # -- fields
    def slot(self, offset: int) -> str:
        """The address of a field's local variable."""
        first = next(f for f, end in ranges(self.ops) if f <= offset < end)
        return self.let(f"getelementptr i8, ptr %f{first}, i64 {offset - first}")

    def state(self, offset: int) -> str:
        return self.let(f"getelementptr i8, ptr %state, i64 {offset}")

    def copy(self, offset: int, width: int, volatile: str = "") -> None:
        """A field from its variable to state."""
        word = self.let(f"load i{8 * width}, ptr {self.slot(offset)}")
        at = self.state(offset)
        self.emit(f"store {volatile}i{8 * width} {word}, ptr {at}, align 1")

    def store_dirty(self) -> None:
        """Before what may fault."""
        if self.precise:
            for offset, width in sorted(self.dirty):
                self.copy(offset, width, "volatile ")
            self.dirty = frozenset()

    # -- the frame
    def function(self) -> str:
        body = [*self.prologue(), *self.body(), *self.epilogue()]
        weights = '!0 = !{!"branch_weights", i32 1, i32 100000}'
        return "\n".join([*body, *sorted(self.declared), weights, ""])

    def taken(self) -> list[str]:
        """The lines so far."""
        lines, self.lines = self.lines, []
        return lines

    def prologue(self) -> list[str]:
        self.lines = [
            f"define i64 @{self.name}(ptr noalias %state, ptr noalias %window) "
            "nounwind {", "entry:"]  # fmt: skip
        self.emit("%insns = alloca i64")
        for first, end in ranges(self.ops):
            self.emit(f"%f{first} = alloca [{end - first} x i8], align 16")
        for first, end in ranges(self.ops):
            bits = 8 * (end - first)
            at = self.state(first)
            word = self.let(f"load i{bits}, ptr {at}, align 1")
            self.emit(f"store i{bits} {word}, ptr %f{first}, align 1")
        at = self.state(self.layout.insns)
        word = self.let(f"load i64, ptr {at}")
        self.emit(f"store i64 {word}, ptr %insns")
        self.head("top")
        return self.taken()

    def head(self, onward: str) -> None:
        """Leave for the unit's start if somebody wants the CPU."""
        start = next(op.imm for op in self.ops if op.code == "insn")
        at = self.state(self.layout.exit_request)
        asked = self.let(f"load atomic i32, ptr {at} monotonic, align 4")
        wanted = self.let(f"icmp ne i32 {asked}, 0")
        self.temporaries += 1
        out = f"out{self.temporaries}"
        self.emit(f"br i1 {wanted}, label %{out}, label %{onward}, !prof !0")
        self.start(out)
        self.leave(str(start))

    def body(self) -> list[str]:
        self.start("top")
        for number, op in enumerate(self.ops):
            if number and op.code not in ("nop", "const", "fconst"):
                self.operation(number, op)
        return self.taken()

    def epilogue(self) -> list[str]:
        """Where nobody comes: fields are not needed."""
        for name, way in (("unaligned", UNALIGNED), ("nan", NAN)):
            self.start(name)
            self.emit(f"ret i64 {way}")
        self.lines.append("}")
        return self.taken()

    # -- operations
    def operation(self, number: int, op: Op) -> None:
        control: Callable[[int, Op], None] | None = getattr(self, f"op_{op.code}", None)
        if control:
            control(number, op)
            return
        result = self.pure(op)
        if op.code in NAN_GUARDED:
            self.leave_if(self.let(f"fcmp uno {op.type} {result}, {result}"), "nan")
        self.values[number] = result

    def leave_if(self, condition: str, to: str) -> None:
        self.temporaries += 1
        onward = f"b{self.temporaries}"
        self.emit(f"br i1 {condition}, label %{to}, label %{onward}, !prof !0")
        self.start(onward)

    def pure(self, op: Op) -> str:
        """What has no effect: its value."""
        for family in (self.integer, self.wide, self.floating):
            result = family(op)
            if result:
                return result
        raise UnsupportedError(op.code)

    def integer(self, op: Op) -> str | None:
        kind, code, inputs = op.type, op.code, op.inputs
        if code in BINARY:
            b = self.value(inputs[1])
            return self.let(f"{BINARY[code]} {self.typed(inputs[0])}, {b}")
        if code in SHIFTS or code == "ror":
            return self.shift(op)
        if code in COMPARES:
            b = self.value(inputs[1])
            bit = self.let(f"icmp {COMPARES[code]} {self.typed(inputs[0])}, {b}")
            return self.let(f"zext i1 {bit} to i32")
        if code == "not":
            return self.let(f"xor {self.typed(inputs[0])}, -1")
        if code == "neg":
            return self.let(f"sub {kind} 0, {self.value(inputs[0])}")
        if code in COUNTS:
            return self.call(kind, f"{COUNTS[code]}.{kind}", self.typed(inputs[0]),
                             "i1 false")  # fmt: skip
        if code in ("bswap", "popcount", "bitrev"):
            name = {"popcount": "ctpop", "bitrev": "bitreverse"}.get(code, code)
            return self.call(kind, f"{name}.{kind}", self.typed(inputs[0]))
        if code in ("sext8", "sext16"):
            low = self.let(f"trunc {self.typed(inputs[0])} to i{code[4:]}")
            return self.let(f"sext i{code[4:]} {low} to {kind}")
        if code == "select":
            bit = self.truth(inputs[0])
            a, b = self.typed(inputs[1]), self.typed(inputs[2])
            return self.let(f"select i1 {bit}, {a}, {b}")
        return None

    def shift(self, op: Op) -> str:
        a, count = self.typed(op.inputs[0]), self.value(op.inputs[1])
        if op.type == "i64":
            count = self.let(f"zext i32 {count} to i64")
        count = self.let(f"and {op.type} {count}, {INTEGER_BITS[op.type] - 1}")
        if op.code == "ror":
            return self.call(op.type, f"fshr.{op.type}", a, a, f"{op.type} {count}")
        return self.let(f"{SHIFTS[op.code]} {a}, {count}")

    def wide(self, op: Op) -> str | None:
        """What is computed in twice the width."""
        if op.code == "suboverflow":
            return self.subtract_overflow(op)
        if op.code not in ("mulhu", "mulhs", "carry", "overflow", "addc"):
            return None
        narrow = self.ops[op.inputs[0]].type
        bits = INTEGER_BITS[narrow]
        extend = "sext" if op.code in ("mulhs", "overflow") else "zext"
        a, b = (
            self.let(f"{extend} {self.typed(v)} to i{2 * bits}") for v in op.inputs[:2]
        )
        if op.code.startswith("mulh"):
            return self.high(self.let(f"mul i{2 * bits} {a}, {b}"), bits)
        carry = self.let(f"zext {self.typed(op.inputs[2])} to i{2 * bits}")
        total = self.let(f"add i{2 * bits} {a}, {b}")
        total = self.let(f"add i{2 * bits} {total}, {carry}")
        low = self.let(f"trunc i{2 * bits} {total} to i{bits}")
        if op.code == "addc":
            return low
        if op.code == "carry":
            high = self.high(total, bits)
            return high if bits == 32 else self.let(f"trunc i64 {high} to i32")
        again = self.let(f"sext i{bits} {low} to i{2 * bits}")
        bit = self.let(f"icmp ne i{2 * bits} {total}, {again}")
        return self.let(f"zext i1 {bit} to i32")

    def high(self, value: str, bits: int) -> str:
        upper = self.let(f"lshr i{2 * bits} {value}, {bits}")
        return self.let(f"trunc i{2 * bits} {upper} to i{bits}")

    def subtract_overflow(self, op: Op) -> str:
        kind = self.ops[op.inputs[0]].type
        a, b = (self.typed(v) for v in op.inputs[:2])
        pair = self.call(f"{{ {kind}, i1 }}", f"ssub.with.overflow.{kind}", a, b)
        bit = self.let(f"extractvalue {{ {kind}, i1 }} {pair}, 1")
        return self.let(f"zext i1 {bit} to i32")

    def floating(self, op: Op) -> str | None:
        kind, code, inputs = op.type, op.code, op.inputs
        suffix = {"float": "f32", "double": "f64"}.get(kind, kind)
        if code in CONVERSIONS:
            return self.let(f"{CONVERSIONS[code]} {self.typed(inputs[0])} to {kind}")
        if code in FLOATS:
            a, b = self.typed(inputs[0]), self.value(inputs[1])
            return self.let(f"{FLOATS[code]} {a}, {b}")
        if code == "fneg":
            return self.let(f"fneg {self.typed(inputs[0])}")
        if code in ("fabs", "fsqrt", "fma"):
            name = {"fsqrt": "sqrt"}.get(code, code)
            count = 3 if code == "fma" else 1
            arguments = [self.typed(v) for v in inputs[:count]]
            return self.call(kind, f"{name}.{suffix}", *arguments)
        return self.order(op) if code in ("fcmp", "fcmpe") else None

    def order(self, op: Op) -> str:
        """0 equal, 1 less, 2 greater, 3 unordered."""
        a, b = self.typed(op.inputs[0]), self.value(op.inputs[1])
        result = "3"
        for predicate, number in (("ogt", 2), ("olt", 1), ("oeq", 0)):
            bit = self.let(f"fcmp {predicate} {a}, {b}")
            result = self.let(f"select i1 {bit}, i32 {number}, i32 {result}")
        return result

    # -- state and memory
    def op_get(self, number: int, op: Op) -> None:
        if op.type == "v128":
            raise UnsupportedError("get of a vector")
        at = self.slot(op.imm)
        if op.type in ("i32", "i64") and 8 * op.width < INTEGER_BITS[op.type]:
            word = self.let(f"load i{8 * op.width}, ptr {at}, align 1")
            result = self.let(f"zext i{8 * op.width} {word} to {op.type}")
        else:
            result = self.let(f"load {op.type}, ptr {at}, align 1")
        self.values[number] = result

    def op_put(self, number: int, op: Op) -> None:
        kind, word = self.ops[op.inputs[0]].type, self.value(op.inputs[0])
        if kind == "v128":
            raise UnsupportedError("put of a vector")
        if 8 * op.width < INTEGER_BITS[kind]:
            word = self.let(f"trunc {kind} {word} to i{8 * op.width}")
            kind = f"i{8 * op.width}"
        at = self.slot(op.imm)
        self.emit(f"store {kind} {word}, ptr {at}, align 1")
        self.dirty |= {(op.imm, op.width)}

    def address(self, op: Op) -> str:
        """In host memory; alignment that is demanded is tested."""
        self.store_dirty()
        kind = self.ops[op.inputs[0]].type
        va = self.let(f"add {self.typed(op.inputs[0])}, {op.disp}")
        alignment = 4 if op.flags & WORD_ALIGNED else 1
        if op.flags & ALIGNED:
            alignment = op.width
        if alignment > 1:
            low = self.let(f"and {kind} {va}, {alignment - 1}")
            self.leave_if(self.let(f"icmp ne {kind} {low}, 0"), "unaligned")
        wide = self.let(f"zext {kind} {va} to i64") if kind == "i32" else va
        return self.let(f"getelementptr i8, ptr %window, i64 {wide}")

    @property
    def kept(self) -> str:
        """Accesses that may fault keep their order and are not left out."""
        return "volatile " if self.precise else ""

    def op_load(self, number: int, op: Op) -> None:
        if op.type == "v128":
            raise UnsupportedError("load of a vector")
        bits = 8 * op.width
        at = self.address(op)
        word = self.let(f"load {self.kept}i{bits}, ptr {at}, align 1")
        if op.flags & SWAP and bits > 8:
            word = self.call(f"i{bits}", f"bswap.i{bits}", f"i{bits} {word}")
        if op.type in ("float", "double"):
            word = self.let(f"bitcast i{bits} {word} to {op.type}")
        elif bits < INTEGER_BITS[op.type]:
            extend = "sext" if op.flags & SIGNED else "zext"
            word = self.let(f"{extend} i{bits} {word} to {op.type}")
        self.values[number] = word

    def op_store(self, number: int, op: Op) -> None:
        kind, word = self.ops[op.inputs[1]].type, self.value(op.inputs[1])
        if kind == "v128":
            raise UnsupportedError("store of a vector")
        bits = 8 * op.width
        if kind in ("float", "double"):
            word = self.let(f"bitcast {kind} {word} to i{bits}")
        elif bits < INTEGER_BITS[kind]:
            word = self.let(f"trunc {kind} {word} to i{bits}")
        if op.flags & SWAP and bits > 8:
            word = self.call(f"i{bits}", f"bswap.i{bits}", f"i{bits} {word}")
        at = self.address(op)
        self.emit(f"store {self.kept}i{bits} {word}, ptr {at}, align 1")

    # -- control
    def op_insn(self, number: int, op: Op) -> None:
        self.insns += 1

    def op_if(self, number: int, op: Op) -> None:
        bit = self.truth(op.inputs[0])
        self.emit(f"br i1 {bit}, label %then{number}, label %else{number}")
        self.forks.append(Fork(number, self.dirty))
        self.start(f"then{number}")

    def end_arm(self, fork: Fork) -> str | None:
        """The block that it ends in; None if it left."""
        if self.ended:
            return None
        self.emit(f"br label %end{fork.number}")
        return self.block

    def op_else(self, number: int, op: Op) -> None:
        fork = self.forks[-1]
        fork.then_dirty = frozenset() if self.ended else self.dirty
        fork.then_end = self.end_arm(fork)
        fork.has_else = True
        self.dirty = fork.dirty
        self.start(f"else{fork.number}")

    def op_endif(self, number: int, op: Op) -> None:
        fork = self.forks[-1]
        if not fork.has_else:
            self.op_else(number, op)
        self.forks.pop()
        else_dirty = frozenset() if self.ended else self.dirty
        else_end = self.end_arm(fork)
        self.dirty = fork.then_dirty | else_dirty
        if not (fork.then_end or else_end):
            self.ended = True
            return
        self.start(f"end{fork.number}")
        self.join(number, fork.then_end, else_end)

    def join(self, number: int, then_end: str | None, else_end: str | None) -> None:
        """The phis behind an endif, before anything else that stands there."""
        for v in range(number + 1, len(self.ops)):
            op = self.ops[v]
            if op.code not in ("phi", "put", "const", "fconst", "nop"):
                return
            if op.code == "phi":
                a, b = op.inputs[:2]
                self.values[v] = self.joined(op, a, then_end, b, else_end)

    def joined(
        self, op: Op, a: int, then_end: str | None, b: int, else_end: str | None
    ) -> str:
        if not (then_end and else_end):
            return self.value(a if then_end else b)
        arms = f"[ {self.value(a)}, %{then_end} ], [ {self.value(b)}, %{else_end} ]"
        return self.let(f"phi {op.type} {arms}")

    def op_phi(self, number: int, op: Op) -> None:
        """Made by the endif before it."""

    def count(self) -> None:
        was = self.let("load i64, ptr %insns")
        now = self.let(f"add i64 {was}, {self.insns}")
        self.emit(f"store i64 {now}, ptr %insns")

    def op_exit(self, number: int, op: Op) -> None:
        self.count()
        if op.imm == next(other.imm for other in self.ops if other.code == "insn"):
            self.store_dirty()
            self.head("top")
        else:
            self.leave(str(op.imm))
        self.ended = True

    def op_jump(self, number: int, op: Op) -> None:
        self.count()
        self.leave(self.value(op.inputs[0]))
        self.ended = True

    def op_call(self, number: int, op: Op) -> None:
        """A trap leaves; what it does then is the same C for both back ends."""
        if op.effects != EXITS:
            raise UnsupportedError("a call of a helper")
        self.count()
        self.leave("0", TRAP)
        self.ended = True

    def leave(self, pc: str, way: int = LEFT) -> None:
        """Every field that the unit may have changed goes to state."""
        for offset, width in sorted(self.changed):
            self.copy(offset, width)
        word = self.let("load i64, ptr %insns")
        for number, offset in ((word, self.layout.insns), (pc, self.layout.pc)):
            at = self.state(offset)
            self.emit(f"store i64 {number}, ptr {at}")
        self.emit(f"ret i64 {way}")

    @property
    def changed(self) -> set[tuple[int, int]]:
        return {(op.imm, op.width) for op in self.ops if op.code == "put"}


def text(ops: list[Op], layout: Layout, precise: bool, name: str) -> str:
    """The module; UnsupportedError if an operation is none that is translated."""
    return Writer(ops, layout, precise, name).function()
