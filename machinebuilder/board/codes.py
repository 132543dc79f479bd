# SPDX-License-Identifier: Apache-2.0
"""The catalogue of board errors: every code with its title.

`docs/errors.md` explains each at length; tests hold a failing board for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CODES: Final[Mapping[str, str]] = {
    "E-FILE-01": "the board cannot be read",
    "E-FILE-02": "the file is not text",
    "E-FILE-03": "the file is too large",
    "E-YAML-01": "not valid YAML",
    "E-YAML-02": "a key is given twice",
    "E-YAML-03": "nested too deeply or expanded too far",
    "E-YAML-04": "a feature of YAML that boards do not have",
    "E-YAML-05": "a key is not plain text",
    "E-EXT-01": "a base outside the board's folder",
    "E-EXT-02": "boards that extend each other in a circle",
    "E-EXT-03": "nothing to remove",
    "E-KEY-01": "unknown key",
    "E-KEY-02": "a key is missing",
    "E-KEY-03": "the wrong kind of value",
    "E-VAL-01": "not a value of the declared type",
    "E-VAL-02": "out of range",
    "E-VAL-03": "not one of the choices",
    "E-OPT-01": "no such option",
    "E-OPT-02": "an option without a value",
    "E-OPT-03": "an option that contradicts itself",
    "E-EXPR-01": "not a valid expression",
    "E-EXPR-02": "an expression does what expressions may not",
    "E-EXPR-03": "unknown name in an expression",
    "E-EXPR-04": "an expression has no usable result",
    "E-NAME-01": "not a usable name",
    "E-NAME-02": "a name is used twice",
    "E-MODEL-01": "unknown device model",
    "E-MODEL-02": "unknown CPU model",
    "E-MODEL-03": "unknown feature of a CPU model",
    "E-BUS-01": "no such bus",
    "E-BUS-02": "several buses fit",
    "E-BUS-03": "the wrong kind of bus",
    "E-BUS-04": "buses nested in a circle",
    "E-BUS-05": "two devices in one slot",
    "E-BUS-06": "no such slot",
    "E-MAP-01": "two windows overlap",
    "E-MAP-02": "a window does not fit on its bus",
    "E-MAP-03": "instances overlap",
    "E-COUNT-01": "too many instances",
    "E-IRQ-01": "not a wire",
    "E-IRQ-02": "a wire to nowhere",
    "E-IRQ-03": "no such input",
    "E-IRQ-04": "the number of lines differs",
    "E-IRQ-05": "two drivers on one input",
    "E-IRQ-06": "wires in a circle",
    "E-HOST-01": "the wrong host back end",
    "E-HOST-02": "a host back end is claimed twice",
    "E-PATH-01": "a file outside the board's folder",
    "E-BOOT-01": "unknown boot protocol",
    "E-MANY-01": "too many errors",
}
