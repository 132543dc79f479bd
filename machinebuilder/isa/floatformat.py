# SPDX-License-Identifier: Apache-2.0
"""Binary interchange formats (IEEE 754-2008 section 3.4): where a pattern has what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """A binary interchange format: widths of the exponent and of the fraction."""

    exponent: int
    fraction: int

    @property
    def width(self) -> int:
        return 1 + self.exponent + self.fraction

    @property
    def top(self) -> int:
        """The biased exponent of infinities and NaNs."""
        return (1 << self.exponent) - 1

    @property
    def least(self) -> int:
        """Exponent of the last place of a subnormal number."""
        return 2 - (1 << (self.exponent - 1)) - self.fraction

    @property
    def quiet_bit(self) -> int:
        return 1 << (self.fraction - 1)

    def sign(self, bits: int) -> int:
        return bits >> (self.width - 1)

    def biased(self, bits: int) -> int:
        return bits >> self.fraction & self.top

    def mantissa(self, bits: int) -> int:
        """The fraction field, without the implied one."""
        return bits & ((1 << self.fraction) - 1)

    def zero(self, sign: int) -> int:
        return sign << (self.width - 1)

    def infinity(self, sign: int) -> int:
        return self.zero(sign) | self.top << self.fraction

    def largest(self, sign: int) -> int:
        return self.infinity(sign) - 1

    def default_nan(self) -> int:
        return self.infinity(0) | self.quiet_bit

    def is_nan(self, bits: int) -> bool:
        return self.biased(bits) == self.top and self.mantissa(bits) != 0

    def is_signalling(self, bits: int) -> bool:
        return self.is_nan(bits) and not bits & self.quiet_bit

    def is_infinite(self, bits: int) -> bool:
        return self.biased(bits) == self.top and self.mantissa(bits) == 0

    def is_zero(self, bits: int) -> bool:
        return not bits & (self.infinity(1) | self.mantissa(-1)) & ~self.zero(1)

    def is_subnormal(self, bits: int) -> bool:
        return self.biased(bits) == 0 and self.mantissa(bits) != 0


HALF, SINGLE, DOUBLE = Format(5, 10), Format(8, 23), Format(11, 52)
FORMATS = {16: HALF, 32: SINGLE, 64: DOUBLE}
