# SPDX-License-Identifier: Apache-2.0
"""What a chip stands in: the bench of its tests, or a machine."""

from __future__ import annotations

import mmap
from typing import Protocol


class Image(Protocol):
    """A disk image. Errors of the host are OSError."""

    size: int

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes; zeros past the end of the file."""

    def write(self, offset: int, data: bytes) -> None:
        """Change bytes; OSError past the end."""

    def flush(self) -> None:
        """Return when the host says that what was written is on its disk."""

    def close(self) -> None:
        """Give the file back."""


class Surroundings(Protocol):
    """Everything a Python chip can do to the outside; ports, regions and alarms go by
    their number, in the order declared."""

    cpu_count: int

    def now(self) -> int:
        """Guest nanoseconds since power-on."""

    def arm(self, alarm: int, deadline: int | None) -> None:
        """Ring that alarm at `deadline` nanoseconds, or not at all."""

    def drive(self, port: int, index: int, level: bool) -> None:
        """An output line changed."""

    def log(self, text: str) -> None:
        """The guest did something odd; each text is shown once."""

    def send(self, data: bytes) -> None:
        """Bytes to the host back end."""

    def receive_ready(self) -> None:
        """A network may offer its frames again."""

    def open_image(self, path: str, readonly: bool, snapshot: bool) -> Image:
        """A disk image, for as long as the chip exists."""

    def dma_read(self, address: int, size: int) -> bytes | None:
        """Guest memory, or None if nothing is there."""

    def dma_write(self, address: int, data: bytes) -> bool:
        """Change guest memory; False if nothing is there."""

    def load(self, region: int, offset: int, data: bytes) -> None:
        """Fill a window that is real memory."""

    def look(self, region: int, offset: int, size: int) -> bytes:
        """What is in a window that is real memory."""

    def show(self, region: int, memory: mmap.mmap | None) -> None:
        """Let CPUs read that window from `memory` directly; None: ask the chip."""

    def shutdown(self, why: str) -> None:
        """Power the machine off."""

    def restart(self, why: str) -> None:
        """Reset the machine."""
