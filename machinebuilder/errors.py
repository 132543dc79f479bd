"""The base of every error that is the user's to mend: told in words, exit code 2."""

from __future__ import annotations


class UserError(Exception):
    """Something the user gave is wrong or missing; the text says what to do."""
