"""Prints lists of pyproject.toml, such as project.dependencies, for pip."""

import sys
import tomllib
from pathlib import Path

settings = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
for path in sys.argv[1:]:
    value = settings
    for key in path.split("."):
        value = value[key]
    print(*value)
