"""`python -m benchmarks.llvm`: our own back end and LLVM's as that of the second tier.

A workload's function is run on a flat memory (`llvm.c`), its hottest unit found, and
the longest stay in that unit taken: state and memory as they are where it begins. From
there both run, from the same optimised IR: our code, through the window, and LLVM's at
O2 for the host's CPU (`llvm_ir.py`), with and without precise state. State and memory
must be equal afterwards. Times are of the thread's CPU, without what the measurement
itself takes.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cffi

from benchmarks import guests, llvm_ir
from machinebuilder.boot import elf
from machinebuilder.machine import symbols
from machinebuilder.native import directories

ROOT = Path(__file__).parents[1]
ENGINE = ROOT / "machinebuilder" / "engine"
FLAGS = ("-std=gnu11", "-O2", "-fPIC", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
         "-fno-omit-frame-pointer", "-Wno-unused-parameter",
         "-Wno-missing-field-initializers")  # fmt: skip
LINK = ("-shared", "-fPIC", "-Wl,-Bsymbolic")
"""Its own functions, not those of an engine in the process."""
DECLARATIONS = """
struct mb_op {
    uint16_t code; uint8_t type, width, flags, argc; uint16_t mark;
    uint32_t in[3]; uint64_t imm;
};
struct mb_helper { const char *name; void *function; uint8_t effects, result; };
uint8_t *llvm_reset(const char *isa);
uint8_t *llvm_state(void);
uint32_t llvm_state_size(void);
int64_t llvm_field(const char *name);
uint32_t llvm_head(const char *name);
bool llvm_run(uint64_t end, uint64_t pc, uint32_t flags, uint64_t entry);
bool llvm_hottest(uint64_t *pc, uint32_t *flags, uint64_t *entry);
const struct mb_op *llvm_ir(uint64_t pc, uint32_t flags, uint32_t *count);
int64_t llvm_generate(uint64_t pc, uint32_t flags, uint32_t *bytes);
void llvm_save(void);
int64_t llvm_time(uint64_t pc, uint32_t flags, void *other, unsigned times,
                  int64_t *way);
int64_t llvm_nothing(void *cpu, uint8_t *window);
"""
RETURN, STACK, STACK_SIZE = 0x7FFF_0000, 0x7000_0000, 0x1_0000
WORKLOADS = {"multiply": 4, "modular": 1, "crc32": 2, "sha256": 2, "state_machine": 2,
             "sieve": 2, "sort": 1, "matmul_int": 1, "matmul_double": 1,
             "list": 40}  # fmt: skip
"""And how many rounds find the hottest unit."""
NEEDS_TRAPS = {("sparc", "sort")}
"""Deeper calls than there are register windows."""


def compile_machine(folder: Path) -> Path:
    """The C part with the engine's code generator and the cores that were built."""
    library = folder / "llvm.so"
    generate = [sys.executable, "-m", "machinebuilder.engine.generate", str(folder)]
    subprocess.run(generate, check=True, cwd=ROOT)
    cores = next(path for path in directories("cores") if path.is_dir())
    patterns = ("ir*.c", "interpret*.c", "passes/*.c", "x86_64/*.c")
    sources = [path for pattern in patterns for path in sorted(ENGINE.glob(pattern))]
    for isa in ("arm", "sparc"):
        sources += sorted(cores.glob(f"mbcore_{isa}.so.p/*.o"))
    include = [f"-I{path}" for path in (folder, ENGINE, cores)]
    whole, rest = folder / "whole.o", folder / "rest.c"
    words = [*FLAGS, *include, str(Path(__file__).with_suffix(".c")),
             str(folder / "ir_ops.c"), *map(str, sources)]  # fmt: skip
    subprocess.run(["gcc", "-r", "-o", str(whole), *words], check=True)
    rest.write_text(stand_ins(whole))
    words = [*LINK, str(whole), str(rest), "-lm", "-o", str(library)]
    subprocess.run(["gcc", *words], check=True)
    return library


def stand_ins(file: Path) -> str:
    """For what a function that calls no system does not need of the engine."""
    words = ["nm", "--undefined-only", "--format=just-symbols", str(file)]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    names = [name for name in said.split() if name.startswith("mb_")]
    return "".join(f"void {name}(void) {{ __builtin_trap(); }}\n" for name in names)


