"""The compiled toy, built once."""

from pathlib import Path

import pytest

from tests.isa.native import Native, build


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> Native:
    directory: Path = tmp_path_factory.mktemp("toy")
    return Native(build(directory))
