"""`mb run --display` with a real VNC client, vncdotool, at OpenBIOS's prompt."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from machinebuilder.fetch import openbios_sparc
from tests.boot.command import MB, mb

Image = pytest.importorskip("PIL.Image")
pytest.importorskip("vncdotool")
pytestmark = [
    pytest.mark.boot,
    pytest.mark.skipif(
        openbios_sparc.installed() is None, reason="OpenBIOS is not installed"
    ),
]
WIDTH, PROMPT_ROWS = 8, (60, 76)
"""Of OpenBIOS's characters, and where its prompt is after it found no disk."""


@pytest.fixture
def address() -> Iterator[str]:
    """A machine with its firmware on the screen; where vncdotool finds it."""
    words = ["run", "sparc-ss5", "-o", "console=screen", "--display", "vnc=:77"]
    process = subprocess.Popen([*MB, *words], stdin=-1, stdout=-3, stderr=-1, text=True)
    assert process.stderr is not None
    said = process.stderr.readline()
    found = re.fullmatch(r"mb: screen at vnc://127.0.0.1:(\d+)\n", said)
    assert found, said
    yield f"127.0.0.1::{found[1]}"
    process.terminate()
    process.communicate(timeout=20)


def vncdo(address: str, *words: object) -> None:
    """Run a command of vncdotool's."""
    start = "import sys; from vncdotool.command import vncdo; vncdo()"
    command = [sys.executable, "-c", start, "-s", address, *map(str, words)]
    subprocess.run(command, check=True, timeout=60)


def seen(address: str, file: Path) -> list[bytes]:
    """The characters in the prompt's row, as the client sees them."""
    vncdo(address, "capture", file)
    screen = Image.open(file).convert("RGB")
    top, bottom = PROMPT_ROWS
    return [
        screen.crop((x, top, x + WIDTH, bottom)).tobytes()
        for x in range(0, 32 * WIDTH, WIDTH)
    ]


def test_a_client_types_at_the_firmwares_prompt_and_sees_it(
    address: str, tmp_path: Path
) -> None:
    file = tmp_path / "screen.png"
    end = time.monotonic() + 60
    while len(set(seen(address, file))) < 3:  # a prompt, a cursor, and nothing
        assert time.monotonic() < end, "no prompt"
    vncdo(address, "type", "abBA", "move", 100, 100, "pause", 1)
    a, b, capital_b, capital_a, cursor, blank = seen(address, file)[4:10]
    assert len({a, b, capital_a, capital_b, cursor, blank}) == 6
    vncdo(address, "key", "bsp", "key", "bsp", "type", "ba", "pause", 1)
    assert seen(address, file)[4:8] == [a, b, b, a]


def test_a_board_without_a_screen_serves_none() -> None:
    result = mb("run", "arm-virt", "--display", "vnc=:78", "--timeout", 1)
    assert result.status == 2
    assert "--display vnc=:78: board arm-virt has no screen" in result.err


@pytest.mark.parametrize("word", ["sdl", "vnc", "vnc=1", "vnc=:x"])
def test_displays_there_are_not_are_refused(word: str) -> None:
    result = mb("run", "sparc-ss5", "--display", word)
    assert result.status == 2
    assert "must be vnc=[HOST]:N" in result.err
