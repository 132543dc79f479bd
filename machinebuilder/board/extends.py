# SPDX-License-Identifier: Apache-2.0
"""`extends`: a board as the difference to another.

A base is a file beside the board or below its folder, or an installed board.
Mappings merge key by key, anything else replaces, and `key: null` removes.
"""

from __future__ import annotations

from pathlib import Path

from machinebuilder.board import loader
from machinebuilder.board.errors import Reporter, shown
from machinebuilder.board.nodes import Entry, Map, Node, Scalar
from machinebuilder.board.paths import is_confined
from machinebuilder.board.suggest import help_for

MAX_CHAIN = 8


def load_merged(path: Path, installed: Path, reporter: Reporter) -> Map:
    """The board at `path` on top of everything it extends."""
    roots = (path.resolve().parent, installed.resolve())
    chain: list[Map] = []
    seen: list[Path] = []
    current, cited = path, None
    files = loader.Loader(reporter)
    while True:
        seen.append(current.resolve())
        node = files.load(current, cited.span if cited else None)
        chain.append(node)
        cited = _base_of(node, reporter)
        if cited is None:
            break
        current = _locate(cited, current, roots, reporter)
        _refuse_circles(cited, current, seen, reporter)
    merged = Map(chain[0].file, chain[0].line, chain[0].column, chain[0].length)
    for node in reversed(chain):
        node.entries.pop("extends", None)
        merged = _merge(merged, node, reporter)
    return merged


def _base_of(node: Map, reporter: Reporter) -> Scalar | None:
    value = node.get("extends")
    if value is None or isinstance(value, Scalar):
        return value
    reporter.add(
        "E-KEY-03",
        "extends must be the name of one board",
        value.span,
        "",
        "extends: arm-virt.yaml",
    )
    raise loader.UnreadableError


def _locate(
    cited: Scalar, board: Path, roots: tuple[Path, Path], reporter: Reporter
) -> Path:
    """The file that `extends` means: beside the board, or an installed one."""
    name = (
        cited.text if cited.text.endswith((".yaml", ".yml")) else f"{cited.text}.yaml"
    )
    beside = board.parent / name
    if not is_confined(beside, roots):
        reporter.add(
            "E-EXT-01",
            f"{shown(cited.text)!r} is outside the board's folder",
            cited.span,
            "a board may extend what is beside or below it, or an installed board",
            "copy the base beside the board; `mb boards` lists those installed",
        )
        raise loader.UnreadableError
    installed = roots[1] / name
    if not beside.is_file() and installed.is_file():
        return installed
    return beside


def _refuse_circles(
    cited: Scalar, path: Path, seen: list[Path], reporter: Reporter
) -> None:
    if path.resolve() in seen:
        why = " -> ".join(p.name for p in [*seen, path])
    elif len(seen) >= MAX_CHAIN:
        why = f"at most {MAX_CHAIN} boards may extend each other"
    else:
        return
    reporter.add(
        "E-EXT-02",
        f"extending {shown(cited.text)!r} does not come to an end",
        cited.span,
        shown(why),
        "extend a board that stands on its own",
    )
    raise loader.UnreadableError


def _merge(base: Map, over: Map, reporter: Reporter) -> Map:
    merged = over.like()
    merged.entries = dict(base.entries)
    for name, (key, value) in over.entries.items():
        below = base.get(name)
        if isinstance(value, Scalar) and value.is_null:
            if merged.entries.pop(name, None) is None:
                _nothing_to_remove(key, base, reporter)
        else:
            merged.entries[name] = Entry(key, _merged_value(below, value, reporter))
    return merged


def _merged_value(below: Node | None, value: Node, reporter: Reporter) -> Node:
    if isinstance(value, Map) and isinstance(below, Map):
        return _merge(below, value, reporter)
    _refuse_nulls(value, reporter)
    return value


def _refuse_nulls(node: Node, reporter: Reporter) -> None:
    """In what has nothing below it, null removes nothing."""
    if not isinstance(node, Map):
        return
    for name, (key, value) in list(node.entries.items()):
        if isinstance(value, Scalar) and value.is_null:
            del node.entries[name]
            _nothing_to_remove(key, node.like(), reporter)
        else:
            _refuse_nulls(value, reporter)


def _nothing_to_remove(key: Scalar, base: Map, reporter: Reporter) -> None:
    reporter.add(
        "E-EXT-03",
        f"{shown(key.text)!r} has no value and removes nothing",
        key.span,
        "null removes what the base has; the base has no such key",
        help_for(key.text, base.entries) if base.entries else "give it a value",
    )
