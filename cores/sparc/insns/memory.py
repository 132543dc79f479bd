# SPDX-License-Identifier: Apache-2.0
"""Loads and stores of integer registers, atomics, alternate spaces
(SPARC V8 manual, B.1-B.8)."""

from __future__ import annotations

from typing import Any

from cores.sparc.formats import (
    CP_DISABLED,
    Cpu,
    Value,
    address_of,
    check_supervisor,
    read,
    trap,
    write,
)
from machinebuilder.isa import InsnSet, extern, s8, s16, s32, u8, u16, u32, u64

insns = InsnSet("v8")

USER_INSTRUCTION, SUPERVISOR_INSTRUCTION, USER_DATA, SUPERVISOR_DATA = 8, 9, 10, 11


def write_pair(cpu: Cpu, rd: int, value: Value) -> None:
    """A doubleword into an even-odd pair."""
    write(cpu, rd, u32(value >> 32))
    write(cpu, rd + 1, u32(value))


def read_pair(cpu: Cpu, rd: int) -> Value:
    """An even-odd pair as a doubleword."""
    return (u64(read(cpu, rd)) << 32) | u64(read(cpu, rd + 1))


# -- the current space -----------------------------------------------------------------
def declare_load(op3: int, mnemonic: str, kind: Any, extended: Any) -> None:
    """A load of one register; `extended` is the type that extends it to 32 bits."""

    @insns(
        f"11 rd:5 {op3:06b} rs1:5 i:1 low:13",
        name=mnemonic,
        asm=f"{mnemonic} [{{rs1,i,low:sum}}], {{rd}}",
    )
    def load(cpu: Cpu, rd: int, rs1: int, i: int, low: int) -> None:
        value = cpu.load(kind, address_of(cpu, rs1, i, low), aligned=True)
        write(cpu, rd, u32(extended(value)))


def declare_store(op3: int, mnemonic: str, kind: Any) -> None:
    """A store of one register."""

    @insns(
        f"11 rd:5 {op3:06b} rs1:5 i:1 low:13",
        name=mnemonic,
        asm=f"{mnemonic} {{rd}}, [{{rs1,i,low:sum}}]",
    )
    def store(cpu: Cpu, rd: int, rs1: int, i: int, low: int) -> None:
        cpu.store(kind, address_of(cpu, rs1, i, low), kind(read(cpu, rd)), aligned=True)


declare_load(0x00, "ld", u32, u32)
declare_load(0x01, "ldub", u8, u32)
declare_load(0x02, "lduh", u16, u32)
declare_load(0x09, "ldsb", s8, s32)
declare_load(0x0A, "ldsh", s16, s32)
declare_store(0x04, "st", u32)
declare_store(0x05, "stb", u8)
declare_store(0x06, "sth", u16)


@insns(
    "11 rd:5 000011 rs1:5 i:1 low:13",
    asm="ldd [{rs1,i,low:sum}], {rd}",
    where=lambda rd: rd % 2 == 0,
)
def ldd(cpu: Cpu, rd: int, rs1: int, i: int, low: int) -> None:
    """LDD; an odd rd is illegal."""
    write_pair(cpu, rd, cpu.load(u64, address_of(cpu, rs1, i, low), aligned=True))


@insns(
    "11 rd:5 000111 rs1:5 i:1 low:13",
    asm="std {rd}, [{rs1,i,low:sum}]",
    where=lambda rd: rd % 2 == 0,
)
def std(cpu: Cpu, rd: int, rs1: int, i: int, low: int) -> None:
    """STD; an odd rd is illegal."""
    cpu.store(u64, address_of(cpu, rs1, i, low), read_pair(cpu, rd), aligned=True)


@insns("11 rd:5 001101 rs1:5 i:1 low:13", asm="ldstub [{rs1,i,low:sum}], {rd}")
def ldstub(cpu: Cpu, rd: int, rs1: int, i: int, low: int) -> None:
    """LDSTUB: atomic."""
    write(cpu, rd, u32(cpu.swap(u8, address_of(cpu, rs1, i, low), u8(0xFF))))


@insns("11 rd:5 001111 rs1:5 i:1 low:13", asm="swap [{rs1,i,low:sum}], {rd}")
def swap(cpu: Cpu, rd: int, rs1: int, i: int, low: int) -> None:
    """SWAP: atomic."""
    write(cpu, rd, cpu.swap(u32, address_of(cpu, rs1, i, low), read(cpu, rd)))


# -- alternate spaces: privileged, register addresses only -----------------------------
@extern(effects="writes")
def load_alternate(cpu: Cpu, address: u32, asi: u32, width: u32) -> u64:
    """A load from an alternate space, zero-extended (asi.c)."""
    raise NotImplementedError("alternate spaces are the C part's")


@extern(effects="writes")
def store_alternate(cpu: Cpu, address: u32, asi: u32, width: u32, value: u64) -> None:
    """A store to an alternate space (asi.c)."""
    raise NotImplementedError("alternate spaces are the C part's")


def alternate_address(cpu: Cpu, rs1: int, i: int, rs2: int) -> Value:
    """Of an access that is privileged; an immediate is illegal."""
    check_supervisor(cpu)
    if i:
        cpu.undefined()
    return read(cpu, rs1) + read(cpu, rs2)


