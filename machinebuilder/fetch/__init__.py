"""Guest images from their distributors' own packages, in a cache with their sha256.

A recipe is a module here, named with underscores for dashes: `debian-armhf` is
debian_armhf.py. It has `SUMMARY` and `build(folder, progress)`, which fills `folder`.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import pkgutil
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from machinebuilder.errors import UserError

Progress = Callable[[str], None]
SUMS = "SHA256SUMS"


class FetchError(UserError):
    """An image could not be had: why, and what to do."""


def names() -> list[str]:
    """The recipes there are."""
    found = (m.name for m in pkgutil.iter_modules(__path__))
    return sorted(n.replace("_", "-") for n in found if hasattr(recipe(n), "build"))


def recipe(name: str) -> ModuleType:
    """The module of a recipe."""
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")


def cache() -> Path:
    """Where fetched images are kept: $XDG_CACHE_HOME/machinebuilder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "machinebuilder"


def fetch(name: str, progress: Progress, again: bool = False) -> Path:
    """The folder with the images of recipe `name`, built if it is not there.

    A cached folder is checked against its sums. Raises FetchError when it was altered,
    when there is no such recipe, or when the packages cannot be had.
    """
    if name not in names():
        raise FetchError(f"no recipe {name!r}; there are: {', '.join(names())}")
    folder = cache() / name
    if folder.is_dir() and not again:
        check(folder, name)
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}-") as work:
        made = Path(work) / "images"
        made.mkdir()
        recipe(name).build(made, progress)
        write_sums(made)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    return folder


def digest(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_sums(folder: Path) -> None:
    """Record the sums of a folder's files, in the format of sha256sum."""
    rows = [
        f"{digest(p)}  {p.name}\n" for p in sorted(folder.iterdir()) if p.name != SUMS
    ]
    (folder / SUMS).write_text("".join(rows))


def check(folder: Path, name: str) -> None:
    """FetchError if a file of a fetched folder is missing or altered."""
    mend = f"`mb fetch {name} --again` builds it anew"
    try:
        rows = (folder / SUMS).read_text().splitlines()
    except OSError:
        raise FetchError(f"{folder}: its {SUMS} cannot be read; {mend}") from None
    for row in rows:
        wanted, _, file = row.partition("  ")
        path = folder / file
        if not path.is_file() or digest(path) != wanted:
            raise FetchError(f"{path}: missing, or not what was fetched; {mend}")
