# SPDX-License-Identifier: Apache-2.0
"""Advanced SIMD element and structure loads and stores (DDI 0406C A7.7, A8.8.321-331,
A8.8.404-412).

A structure has `n` elements; its element e goes to register d + e * increment. Whole
registers move as doublewords: in big-endian memory the lanes of one come out reversed.

Omitted: alignment beyond eight bytes is not checked, and without an alignment in the
instruction none is, even with SCTLR.A.
"""

from __future__ import annotations

from cores.arm.insns.neon_lanes import spread
from cores.arm.insns.simd_registers import (
    Cpu,
    Value,
    check_neon,
    extract,
    place,
    put_lane,
)
from machinebuilder.isa import InsnSet, u8, u16, u32, u64

insns = InsnSet("neon")

STACK_POINTER, NO_INDEX = 13, 15


def write_back(cpu: Cpu, Rn: int, Rm: int, size: int) -> None:
    """Rm 15: none, 13: past what was transferred, else by a register."""
    if Rm == STACK_POINTER:
        cpu.r[Rn] = cpu.r[Rn] + size
    elif Rm != NO_INDEX:
        cpu.r[Rn] = cpu.r[Rn] + cpu.r[Rm]


# -- several structures: `type` names n, how many of each, and the increment -----------
#        0  1  2  3  4  5  6  7  8  9  10
COUNT = (4, 4, 1, 2, 3, 3, 1, 1, 2, 2, 1)  # elements of a structure
TIMES = (1, 1, 4, 2, 1, 1, 3, 1, 1, 1, 2)  # registers for each element
STEP = (1, 2, 1, 2, 1, 2, 1, 1, 1, 2, 1)  # between an element's registers


def structures(type: int, size: int, align: int, d: int, Rn: int) -> bool:  # noqa: A002
    """Type and alignment exist, the registers too."""
    if type > 10 or Rn == 15:
        return False
    n, times = COUNT[type], TIMES[type]
    if size == 3 and n != 1:
        return False
    if (n * times & 1 and align > 1) or (n * times == 2 and align == 3):
        return False
    return d + (n - 1) * STEP[type] + times <= 32


def memory_lane(cpu: Cpu, bits: int, i: int) -> int:
    """The place of memory's i-th element in a doubleword loaded at once."""
    return 64 // bits - 1 - i if cpu.big_endian else i


def distribute(
    cpu: Cpu, word: Value, d: int, n: int, step: int, bits: int, w: int
) -> None:
    """Doubleword w of memory to the registers, in order: the first lane of a register
    replaces it."""
    if n == 1 and not cpu.big_endian:
        cpu.d[d + w] = word
        return
    per = 64 // bits
    for i in range(per):
        number = w * per + i
        element, r = number // n, d + number % n * step + number // n // per
        value = place(
            extract(word, memory_lane(cpu, bits, i) * bits, bits, 1),
            element % per * bits,
            bits,
        )
        if element % per == 0:
            cpu.d[r] = value
        else:
            cpu.d[r] = cpu.d[r] | value


def collect(cpu: Cpu, d: int, n: int, step: int, bits: int, w: int) -> Value:
    """Doubleword w of memory from the registers."""
    if n == 1 and not cpu.big_endian:
        return cpu.d[d + w]
    per = 64 // bits
    result = u64(0)
    for i in range(per):
        number = w * per + i
        element, r = number // n, d + number % n * step + number // n // per
        value = extract(cpu.d[r], element % per * bits, bits, 1)
        result = result | place(value, memory_lane(cpu, bits, i) * bits, bits)
    return result


@insns(
    "1111 0100 0 d:1 L:1 0 Rn:4 d:4 type:4 size:2 align:2 Rm:4",
    where=structures,
    asm="{L:vst_vld}{type:velements}{size:vsize}"
    " {d,type:vstructures}, [{Rn}{align:valigned}]{Rm:vindex}",
)
def several(
    cpu: Cpu,
    d: int,
    L: int,
    Rn: int,
    type: int,
    size: int,  # noqa: A002
    align: int,
    Rm: int,
) -> None:
    """VLD1-VLD4, VST1-VST4 (multiple n-element structures)."""
    check_neon(cpu)
    n, step, bits = COUNT[type], STEP[type], 8 << size
    base = cpu.r[Rn]
    for w in range(n * TIMES[type]):
        address = base + 8 * w
        if L:
            word = cpu.load(u64, address, aligned=align != 0)
            distribute(cpu, word, d, n, step, bits, w)
        else:
            cpu.store(
                u64, address, collect(cpu, d, n, step, bits, w), aligned=align != 0
            )
    write_back(cpu, Rn, Rm, 8 * n * TIMES[type])


