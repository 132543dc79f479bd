"""Initial RAM disks: the "newc" archive that Linux unpacks (buffer-format.rst).

Reproducible: no times, no inode numbers of the host, entries in name order.
"""

from __future__ import annotations

import gzip
import stat
from dataclasses import dataclass, field


def _pad(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


@dataclass
class Archive:
    """An archive under construction: paths without a leading slash."""

    entries: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def folder(self, path: str) -> None:
        """Add a folder, and those above it."""
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            self.entries.setdefault("/".join(parts[:end]), (stat.S_IFDIR | 0o755, b""))

    def file(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Add a file, and the folders above it."""
        if "/" in path:
            self.folder(path.rpartition("/")[0])
        self.entries[path] = (stat.S_IFREG | mode, data)

    def link(self, path: str, target: str) -> None:
        """Add a symbolic link."""
        self.entries[path] = (stat.S_IFLNK | 0o777, target.encode())

    def plain(self) -> bytes:
        """The archive."""
        rows = sorted(self.entries.items())
        body = b"".join(
            self._entry(number, name, *entry)
            for number, (name, entry) in enumerate(rows, 1)
        )
        return body + self._entry(0, "TRAILER!!!", 0, b"")

    def compressed(self) -> bytes:
        """The archive, gzipped without a time stamp."""
        return gzip.compress(self.plain(), 9, mtime=0)

    @staticmethod
    def _entry(number: int, name: str, mode: int, data: bytes) -> bytes:
        links = 2 if stat.S_ISDIR(mode) else 1
        numbers = (
            number,
            mode,
            0,
            0,
            links,
            0,
            len(data),
            0,
            0,
            0,
            0,
            len(name) + 1,
            0,
        )
        header = b"070701" + b"".join(b"%08X" % value for value in numbers)
        return _pad(header + name.encode() + b"\0") + _pad(data)
