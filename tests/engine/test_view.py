"""What is seen on a bus where windows lie over each other and move: view.c by itself,
beside a model that looks at every window, and with readers that race with the mover."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

HERE = Path(__file__).resolve().parent
ENGINE = HERE.parents[1] / "machinebuilder" / "engine"
LAST = (1 << 64) - 1
MOVES = 30_000

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is missing")


def compiled(folder: Path, name: str, *options: str) -> Path:
    """view.c with its driver."""
    output = folder / name
    sources = [HERE / "view_driver.c", ENGINE / "view.c"]
    flags = ["-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-g"]
    command = ["gcc", *flags, *options, f"-I{ENGINE}", *sources, "-o", output]
    done = subprocess.run([*command, "-lpthread"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return output


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The driver as a library."""
    folder = tmp_path_factory.mktemp("view")
    library = ctypes.CDLL(str(compiled(folder, "view.so", "-shared", "-fPIC", "-O1")))
    wide = ctypes.c_uint64
    library.driver_set.argtypes = [
        ctypes.c_uint,
        wide,
        wide,
        ctypes.c_int,
        ctypes.c_bool,
    ]
    pointer = ctypes.POINTER(wide)
    library.driver_find.argtypes = [wide, pointer, pointer]
    return library


@dataclass(frozen=True)
class Window:
    """One window; `last` is its last address."""

    start: int
    size: int
    layer: int
    visible: bool

    @property
    def last(self) -> int:
        return self.start + self.size - 1

    def has(self, address: int) -> bool:
        return self.visible and self.start <= address <= self.last


@st.composite
def window(draw: st.DrawFn) -> Window:
    """Windows near each other, and at the end of all addresses."""
    base = draw(st.sampled_from([0, 0x1000, LAST - 0xFFF]))
    start = base + draw(st.integers(0, 0xFF))
    size = draw(st.integers(1, min(0x180, LAST - start + 1)))
    return Window(start, size, draw(st.integers(0, 2)), draw(st.booleans()))


def expected(windows: list[Window], address: int) -> int:
    """The highest layer's; of several there, the one that was added first; -1."""
    here = [n for n, window in enumerate(windows) if window.has(address)]
    return max(here, key=lambda n: (windows[n].layer, -n), default=-1)


def look(driver: ctypes.CDLL, address: int) -> tuple[int, int, int]:
    """Window, offset and room."""
    offset, room = ctypes.c_uint64(), ctypes.c_uint64()
    found = driver.driver_find(address, ctypes.byref(offset), ctypes.byref(room))
    return found, offset.value, room.value


def check(driver: ctypes.CDLL, windows: list[Window], address: int) -> None:
    """Does the view answer as the model does, as far as it says?"""
    found, offset, room = look(driver, address)
    assert found == expected(windows, address)
    if found < 0:
        return
    assert offset == address - windows[found].start
    end = address + room
    assert expected(windows, end - 1) == found
    assert end > LAST or expected(windows, end) != found


@given(st.lists(st.lists(window(), max_size=12), min_size=1, max_size=4), st.data())
def test_the_view_is_what_a_look_at_every_window_gives(
    driver: ctypes.CDLL, states: list[list[Window]], data: st.DataObject
) -> None:
    driver.driver_begin()
    try:
        for windows in states:  # as they move
            for number, each in enumerate(windows):
                driver.driver_set(
                    number, each.start, each.size, each.layer, each.visible
                )
            driver.driver_renew(len(windows))
            edges = {w.start for w in windows} | {w.last for w in windows}
            near = {e + d for e in edges for d in (-1, 0, 1)} | {0, LAST}
            some = data.draw(st.sets(st.integers(0, 0x1300), max_size=8))
            for address in {a for a in near | some if 0 <= a <= LAST}:
                check(driver, windows, address)
    finally:
        driver.driver_end()


@pytest.mark.parametrize("sanitizer", ["", "-fsanitize=address,undefined"])
def test_who_looks_while_windows_move_sees_the_one_state_or_the_other(
    tmp_path: Path, sanitizer: str
) -> None:
    options = ["-O2", *([sanitizer] if sanitizer else [])]
    program = compiled(tmp_path, "race", *options)
    done = subprocess.run([program, str(MOVES)], capture_output=True, text=True,
                          timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 wrong" in done.stdout
    assert int(done.stdout.split()[0]) > 1000
