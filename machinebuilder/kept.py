# SPDX-License-Identifier: Apache-2.0
"""What was worked out before, in the user's cache: it is kept under a digest of all
that it follows from, so that it never is out of date. MB_NO_CACHE does without.
"""

from __future__ import annotations

import contextlib
import os
import pickle
from pathlib import Path
from typing import Any

MOST_KEPT = 200


def recall(name: str) -> Any:
    """What was kept under that name; None if nothing was. Only the user's own files are
    read, which nobody else can write."""
    if os.environ.get("MB_NO_CACHE"):
        return None
    try:
        with (_folder() / name).open("rb") as file:
            facts = os.fstat(file.fileno())
            if facts.st_uid != os.geteuid() or facts.st_mode & 0o022:
                return None
            return pickle.load(file)  # noqa: S301 (what this user's mb has written)
    except Exception:
        return None


def keep(name: str, value: Any) -> None:
    """Keep it; a cache that cannot be written is done without."""
    if os.environ.get("MB_NO_CACHE"):
        return
    import tempfile

    with contextlib.suppress(OSError):
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _forget_oldest(folder)
        handle, new = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            pickle.dump(value, file, pickle.HIGHEST_PROTOCOL)
        Path(new).replace(folder / name)


def _folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(base or Path.home() / ".cache") / "machinebuilder" / "kept"


def _forget_oldest(folder: Path) -> None:
    kept = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)
    for path in kept[: max(len(kept) - MOST_KEPT + 1, 0)]:
        path.unlink()
