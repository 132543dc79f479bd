# SPDX-License-Identifier: Apache-2.0
"""Makes an option ROM of a flat image: padded, with its size and its checksums.

python3 finish.py IMAGE
"""

import struct
import sys
from pathlib import Path

UNIT = 512
PNP_POINTER, PNP_SIZE, PNP_SUM = 0x1A, 32, 9


def finish(image: bytes) -> bytes:
    """Whole units; the last byte makes the sum zero."""
    rom = bytearray(image + bytes(-(len(image) + 1) % UNIT + 1))
    rom[2] = len(rom) // UNIT
    (pnp,) = struct.unpack_from("<H", rom, PNP_POINTER)
    rom[pnp + PNP_SUM] = 0
    rom[pnp + PNP_SUM] = -sum(rom[pnp : pnp + PNP_SIZE]) & 0xFF
    rom[-1] = -sum(rom[:-1]) & 0xFF
    return bytes(rom)


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_bytes(finish(file.read_bytes()))
