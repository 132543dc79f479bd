# SPDX-License-Identifier: Apache-2.0
"""Did you mean: the nearest of the names there are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice

LOOKED_AT = 200
LISTED = 12


def closest(word: str, names: Iterable[str]) -> str | None:
    """The name most like `word`; of a great many names only the first are compared."""
    candidates = list(islice(names, LOOKED_AT))
    found = difflib.get_close_matches(word[:60], candidates, n=1, cutoff=0.6)
    return found[0] if found else None


def help_for(word: str, names: Iterable[str], what: str = "") -> str:
    """A help line: the nearest name, or the names there are."""
    known = list(names)
    near = closest(word, known)
    if near is not None:
        return f"did you mean {near!r}?"
    if not known:
        return f"there are no {what}" if what else ""
    listed = ", ".join(known[:LISTED]) + (" ..." if len(known) > LISTED else "")
    return f"there is {listed}"
