# SPDX-License-Identifier: Apache-2.0
"""Where a VNC server listens, as the command line says it: `:1`, `0.0.0.0:1`."""

from __future__ import annotations

from dataclasses import dataclass

from machinebuilder.errors import UserError

FIRST_PORT, LAST_PORT = 5900, 65535
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Address:
    """A host and a TCP port; 0: any free one."""

    host: str = LOOPBACK
    port: int = 0

    @classmethod
    def parse(cls, text: str) -> Address:
        """`[HOST]:N`, where display N is port 5900 + N. UserError for anything else."""
        host, colon, number = text.rpartition(":")
        most = LAST_PORT - FIRST_PORT
        if not colon or not number.isdecimal() or int(number) > most:
            raise UserError(
                f"vnc={text}: must be vnc=[HOST]:N, with N from 0 to {most}"
            )
        return cls(host.strip("[]") or LOOPBACK, FIRST_PORT + int(number))
