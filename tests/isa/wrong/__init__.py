"""A core whose only instruction has a pattern of thirty bits."""

from machinebuilder.isa import Core
from tests.isa.toy.state import ToyState

core = Core("wrong", "tests.isa.wrong", ToyState)