# -- one structure: `more` is n - 1 ----------------------------------------------------
def load_element(cpu: Cpu, size: int, address: Value, aligned: int) -> Value:
    """An element as u64."""
    if size == 0:
        return u64(cpu.load(u8, address))
    if size == 1:
        return u64(cpu.load(u16, address, aligned=aligned))
    return u64(cpu.load(u32, address, aligned=aligned))


def store_element(
    cpu: Cpu, size: int, address: Value, value: Value, aligned: int
) -> None:
    if size == 0:
        cpu.store(u8, address, u8(value))
    elif size == 1:
        cpu.store(u16, address, u16(value), aligned=aligned)
    else:
        cpu.store(u32, address, u32(value), aligned=aligned)


def lane_step(size: int, where: int) -> int:
    """Between the registers of the elements: index_align tells after the index."""
    return 2 if size != 0 and where >> size & 1 else 1


def lane_exists(size: int, more: int, where: int, d: int, Rn: int) -> bool:
    """index_align, whose meaning depends on n and the size, and the registers."""
    if size == 3 or Rn == 15 or d + more * lane_step(size, where) > 31:
        return False
    low = where & ((1 << size) - 1) if size != 0 else where & 1
    if more == 0:
        return lane_step(size, where) == 1 and (
            low == 0 or size == 1 or (size == 2 and low == 3)
        )
    if more == 1:
        return size != 2 or low < 2
    if more == 2:
        return low == 0
    return size != 2 or low < 3


@insns(
    "1111 0100 1 d:1 L:1 0 Rn:4 d:4 size:2 more:2 where:4 Rm:4",
    where=lane_exists,
    asm="{L:vst_vld}{more:vmore}{size:vsize}"
    " {d,size,where,more:vone_lane}, [{Rn}{size,where,more:vlane_aligned}]{Rm:vindex}",
)
def one_lane(
    cpu: Cpu, d: int, L: int, Rn: int, size: int, more: int, where: int, Rm: int
) -> None:
    """VLD1-VLD4, VST1-VST4 (single n-element structure, one lane)."""
    check_neon(cpu)
    index, bits = where >> (size + 1), 8 << size
    aligned = where & 3 != 0 if size == 2 else where & 1
    for e in range(more + 1):
        r = d + e * lane_step(size, where)
        address = cpu.r[Rn] + (e << size)
        if L:
            put_lane(cpu, r, index, bits, load_element(cpu, size, address, aligned))
        else:
            value = extract(cpu.d[r], index * bits, bits, 1)
            store_element(cpu, size, address, value, aligned)
    write_back(cpu, Rn, Rm, (more + 1) << size)


def all_lanes_exist(more: int, size: int, T: int, a: int, d: int, Rn: int) -> bool:
    """Size 3 is VLD4 of 32 bits, aligned to 16 bytes."""
    if Rn == 15 or d + (more * (T + 1) if more != 0 else T) > 31:
        return False
    if more == 0:
        return size != 3 and not (size == 0 and a)
    if more == 2:
        return size != 3 and a == 0
    return size != 3 or (more == 3 and a == 1)


@insns(
    "1111 0100 1 d:1 10 Rn:4 d:4 11 more:2 size:2 T:1 a:1 Rm:4",
    where=all_lanes_exist,
    asm="vld{more:vmore}{size:vall_size}"
    " {d,T,more:vall_lanes}, [{Rn}{size,more,a:vall_aligned}]{Rm:vindex}",
)
def all_lanes(
    cpu: Cpu, d: int, Rn: int, more: int, size: int, T: int, a: int, Rm: int
) -> None:
    """VLD1-VLD4 (single n-element structure to all lanes)."""
    check_neon(cpu)
    length = 2 if size == 3 else size
    for e in range(more + 1):
        value = load_element(cpu, length, cpu.r[Rn] + (e << length), a)
        word = spread(8 << length, value)
        if more == 0:
            for r in range(T + 1):
                cpu.d[d + r] = word
        else:
            cpu.d[d + e * (T + 1)] = word
    write_back(cpu, Rn, Rm, (more + 1) << length)
