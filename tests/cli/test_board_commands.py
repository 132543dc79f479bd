# SPDX-License-Identifier: Apache-2.0
"""`mb check`, `map`, `boards`, `devices`, `cpus` and `schema`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from machinebuilder.cli.main import main

BROKEN = """
board: broken
devices:
  ram: {model: mem.rma, at: 0x0, size: 1 MiB}
  uart: {model: uart.pl011}
"""


@pytest.fixture
def broken(tmp_path: Path) -> str:
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN)
    return str(path)


def test_check_accepts_a_board(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "arm-virt", "-o", "cpus=2"]) == 0
    assert "arm-virt: ok, 2 CPUs" in capsys.readouterr().out


def test_check_reports_every_error_of_every_board(
    broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", broken, "arm-virt", "none-such"]) == 1
    out, err = capsys.readouterr()
    assert "arm-virt: ok" in out
    assert f"{broken}:4:16: E-MODEL-01" in err
    assert f"{broken}:5:3: E-KEY-02" in err
    assert "E-FILE-01: there is no board 'none-such'" in err
    assert f"{broken}: 2 errors" in err


def test_a_wrong_option_is_shown_as_it_was_typed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "arm-virt", "-o", "cpus=9"]) == 1
    err = capsys.readouterr().err
    assert "command line:1:9: E-VAL-02: cpus cannot be 9" in err
    assert "-o cpus=9" in err


def test_map_prints_and_draws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "map.svg"
    assert main(["map", "arm-virt", "--svg", str(picture)]) == 0
    assert "09000000-09000fff" in capsys.readouterr().out
    assert picture.read_text().startswith("<svg")


def test_map_of_a_broken_board_is_the_users_error(broken: str) -> None:
    assert main(["map", broken]) == 2


def test_map_says_why_it_cannot_draw(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["map", "arm-virt", "--svg", "/no/such/folder/x.svg"]) == 2
    assert "No such file" in capsys.readouterr().err


def test_boards_lists_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boards", "--options"]) == 0
    out = capsys.readouterr().out
    assert "linux,dummy-virt" in out
    assert "-o cpus=1" in out


def test_devices_and_cpus_list_and_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices"]) == 0
    assert "uart.pl011" in capsys.readouterr().out
    assert main(["devices", "uart.pl011"]) == 0
    assert "Omitted:" in capsys.readouterr().out
    assert main(["cpus"]) == 0
    assert "arm.cortex-a15" in capsys.readouterr().out
    assert main(["cpus", "arm.cortex-a15"]) == 0
    assert "timer.physical" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["devices", "cpus"])
def test_an_unknown_model_has_a_suggestion(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = {"devices": "uart.pl01", "cpus": "arm.cortex-a1"}[command]
    assert main([command, name]) == 2
    assert "did you mean" in capsys.readouterr().err


def test_schema_is_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["required"] == ["board"]
    assert "uart.pl011" in json.dumps(schema)


def test_the_json_schema_accepts_the_installed_boards(
    capsys: pytest.CaptureFixture[str],
) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    import yaml

    from machinebuilder.board import board_names, find_board

    main(["schema"])
    validator = jsonschema.Draft202012Validator(json.loads(capsys.readouterr().out))
    for name in board_names():
        board = yaml.load(find_board(name).read_text(), Loader=yaml.BaseLoader)
        assert [error.message for error in validator.iter_errors(board)] == []
