"""Status registers, hints, barriers, exceptions by instruction (DDI 0406C A5.2.10-12,
A6.3.4, B9.3).

What changes the mode or the interrupt masks is C (traps.c); the bodies of the externs
here model user-level code alone, which is all that the reference runs.
"""

from __future__ import annotations

from cores.arm.formats import Cpu, Value, arm_constant, end_it_block
from machinebuilder.isa import InsnSet, bits, extern, u8, u32

a32 = InsnSet("a32")
always = InsnSet("a32_always")
t16 = InsnSet("t16")
t32 = InsnSet("t32")

USER_MODE = 0x10
CONDITION_BITS = 0xF800_0000  # N Z C V Q
GE_BITS = 0x000F_0000


class PrivilegedError(Exception):
    """The plain-Python reference runs user-level code only."""


# -- what C does -----------------------------------------------------------------------
@extern(effects="reads")
def read_cpsr(cpu: Cpu) -> u32:
    """CPSR as MRS gives it: IT and T read as zero."""
    value = int(cpu.n) << 31 | int(cpu.z) << 30 | int(cpu.c) << 29 | int(cpu.v) << 28
    return u32(
        value | int(cpu.q) << 27 | int(cpu.ge) << 16 | cpu.big_endian << 9 | USER_MODE
    )


@extern(effects="writes")
def write_cpsr(cpu: Cpu, value: u32, mask: u32) -> None:
    """MSR CPSR: the masked bytes, as far as the mode may."""
    raise PrivilegedError


@extern(effects="writes")
def read_spsr(cpu: Cpu) -> u32:
    """MRS of SPSR; undefined where the mode has none."""
    raise PrivilegedError


@extern(effects="writes")
def write_spsr(cpu: Cpu, value: u32, mask: u32) -> None:
    """MSR SPSR."""
    raise PrivilegedError


@extern(effects="writes")
def finish_tlb_operations(cpu: Cpu) -> None:
    """DSB after TLB maintenance for all CPUs: wait until they have done it."""


@extern(effects="writes")
def change_state(cpu: Cpu, enable: u32, masks: u32, mode: u32) -> None:
    """CPS: enable 2 clears, 3 sets the masks A I F; mode 0: unchanged."""
    raise PrivilegedError


@extern(effects="exits")
def return_to(cpu: Cpu, target: u32) -> None:
    """Restore CPSR from SPSR and branch."""
    raise PrivilegedError


@extern(effects="exits")
def supervisor_call(cpu: Cpu) -> None:
    """SVC."""
    raise PrivilegedError


@extern(effects="exits")
def firmware_call(cpu: Cpu, conduit: u32) -> None:
    """HVC (1), SMC (2): PSCI if that is its conduit, else undefined."""
    raise PrivilegedError


@extern(effects="exits")
def breakpoint_hit(cpu: Cpu) -> None:
    """BKPT: a debug event, which is a prefetch abort."""
    raise PrivilegedError


@extern(effects="exits")
def wait_for_interrupt(cpu: Cpu, length: u32) -> None:
    """WFI: halt, and go on after it; `length` of the instruction."""
    raise PrivilegedError


@extern(effects="reads")
def give_way(cpu: Cpu) -> None:
    """WFE: let the host run another thread, which may be the CPU we wait for."""


def exception_return(cpu: Cpu, target: Value) -> None:
    """SUBS PC, LR and its relatives; undefined in User mode."""
    if cpu.privileged:
        return_to(cpu, target)
    else:
        cpu.undefined()


# -- status registers ------------------------------------------------------------------
def move_from_status(cpu: Cpu, Rd: int, spsr: int) -> None:
    """MRS."""
    if spsr:
        cpu.r[Rd] = read_spsr(cpu)
    else:
        cpu.r[Rd] = read_cpsr(cpu)


