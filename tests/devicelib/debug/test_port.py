"""The debug port: what firmware says."""

from __future__ import annotations

from pathlib import Path

from native_bench import Chip

from machinebuilder.board.plan import DevicePlan, Place, Plan
from machinebuilder.boot import Images
from machinebuilder.machine import Machine
from machinebuilder.machine.build import build


def test_it_says_that_somebody_listens() -> None:
    chip = Chip("debug.port")
    assert chip.read(0, 0, 1) == 0xE9
    chip.write(0, 0, ord("m"), 1)
    assert chip.sent() == b"m"
    chip.close()


def machine(path: str | None) -> Machine:
    window = (Place("io", 0x402, 1, ""),)
    device = DevicePlan("debug", "debug.port", {"path": path}, window)
    plan = Plan("test", "", Path("test.yaml"), {}, (), (device,), (), (), None)
    return build(plan, Images())


def say(made: Machine, text: bytes) -> None:
    for byte in text:
        made.devices["debug"].write(0, byte, 1)
    made.run(timeout=0.05)


def test_what_was_said_is_kept() -> None:
    with machine(None) as made:
        say(made, b"SeaBIOS\n" * 1000)
        assert made.logs["debug"].text == "SeaBIOS\n" * 1000


def test_what_was_said_goes_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "debug.log"
    with machine(str(path)) as made:
        say(made, b"one ")
        say(made, b"two")
    assert path.read_bytes() == b"one two"


def test_a_guest_that_goes_on_printing_is_heard_in_larger_pieces() -> None:
    with machine(None) as made:
        pieces: list[bytes] = []
        made.logs["debug"].send = pieces.append  # type: ignore[method-assign]
        say(made, b"0123456789" * 500)
        assert b"".join(pieces) == b"0123456789" * 500
        assert len(pieces) < 2500
