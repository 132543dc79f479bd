"""A disk as the primary channel's device 0."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from ide_disk import SIZE, Plug
from ide_driver import Channel, Ide


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    path.write_bytes(random.Random(1).randbytes(SIZE))
    return path


@pytest.fixture
def plug(image: Path) -> Iterator[Plug]:
    plugged: list[Ide] = []

    def plug_in(**params: object) -> Ide:
        plugged.append(Ide({0: image}, {}, **params))
        return plugged[-1]

    yield plug_in
    for ide in plugged:
        ide.close()


@pytest.fixture
def channel(plug: Plug) -> Channel:
    return plug().primary
