# SPDX-License-Identifier: Apache-2.0
"""Files become nodes that know where they are written."""

from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from board_fakes import load_file, load_text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from machinebuilder.board import BoardErrors, loader
from machinebuilder.board.errors import Reporter
from machinebuilder.board.nodes import List, Map, Node, Scalar
from machinebuilder.board.validate import document

any_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def tree(text: str, folder: Path) -> Map:
    path = folder / "board.yaml"
    path.write_bytes(text.encode())
    reporter = Reporter()
    node = loader.Loader(reporter).load(path)
    reporter.stop_if_any()
    return node


def scalars(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, List):
        for item in node.items:
            yield from scalars(item)
    elif isinstance(node, Map):
        for key, value in node.entries.values():
            yield key
            yield from scalars(value)


def test_every_scalar_knows_its_place(tmp_path: Path) -> None:
    text = "board: x\ndevices:\n  a: {b: [0x1_0, 'two']}\n  é: ü # comment\n"
    places = {
        node.text: (node.line, node.column, node.length)
        for node in scalars(tree(text, tmp_path))
    }
    assert places == {
        "board": (1, 1, 5),
        "x": (1, 8, 1),
        "devices": (2, 1, 7),
        "a": (3, 3, 1),
        "b": (3, 7, 1),
        "0x1_0": (3, 11, 5),
        "two": (3, 18, 5),
        "é": (4, 3, 1),
        "ü": (4, 6, 1),
    }


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_yaml_counts_them(newline: str, tmp_path: Path) -> None:
    text = newline.join(["board: x", "a: b", "", "c: d"])
    assert [node.line for node in scalars(tree(text, tmp_path))] == [1, 1, 2, 2, 4, 4]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    assert list(tree("\ufeffboard: x", tmp_path).entries) == ["board"]


@pytest.mark.parametrize(
    "text", ["yes", "on", "1e3", "0o17", "2026-01-01", "1:30", "0x_1"]
)
def test_a_scalar_is_the_text_that_is_written(text: str, tmp_path: Path) -> None:
    assert document(tree(f"a: {text}", tmp_path)) == {"a": text}


def test_an_alias_is_what_it_stands_for(tmp_path: Path) -> None:
    found = document(tree("a: &x {b: &y c}\nd: *x\ne: [*y, *y]", tmp_path))
    assert found == {"a": {"b": "c"}, "d": {"b": "c"}, "e": ["c", "c"]}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: [", "E-YAML-01"),
        ("a: b: c", "E-YAML-01"),
        ("\ta: b", "E-YAML-01"),
        ("a: *x", "E-YAML-04"),
        ("a: {{ b }}", "E-YAML-05"),
        ("a: &x [*x]", "E-YAML-04"),
        ("a: !!int 3", "E-YAML-04"),
        ("a: b\n---\nc: d", "E-YAML-04"),
        ("<<: {a: b}", "E-YAML-04"),
        ("a: 1\na: 2", "E-YAML-02"),
        ("- a", "E-KEY-03"),
        ("", "E-KEY-03"),
        ("a: " + "[" * 40 + "]" * 40, "E-YAML-03"),
        ("a: \x01", "E-FILE-02"),
    ],
)
def test_what_is_not_a_board(text: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "board.yaml"
    path.write_text(text if code == "E-KEY-03" else f"board: y\n{text}")
    with pytest.raises(BoardErrors) as caught:
        load_file(path)
    assert code in [error.code for error in caught.value]


def test_a_folder_and_a_pipe_are_not_read(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(BoardErrors) as caught:
            load_text(f"extends: {name}\nboard: x", tmp_path)
        assert [error.code for error in caught.value] == ["E-FILE-01"]


_WORDS = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=8)
_TREES = st.recursive(
    _WORDS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(_WORDS, inner, max_size=4)
    ),
    max_leaves=30,
)


@given(st.dictionaries(_WORDS, _TREES, min_size=1, max_size=5), st.booleans())
@any_folder
def test_what_yaml_writes_is_read_back(
    tmp_path: Path, value: dict[str, object], flow: bool
) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow)
    assert document(tree(text, tmp_path)) == value


@given(st.dictionaries(_WORDS, _TREES, min_size=1, max_size=5), st.booleans())
@any_folder
def test_a_plain_scalar_stands_where_its_place_says(
    tmp_path: Path, value: dict[str, object], flow: bool
) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow)
    lines = text.splitlines()
    for node in scalars(tree(text, tmp_path)):
        if node.plain:
            start = node.column - 1
            assert lines[node.line - 1][start : start + node.length] == node.text