def is_data(asi: int) -> bool:
    """The two spaces that ordinary accesses reach."""
    return asi in (USER_DATA, SUPERVISOR_DATA)


def declare_load_alternate(op3: int, mnemonic: str, kind: Any, extended: Any) -> None:
    """LDA and the like."""

    @insns(
        f"11 rd:5 {op3:06b} rs1:5 i:1 asi:8 rs2:5",
        name=mnemonic,
        asm=f"{mnemonic} [{{rs1}} + {{rs2}}] {{asi}}, {{rd}}",
    )
    def load(cpu: Cpu, rd: int, rs1: int, i: int, asi: int, rs2: int) -> None:
        address = alternate_address(cpu, rs1, i, rs2)
        if is_data(asi):
            value = cpu.load(kind, address, aligned=True, user=asi == USER_DATA)
        else:
            value = kind(load_alternate(cpu, address, asi, kind.bits // 8))
        write(cpu, rd, u32(extended(value)))


def declare_store_alternate(op3: int, mnemonic: str, kind: Any) -> None:
    """STA and the like. They may change any mapping: the block ends."""

    @insns(
        f"11 rd:5 {op3:06b} rs1:5 i:1 asi:8 rs2:5",
        name=mnemonic,
        asm=f"{mnemonic} {{rd}}, [{{rs1}} + {{rs2}}] {{asi}}",
    )
    def store(cpu: Cpu, rd: int, rs1: int, i: int, asi: int, rs2: int) -> None:
        address = alternate_address(cpu, rs1, i, rs2)
        if is_data(asi):
            cpu.store(
                kind, address, kind(read(cpu, rd)), aligned=True, user=asi == USER_DATA
            )
        else:
            store_alternate(cpu, address, asi, kind.bits // 8, u64(read(cpu, rd)))
            cpu.end_block()


declare_load_alternate(0x10, "lda", u32, u32)
declare_load_alternate(0x11, "lduba", u8, u32)
declare_load_alternate(0x12, "lduha", u16, u32)
declare_load_alternate(0x19, "ldsba", s8, s32)
declare_load_alternate(0x1A, "ldsha", s16, s32)
declare_store_alternate(0x14, "sta", u32)
declare_store_alternate(0x15, "stba", u8)
declare_store_alternate(0x16, "stha", u16)


@insns(
    "11 rd:5 010011 rs1:5 i:1 asi:8 rs2:5",
    where=lambda rd: rd % 2 == 0,
    asm="ldda [{rs1} + {rs2}] {asi}, {rd}",
)
def ldda(cpu: Cpu, rd: int, rs1: int, i: int, asi: int, rs2: int) -> None:
    """LDDA."""
    address = alternate_address(cpu, rs1, i, rs2)
    write_pair(cpu, rd, load_alternate(cpu, address, asi, 8))


@insns(
    "11 rd:5 010111 rs1:5 i:1 asi:8 rs2:5",
    where=lambda rd: rd % 2 == 0,
    asm="stda {rd}, [{rs1} + {rs2}] {asi}",
)
def stda(cpu: Cpu, rd: int, rs1: int, i: int, asi: int, rs2: int) -> None:
    """STDA."""
    address = alternate_address(cpu, rs1, i, rs2)
    store_alternate(cpu, address, asi, 8, read_pair(cpu, rd))
    cpu.end_block()


def swap_alternate(cpu: Cpu, kind: Any, address: Value, asi: int, new: Value) -> Value:
    """The old value; atomic only in the supervisor's own space."""
    if asi == SUPERVISOR_DATA:
        return u32(cpu.swap(kind, address, new))
    old = u32(load_alternate(cpu, address, asi, kind.bits // 8))
    store_alternate(cpu, address, asi, kind.bits // 8, u64(new))
    cpu.end_block()
    return old


@insns(
    "11 rd:5 011101 rs1:5 i:1 asi:8 rs2:5", asm="ldstuba [{rs1} + {rs2}] {asi}, {rd}"
)
def ldstuba(cpu: Cpu, rd: int, rs1: int, i: int, asi: int, rs2: int) -> None:
    """LDSTUBA."""
    address = alternate_address(cpu, rs1, i, rs2)
    write(cpu, rd, swap_alternate(cpu, u8, address, asi, u8(0xFF)))


@insns("11 rd:5 011111 rs1:5 i:1 asi:8 rs2:5", asm="swapa [{rs1} + {rs2}] {asi}, {rd}")
def swapa(cpu: Cpu, rd: int, rs1: int, i: int, asi: int, rs2: int) -> None:
    """SWAPA."""
    address = alternate_address(cpu, rs1, i, rs2)
    write(cpu, rd, swap_alternate(cpu, u32, address, asi, read(cpu, rd)))


# -- coprocessor -----------------------------------------------------------------------
@insns("11 xxxxx 110 xxx xxxxxxxxxxxxxxxxxxx", asm="cpmem")
def coprocessor_memory(cpu: Cpu) -> None:
    """LDC, STC and the like: there is no coprocessor."""
    trap(cpu, CP_DISABLED)


@insns("10 xxxxx 11011 x xxxxxxxxxxxxxxxxxxx", asm="cpop")
def coprocessor_operate(cpu: Cpu) -> None:
    """CPop1, CPop2."""
    trap(cpu, CP_DISABLED)
