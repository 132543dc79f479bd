"""`mb`: builds machines from board files and runs them.

`Board.load("boards/arm-virt.yaml").build(kernel="zImage")` gives a running `Machine`.
Imported lazily: the build itself imports parts of it before the engine exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from machinebuilder.machine import Board, Machine

__all__ = ["Board", "Machine"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name in __all__:
        from machinebuilder import machine

        return getattr(machine, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
