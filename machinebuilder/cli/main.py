"""The `mb` command: one module of this package per subcommand.

A subcommand module has `SUMMARY`, `add_arguments(parser)` and `run(arguments) -> int`.
Only the chosen one is imported, so that `mb run` starts fast.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from types import ModuleType

import machinebuilder
from machinebuilder import cli

EXIT_FAILURE, EXIT_USER_ERROR = 1, 2


def commands() -> list[str]:
    """Names of the subcommands, from the modules that are there."""
    return sorted(
        m.name for m in pkgutil.iter_modules(cli.__path__) if m.name != "main"
    )


def load(name: str) -> ModuleType:
    """The module of subcommand `name`."""
    return importlib.import_module(f"machinebuilder.cli.{name}")


def overview() -> str:
    """The text of `mb --help`: every subcommand with its summary."""
    rows = "\n".join(f"  {name:<10} {load(name).SUMMARY}" for name in commands())
    return (
        "usage: mb COMMAND ...\n\n"
        "Builds machines from board files and runs them.\n\n"
        f"commands:\n{rows}\n\n"
        "`mb COMMAND --help` says more; `mb --version` gives the version.\n"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run `mb ARGV...`; gives the exit code (2: the user's error, 1: ours)."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help", "help"):
        print(overview(), end="")
        return 0 if words else EXIT_USER_ERROR
    if words[0] == "--version":
        print(f"mb {machinebuilder.__version__}")
        return 0
    if words[0] not in commands():
        import difflib

        near = difflib.get_close_matches(words[0], commands(), 1)
        hint = f"did you mean `mb {near[0]}`?" if near else "`mb --help` lists them"
        print(f"mb: there is no command {words[0]!r}; {hint}", file=sys.stderr)
        return EXIT_USER_ERROR
    module = load(words[0])
    parser = argparse.ArgumentParser(prog=f"mb {words[0]}", description=module.SUMMARY)
    module.add_arguments(parser)
    return run(module, parser.parse_args(words[1:]))


def run(module: ModuleType, arguments: argparse.Namespace) -> int:
    """Run a subcommand; the user's mistakes are told without a traceback."""
    from machinebuilder.errors import UserError

    try:
        return int(module.run(arguments))
    except UserError as error:
        print(f"mb: {error}", file=sys.stderr)
        return EXIT_USER_ERROR
    except BrokenPipeError:
        sys.stderr.close()
        return EXIT_FAILURE
    except OSError as error:
        print(f"mb: {error}", file=sys.stderr)
        return EXIT_FAILURE
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
