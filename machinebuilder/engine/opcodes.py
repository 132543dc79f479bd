"""The IR's operations: the one table that enum, builder, printer, verifier,
interpreter and documentation are generated from (see `generate.py`).

Types: i32 i64 f32 f64 v128; `T` is i32 or i64, `F` is f32 or f64, one type for all of a
row's `T`s (or `F`s). Truth values are i32 0 or 1. A row's `c` is the C expression
of its value in terms of `a`, `b`, `c` (unsigned operands; `S(x)` is the signed view and
`BITS` the width of T): the interpreter and the constant folder are made from it.
Names in lower case that end in BITS are functions of `ir_eval.h`. With `lanes`, `c` is
the value of one lane of that many bits, and `imm` the immediate.
Rows without `c` are written by hand in the interpreter.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Op:
    """One operation: `sig` is "inputs -> result"; `aux` names its immediates."""

    name: str
    sig: str
    doc: str
    c: str | None = None
    aux: tuple[str, ...] = ()
    effect: str = ""  # "", "reads", "writes", "memory", "control", "call", "fp"
    lanes: int = 0


OPS: tuple[Op, ...] = (
    Op("nop", "->", "nothing; what passes leave behind"),
    # -- constants and guest state
    Op("const", "-> T", "an integer constant", aux=("imm64",)),
    Op("fconst", "-> F", "a floating-point constant, as bits", aux=("imm64",)),
    Op("get", "-> any", "read a state field; 1- and 2-byte fields are zero-extended",
       aux=("offset", "width"), effect="reads"),
    Op("put", "any ->", "write the low `width` bytes to a state field",
       aux=("offset", "width"), effect="writes"),
    # -- integers
    Op("add", "T T -> T", "sum, wrapping", "a + b"),
    Op("sub", "T T -> T", "difference, wrapping", "a - b"),
    Op("mul", "T T -> T", "low half of the product", "a * b"),
    Op("mulhu", "T T -> T", "high half of the unsigned product",
       "mulhu_BITS(a, b)"),
    Op("mulhs", "T T -> T", "high half of the signed product",
       "mulhs_BITS(a, b)"),
    Op("divu", "T T -> T", "unsigned quotient; 0 if b is 0", "b ? a / b : 0"),
    Op("divs", "T T -> T", "signed quotient to zero; 0 if b is 0; INT_MIN / -1 wraps",
       "divs_BITS(a, b)"),
    Op("remu", "T T -> T", "unsigned remainder; a if b is 0", "b ? a % b : a"),
    Op("rems", "T T -> T", "signed remainder; a if b is 0; INT_MIN % -1 is 0",
       "rems_BITS(a, b)"),
    Op("and", "T T -> T", "", "a & b"),
    Op("or", "T T -> T", "", "a | b"),
    Op("xor", "T T -> T", "", "a ^ b"),
    Op("not", "T -> T", "", "~a"),
    Op("neg", "T -> T", "", "0 - a"),
    Op("shl", "T i32 -> T", "left shift; the count is taken modulo the width",
       "a << (b & (BITS - 1))"),
    Op("shr", "T i32 -> T", "logical right shift, count modulo the width",
       "a >> (b & (BITS - 1))"),
    Op("sar", "T i32 -> T", "arithmetic right shift, count modulo the width",
       "S(a) >> (b & (BITS - 1))"),
    Op("ror", "T i32 -> T", "rotate right, count modulo the width",
       "(a >> (b & (BITS - 1))) | (a << (-b & (BITS - 1)))"),
    Op("clz", "T -> T", "leading zeros; the width if a is 0", "clz_BITS(a)"),
    Op("ctz", "T -> T", "trailing zeros; the width if a is 0", "ctz_BITS(a)"),
    Op("popcount", "T -> T", "number of ones", "popcount_BITS(a)"),
    Op("bswap", "T -> T", "bytes reversed", "bswap_BITS(a)"),
    Op("bitrev", "T -> T", "bits reversed", "bitrev_BITS(a)"),
    Op("sext8", "T -> T", "low byte, sign-extended", "(T)(int8_t)a"),
    Op("sext16", "T -> T", "low 16 bits, sign-extended", "(T)(int16_t)a"),
    Op("sext32", "i32 -> i64", "", "(uint64_t)(int64_t)(int32_t)a"),
    Op("zext32", "i32 -> i64", "", "(uint64_t)(uint32_t)a"),
    Op("trunc", "i64 -> i32", "low half", "(uint32_t)a"),
    # -- flags: compare and add-with-carry are operations, so that dead ones vanish and
    #    live ones fuse with the host's own flags
    Op("addc", "T T i32 -> T", "a + b + carry-in (0 or 1)", "a + b + c"),
    Op("carry", "T T i32 -> i32", "carry out of a + b + c",
       "carry_BITS(a, b, c)"),
    Op("overflow", "T T i32 -> i32", "signed overflow of a + b + c",
       "overflow_BITS(a, b, c)"),
    Op("suboverflow", "T T -> i32", "signed overflow of a - b",
       "((a ^ b) & (a ^ (T)(a - b))) >> (BITS - 1)"),
    Op("eq", "T T -> i32", "", "a == b"),
    Op("ne", "T T -> i32", "", "a != b"),
    Op("ltu", "T T -> i32", "unsigned a < b", "a < b"),
    Op("leu", "T T -> i32", "unsigned a <= b", "a <= b"),
    Op("lts", "T T -> i32", "signed a < b", "S(a) < S(b)"),
    Op("les", "T T -> i32", "signed a <= b", "S(a) <= S(b)"),
    Op("select", "i32 any any -> any", "b if a is not 0, else c", "a ? b : c"),
    # -- memory: aux `width` in bytes; `flags` are MB_MEM_* (sign, align, swap ...).
    #    The address is T (32-bit guests use i32, and wrap) plus the constant `disp`.
    Op("load", "T -> any", "guest memory, zero-extended unless MB_MEM_SIGNED",
       aux=("width", "flags", "disp"), effect="memory"),
    Op("store", "T any ->", "guest memory",
       aux=("width", "flags", "disp"), effect="memory"),
    Op("cas", "T any any -> any", "atomic: if memory is b, write c; gives the old one",
       aux=("width", "flags", "disp"), effect="memory"),
    Op("swap", "T any -> any", "atomic exchange; gives the old value",
       aux=("width", "flags", "disp"), effect="memory"),
    Op("fence", "->", "full memory barrier", effect="memory"),
    # -- control
    Op("insn", "->", "a guest instruction starts here: its pc, for faults and counting",
       aux=("imm64",), effect="control"),
    Op("if", "i32 ->", "the ops to else or endif run if a is not 0", effect="control"),
    Op("else", "->", "", effect="control"),
    Op("endif", "->", "", effect="control"),
    Op("phi", "any any -> any", "directly after endif: a if the `if` arm ran, b if not",
       effect="control"),
    Op("exit", "->", "leave for the constant guest pc `imm64`, linked directly",
       aux=("imm64",), effect="control"),
    Op("jump", "i64 ->", "leave for a computed pc through the jump cache",
       effect="control"),
    Op("leave", "->", "leave to the run loop; pc and key are already in state",
       effect="control"),
    Op("call", "any* -> any", "call a C helper: first argument is the state pointer",
       aux=("helper",), effect="call"),
    # -- floating point: IEEE on the host's SSE with the guest's rounding (MXCSR) and
    #    sticky flags; a NaN result is recomputed by the core's nan hook
    Op("fadd", "F F -> F", "", effect="fp"), Op("fsub", "F F -> F", "", effect="fp"),
    Op("fmul", "F F -> F", "", effect="fp"), Op("fdiv", "F F -> F", "", effect="fp"),
    Op("fsqrt", "F -> F", "", effect="fp"),
    Op("fma", "F F F -> F", "a * b + c, rounded once", effect="fp"),
    Op("fneg", "F -> F", "sign bit flipped, NaN too"),
    Op("fabs", "F -> F", "sign bit cleared, NaN too"),
    Op("fcmp", "F F -> i32", "0 equal, 1 less, 2 greater, 3 unordered; invalid on SNaN",
       effect="fp"),
    Op("fcmpe", "F F -> i32", "the same, invalid on any NaN", effect="fp"),
    Op("f32to64", "f32 -> f64", "", effect="fp"),
    Op("f64to32", "f64 -> f32", "", effect="fp"),
    Op("s32tof", "i32 -> F", "", effect="fp"),
    Op("u32tof", "i32 -> F", "", effect="fp"),
    Op("s64tof", "i64 -> F", "", effect="fp"),
    Op("ftos32", "F -> i32", "toward zero; saturates, NaN gives 0; invalid raised",
       effect="fp"),
    Op("ftou32", "F -> i32", "toward zero; saturates, NaN gives 0; invalid raised",
       effect="fp"),
    Op("bits32", "f32 -> i32", "bit pattern"),
    Op("bits64", "f64 -> i64", "bit pattern"),
    Op("float32", "i32 -> f32", "from a bit pattern"),
    Op("float64", "i64 -> f64", "from a bit pattern"),
    # -- vectors: v128; an 8-byte state field or load reads with the upper half zero.
    #    Lane-wise rows come in the lane widths named by the suffix.
    Op("vzero", "-> v128", ""),
    Op("vpair", "i64 i64 -> v128", "low and high half"),
    Op("vlow", "v128 -> i64", "low half"), Op("vhigh", "v128 -> i64", "high half"),
    *(Op(f"v{op}{n}", "v128 v128 -> v128", "", c, lanes=n)
      for op, c in (("add", "a + b"), ("sub", "a - b")) for n in (8, 16, 32, 64)),
    *(Op(f"vmul{n}", "v128 v128 -> v128", "low half of each product", "a * b", lanes=n)
      for n in (8, 16, 32)),
    *(Op(f"v{op}", "v128 v128 -> v128", c, c, lanes=64) for op, c in (
        ("and", "a & b"), ("or", "a | b"), ("xor", "a ^ b"), ("andn", "a & ~b"),
        ("orn", "a | ~b"))),
    Op("vnot", "v128 -> v128", "", "~a", lanes=64),
    *(Op(f"v{op}{n}", "v128 v128 -> v128", "all ones where true", f"{c} ? -1 : 0",
         lanes=n)
      for op, c in (("eq", "a == b"), ("gts", "S(a) > S(b)"), ("gtu", "a > b"),
                    ("ges", "S(a) >= S(b)"), ("geu", "a >= b")) for n in (8, 16, 32)),
    *(Op(f"v{op}{n}", "v128 v128 -> v128", "", f"{c} ? a : b", lanes=n)
      for op, c in (("mins", "S(a) < S(b)"), ("maxs", "S(a) > S(b)"),
                    ("minu", "a < b"), ("maxu", "a > b")) for n in (8, 16, 32)),
    *(Op(f"vdup{n}", "T -> v128", "the low n bits in every lane")
      for n in (8, 16, 32, 64)),
    *(Op(f"vshl{n}", "v128 -> v128", "every lane left by imm",
         "imm < BITS ? a << imm : 0", aux=("imm64",), lanes=n)
      for n in (8, 16, 32, 64)),
    *(Op(f"vshr{n}", "v128 -> v128", "every lane right by imm, zeros",
         "imm < BITS ? a >> imm : 0", aux=("imm64",), lanes=n)
      for n in (8, 16, 32, 64)),
    *(Op(f"vsar{n}", "v128 -> v128", "every lane right by imm, sign",
         "S(a) >> (imm < BITS ? imm : BITS - 1)", aux=("imm64",), lanes=n)
      for n in (8, 16, 32, 64)),
    Op("vext", "v128 v128 -> v128", "bytes imm.. of b:a (b is the upper), imm <= 16",
       aux=("imm64",)),
)