def move_to_status(cpu: Cpu, spsr: int, mask: int, value: Value) -> None:
    """MSR: `mask` has a bit for each byte; c (1) x (2) s (4) f (8)."""
    selected = (
        (mask & 1) * 0xFF
        + (mask >> 1 & 1) * 0xFF00
        + (mask >> 2 & 1) * 0xFF_0000
        + (mask >> 3) * 0xFF00_0000
    )
    if spsr:
        write_spsr(cpu, value, selected)
    elif mask == 8 or not cpu.privileged:
        write_application_status(cpu, mask, value)
    else:
        write_cpsr(cpu, value, selected)
        cpu.end_block()


def write_application_status(cpu: Cpu, mask: int, value: Value) -> None:
    """The part of CPSR that User mode may write: flags, GE and E."""
    if mask & 8:
        cpu.n = bits(value, 31, 31) != 0
        cpu.z = bits(value, 30, 30) != 0
        cpu.c = bits(value, 29, 29) != 0
        cpu.v = bits(value, 28, 28) != 0
        cpu.q = bits(value, 27, 27) != 0
    if mask & 4:
        cpu.ge = u8(bits(value, 19, 16))
    if mask & 2:
        cpu.big_endian = bits(value, 9, 9)
        cpu.end_block()


@a32(
    "cond:4 00010 R:1 00 (1)(1)(1)(1) Rd:4 (0)(0)(0)(0) 0000 (0)(0)(0)(0)",
    where=lambda Rd: Rd != 15,
    asm="mrs{cond} {Rd}, {R:psr}",
)
def mrs(cpu: Cpu, R: int, Rd: int) -> None:
    """MRS A1."""
    move_from_status(cpu, Rd, R)


@t32(
    "11110 011111 R:1 (1)(1)(1)(1) 10 (0) 0 Rd:4 (0)(0)(0)(0)(0)(0)(0)(0)",
    where=lambda Rd: Rd != 13 and Rd != 15,
    asm="mrs{it} {Rd}, {R:psr}",
)
def t32_mrs(cpu: Cpu, R: int, Rd: int) -> None:
    """MRS T1."""
    move_from_status(cpu, Rd, R)


@a32(
    "cond:4 00010 R:1 10 mask:4 (1)(1)(1)(1) (0)(0)(0)(0) 0000 Rn:4",
    where=lambda mask, Rn: mask != 0 and Rn != 15,
    asm="msr{cond} {R:psr}_{mask:fields}, {Rn}",
)
def msr_register(cpu: Cpu, R: int, mask: int, Rn: int) -> None:
    """MSR (register) A1."""
    move_to_status(cpu, R, mask, cpu.r[Rn])


@a32(
    "cond:4 00110 R:1 10 mask:4 (1)(1)(1)(1) imm12:12",
    where=lambda R, mask: R != 0 or mask != 0,
    asm="msr{cond} {R:psr}_{mask:fields}, #{imm12:arm_constant}",
)
def msr_immediate(cpu: Cpu, R: int, mask: int, imm12: int) -> None:
    """MSR (immediate) A1."""
    move_to_status(cpu, R, mask, u32(arm_constant(imm12)))


@t32(
    "11110 011100 R:1 Rn:4 10 (0) 0 mask:4 (0)(0)(0)(0)(0)(0)(0)(0)",
    where=lambda mask, Rn: mask != 0 and Rn != 13 and Rn != 15,
    asm="msr{it} {R:psr}_{mask:fields}, {Rn}",
)
def t32_msr(cpu: Cpu, R: int, Rn: int, mask: int) -> None:
    """MSR (register) T1."""
    move_to_status(cpu, R, mask, cpu.r[Rn])


def cps(cpu: Cpu, imod: int, M: int, masks: int, mode: int) -> None:
    """CPS: nothing in User mode. Setting masks alone needs no look at interrupts."""
    if not cpu.privileged:
        return
    if imod == 3 and not M:
        if masks & 4:
            cpu.abort_masked = 1
        if masks & 2:
            cpu.irq_masked = 1
        if masks & 1:
            cpu.fiq_masked = 1
    else:
        change_state(cpu, imod, masks, mode if M else 0)
        cpu.end_block()


