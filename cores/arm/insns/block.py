"""Loads and stores of several registers, RFE and SRS (DDI 0406C A5.5, A6.3.5, B9.3)."""

from __future__ import annotations

from cores.arm.formats import Cpu, Value, read, write_loaded
from cores.arm.insns.status import PrivilegedError, return_to
from machinebuilder.isa import InsnSet, extern, popcount, u32

a32 = InsnSet("a32")
always = InsnSet("a32_always")
t16 = InsnSet("t16")
t32 = InsnSet("t32")

SP, LR, PC = 13, 14, 15


# -- what C does: registers of other modes ---------------------------------------------
@extern(effects="reads")
def user_register(cpu: Cpu, number: u32) -> u32:
    """R8-R14 of User mode."""
    raise PrivilegedError


@extern(effects="writes")
def set_user_register(cpu: Cpu, number: u32, value: u32) -> None:
    """Write R8-R14 of User mode."""
    raise PrivilegedError


@extern(effects="writes")
def stack_of_mode(cpu: Cpu, mode: u32) -> u32:
    """R13 of a mode; undefined if there is no such mode."""
    raise PrivilegedError


@extern(effects="writes")
def set_stack_of_mode(cpu: Cpu, mode: u32, value: u32) -> None:
    """Write R13 of a mode."""
    raise PrivilegedError


@extern(effects="writes")
def saved_status(cpu: Cpu) -> u32:
    """SPSR of this mode; undefined in User and System mode."""
    raise PrivilegedError


@extern(effects="exits")
def return_with_status(cpu: Cpu, target: u32, status: u32) -> None:
    """Set CPSR to `status` and branch."""
    raise PrivilegedError


# -- shared meaning --------------------------------------------------------------------
def lowest(base: Value, P: int, U: int, count: int) -> Value:
    """The lowest address of the block: IA, IB, DA or DB."""
    if U:
        return base + P * 4
    return base - (count * 4 - (1 - P) * 4)


def moved(base: Value, U: int, count: int) -> Value:
    """The base after write-back."""
    if U:
        return base + count * 4
    return base - count * 4


def load_registers(
    cpu: Cpu, address: Value, Rn: int, registers: int, base: Value
) -> tuple[Value, Value]:
    """R0-R14 of a block, but not the base: it is kept until nothing can fault any more.
    Gives what it becomes, `base` unless it is loaded, and the address after these.
    """
    place = 0
    for i in range(PC):
        if registers >> i & 1:
            data = cpu.load(u32, address + place * 4, aligned=True)
            if i == Rn:
                base = data
            else:
                cpu.r[i] = data
            place = place + 1
    return base, address + place * 4


def load_block(cpu: Cpu, P: int, U: int, W: int, Rn: int, registers: int) -> None:
    """LDM."""
    count = popcount(registers)
    base = cpu.r[Rn]
    new_base, after = load_registers(
        cpu, lowest(base, P, U, count), Rn, registers, moved(base, U, count)
    )
    if registers >> PC & 1:
        target = cpu.load(u32, after, aligned=True)
        if W or registers >> Rn & 1:
            cpu.r[Rn] = new_base
        write_loaded(cpu, PC, target)
    elif W or registers >> Rn & 1:
        cpu.r[Rn] = new_base


def load_and_return(cpu: Cpu, P: int, U: int, W: int, Rn: int, registers: int) -> None:
    """LDM with the pc that also restores CPSR."""
    count = popcount(registers)
    base = cpu.r[Rn]
    new_base, after = load_registers(
        cpu, lowest(base, P, U, count), Rn, registers, moved(base, U, count)
    )
    target = cpu.load(u32, after, aligned=True)
    if W or registers >> Rn & 1:
        cpu.r[Rn] = new_base
    return_to(cpu, target)


def store_registers(cpu: Cpu, address: Value, registers: int, user: int) -> None:
    """This mode's, or User mode's."""
    place = 0
    for i in range(16):
        if registers >> i & 1:
            banked = user and i >= 8 and i < PC
            value = user_register(cpu, i) if banked else read(cpu, i)
            cpu.store(u32, address + place * 4, value, aligned=True)
            place = place + 1


def store_block(cpu: Cpu, P: int, U: int, W: int, Rn: int, registers: int) -> None:
    """STM."""
    count = popcount(registers)
    base = cpu.r[Rn]
    store_registers(cpu, lowest(base, P, U, count), registers, 0)
    if W:
        cpu.r[Rn] = moved(base, U, count)


