"""A toy instruction set with every construct of the language in it."""

from machinebuilder.isa import Core

from .state import ToyState

core = Core("toy", "tests.isa.toy", ToyState)
