"""How toy words look: an opcode, three registers, twelve bits."""

from itertools import count

from machinebuilder.isa import InsnSet

_opcodes = count(1)


class Numbered(InsnSet):
    """An InsnSet whose patterns get the next opcode."""

    def next(self, **options):
        """Declare with the next opcode; extra fields are imm's."""
        asm = options.pop("asm", "op {a}, {b}, {c}{imm:shift}")
        return self(f"{next(_opcodes):08b} a:4 b:4 c:4 imm:12", asm=asm, **options)