@dataclass(frozen=True)
class Spot:
    """A unit, and the time it is entered that counts."""

    pc: int
    flags: int
    entry: int


@dataclass(frozen=True)
class Program:
    """A function of a guest's program, to be called with `argument`."""

    isa: str
    image: elf.Elf
    address: int
    argument: int

    @classmethod
    def load(cls, isa: str, path: Path, function: str, argument: int) -> Program:
        """From an ELF file that was linked to fixed addresses."""
        names = symbols.Symbols.load(path)
        address = names.addresses[names.names.index(function)]
        return cls(isa, elf.parse(path.read_bytes()), address, argument)

    def spans(self) -> list[tuple[int, int]]:
        """The memory it has: (address, size)."""
        own = [(part.virtual, part.size) for part in self.image.segments]
        return [*own, (STACK, STACK_SIZE)]


class Machine:
    """A CPU on a flat memory; there is one in a process."""

    def __init__(self, library: Path) -> None:
        self.ffi: Any = cffi.FFI()
        self.ffi.cdef(DECLARATIONS)
        self.lib: Any = self.ffi.dlopen(str(library))
        self.memory: Any = None

    def start(self, program: Program) -> None:
        """The CPU at the function's first instruction, its memory loaded."""
        self.memory = self.lib.llvm_reset(program.isa.encode())
        for part in program.image.segments:
            self.ffi.memmove(self.memory + part.virtual, part.data, len(part.data))
        self.put("pc", program.address, 8)
        top = STACK + STACK_SIZE - 256
        stack, link, argument, back = (
            (13, 14, 0, 0) if program.isa == "arm" else (14, 15, 8, 8)
        )
        for register, word in (
            (stack, top), (link, RETURN - back), (argument, program.argument)
        ):  # fmt: skip
            self.put("r", word, 4, register)

    def put(self, field: str, word: int, size: int, index: int = 0) -> None:
        """A field of the CPU's state by name; pc is at its head."""
        offset = 0 if field == "pc" else self.lib.llvm_field(field.encode())
        at = self.lib.llvm_state() + offset + size * index
        self.ffi.memmove(at, word.to_bytes(size, "little"), size)

    def state(self) -> bytes:
        """All of it."""
        state, size = self.lib.llvm_state(), self.lib.llvm_state_size()
        return bytes(self.ffi.buffer(state, size))

    def insns(self) -> int:
        """Instructions that the CPU has done."""
        at = self.lib.llvm_head(b"insns")
        return int.from_bytes(self.state()[at : at + 8], "little")

    def copy_memory(self, program: Program) -> list[bytes]:
        """What is in the program's memory."""
        return [bytes(self.ffi.buffer(self.memory + address, size))
                for address, size in program.spans()]  # fmt: skip

    def restore_memory(self, program: Program, parts: list[bytes]) -> None:
        """What was copied, back."""
        for (address, size), part in zip(program.spans(), parts, strict=True):
            self.ffi.memmove(self.memory + address, part, size)

    def hottest(self, program: Program) -> Spot:
        """Run all of it; LookupError if no unit of it goes round."""
        self.start(program)
        self.lib.llvm_run(RETURN, 0, 0, 0)
        if int.from_bytes(self.state()[:8], "little") != RETURN:
            raise LookupError("it does not come back")
        pc, flags, entry = (
            self.ffi.new(kind) for kind in ("uint64_t *", "uint32_t *", "uint64_t *")
        )
        if not self.lib.llvm_hottest(pc, flags, entry):
            raise LookupError("no unit goes round by itself for long")
        return Spot(pc[0], flags[0], entry[0])

    def go_to(self, program: Program, spot: Spot) -> None:
        """Run from the start to that entry, and save the CPU's state there."""
        self.start(program)
        if not self.lib.llvm_run(RETURN, spot.pc, spot.flags, spot.entry):
            raise LookupError("the second run was unlike the first")
        self.lib.llvm_save()

    def ir(self, spot: Spot) -> list[llvm_ir.Op]:
        """The unit's operations, optimised."""
        count = self.ffi.new("uint32_t *")
        ops = self.lib.llvm_ir(spot.pc, spot.flags, count)
        return [self.op(op) for op in ops[0 : count[0]]]

    def op(self, op: Any) -> llvm_ir.Op:
        """One of them."""
        code, effects = llvm_ir.CODES[op.code], 0
        if code == "call":
            effects = self.ffi.cast("struct mb_helper *", op.imm).effects
        return llvm_ir.Op(code, llvm_ir.TYPES[op.type], op.width, op.flags,
                          tuple(getattr(op, "in")), op.imm, effects)  # fmt: skip

    def layout(self) -> llvm_ir.Layout:
        """Of the head of state."""
        names = (b"pc", b"insns", b"exit_request")
        return llvm_ir.Layout(*(self.lib.llvm_head(name) for name in names))

    def generate(self, spot: Spot, times: int) -> tuple[float, int]:
        """Our translation: median microseconds from IR to code; bytes."""
        size = self.ffi.new("uint32_t *")
        taken = [self.lib.llvm_generate(spot.pc, spot.flags, size)
                 for _ in range(times)]  # fmt: skip
        return statistics.median(taken) / 1000, size[0]

    def run(self, spot: Spot, code: Any, times: int) -> float:
        """Nanoseconds for each of `times` from the saved state on; code None: ours."""
        way = self.ffi.new("int64_t *")
        pointer = self.ffi.cast("void *", code or 0)
        taken = self.lib.llvm_time(spot.pc, spot.flags, pointer, times, way)
        if code and way[0] != llvm_ir.LEFT:
            raise RuntimeError(f"LLVM's code left by a fault ({way[0]})")
        return float(taken) / times


