"""Memory: every type, both byte orders, atomics."""

from machinebuilder.isa import s8, s16, u8, u16, u32, u64, v128

from .shapes import Numbered

insns = Numbered("w32")
TYPES = (u8, u16, u32, u64, s8, s16)


def place(cpu, n, imm):
    """An address inside the test's memory."""
    return ((cpu.r[n] & 0x7FF) + imm) & 0xFFF


@insns("11010000 a:4 b:4 size:3 imm:13", where=lambda size: size < 6)
def loads(cpu, a, b, size, imm):
    value = cpu.load(TYPES[size], place(cpu, b, imm))
    cpu.x[a & 7] = u64(value)


@insns("11010001 a:4 b:4 size:2 imm:14")
def stores(cpu, a, b, size, imm):
    kind = (u8, u16, u32, u64)[size]
    cpu.store(kind, place(cpu, b, imm), kind(cpu.x[a & 7]), user=imm & 1)


@insns("11010010 a:4 b:4 size:2 imm:14")
def aligned(cpu, a, b, size, imm):
    kind = (u8, u16, u32, u64)[size]
    address = place(cpu, b, imm) & ~7
    old = cpu.load(kind, address, aligned=True)
    cpu.store(kind, address, kind(cpu.x[a & 7]) + old, aligned=imm & 2)


@insns("11010011 a:4 b:4 size:2 imm:14")
def atomics(cpu, a, b, size, imm):
    kind = (u8, u16, u32, u64)[size]
    address = place(cpu, b, imm) & ~7
    if imm & 1:
        expected = cpu.load(kind, address) if imm & 2 else kind(5)
        cpu.x[a & 7] = u64(cpu.cas(kind, address, expected, kind(cpu.r[b])))
    else:
        cpu.x[a & 7] = u64(cpu.swap(kind, address, kind(cpu.r[b])))
    cpu.fence()


@insns("11010100 a:4 b:4 imm:16")
def vectors(cpu, a, b, imm):
    address = place(cpu, b, imm)
    cpu.q[a & 3] = cpu.load(v128, address)
    cpu.store(v128, (address + 32) & 0xFFF, cpu.q[b & 3])
