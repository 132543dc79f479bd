"""See the package."""

from machinebuilder.isa import InsnSet

insns = InsnSet("w32")

@insns("0000 a:4 imm:22")
def short(cpu):
    """Two bits are missing."""
