# SPDX-License-Identifier: Apache-2.0
"""The answer to MODE SENSE (SCSI-2, 8.2.10): header, block descriptor, pages."""

from __future__ import annotations

from collections.abc import Mapping

ALL_PAGES = 0x3F
CHANGEABLE, SAVED = 1, 3


def mode_sense(
    command: bytes, pages: Mapping[int, bytes], flags: int, descriptor: bytes
) -> bytes | None:
    """The whole answer; None if the page is not there or saved values are asked for.

    `pages` are page bodies by page code, `flags` the device-specific byte.
    """
    long = command[0] == 0x5A
    control, page = command[2] >> 6, command[2] & 0x3F
    wanted = pages if page == ALL_PAGES else {page: pages.get(page)}
    if control == SAVED or None in wanted.values():
        return None
    if command[1] & 0x08:
        descriptor = b""
    body = descriptor + b"".join(
        bytes([code, len(data)]) + (bytes(len(data)) if control == CHANGEABLE else data)
        for code, data in sorted(wanted.items())
        if data is not None
    )
    if long:
        size = (6 + len(body)).to_bytes(2, "big")
        return size + bytes([0, flags, 0, 0, 0, len(descriptor)]) + body
    return bytes([3 + len(body) & 0xFF, 0, flags, len(descriptor)]) + body