def store_user_block(cpu: Cpu, P: int, U: int, Rn: int, registers: int) -> None:
    """STM of User mode's registers."""
    address = lowest(cpu.r[Rn], P, U, popcount(registers))
    store_registers(cpu, address, registers, 1)


def load_user_block(cpu: Cpu, P: int, U: int, Rn: int, registers: int) -> None:
    """LDM to User mode's registers."""
    address = lowest(cpu.r[Rn], P, U, popcount(registers))
    place = 0
    for i in range(PC):
        if registers >> i & 1:
            data = cpu.load(u32, address + place * 4, aligned=True)
            if i >= 8:
                set_user_register(cpu, i, data)
            else:
                cpu.r[i] = data
            place = place + 1


# -- A32 -------------------------------------------------------------------------------
def sensible_load(W: int, Rn: int, registers: int) -> bool:
    """Registers there are, and the base is not both loaded and moved."""
    return registers != 0 and Rn != PC and not (W and registers >> Rn & 1)


def sensible_store(W: int, Rn: int, registers: int) -> bool:
    """A stored base that moves must come first."""
    if registers == 0 or Rn == PC:
        return False
    return not (W and registers >> Rn & 1 and registers & ((1 << Rn) - 1) != 0)


@a32(
    "cond:4 100 P:1 U:1 0 W:1 1 Rn:4 registers:16",
    where=sensible_load,
    asm="ldm{P,U:block_mode}{cond} {Rn}{W:wback}, {registers:list}",
)
def ldm(cpu: Cpu, P: int, U: int, W: int, Rn: int, registers: int) -> None:
    """LDM, POP A1."""
    load_block(cpu, P, U, W, Rn, registers)


@a32(
    "cond:4 100 P:1 U:1 0 W:1 0 Rn:4 registers:16",
    where=sensible_store,
    asm="stm{P,U:block_mode}{cond} {Rn}{W:wback}, {registers:list}",
)
def stm(cpu: Cpu, P: int, U: int, W: int, Rn: int, registers: int) -> None:
    """STM, PUSH A1."""
    store_block(cpu, P, U, W, Rn, registers)


@a32(
    "cond:4 100 P:1 U:1 1 0 L:1 Rn:4 registers:16",
    where=lambda L, Rn, registers: (
        registers != 0 and Rn != 15 and (L == 0 or registers < 0x8000)
    ),
    asm="{L:stm_ldm}{P,U:block_mode}{cond} {Rn}, {registers:list}^",
)
def user_block(cpu: Cpu, P: int, U: int, L: int, Rn: int, registers: int) -> None:
    """LDM, STM (User registers) A1."""
    if not cpu.privileged:
        cpu.undefined()
    elif L:
        load_user_block(cpu, P, U, Rn, registers)
    else:
        store_user_block(cpu, P, U, Rn, registers)


@a32(
    "cond:4 100 P:1 U:1 1 W:1 1 Rn:4 1 registers:15",
    where=lambda W, Rn, registers: Rn != 15 and not (W and registers >> Rn & 1),
    asm="ldm{P,U:block_mode}{cond} {Rn}{W:wback}, {registers:list_pc}^",
)
def ldm_return(cpu: Cpu, P: int, U: int, W: int, Rn: int, registers: int) -> None:
    """LDM (exception return) A1."""
    if not cpu.privileged:
        cpu.undefined()
    else:
        load_and_return(cpu, P, U, W, Rn, registers | 0x8000)


# -- T16 -------------------------------------------------------------------------------
@t16(
    "1100 L:1 Rn:3 registers:8",
    where=lambda L, Rn, registers: (
        registers != 0
        and (L or not registers >> Rn & 1 or registers & ((1 << Rn) - 1) == 0)
    ),
    asm="{L:stm_ldm}{it} {Rn}{L,Rn,registers:wback16}, {registers:list}",
)
def t16_block(cpu: Cpu, L: int, Rn: int, registers: int) -> None:
    """LDM, STM T1: LDM moves the base unless it is loaded."""
    if L:
        load_block(cpu, 0, 1, 1 - (registers >> Rn & 1), Rn, registers)
    else:
        store_block(cpu, 0, 1, 1, Rn, registers)


@t16(
    "1011 010 M:1 registers:8",
    where=lambda M, registers: M != 0 or registers != 0,
    asm="push{it} {M,registers:list_lr}",
)
def push(cpu: Cpu, M: int, registers: int) -> None:
    """PUSH T1."""
    store_block(cpu, 1, 0, 1, SP, registers | M << LR)


