# SPDX-License-Identifier: Apache-2.0
"""Where a VNC server listens, as the command line says it: `:1`, `0.0.0.0:1`,
`:1,password=secret`."""

from __future__ import annotations

from dataclasses import dataclass

from machinebuilder.errors import UserError

FIRST_PORT, LAST_PORT = 5900, 65535
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Address:
    """A host, a TCP port (0: any free one), and the password that clients need."""

    host: str = LOOPBACK
    port: int = 0
    password: str | None = None

    @classmethod
    def parse(cls, text: str) -> Address:
        """`[HOST]:N[,password=TEXT]`, where display N is port 5900 + N. UserError for
        anything else."""
        place, comma, option = text.partition(",")
        host, colon, number = place.rpartition(":")
        most = LAST_PORT - FIRST_PORT
        if not colon or not number.isdecimal() or int(number) > most:
            raise UserError(
                f"vnc={text}: must be vnc=[HOST]:N, with N from 0 to {most}"
            )
        name, _, password = option.partition("=")
        if comma and (name != "password" or not password):
            raise UserError(f"vnc={text}: what follows must be ,password=TEXT")
        port = FIRST_PORT + int(number)
        return cls(host.strip("[]") or LOOPBACK, port, password or None)
