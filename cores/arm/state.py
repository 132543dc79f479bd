"""ARMv7-A state: what one processor holds (ARM DDI 0406C, parts A2, B1, B3, B4).

Core registers of the current mode are in `r`; those of the other modes wait in the
banks (status.c moves them). CPSR is kept in parts: the condition flags as fields, and
what decoding depends on (T, IT, E, privilege) as translation flags.

Omitted: Hyp and Monitor modes, Jazelle, ThumbEE.
"""

from __future__ import annotations

from machinebuilder.isa import (
    Array,
    Features,
    Field,
    Flag,
    State,
    View,
    f32,
    f64,
    u1,
    u8,
    u32,
    u64,
    v128,
)


class ArmState(State):
    """The fields of `struct arm_state`."""

    # -- core registers and CPSR -------------------------------------------------------
    r = Array(u32, 16, doc="R0-R15 of the current mode; r[15] is unused, pc holds it")
    n = Field(u1, doc="CPSR.N")
    z = Field(u1, doc="CPSR.Z")
    c = Field(u1, doc="CPSR.C")
    v = Field(u1, doc="CPSR.V")
    q = Field(u1, doc="CPSR.Q: saturation happened")
    ge = Field(u8, doc="CPSR.GE, four bits")
    mode = Field(u8, doc="CPSR.M, five bits")
    irq_masked = Field(u1, doc="CPSR.I")
    fiq_masked = Field(u1, doc="CPSR.F")
    abort_masked = Field(u1, doc="CPSR.A")

    # -- banks, by enum arm_bank: usr/sys, fiq, irq, svc, abt, und ---------------------
    bank_r13 = Array(u32, 6, doc="R13 of the modes that are not current")
    bank_r14 = Array(u32, 6, doc="R14 of the modes that are not current")
    bank_spsr = Array(u32, 6, doc="SPSR of every mode (usr/sys: unused)")
    bank_low = Array(u32, 5, doc="R8-R12 of all modes but FIQ while in FIQ mode")
    bank_fiq = Array(u32, 5, doc="R8-R12 of FIQ mode while not in it")

    # -- the local exclusive monitor: LDREX remembers what it read, STREX compares -----
    exclusive_address = Field(u32, doc="address that is open, or NOT_EXCLUSIVE")
    exclusive_value = Field(u64, doc="what was read there")

    # -- translation flags -------------------------------------------------------------
    thumb = Flag(1, doc="CPSR.T")
    itstate = Flag(8, doc="CPSR.IT")
    big_endian = Flag(1, doc="CPSR.E")
    privileged = Flag(1, doc="the mode is not User")
    strict_alignment = Flag(1, doc="SCTLR.A")
    fp_vectors = Flag(1, doc="FPSCR.LEN or STRIDE is not 0")
    fp_default_nan = Flag(1, doc="FPSCR.DN")
    fp_flush = Flag(1, doc="FPSCR.FZ")

    # -- VFP and Advanced SIMD (insns/vfp*.py, neon*.py) -------------------------------
    # What is allowed is no translation flag: systems allow it at a process's first use
    # of it and forbid it again when they switch; code would be translated for each.
    vfp = Field(
        u1, doc="VFP instructions are allowed: FPEXC.EN and CPACR, at this privilege"
    )
    neon = Field(
        u1, doc="Advanced SIMD instructions are allowed: vfp and not CPACR.ASEDIS"
    )
    d = Array(u64, 32, doc="D0-D31")
    s = View(u32, "d", 32, doc="S0-S31 overlay D0-D15")
    fd = View(f64, "d", 32, doc="D0-D31 as numbers")
    fs = View(f32, "d", 32, doc="S0-S31 as numbers")
    q128 = View(v128, "d", 16, doc="Q0-Q15")
    fp_n = Field(u1, doc="FPSCR.N")
    fp_z = Field(u1, doc="FPSCR.Z")
    fp_c = Field(u1, doc="FPSCR.C")
    fp_v = Field(u1, doc="FPSCR.V")
    fp_qc = Field(u1, doc="FPSCR.QC: an Advanced SIMD saturation happened")
    fp_idc = Field(u1, doc="FPSCR.IDC: a subnormal input was flushed")
    fp_control = Field(
        u32, doc="FPSCR bits 26:8: AHP, DN, FZ, RMode, Stride, Len, enables"
    )
    fpexc = Field(u32, doc="FPEXC")

    features = Features("d32")  # "d32": D16-D31 are there (VFPv4-D32, Advanced SIMD)

    # -- identification: set from models/*.yaml before reset ---------------------------
    midr = Field(u32)
    mpidr = Field(u32, doc="without the CPU number, which `index` supplies")
    ctr = Field(u32)
    clidr = Field(u32)
    ccsidr = Array(u32, 8, doc="by CSSELR: level * 2 + instruction")
    id_pfr0 = Field(u32)
    id_pfr1 = Field(u32)
    id_dfr0 = Field(u32)
    id_afr0 = Field(u32)
    id_mmfr0 = Field(u32)
    id_mmfr1 = Field(u32)
    id_mmfr2 = Field(u32)
    id_mmfr3 = Field(u32)
    id_isar0 = Field(u32)
    id_isar1 = Field(u32)
    id_isar2 = Field(u32)
    id_isar3 = Field(u32)
    id_isar4 = Field(u32)
    id_isar5 = Field(u32)
    reset_sctlr = Field(u32, doc="SCTLR after reset")
    reset_actlr = Field(u32, doc="ACTLR after reset")
    l2ctlr = Field(u32, doc="L2CTLR without the number of CPUs")
    cbar = Field(u32, doc="configuration base address")
    pmcr_id = Field(u32, doc="PMCR bits 31:11")
    dbgdidr = Field(u32)
    fpsid = Field(u32)
    mvfr0 = Field(u32)
    mvfr1 = Field(u32)

    # -- system control ----------------------------------------------------------------
    sctlr = Field(u32)
    actlr = Field(u32)
    cpacr = Field(u32)
    ttbr0 = Field(u64)
    ttbr1 = Field(u64)
    ttbcr = Field(u32)
    dacr = Field(u32)
    dfsr = Field(u32)
    ifsr = Field(u32)
    adfsr = Field(u32)
    aifsr = Field(u32)
    dfar = Field(u32)
    ifar = Field(u32)
    par = Field(u64)
    mair0 = Field(u32, doc="PRRR when TTBCR.EAE is 0")
    mair1 = Field(u32, doc="NMRR when TTBCR.EAE is 0")
    vbar = Field(u32)
    contextidr = Field(u32)
    tpidrurw = Field(u32)
    tpidruro = Field(u32)
    tpidrprw = Field(u32)
    csselr = Field(u32)
    l2ectlr = Field(u32)

    # -- performance monitors ----------------------------------------------------------
    pmcr = Field(u32)
    pmcnten = Field(u32)
    pmovsr = Field(u32)
    pmselr = Field(u32)
    pmuserenr = Field(u32)
    pminten = Field(u32)
    pmxevtyper = Array(u32, 32)
    pmxevcntr = Array(u32, 32)
    pmccntr_base = Field(
        u64, doc="what the cycle counter's origin was at its last write"
    )

    # -- generic timer -----------------------------------------------------------------
    cntfrq = Field(u32)
    cntkctl = Field(u32)
    cntvoff = Field(u64)
    cntp_cval = Field(u64)
    cntp_ctl = Field(u32)
    cntv_cval = Field(u64)
    cntv_ctl = Field(u32)
    timer_frequency = Field(u32, doc="parameter: counts a second")

    # -- inputs and the C part's own structures ----------------------------------------
    tlb_owed = Field(
        u8, doc="other CPUs were asked to flush: the next DSB waits for them"
    )
    lines = Field(u32, doc="levels of the inputs: bit 0 irq, bit 1 fiq; atomic")
    psci = Field(u32, doc="parameter: PSCI conduit: 0 none, 1 HVC, 2 SMC")
    private = Array(u64, 32, doc="struct arm_private of core_arm.h")
