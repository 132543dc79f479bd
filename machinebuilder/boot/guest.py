"""The built-in guests: small bare-metal programs of our own, from `guests/`."""

from __future__ import annotations

from pathlib import Path

from machinebuilder.boot import BootError

IMAGES = Path(__file__).resolve().parents[2] / "guests" / "images"


def image(name: str) -> Path:
    """The built image of that name; BootError if this installation lacks it."""
    path = IMAGES / name
    if not path.is_file():
        raise BootError(
            f"the built-in guest {name} is not installed; give --kernel FILE"
        )
    return path
