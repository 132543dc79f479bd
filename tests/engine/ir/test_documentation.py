"""The table in docs/ir.md is the one that the opcodes give."""

from __future__ import annotations

from pathlib import Path

from machinebuilder.engine import generate

DOCS = Path(__file__).parents[3] / "docs" / "ir.md"


def test_the_table_of_operations_is_up_to_date(tmp_path: Path) -> None:
    copy = tmp_path / "ir.md"
    copy.write_text(DOCS.read_text())
    generate.write_docs(copy)
    assert copy.read_text() == DOCS.read_text(), "run generate with --docs"
