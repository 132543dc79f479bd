"""What is wrong with a description is said with its place, and all of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.isa.author import errors_of

# The body of one instruction, starting at line 6 -> the error. `@` marks the place.
BODIES = {
    "cpu.r[a] = @cpu.x[0] + cpu.r[b]": "u64 and u32 do not mix",
    "@cpu.r[a] = cpu.x[0]": "u32 wanted, not u64: convert it",
    "cpu.r[a] = @cpu.q1": "ToyState has no q1",
    "@cpu.r[16] = u32(0)": "cpu.r has 16 elements, no 16",
    "@cpu.r[cpu.r[a]] = u32(0)": "cpu.r is indexed by static numbers, not u32",
    "@cpu.pc = a": "the pc is changed by cpu.branch(target)",
    "x = @[1, 2]": "the language has no List expression",
    "x = @1.5": "the language has no constants like 1.5",
    "@with cpu: pass": "the language has no with statement",
    "@try:\n        pass\n    finally:\n        pass": "the language has no try",
    "x = @nothing": "nothing is not defined",
    "while @cpu.n: pass": "a while loop's condition must be static",
    "for i in @cpu.r: pass": "a loop goes over range(...) or a tuple",
    "for i in @range(cpu.r[a]): pass": "range takes one to three static numbers",
    "if cpu.n:\n        @return": "return inside a dynamic if",
    "if cpu.n:\n        x = 1\n    else:\n        x = 2\n    u8(@x)": "give it a width",
    "if cpu.n:\n        x = u32(1)\n    y = @x": "x is not assigned on every path",
    "x = @a if cpu.n else b": "two static values chosen at run time",
    "cpu.r[a] = @cpu.load(imm, 0)": "a type such as u32 wanted, not a static number",
    "cpu.r[a] = @cpu.load(u32, 0, aligned=cpu.n)": "aligned must be static",
    "@cpu.branch_if(cpu.n, cpu.r[a])": "takes a static target",
    "@cpu.store(u32, 0)": "takes (type, address, value, aligned, user, word_aligned)",
    "if @cpu.has('wings'): pass": "no feature 'wings'",
    "assert @a == 1 and 0": "assertion fails",
    "x = @popcount(a, b)": "popcount takes 1 arguments",
    "x = @ror(u8(cpu.r[a]), 3)": "ror works on 32 and 64 bits",
    "x = @fadd(cpu.r[a], cpu.r[b])": "floats of one type wanted, not u32",
    "x = @f32(cpu.r[a])": "converts between float formats",
    "x = (1, 2)[@7]": "index 7 of a tuple of 2",
    "x, y = @1": "",
    "x = @print(a)": "'print' cannot be called in the language",
    "x = @again(cpu, a)": "again calls itself",
    "x = @either(cpu, a)": "either: too many positional arguments",
}


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.split("\n")[-1][:40])
def test_a_mistake_is_reported_where_it_is(tmp_path: Path, body: str) -> None:
    source = (
        "@insns(P)\ndef wrong(cpu, a, b, imm):\n    "
        + body.replace("@", "")
        + "\n\ndef again(cpu, a):\n    return again(cpu, a)\n"
        "def either(cpu):\n    return 1\n"
    )
    found = errors_of(tmp_path / "careless.py", source)
    assert len(found) == 1, found
    if BODIES[body]:
        assert BODIES[body] in found[0]
    before = body[: body.index("@")]
    line = 6 + before.count("\n")
    if "again" not in body:
        assert found[0].startswith(f"{line}:"), found
    assert body.count("@") == 1


def test_all_errors_come_at_once(tmp_path: Path) -> None:
    found = errors_of(
        tmp_path / "careless.py",
        """
        @insns("0000 a:4 imm:24")
        def one(cpu, a):
            cpu.r[a] = 1.5
        @insns("0001 a:4 imm:24")
        def two(cpu, a):
            cpu.r[a] = cpu.x[0]
        """,
    )
    assert [error.split(":")[0] for error in found] == ["7", "10"]


def test_types_that_hang_on_a_wide_field_are_refused(tmp_path: Path) -> None:
    found = errors_of(
        tmp_path / "careless.py",
        """
        @insns(P)
        def wrong(cpu, a, imm):
            value = cpu.x[0] if imm == 7 else cpu.r[0]
        """,
    )
    assert found == [
        "7:13: wrong: u64 on one path, u32 on the other; this depends on imm"
    ]


@pytest.mark.parametrize(
    ("declaration", "message"),
    {
        '@insns("0000 a:4")': "pattern has 8 bits, not 16 or 32",
        '@insns("0000 a:4 2222" + " x" * 24)': "not a pattern from ' 2222",
        '@insns("0000 d:4 imm:24")': "wrong takes 'a', which is no field",
        "@insns(P, where=lambda q: q)": "where looks at 'q', which is no field",
        '@insns(P, asm="op {a,imm:x}")': "no formatter 'x'",
    }.items(),
)
def test_a_wrong_declaration_is_reported(
    tmp_path: Path, declaration: str, message: str
) -> None:
    found = errors_of_declaration(
        tmp_path, declaration + "\ndef wrong(cpu, a):\n    pass\n"
    )
    assert message in found


def errors_of_declaration(tmp_path: Path, source: str) -> str:
    from machinebuilder.isa import IsaError

    try:
        return "\n".join(errors_of(tmp_path / "careless.py", source))
    except IsaError as error:
        assert error.where.line == 4
        return error.message


OVERLAPS = {
    ('"0001 a:4 b:8 imm:16"', '"00x1 a:4 b:8 imm:16"'): False,
    ('"0001 a:4 b:8 imm:16"', '"0x01 a:4 b:8 imm:15 1"'): True,
    ('"0001 a:4 imm:24", where=lambda a: a < 3', '"0001 a:4 imm:24"'): False,
    (
        '"0001 a:4 imm:24", where=lambda a: a < 3',
        '"0001 a:4 imm:24", where=lambda a: a > 3',
    ): False,
    (
        '"0001 a:4 imm:24", where=lambda a: a < 5',
        '"0001 a:4 imm:24", where=lambda a: a > 3',
    ): True,
}


@pytest.mark.parametrize("patterns", OVERLAPS, ids=str)
def test_patterns_that_meet_are_an_error_unless_one_refines(
    tmp_path: Path, patterns: tuple[str, str]
) -> None:
    found = errors_of(
        tmp_path / "careless.py",
        f"@insns({patterns[0]})\ndef one(cpu): pass\n"
        f"@insns({patterns[1]})\ndef two(cpu): pass\n",
    )
    assert bool(found) == OVERLAPS[patterns]
    assert all("both match" in error and "careless.py" in error for error in found)
