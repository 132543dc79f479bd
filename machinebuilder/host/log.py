# SPDX-License-Identifier: Apache-2.0
"""What a chip only says, such as a debug port or a printer: kept as a console's output,
and written to a file if it has one.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from machinebuilder.errors import UserError
from machinebuilder.host.console import Console


class Log(Console):
    """Output that scripts can read and expect; nobody types into it."""

    def __init__(self, path: str | None = None) -> None:
        super().__init__()
        self._path = path
        self._file = _open(path, "wb") if path else None

    def send(self, data: bytes) -> None:
        super().send(data)
        if self._path and self._file is None:
            self._file = _open(self._path, "ab")
        if self._file is not None:
            self._file.write(data)

    def close(self) -> None:
        """The machine stopped; if it goes on, so does the file."""
        super().close()
        if self._file is not None:
            self._file.close()
            self._file = None


def _open(path: str, mode: str) -> BinaryIO:
    try:
        return Path(path).open(mode, buffering=0)  # type: ignore[return-value]
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
