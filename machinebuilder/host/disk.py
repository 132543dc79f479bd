# SPDX-License-Identifier: Apache-2.0
"""A disk image for chips in Python; what it does is in disk.c."""

from __future__ import annotations

import os
from typing import Any

from machinebuilder import native
from machinebuilder.errors import UserError

READONLY, SNAPSHOT = 1, 2
WHY = 512


class Disk:
    """An image of the host, open and locked until `close`."""

    def __init__(self, path: str, readonly: bool, snapshot: bool) -> None:
        engine = native.engine()
        self._lib, self._ffi = engine.lib, engine.ffi
        flags = READONLY * readonly | SNAPSHOT * snapshot
        why = self._ffi.new("char[]", WHY)
        self._handle: Any = self._lib.mb_disk_open(path.encode(), flags, why, WHY)
        if not self._handle:
            raise UserError(self._ffi.string(why).decode(errors="replace"))
        self.size = int(self._lib.mb_disk_size(self._handle))

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes; what is past the end of the file is zeros."""
        data = bytearray(size)
        view = self._ffi.from_buffer(data)
        _check(self._lib.mb_disk_get(self._handle, offset, view, size))
        return bytes(data)

    def write(self, offset: int, data: bytes) -> None:
        """Change bytes; OSError past the end, or when the host cannot."""
        _check(self._lib.mb_disk_put(self._handle, offset, data, len(data)))

    def flush(self) -> None:
        """Return when the host says that what was written is on its disk."""
        _check(self._lib.mb_disk_flush(self._handle))

    def close(self) -> None:
        """Give the file back."""
        if self._handle is not None:
            self._lib.mb_disk_close(self._handle)
            self._handle = None


def _check(error: int) -> None:
    if error:
        raise OSError(error, os.strerror(error))