@dataclass(frozen=True)
class Native:
    """LLVM's code for a unit."""

    address: int
    size: int
    microseconds: float


class Llvm:
    """LLVM for the host's CPU, and what it made."""

    def __init__(self, level: int = 2) -> None:
        import llvmlite.binding as binding

        self.level = level

        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        self.binding: Any = binding
        self.target: Any = self.new_target()
        empty = binding.parse_assembly("")
        self.engine: Any = binding.create_mcjit_compiler(empty, self.new_target())
        self.made = 0

    def new_target(self) -> Any:
        """Code for this host."""
        target = self.binding.Target.from_default_triple()
        return target.create_target_machine(
            cpu=self.binding.get_host_cpu_name(),
            features=self.binding.get_host_cpu_features().flatten(), opt=self.level,
            jit=True,
        )  # fmt: skip

    def optimise(self, text: str) -> tuple[bytes, float]:
        """An object file, and the microseconds from parsed IR to it."""
        module = self.binding.parse_assembly(text)
        module.verify()
        options = self.binding.create_pipeline_tuning_options(speed_level=self.level)
        builder = self.binding.create_pass_builder(self.target, options)
        passes = builder.getModulePassManager()
        began = time.thread_time_ns()
        passes.run(module, builder)
        code = self.target.emit_object(module)
        return code, (time.thread_time_ns() - began) / 1000

    def compile(self, ops: list[llvm_ir.Op], layout: llvm_ir.Layout, precise: bool,
                times: int) -> Native:  # fmt: skip
        """A unit; its translation is timed so many times."""
        self.made += 1
        name = f"unit{self.made}"
        text = llvm_ir.text(ops, layout, precise, name)
        tries = [self.optimise(text) for _ in range(times)]
        file = self.binding.ObjectFileRef.from_data(tries[0][0])
        size = sum(part.size() for part in file.sections()
                   if part.is_text())  # fmt: skip
        self.engine.add_object_file(file)
        self.engine.finalize_object()
        address = self.engine.get_function_address(name)
        return Native(address, size, statistics.median(taken for _, taken in tries))


@dataclass(frozen=True)
class Figures:
    """Of one back end: nanoseconds for a guest instruction, of translation, bytes."""

    ns: float
    microseconds: float
    size: int


class DifferentError(AssertionError):
    """The two back ends did not do the same."""


def outcome(
    machine: Machine, program: Program, spot: Spot, code: int | None,
    before: list[bytes], times: int,
) -> tuple[bytes, list[bytes]]:  # fmt: skip
    """State and memory after `times` runs that begin with memory as it was."""
    machine.restore_memory(program, before)
    machine.run(spot, code, times)
    return machine.state(), machine.copy_memory(program)