def sensible_cps(imod: int, M: int, masks: int, mode: int) -> bool:
    """Combinations that are not unpredictable."""
    if imod == 1 or (mode != 0 and not M) or (imod == 0 and not M):
        return False
    return (imod >= 2) == (masks != 0)


@always(
    "1111 00010000 imod:2 M:1 0 (0)(0)(0)(0)(0)(0)(0) masks:3 0 mode:5",
    where=sensible_cps,
    asm="cps{imod:effect}{imod,M,masks,mode:cps_operands}",
)
def a32_cps(cpu: Cpu, imod: int, M: int, masks: int, mode: int) -> None:
    """CPS A1."""
    cps(cpu, imod, M, masks, mode)


@t32(
    "11110 0111010 (1)(1)(1)(1) 10 (0) 0 (0) imod:2 M:1 masks:3 mode:5",
    where=sensible_cps,
    asm="cps{imod:effect}.w{imod,M,masks,mode:cps_operands}",
)
def t32_cps(cpu: Cpu, imod: int, M: int, masks: int, mode: int) -> None:
    """CPS T2."""
    cps(cpu, imod, M, masks, mode)


@t16(
    "1011 0110 011 im:1 (0) masks:3",
    asm="cps{im:effect1} {masks:aif}",
    where=lambda masks: masks != 0,
)
def t16_cps(cpu: Cpu, im: int, masks: int) -> None:
    """CPS T1."""
    cps(cpu, 2 + im, 0, masks, 0)


@always(
    "1111 00010000 (0)(0)(0) 1 (0)(0)(0)(0)(0)(0) E:1 (0) 0000 (0)(0)(0)(0)",
    asm="setend {E:endian}",
)
def setend(cpu: Cpu, E: int) -> None:
    """SETEND A1."""
    cpu.big_endian = E


@t16("1011 0110 010 (1) E:1 (0)(0)(0)", asm="setend {E:endian}")
def t16_setend(cpu: Cpu, E: int) -> None:
    """SETEND T1."""
    cpu.big_endian = E


# -- hints and barriers ----------------------------------------------------------------
def hint(cpu: Cpu, number: int, length: int) -> None:
    """NOP, YIELD, WFE, WFI, SEV and what is reserved as NOP.

    WFE ends at once, which is allowed; SEV then has nothing to do.
    """
    if number == 2:
        give_way(cpu)
    elif number == 3:
        end_it_block(cpu)
        wait_for_interrupt(cpu, length)


@a32(
    "cond:4 0011 0010 0000 (1)(1)(1)(1) (0)(0)(0)(0) number:8",
    asm="{number:hint}{cond}",
)
def a32_hint(cpu: Cpu, number: int) -> None:
    """Hints, A32."""
    hint(cpu, number, 4)


@t16("1011 1111 number:4 0000", asm="{number:hint}{it}")
def t16_hint(cpu: Cpu, number: int) -> None:
    """Hints, T16."""
    hint(cpu, number, 2)


@t32("11110 0111010 (1)(1)(1)(1) 10 (0) 0 (0) 000 number:8", asm="{number:hint}{it}.w")
def t32_hint(cpu: Cpu, number: int) -> None:
    """Hints, T32."""
    hint(cpu, number, 4)


def barrier(cpu: Cpu, kind: int) -> None:
    """CLREX (2), DSB (4), DMB (5), ISB (6)."""
    if kind == 2:
        cpu.exclusive_address = 0xFFFF_FFFF
    elif kind == 6:
        end_it_block_and_stop(cpu)
    elif kind == 4:
        synchronize(cpu)
    else:
        cpu.fence()


def synchronize(cpu: Cpu) -> None:
    """DSB."""
    cpu.fence()
    if cpu.tlb_owed != 0:
        finish_tlb_operations(cpu)


def end_it_block_and_stop(cpu: Cpu) -> None:
    """ISB: what follows is fetched anew."""
    if cpu.itstate == 0:
        cpu.end_block()


