# SPDX-License-Identifier: Apache-2.0
"""Framing of the gdb remote serial protocol: `$payload#checksum`, acks, interrupts.

GDB manual, appendix E "Remote Protocol": Overview, Packet Acknowledgment, Interrupts.
Omitted: run-length encoding of what we send, notifications (`%`).
"""

from __future__ import annotations

import enum

LONGEST = 16384
"""Bytes of a payload as it is sent; more is refused."""

INTERRUPT = 0x03
ESCAPED = frozenset(b"#$}*")


class Mark(enum.Enum):
    """What comes beside packets."""

    INTERRUPT = "Ctrl-C"
    RESEND = "-"
    DAMAGED = "a packet with a wrong checksum, or too long"


Item = bytes | Mark


def checksum(payload: bytes) -> int:
    """Sum of the bytes, modulo 256."""
    return sum(payload) & 0xFF


def escape(data: bytes) -> bytes:
    """Binary data for a payload."""
    out = bytearray()
    for byte in data:
        out += bytes((0x7D, byte ^ 0x20)) if byte in ESCAPED else bytes((byte,))
    return bytes(out)


def unescape(data: bytes) -> bytes:
    """The opposite; a lone escape at the end is dropped."""
    out, flip = bytearray(), 0
    for byte in data:
        if byte == 0x7D and not flip:
            flip = 0x20
        else:
            out.append(byte ^ flip)
            flip = 0
    return bytes(out)


def frame(payload: bytes) -> bytes:
    """A packet as it is sent; binary data in it is escaped already."""
    return b"$%b#%02x" % (payload, checksum(payload))


class Reader:
    """Bytes of the client become items; whatever they are, it does not fail."""

    def __init__(self) -> None:
        self._payload: bytearray | None = None
        self._sum: bytearray | None = None

    def feed(self, data: bytes) -> list[Item]:
        """The items that `data` completes."""
        items: list[Item] = []
        for byte in data:
            item = self._byte(byte)
            if item is not None:
                items.append(item)
        return items

    def _byte(self, byte: int) -> Item | None:
        if self._sum is not None:
            return self._sum_byte(byte)
        if byte == ord("$"):
            self._payload = bytearray()
        elif self._payload is not None:
            self._payload_byte(byte)
        elif byte == INTERRUPT:
            return Mark.INTERRUPT
        elif byte == ord("-"):
            return Mark.RESEND
        return None

    def _payload_byte(self, byte: int) -> None:
        assert self._payload is not None
        if byte == ord("#"):
            self._sum = bytearray()
        elif len(self._payload) <= LONGEST:
            self._payload.append(byte)

    def _sum_byte(self, byte: int) -> Item | None:
        assert self._sum is not None and self._payload is not None
        self._sum.append(byte)
        if len(self._sum) < 2:
            return None
        payload, digits = bytes(self._payload), bytes(self._sum)
        self._payload = self._sum = None
        right = digits.lower() == b"%02x" % checksum(payload)
        return payload if right and len(payload) <= LONGEST else Mark.DAMAGED
