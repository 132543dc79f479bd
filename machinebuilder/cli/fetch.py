"""`mb fetch NAME`: get guest images from their distributor into the cache."""

from __future__ import annotations

import argparse
import sys

from machinebuilder import fetch

SUMMARY = "get guest images (Debian's kernel and busybox) into the cache"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options as in `mb fetch --help`."""
    parser.add_argument(
        "name", nargs="?", help="what to get; without it, what there is"
    )
    parser.add_argument("--again", action="store_true", help="build it anew")
    parser.add_argument("--path", action="store_true", help="print the folder only")


def run(arguments: argparse.Namespace) -> int:
    """Fetch, and print where the images are with their sums."""
    if arguments.name is None:
        for name in fetch.names():
            print(f"{name:<16} {fetch.recipe(name).SUMMARY}")
        return 0

    def progress(text: str) -> None:
        print(f"mb fetch: {text} ...", file=sys.stderr, flush=True)

    folder = fetch.fetch(arguments.name, progress, arguments.again)
    if arguments.path:
        print(folder)
        return 0
    for row in (folder / fetch.SUMS).read_text().splitlines():
        total, _, file = row.partition("  ")
        print(f"{total}  {folder / file}")
    return 0
