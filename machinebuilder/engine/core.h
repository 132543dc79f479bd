/* What an ISA core provides, and what the engine gives it. SPDX: Apache-2.0
 *
 * A core is a shared library with one exported object, `const struct mb_core
 * mb_core_<isa>`. Its state struct (generated from cores/<isa>/state.py) begins with
 * struct mb_cpu. Decoders and translators are generated from cores/<isa>/insns; what is
 * here is the rest: exceptions, page-table walks, interrupts.
 */
#ifndef MB_CORE_H
#define MB_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MB_CORE_ABI 1

struct mb_vcpu;            /* the run loop's private half of a CPU */
struct mb_kvm_core;        /* kvm/kvm.h */
struct mb_ir;
struct mb_cpu;

/* ---- common state: the head of every core's state struct ------------------------------ */
struct mb_cpu {
    uint64_t pc;           /* guest pc; in state whenever C code of the core runs */
    uint64_t key;          /* low 32: the core's translation flags */
    uint64_t insns;        /* guest instructions retired */
    uint64_t *tables;      /* flat table of the current address space and privilege:
                              read entries, then write entries (see softmmu.c) */
    uint32_t exit_request; /* not 0: leave translated code at the next block; set by anyone */
    uint32_t mxcsr;        /* the guest's rounding mode and sticky flags, when not live */
    uint32_t halted;       /* waiting for an interrupt (WFI, HLT ...) */
    uint32_t index;        /* CPU number on the board */
    struct mb_jump *jumps;  /* where indirect jumps look first; codegen.h */
    uint64_t deadline;      /* virtual clock: leave when insns reaches it */
    struct mb_vcpu *vcpu;
    const struct mb_core *core;
};

/* ---- memory ---------------------------------------------------------------------------- */
enum mb_access { MB_READ = 0, MB_WRITE = 1, MB_FETCH = 2 };

/* The result of a page-table walk. `page_bits` is the size of what was mapped (12 for a
 * 4 KiB page, 20 for a section): the engine may map all of it or one 4 KiB page.
 * `fault` is the core's own code, handed back to `fault` below; 0 means success. */
struct mb_translation {
    uint64_t pa;
    uint8_t page_bits;
    bool readable, writable, executable;   /* for the privilege that was asked for */
    bool device;                            /* strongly ordered or device memory */
    bool global;                            /* the same in every address space (not nG) */
    uint32_t fault;
};

/* Flags of IR memory operations, and of mb_cpu_load/mb_cpu_store. */
enum {
    MB_MEM_SIGNED = 1,     /* sign-extend the loaded value */
    MB_MEM_ALIGNED = 2,    /* a misaligned address faults whatever the core's setting is */
    MB_MEM_SWAP = 4,       /* data is big-endian (host is little) */
    MB_MEM_USER = 8,       /* checked as an unprivileged access */
    MB_MEM_WORD_ALIGNED = 16, /* so does one that is not a multiple of four, of 8 bytes */
};

/* What an address must be a multiple of, in bytes. */
static inline unsigned mb_mem_alignment(unsigned width, unsigned flags)
{
    return flags & MB_MEM_ALIGNED ? width : flags & MB_MEM_WORD_ALIGNED ? 4 : 1;
}

/* ---- field table: state by name, for gdb, snapshots, lock-step and model files ----------- */
struct mb_field {
    const char *name;
    uint32_t offset, width, count;   /* width in bytes of one element */
};

/* ---- what a core provides ----------------------------------------------------------------- */
struct mb_tr;

struct mb_core {
    uint32_t abi;
    const char *name;                 /* "arm" */
    uint32_t state_size;
    const struct mb_field *fields;    /* ends with name NULL */
    unsigned address_bits;            /* 32 or 64: flat table or inline TLB */
    unsigned mmu_modes;               /* number of privilege indices: ARM 2 (0 user, 1 priv) */

    /* Power-on values; model fields (midr ...) have been set by name before. */
    void (*reset)(struct mb_cpu *cpu);

    /* Translate from tr->pc with tr->flags: fill tr->ir until the unit must end. */
    void (*translate)(struct mb_tr *tr);

    /* The privilege index in force now (from state), < mmu_modes. */
    unsigned (*mmu_mode)(const struct mb_cpu *cpu);

    /* A name for the address space in force: equal numbers may share cached mappings.
     * The low 32 bits are what mb_cpu_tlb_flush_space compares (ARM: the ASID); what else
     * decides about mappings (ARM: DACR, TTBCR, SCTLR.M ...) goes above. */
    uint64_t (*address_space)(const struct mb_cpu *cpu);