@always(
    "1111 0101 0111 (1)(1)(1)(1)(1)(1)(1)(1)(0)(0)(0)(0) kind:4 option:4",
    where=lambda kind: kind == 4 or kind == 5 or kind == 6,
    asm="{kind:barrier} {option}",
)
def a32_barrier(cpu: Cpu, kind: int) -> None:
    """DSB, DMB, ISB A1."""
    barrier(cpu, kind)


@always(
    "1111 0101 0111 (1)(1)(1)(1)(1)(1)(1)(1)(0)(0)(0)(0) 0001 (1)(1)(1)(1)", asm="clrex"
)
def a32_clear_exclusive(cpu: Cpu) -> None:
    """CLREX A1."""
    barrier(cpu, 2)


@t32(
    "11110 0111011 (1)(1)(1)(1) 10 (0) 0 (1)(1)(1)(1) kind:4 option:4",
    where=lambda kind: kind == 4 or kind == 5 or kind == 6,
    asm="{kind:barrier}{it} {option}",
)
def t32_barrier(cpu: Cpu, kind: int) -> None:
    """DSB, DMB, ISB T1."""
    barrier(cpu, kind)


@t32(
    "11110 0111011 (1)(1)(1)(1) 10 (0) 0 (1)(1)(1)(1) 0010 (1)(1)(1)(1)",
    asm="clrex{it}",
)
def t32_clear_exclusive(cpu: Cpu) -> None:
    """CLREX T1."""
    barrier(cpu, 2)


# -- exceptions by instruction ---------------------------------------------------------
@a32("cond:4 1111 imm24:24", asm="svc{cond} #{imm24}")
def svc(cpu: Cpu) -> None:
    """SVC A1."""
    supervisor_call(cpu)


@t16("1101 1111 imm8:8", asm="svc{it} #{imm8}")
def t16_svc(cpu: Cpu) -> None:
    """SVC T1."""
    supervisor_call(cpu)


@a32(
    "cond:4 00010010 imm:12 0111 imm:4",
    where=lambda cond: cond == 14,
    asm="bkpt #{imm}",
)
def bkpt(cpu: Cpu) -> None:
    """BKPT A1."""
    breakpoint_hit(cpu)


@t16("1011 1110 imm8:8", asm="bkpt #{imm8}")
def t16_bkpt(cpu: Cpu) -> None:
    """BKPT T1: unconditional even in an IT block (the frame knows)."""
    breakpoint_hit(cpu)


def call_firmware(cpu: Cpu, conduit: int) -> None:
    """HVC and SMC: undefined in User mode."""
    if cpu.privileged:
        firmware_call(cpu, conduit)
    else:
        cpu.undefined()


@a32(
    "cond:4 00010100 imm:12 0111 imm:4", where=lambda cond: cond == 14, asm="hvc #{imm}"
)
def hvc(cpu: Cpu) -> None:
    """HVC A1."""
    call_firmware(cpu, 1)


@t32("11110 1111110 imm:4 1000 imm:12", asm="hvc{it} #{imm}")
def t32_hvc(cpu: Cpu) -> None:
    """HVC T1."""
    call_firmware(cpu, 1)


@a32(
    "cond:4 00010110 (0)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0) 0111 imm4:4",
    asm="smc{cond} #{imm4}",
)
def smc(cpu: Cpu) -> None:
    """SMC A1."""
    call_firmware(cpu, 2)


@t32(
    "11110 1111111 imm4:4 1000 (0)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0)",
    asm="smc{it} #{imm4}",
)
def t32_smc(cpu: Cpu) -> None:
    """SMC T1."""
    call_firmware(cpu, 2)


@a32("cond:4 01111111 imm:12 1111 imm:4", asm="udf{cond} #{imm}")
def udf(cpu: Cpu) -> None:
    """UDF A1: permanently undefined."""
    cpu.undefined()


@t16("1101 1110 imm8:8", asm="udf #{imm8}")
def t16_udf(cpu: Cpu) -> None:
    """UDF T1."""
    cpu.undefined()


@t32("11110 1111111 imm:4 1010 imm:12", asm="udf.w #{imm}")
def t32_udf(cpu: Cpu) -> None:
    """UDF T2."""
    cpu.undefined()
