# SPDX-License-Identifier: Apache-2.0
"""What the engine says when it cannot do something."""

from __future__ import annotations

from typing import Any

from machinebuilder import native
from machinebuilder.errors import UserError


class MachineError(UserError):
    """A machine cannot be built from this plan on this host; the text says why."""


def reason() -> str:
    """Why the engine's last call on this thread failed."""
    engine = native.engine()
    return str(engine.ffi.string(engine.lib.mb_error()).decode(errors="replace"))


def check(result: Any) -> Any:
    """The result of an engine call; MachineError for NULL or a negative number."""
    failed = result < 0 if isinstance(result, int) else not result
    if failed:
        raise MachineError(reason())
    return result