    /* Walk the guest's tables. Reads physical memory through mb_cpu_phys_read. */
    void (*walk)(struct mb_cpu *cpu, uint64_t va, enum mb_access access, unsigned mmu_mode,
                 struct mb_translation *out);

    /* An access failed: make the exception (mode, return address, fault registers, pc).
     * State is precise: everything before the instruction at cpu->pc is done.
     * `code` is walk's fault, or one of MB_FAULT_* below. */
    void (*fault)(struct mb_cpu *cpu, uint64_t va, enum mb_access access, uint32_t code);

    /* Interrupt inputs, called by devices on any thread. Must be atomic and end with
     * mb_cpu_kick(cpu) when the CPU should look. */
    void (*input)(struct mb_cpu *cpu, unsigned port, int level);
    const char *const *inputs;        /* port names, NULL-terminated: "irq", "fiq" */
    const char *const *outputs;       /* lines the CPU drives, NULL-terminated */

    /* Is an interrupt pending that would wake a halted CPU? One that is taken now? */
    bool (*wakes)(const struct mb_cpu *cpu);
    bool (*take_interrupt)(struct mb_cpu *cpu);   /* true if an exception was entered */

    /* INIT, start-up, NMI (device.h) from another CPU's APIC or a chip. Any thread. NULL: the
     * architecture has none. */
    void (*message)(struct mb_cpu *cpu, int kind, unsigned vector);

    /* NaN results of IR floating point: recompute from the operands by the guest's rules.
     * `op` is the MB_IR_F* opcode; b, c are 0 where the op has fewer operands. */
    uint64_t (*nan64)(struct mb_cpu *cpu, int op, uint64_t a, uint64_t b, uint64_t c);
    uint32_t (*nan32)(struct mb_cpu *cpu, int op, uint32_t a, uint32_t b, uint32_t c);

    /* Where the instruction at pc is as a virtual address, if pc is not one itself. */
    uint64_t (*linear)(const struct mb_cpu *cpu);

    /* How KVM runs such CPUs; NULL: it does not. A core without `translate` has no other. */
    const struct mb_kvm_core *kvm;

    /* One instruction as text; gives its length in bytes. */
    unsigned (*disassemble)(const struct mb_cpu *cpu, uint64_t pc, const uint8_t *bytes,
                            unsigned available, char *text, size_t size);
};

enum {  /* codes >= 0xff00 given to mb_core.fault by the engine itself */
    MB_FAULT_ALIGNMENT = 0xff00,
    MB_FAULT_BUS = 0xff01,     /* nothing answers at the physical address */
};

/* ---- the translation of one unit ------------------------------------------------------------ */
struct mb_tr {
    struct mb_ir *ir;
    struct mb_cpu *cpu;        /* for model features only; state is not to be read */
    uint64_t pc;               /* of the instruction being translated */
    uint32_t flags;            /* translation flags known here */
    unsigned insns, max_insns;
    bool ended;                /* a branch or exit ended the path being translated */
    bool stop;                 /* the unit must end after this instruction, by a jump */
    bool may_follow;           /* the unit could go on where this instruction branches, */
    unsigned follow_forks;     /* in so many mb_tr_if */
    bool followed;             /* and does: at `target` (translator.h) */
    uint64_t target;
    unsigned forks;            /* open mb_tr_if */
    uint32_t flags_unknown;    /* bits of flags that are run-time values (translator.h) */
    void *fetch;               /* the engine's */
};

/* Instruction memory at `va`; false: it cannot be read without a fault, so end the unit
 * before this instruction (if it is the unit's first, the engine raises the fault). */
bool mb_tr_fetch16(struct mb_tr *tr, uint64_t va, uint16_t *out);
bool mb_tr_fetch32(struct mb_tr *tr, uint64_t va, uint32_t *out);   /* little-endian words */
bool mb_tr_fetch8(struct mb_tr *tr, uint64_t va, uint8_t *out);
/* False: a debugger wants to see CPUs arrive at `va`, so no unit may hold the instruction
 * there unless it begins with it. A fetch at tr->pc asks this by itself. */
bool mb_tr_may_begin(const struct mb_tr *tr, uint64_t va);
/* Does the unit go on at `target`, where the instruction under way branches, always or under
 * a condition? Hot units do: to the same page, and round their own loop again. */
bool mb_tr_follows(struct mb_tr *tr, uint64_t target, bool conditional);
/* A branch was followed whose instruction stands before `behind`: if it was a call, its return
 * is foretold. */