@t16(
    "1011 110 P:1 registers:8",
    where=lambda P, registers: P != 0 or registers != 0,
    asm="pop{it} {P,registers:list_pc16}",
)
def pop(cpu: Cpu, P: int, registers: int) -> None:
    """POP T1."""
    load_block(cpu, 0, 1, 1, SP, registers | P << PC)


# -- T32 -------------------------------------------------------------------------------
def sensible_t32(P: int, U: int, W: int, L: int, Rn: int, registers: int) -> bool:
    """IA or DB; at least two registers, not SP; a load not both LR and PC."""
    if P == U or Rn == PC or popcount(registers) < 2 or registers >> SP & 1:
        return False
    if W and registers >> Rn & 1:
        return False
    return registers >> 14 != 3 if L else registers < 0x8000


@t32(
    "1110100 P:1 U:1 0 W:1 L:1 Rn:4 registers:16",
    where=sensible_t32,
    asm="{L:stm_ldm}{P,U:block_mode}{it}.w {Rn}{W:wback}, {registers:list}",
)
def t32_block(
    cpu: Cpu, P: int, U: int, W: int, L: int, Rn: int, registers: int
) -> None:
    """LDM, LDMDB, STM, STMDB T1 and T2, PUSH, POP T2."""
    if L:
        load_block(cpu, P, U, W, Rn, registers)
    else:
        store_block(cpu, P, U, W, Rn, registers)


# -- RFE, SRS --------------------------------------------------------------------------
def return_from(cpu: Cpu, P: int, U: int, W: int, Rn: int) -> None:
    """RFE: pc and CPSR from memory."""
    if not cpu.privileged:
        cpu.undefined()
    else:
        base = cpu.r[Rn]
        address = lowest(base, P, U, 2)
        target = cpu.load(u32, address, aligned=True)
        status = cpu.load(u32, address + 4, aligned=True)
        if W:
            cpu.r[Rn] = moved(base, U, 2)
        return_with_status(cpu, target, status)


def save_return(cpu: Cpu, P: int, U: int, W: int, mode: int) -> None:
    """SRS: LR and SPSR to the stack of a mode."""
    if not cpu.privileged:
        cpu.undefined()
    else:
        base = stack_of_mode(cpu, mode)
        address = lowest(base, P, U, 2)
        status = saved_status(cpu)
        cpu.store(u32, address, cpu.r[LR], aligned=True)
        cpu.store(u32, address + 4, status, aligned=True)
        if W:
            set_stack_of_mode(cpu, mode, moved(base, U, 2))


@always(
    "1111 100 P:1 U:1 0 W:1 1 Rn:4 (0)(0)(0)(0)(1)(0)(1)(0)(0)(0)(0)(0)(0)(0)(0)(0)",
    where=lambda Rn: Rn != 15,
    asm="rfe{P,U:block_mode} {Rn}{W:wback}",
)
def rfe(cpu: Cpu, P: int, U: int, W: int, Rn: int) -> None:
    """RFE A1."""
    return_from(cpu, P, U, W, Rn)


@t32(
    "1110100 P:1 U:1 0 W:1 1 Rn:4 (1)(1)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0)",
    where=lambda P, U, Rn: P == U and Rn != 15,
    asm="rfe{P,U:t32_block_mode}{it} {Rn}{W:wback}",
)
def t32_rfe(cpu: Cpu, P: int, U: int, W: int, Rn: int) -> None:
    """RFE T1 (DB) and T2 (IA)."""
    return_from(cpu, 1 - P, U, W, Rn)


@always(
    "1111 100 P:1 U:1 1 W:1 0 (1)(1)(0)(1)(0)(0)(0)(0)(0)(1)(0)(1)(0)(0)(0) mode:5",
    asm="srs{P,U:block_mode} sp{W:wback}, #{mode}",
)
def srs(cpu: Cpu, P: int, U: int, W: int, mode: int) -> None:
    """SRS A1."""
    save_return(cpu, P, U, W, mode)


@t32(
    "1110100 P:1 U:1 0 W:1 0 (1)(1)(0)(1)(1)(1)(0)(0)(0)(0)(0)(0)(0)(0)(0) mode:5",
    where=lambda P, U: P == U,
    asm="srs{P,U:t32_block_mode}{it} sp{W:wback}, #{mode}",
)
def t32_srs(cpu: Cpu, P: int, U: int, W: int, mode: int) -> None:
    """SRS T1 (DB) and T2 (IA)."""
    save_return(cpu, 1 - P, U, W, mode)
