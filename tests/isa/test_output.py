"""The command, its files, and the models it finds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from machinebuilder.isa import IsaError
from machinebuilder.isa.output import file_names, generate, write
from machinebuilder.isa.registry import find, names
from tests.isa.author import core_of, load
from tests.isa.toy import core


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "machinebuilder.isa", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_list_names_the_files_that_are_written(tmp_path: Path) -> None:
    listed = command("tests.isa.toy", "--list").stdout.split()
    assert command("tests.isa.toy", str(tmp_path)).returncode == 0
    assert sorted(listed) == sorted(path.name for path in tmp_path.iterdir())
    assert sorted(listed) == sorted(file_names(core))


def test_a_file_that_did_not_change_keeps_its_time(tmp_path: Path) -> None:
    write(core, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    write(core, tmp_path)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}


def test_the_same_description_gives_the_same_text() -> None:
    assert generate(core) == generate(core)


def test_a_wrong_core_ends_the_command_with_one_line_for_each_error() -> None:
    result = command("tests.isa.wrong", "--list")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "wrong/insns/only.py:7:" in line
    assert "not 16 or 32" in line


def test_one_function_may_have_two_patterns_and_each_gets_its_symbol(
    tmp_path: Path,
) -> None:
    source = """
    def both(cpu, a, imm):
        cpu.r[a] = cpu.r[a] + imm
    insns("0000 a:4 imm:24")(both)
    insns("0001 imm:24 a:4")(both)
    """
    header = generate(core_of(load(tmp_path / "twice.py", source)))["careless_insns.h"]
    assert "careless_insn_w32_both(" in header
    assert "careless_insn_w32_both_2(" in header


def test_a_set_has_words_of_one_width(tmp_path: Path) -> None:
    source = """
    @insns("0000 a:4 imm:24")
    def one(cpu): pass
    @insns("0001 a:4 imm:8")
    def two(cpu): pass
    """
    with pytest.raises(IsaError, match="has 16 bits, other patterns of the set 32"):
        core_of(load(tmp_path / "widths.py", source)).decoders  # noqa: B018


@pytest.mark.parametrize("name", names())
def test_every_model_sets_fields_that_its_core_has(name: str) -> None:
    model = find(name)
    assert model.summary
    for field, values in model.fields.items():
        assert len(values) <= model.core.state.fields[field].count
