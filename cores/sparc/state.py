# SPDX-License-Identifier: Apache-2.0
"""SPARC V8 state: what one processor holds (SPARC V8 manual).

The registers of the current window are in `r`; the other windows wait in `windows`
(windows.c moves them). PSR is kept in parts: the condition codes as fields, and what
translation depends on (S, EF) as translation flags.

nPC is not kept while it is pc + 4: the flag `delayed` says that it is not, and then it
is in `npc`. A CPU is between a control transfer and its delay slot only when it was
interrupted there, so translated code hardly ever writes either.
"""

from __future__ import annotations

from machinebuilder.isa import (
    Array,
    Features,
    Field,
    Flag,
    State,
    View,
    u1,
    u8,
    u32,
    u64,
)

WINDOWS = 8


class SparcState(State):
    """The fields of `struct sparc_state`."""

    big_endian = True

    # -- integer unit ------------------------------------------------------------------
    r = Array(u32, 32, doc="%g0-7 %o0-7 %l0-7 %i0-7 of the current window; r[0] is 0")
    n = Field(u1, doc="PSR.icc.N")
    z = Field(u1, doc="PSR.icc.Z")
    v = Field(u1, doc="PSR.icc.V")
    c = Field(u1, doc="PSR.icc.C")
    y = Field(u32, doc="Y")
    npc = Field(u32, doc="nPC, while the flag delayed is set")
    cwp = Field(u32, doc="PSR.CWP")
    wim = Field(u32, doc="WIM")
    tbr = Field(u32, doc="TBR.TBA, bits 31:12; the trap type is in tt")
    tt = Field(u32, doc="TBR.tt")
    pil = Field(u32, doc="PSR.PIL")
    et = Field(u1, doc="PSR.ET")
    ps = Field(u1, doc="PSR.PS")
    windows = Array(u32, 16 * WINDOWS, doc="locals and ins of the other windows")

    # -- translation flags -------------------------------------------------------------
    delayed = Flag(1, doc="nPC is not pc + 4: it is in npc")
    supervisor = Flag(1, doc="PSR.S")
    fp_traps = Flag(1, doc="FSR.TEM is not 0")

    # -- floating-point unit (insns/fp*.py) --------------------------------------------
    fpr = Array(u32, 32, doc="%f0-31; %fN is fpr[N ^ 1], so that d has the pairs")
    d = View(u64, "fpr", 16, doc="the even-odd pairs")
    # No translation flag: systems set it at a process's first use and clear it again
    # when they switch; code would be translated for each.
    fpu = Field(u1, doc="PSR.EF")
    fcc = Field(u8, doc="FSR.fcc: 0 equal, 1 less, 2 greater, 3 unordered")
    fsr_control = Field(u32, doc="FSR.RD, TEM and NS")
    ftt = Field(u32, doc="FSR.ftt")
    cexc = Field(u32, doc="FSR.cexc, when last_op is 0")
    # The last operation on the host's floating point: FSR.cexc is found from it.
    last_op = Field(u32, doc="opf of the last FPop, 0 if cexc holds its exceptions")
    last_a = Field(u64, doc="its first operand")
    last_b = Field(u64, doc="its second operand")
    queue_address = Field(u32, doc="FQ: address of the FPop that trapped")
    queue_insn = Field(u32, doc="FQ: the FPop that trapped")
    qne = Field(u1, doc="FSR.qne: FQ is not empty")

    features = Features("swift")  # "swift": microSPARC-II's own MMU registers

    # -- identification: set from models/*.yaml before reset ---------------------------
    psr_id = Field(u32, doc="PSR.impl and ver, in place")
    fsr_ver = Field(u32, doc="FSR.ver")
    mmu_id = Field(u32, doc="MMU control register bits 31:24, in place")
    boot_mode = Field(u32, doc="MMU control: the boot mode bit")
    context_table_mask = Field(u32, doc="context table pointer: bits that exist")
    context_mask = Field(u32, doc="context: bits that exist")
    fault_status_mask = Field(u32, doc="SFSR: bits that exist")
    replacement_mask = Field(u32, doc="TLB replacement control: bits that exist")

    # -- MMU ---------------------------------------------------------------------------
    mmu_control = Field(u32, doc="without the bits of mmu_id")
    context_table = Field(u32)
    context = Field(u32)
    fault_status = Field(u32)
    fault_address = Field(u32)
    replacement = Field(u32, doc="TLB replacement control")
    breakpoint = Array(
        u32, 4, doc="breakpoint registers of ASI 0x38: held, without effect"
    )
    prom = Field(u64, doc="parameter: where boot mode fetches from")

    lines = Field(u32, doc="levels of the inputs, bit n is interrupt level n; atomic")