void mb_tr_called(struct mb_tr *tr, uint64_t behind);
/* Where a jump goes if it is the return of a call that was followed, and under which flags. */
bool mb_tr_foretells(struct mb_tr *tr, uint64_t *target, uint32_t *flags);

/* ---- what the engine gives a core ------------------------------------------------------------- */
/* From helpers (called by IR `call` with effects, state is in memory): */
_Noreturn void mb_cpu_unwind(struct mb_cpu *cpu);   /* continue at cpu->pc in the run loop */
uint64_t mb_cpu_load(struct mb_cpu *cpu, uint64_t va, unsigned width, unsigned flags);
void mb_cpu_store(struct mb_cpu *cpu, uint64_t va, uint64_t value, unsigned width,
                  unsigned flags);                  /* both may fault: then do not return */
/* Physical memory, for walks; false if nothing is there. */
bool mb_cpu_phys_read(struct mb_cpu *cpu, uint64_t pa, void *data, unsigned size);
bool mb_cpu_phys_write(struct mb_cpu *cpu, uint64_t pa, const void *data, unsigned size);
/* One access by physical address, devices included: for spaces that bypass the MMU. Flags:
 * MB_MEM_SWAP. `pa` is a multiple of width (1, 2, 4, 8). False: nothing answers there. */
bool mb_cpu_bus_read(struct mb_cpu *cpu, uint64_t pa, uint64_t *value, unsigned width,
                     unsigned flags);
bool mb_cpu_bus_write(struct mb_cpu *cpu, uint64_t pa, uint64_t value, unsigned width,
                      unsigned flags);

/* After changing anything that flags, privilege or address_space depend on: */
void mb_cpu_set_flags(struct mb_cpu *cpu, uint32_t flags);
void mb_cpu_mmu_changed(struct mb_cpu *cpu);        /* privilege or address space switched */
void mb_cpu_tlb_flush(struct mb_cpu *cpu);                          /* everything */
/* Every space whose name has the low 32 bits of `space`. */
void mb_cpu_tlb_flush_space(struct mb_cpu *cpu, uint64_t space);
void mb_cpu_tlb_flush_page(struct mb_cpu *cpu, uint64_t va);        /* in every space */
/* Everywhere: here at once; elsewhere surely done when mb_cpu_tlb_wait returns (DSB). */
void mb_cpu_tlb_flush_all_cpus(struct mb_cpu *cpu);
void mb_cpu_tlb_flush_page_all_cpus(struct mb_cpu *cpu, uint64_t va);
void mb_cpu_tlb_flush_space_all_cpus(struct mb_cpu *cpu, uint64_t space);
void mb_cpu_tlb_wait(struct mb_cpu *cpu);

void mb_cpu_kick(struct mb_cpu *cpu);               /* any thread: look at requests soon */
void mb_cpu_output(struct mb_cpu *cpu, unsigned port, int level);
struct mb_cpu *mb_cpu_peer(struct mb_cpu *cpu, unsigned index);     /* NULL if none */
unsigned mb_cpu_count(struct mb_cpu *cpu);
/* Power: start `target` at pc with state already prepared by the caller; stop self. */
bool mb_cpu_is_off(struct mb_cpu *cpu);
void mb_cpu_power_on(struct mb_cpu *target);
void mb_cpu_power_off(struct mb_cpu *cpu);
enum mb_event { MB_EVENT_NONE, MB_EVENT_POWEROFF, MB_EVENT_RESET, MB_EVENT_ERROR };
void mb_cpu_machine_event(struct mb_cpu *cpu, enum mb_event event, const char *why);
void mb_cpu_log(struct mb_cpu *cpu, const char *format, ...)
    __attribute__((format(printf, 2, 3)));          /* guest errors: once per call site pc */

/* Time: see device.h for timers. */
uint64_t mb_cpu_clock_ns(struct mb_cpu *cpu);
struct mb_machine *mb_cpu_machine(struct mb_cpu *cpu);

/* Floating point: the guest's mode and sticky flags live in MXCSR while code runs. */
enum mb_rounding { MB_ROUND_NEAREST, MB_ROUND_DOWN, MB_ROUND_UP, MB_ROUND_ZERO };
void mb_fp_set_rounding(struct mb_cpu *cpu, enum mb_rounding mode);
enum { MB_FP_INVALID = 1, MB_FP_DIVZERO = 4, MB_FP_OVERFLOW = 8, MB_FP_UNDERFLOW = 16,
       MB_FP_INEXACT = 32 };                        /* MXCSR's own bits */
unsigned mb_fp_flags(struct mb_cpu *cpu);
void mb_fp_set_flags(struct mb_cpu *cpu, unsigned flags);

#endif
