"""Plans that were worked out before: the same ones, and never those of other boards."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from machinebuilder import kept
from machinebuilder.board import compile as compiler
from machinebuilder.board import load, remembered
from machinebuilder.board.errors import BoardErrors

BOARD = """board: small
options: {{size: {{type: size, default: {size}}}}}
devices:
  ram: {{model: mem.ram, at: 0x0, size: "{{{{ size }}}}"}}
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MB_NO_CACHE", raising=False)
    return tmp_path / "cache" / "machinebuilder" / "kept"


@pytest.fixture
def board(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(BOARD.format(size="1 MiB"))
    return path


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The boards that were read and checked."""
    seen: list[Path] = []

    def counted(path: Path, *words: object) -> object:
        seen.append(path)
        return load(path, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(compiler, "load", counted)
    return seen


def test_the_second_time_it_is_the_same_plan_without_work(
    board: Path, loads: list[Path]
) -> None:
    first = remembered.load(board, {})
    assert remembered.load(board, {}) == first == load(board, {})
    assert loads == [board]


def test_other_options_are_another_plan(board: Path) -> None:
    for size in ("4096", "8192", "4096"):
        plan = remembered.load(board, {"size": size})
        assert plan.device("ram").places[0].size == int(size)


def test_a_board_that_changed_is_loaded_again(board: Path) -> None:
    remembered.load(board, {})
    board.write_text(BOARD.format(size="2 MiB"))
    assert remembered.load(board, {}).device("ram").places[0].size == 2 << 20


def test_a_declaration_that_changed_makes_it_anew(
    board: Path, loads: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chips = tmp_path / "devicelib"
    chips.mkdir()
    (chips / "chip.py").write_text("one = 1\n")
    monkeypatch.setattr(remembered, "ROOT", tmp_path)
    monkeypatch.setattr(remembered, "DECLARATIONS", ("devicelib",))
    remembered.load(board, {})
    (chips / "chip.py").write_text("one = 1 + 1\n")
    remembered.load(board, {})
    assert loads == [board, board]


def test_a_board_that_extends_another_is_loaded_each_time(
    board: Path, loads: list[Path], tmp_path: Path
) -> None:
    variant = tmp_path / "variant.yaml"
    variant.write_text("board: variant\nextends: small.yaml\n")
    remembered.load(variant, {})
    board.write_text(BOARD.format(size="2 MiB"))
    assert remembered.load(variant, {}).device("ram").places[0].size == 2 << 20
    assert loads == [variant, variant]


def test_errors_are_told_each_time(board: Path, cache: Path) -> None:
    board.write_text(
        "board: bad\ndevices: {ram: {model: mem.rum, at: 0, size: 4096}}\n"
    )
    for _ in range(2):
        with pytest.raises(BoardErrors, match="E-MODEL-01"):
            remembered.load(board, {})
    assert not list(cache.glob("*.plan"))


@pytest.mark.parametrize("spoil", ["rubbish", "writable", "other"])
def test_a_file_that_is_not_ours_is_not_believed(
    board: Path, cache: Path, spoil: str, loads: list[Path]
) -> None:
    plan = remembered.load(board, {})
    (file,) = cache.glob("*.plan")
    if spoil == "rubbish":
        file.write_bytes(b"rubbish")
    elif spoil == "writable":
        file.chmod(0o666)
    else:
        kept.keep(file.name, {"not": "a plan"})
    assert remembered.load(board, {}) == plan
    assert len(loads) == 2


def test_a_cache_that_cannot_be_written_is_done_without(
    board: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert remembered.load(board, {}) == load(board, {})


def test_it_can_be_switched_off(
    board: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    monkeypatch.setenv("MB_NO_CACHE", "1")
    remembered.load(board, {})
    assert not cache.exists()


def test_the_oldest_go_first(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_KEPT", 3)
    for number in range(5):
        kept.keep(f"{number}", number)
        os.utime(cache / f"{number}", (number, number))
    assert sorted(path.name for path in cache.iterdir()) == ["2", "3", "4"]
    assert kept.recall("4") == 4
    assert kept.recall("0") is None
