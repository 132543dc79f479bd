# SPDX-License-Identifier: Apache-2.0
"""How many lines a port has, once the board is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from machinebuilder.board.items import Item


def lines(count: int | str, params: Mapping[str, object], cpus: int) -> int:
    """A declared count: a number, one for each CPU, or the value of a parameter."""
    if isinstance(count, int):
        return count
    if count == "cpus":
        return cpus
    value = params.get(count)
    return value if isinstance(value, int) else 0


def width(item: Item, port: Any, cpus: int) -> int:
    """The lines of `port` on one instance of `item`."""
    return lines(port.count, item.params, cpus)