def compare(
    machine: Machine, llvm: Llvm, program: Program, runs: int = 7, tries: int = 5
) -> tuple[int, int, list[Figures]]:
    """Instructions of the unit and of a stay in it; ours, LLVM's, LLVM's if precise."""
    spot = machine.hottest(program)
    machine.go_to(program, spot)
    before, began = machine.copy_memory(program), machine.insns()
    ops, layout = machine.ir(spot), machine.layout()
    natives = [llvm.compile(ops, layout, precise, tries) for precise in (False, True)]
    codes = [None, *(native.address for native in natives)]
    expected = outcome(machine, program, spot, None, before, 1)
    stay = machine.insns() - began
    for times in (1, 3):
        expected = outcome(machine, program, spot, None, before, times)
        for code in codes[1:]:
            if outcome(machine, program, spot, code, before, times) != expected:
                raise DifferentError(f"{program.isa} unit at {spot.pc:#x}")
    ns = quickest(machine, program, spot, codes, before, runs)
    ours = machine.generate(spot, 4 * tries)
    figures = [Figures(ns[0] / stay, *ours)]
    figures += [Figures(taken / stay, native.microseconds, native.size)
                for taken, native in zip(ns[1:], natives, strict=True)]  # fmt: skip
    return sum(op.code == "insn" for op in ops), stay, figures


def quickest(
    machine: Machine, program: Program, spot: Spot, codes: list[int | None],
    before: list[bytes], runs: int,
) -> list[float]:  # fmt: skip
    """Nanoseconds of a stay by each code: the least of `runs` of 5 ms, in turn."""
    nothing = int(machine.ffi.cast(
        "intptr_t", machine.ffi.addressof(machine.lib, "llvm_nothing")))  # fmt: skip
    machine.restore_memory(program, before)
    times = max(3, int(5e6 / machine.run(spot, None, 3)))
    overhead = min(machine.run(spot, nothing, times) for _ in range(runs))
    rounds = []
    for _ in range(runs):
        row = []
        for code in codes:
            machine.restore_memory(program, before)
            row.append(machine.run(spot, code, times) - overhead)
        rounds.append(row)
    return [min(column) for column in zip(*rounds, strict=True)]


HEADER = """\
| unit of | insns | ours: ns, us, bytes | LLVM: ns, us, bytes | ratio | \
LLVM precise: ns, us, bytes | ratio |
|---|---|---|---|---|---|---|"""


def row(name: str, insns: int, figures: list[Figures]) -> str:
    """A line of the table; a ratio above 1: LLVM's code is faster."""
    cells = [f"{f.ns:.3f}, {f.microseconds:.0f}, {f.size}" for f in figures]
    ratios = [f"{figures[0].ns / f.ns:.2f}" for f in figures]
    return (f"| {name} | {insns} | {cells[0]} | {cells[1]} | {ratios[1]} "
            f"| {cells[2]} | {ratios[2]} |")  # fmt: skip


def mean(ratios: list[float]) -> float:
    """Geometric."""
    return statistics.geometric_mean(ratios) if ratios else 0.0


def main() -> int:
    """Measure and print; 1 if the back ends differ."""
    parser = argparse.ArgumentParser(prog="benchmarks.llvm", description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="of which the quickest")
    parser.add_argument("--level", type=int, default=2, help="LLVM's O1, O2, O3")
    parser.add_argument("workload", nargs="*", help="of " + ", ".join(WORKLOADS))
    wanted = parser.parse_args()
    llvm = Llvm(wanted.level)
    ratios: list[tuple[float, float, float]] = []
    print(HEADER)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        machine = Machine(compile_machine(folder))
        for isa, guest_of in (("arm", guests.arm), ("sparc", guests.sparc)):
            guest, path = guest_of(folder), folder / isa
            guests.build(guest, path)
            for workload in wanted.workload or WORKLOADS:
                if (isa, workload) in NEEDS_TRAPS:
                    continue
                program = Program.load(isa, path, workload, WORKLOADS[workload])
                try:
                    insns, _, found = compare(machine, llvm, program, wanted.runs)
                except (LookupError, llvm_ir.UnsupportedError) as error:
                    print(f"| {isa} {workload} | {error} |")
                    continue
                print(row(f"{isa} {workload}", insns, found), flush=True)
                ratios.append((found[0].ns / found[1].ns, found[0].ns / found[2].ns,
                               found[1].microseconds / found[0].microseconds,
                               ))  # fmt: skip
    if not ratios:
        return 1
    fast, precise, slow = (mean(list(column)) for column in zip(*ratios, strict=True))
    print(f"means: LLVM's code {fast:.2f} times as fast as ours, {precise:.2f} when "
          f"precise; its translation takes {slow:.0f} times as long")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
