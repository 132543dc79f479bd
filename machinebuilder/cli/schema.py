# SPDX-License-Identifier: Apache-2.0
"""`mb schema`: JSON Schema of the board language, for editors."""

from __future__ import annotations

import argparse
import json

SUMMARY = "print the JSON Schema of the board language"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has no options."""


def run(arguments: argparse.Namespace) -> int:
    """Print the schema."""
    from machinebuilder.board.catalogue import installed
    from machinebuilder.board.jsonschema import board_schema

    print(json.dumps(board_schema(installed()), indent=2))
    return 0
