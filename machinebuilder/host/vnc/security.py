# SPDX-License-Identifier: Apache-2.0
"""Who may connect: everybody, or who knows the password (RFC 6143, sections 7.1.2 and
7.2). Eight characters count, and what follows is not encrypted: it is weak protection.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import struct

from machinebuilder.host.vnc import des

NONE, PASSWORD = 1, 2
ACCEPTED, REFUSED = 0, 1
CHALLENGE_SIZE = 16
WRONG = b"the password is another one"
PENALTY = 1.0
"""Seconds that a wrong password takes."""


class SecurityError(Exception):
    """The client is not let in."""


async def agree(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    minor: int,
    password: str | None,
) -> None:
    """The security handshake of version 3.`minor`; SecurityError ends it."""
    kind = NONE if password is None else PASSWORD
    if minor == 3:
        writer.write(struct.pack(">I", kind))
    else:
        writer.write(bytes((1, kind)))
        if (await reader.readexactly(1))[0] != kind:
            raise SecurityError("security")
    if password is not None and not await _knows(reader, writer, password):
        await asyncio.sleep(PENALTY)
        writer.write(struct.pack(">I", REFUSED))
        if minor == 8:
            writer.write(struct.pack(">I", len(WRONG)) + WRONG)
        await writer.drain()
        raise SecurityError("password")
    if minor == 8 or password is not None:
        writer.write(struct.pack(">I", ACCEPTED))


async def _knows(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, password: str
) -> bool:
    challenge = secrets.token_bytes(CHALLENGE_SIZE)
    writer.write(challenge)
    said = await reader.readexactly(CHALLENGE_SIZE)
    return hmac.compare_digest(said, answer(password, challenge))


def answer(password: str, challenge: bytes) -> bytes:
    """What a client says that knows it: the key's bytes are turned round."""
    plain = password.encode()[: des.SIZE].ljust(des.SIZE, b"\0")
    key = bytes(int(f"{byte:08b}"[::-1], 2) for byte in plain)
    halves = (challenge[: des.SIZE], challenge[des.SIZE :])
    return b"".join(des.encipher(key, half) for half in halves)
