/* The run loop's own half: vCPUs, address spaces, code cache. SPDX: Apache-2.0
 *
 * Locks, outermost first: cache->lock (blocks, links, page marks), runtime->lock (who runs,
 * sleeps and waits), vcpu->flush_lock (queued TLB flushes). A vCPU is `running` while it
 * is anywhere in its loop except asleep, parked or waiting for an exclusive section.
 * See docs/engine.md.
 */
#ifndef MB_VCPU_H
#define MB_VCPU_H

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdatomic.h>
#include "bus.h"
#include "codegen.h"
#include "ir.h"

struct mb_stats;
struct mb_kvm;
struct mb_kvm_cpu;

#define MB_PAGE_BITS 12
#define MB_PAGE_SIZE (1u << MB_PAGE_BITS)
#define MB_PAGE_MASK (MB_PAGE_SIZE - 1)
#define MB_NO_PAGE UINT64_MAX
#define MB_MODES 4              /* most privilege indices a core may have */
#define MB_SPACES 32            /* address spaces kept per vCPU */
#define MB_MAPPINGS 256         /* secondary TLB: devices, ROM, pages with code */
#define MB_WRITERS 4            /* virtual pages that may write a RAM page directly */
#define MB_SPACE_LOG 1024       /* filled entries remembered for a cheap flush */
#define MB_FLUSHES 16           /* queued flush requests before they become "everything" */
#define MB_UNIT_INSNS 64
#define MB_LONG_UNIT_INSNS 128

/* ---- blocks -------------------------------------------------------------------------- */
struct mb_block;

/* A direct link, or the place for one. `to` NULL: goes to its stub. */
struct mb_edge { struct mb_block *from, *to; struct mb_edge *next; uint32_t index; };

enum {
    MB_BLOCK_SINGLE = 1,        /* one instruction: stepping, stores into their own block */
    MB_BLOCK_INTERPRETED = 2,
};

struct mb_block {
    const uint8_t *host;        /* where the guest's code is: with pc and flags, the name */
    uint64_t pc;
    uint32_t flags;
    uint32_t kind;              /* MB_BLOCK_* */
    const uint8_t *host2;       /* host page of the second virtual page, or NULL */
    struct mb_block *_Atomic next;       /* hash chain; so far it is all in one cache line */
    atomic_bool dead;
    uint64_t low, high;         /* guest addresses of the bytes read, high not included */
    uint64_t ram_page[2];       /* MB_NO_PAGE where there is none */
    struct mb_block *page_next[2];
    const uint8_t *entry;       /* executable address */
    const uint8_t *gate;        /* of a block on two pages: where indirect jumps go */
    struct mb_ir *ir;           /* interpreted CPUs */
    bool hot;                   /* of the second tier */
    uint32_t samples, faults;   /* hot.c: how often it was found at work, or cost one */
    struct mb_code code;
    struct mb_edge *edges, *incoming;
};

/* Lies before each unit's code, so that who left it is found at once. */
struct mb_unit_head { _Alignas(16) struct mb_block *block; };

enum mb_tier { MB_TIER_FIRST, MB_TIER_HOT, MB_TIER_WINDOWS };
static inline enum mb_tier mb_block_tier(const struct mb_block *block)
{
    return block->code.site_count ? MB_TIER_WINDOWS : block->hot ? MB_TIER_HOT : MB_TIER_FIRST;
}

/* Near the end of its page, where a block may end on the next. */
static inline bool mb_may_cross(uint64_t pc)
{
    return (pc & MB_PAGE_MASK) > MB_PAGE_SIZE - MB_UNIT_INSNS * 16;
}

/* What is known of one page of RAM: which 64-byte chunks hold translated code. */
struct mb_page {
    _Atomic uint64_t chunks;            /* all, while a unit is being made */
    uint64_t held;                      /* just those; under the cache's lock */
    struct mb_block *blocks;
    _Atomic uint64_t hot, tables;       /* chunks of hot units; of those without windows */
};

/* A piece of the code cache and its blocks, in order of their code's address. Code fills it
 * from the bottom, what is known of the code from the top. Each tier has one: whoever fills
 * it needs no lock before its blocks are found. */
struct mb_arena {
    size_t base, used, end, limit;       /* offsets in the cache; from `used` to `end` is free */
    struct mb_block *blocks;
    uint32_t count, capacity;
};

#define MB_ROOM (64u << 10)     /* host code of the largest unit */
static inline bool mb_arena_is_full(const struct mb_arena *arena)
{
    return arena->end - arena->used < MB_ROOM || arena->count == arena->capacity;
}

struct mb_cache {
    pthread_mutex_t lock;
    uint8_t *rw, *rx;
    size_t size;
    struct mb_arena first, hot;
    size_t code_touched, tables_touched; /* between these, the first arena's memory may not be
                                            there yet */
    _Atomic uint32_t generation;         /* counts flushes of everything */
    struct mb_block *_Atomic *hash;
    struct mb_block *blocks;             /* of both arenas */
    struct mb_page *pages;
    uint64_t page_count;
    struct mb_ir *ir;
    uint64_t watched_page;               /* of which hot units are being made; MB_NO_PAGE */
    uint64_t watched_written;            /* its chunks that were written since */
    uint64_t translate_ns, flushes, invalidations, blocks_made, block_bytes, guest_bytes;
};

/* ---- address spaces ------------------------------------------------------------------ */
enum mb_table { MB_TABLE_KIND_READ, MB_TABLE_KIND_WRITE, MB_TABLE_KIND_EXEC, MB_KINDS };

struct mb_space {
    uint64_t name;
    bool used;
    uint32_t epoch;                      /* unique per vCPU, and new after a flush */
    uint64_t last_used;
    uint64_t *tables[MB_MODES];
    uint64_t touched[MB_MODES][MB_KINDS][MB_TABLE_ENTRIES / 512 / 64];
    uint64_t large[MB_TABLE_ENTRIES / 256 / 64];   /* MiBs with parts of large pages */
    unsigned large_bits;                 /* the largest page seen, 0: none */
    uint32_t log[MB_SPACE_LOG], log_count;         /* beyond MB_SPACE_LOG: use touched */
};

/* The translation of one virtual page, for the slow paths. */
struct mb_mapping {
    uint64_t va_page;
    uint32_t epoch;                      /* 0: empty */
    uint8_t mode, access;                /* bit per enum mb_access */
    uint64_t pa;                         /* of the page */
    struct mb_region *region;            /* holds the whole page; NULL: look up each time */
    uint64_t offset;                     /* of the page in the region */
    uint8_t *host;                       /* the page, if it is all memory */
    uint64_t ram_page;
};

enum mb_flush_kind { MB_FLUSH_ALL, MB_FLUSH_SPACE, MB_FLUSH_PAGES };
struct mb_flush { enum mb_flush_kind kind; uint64_t value, count; };   /* first page, pages */

/* ---- vCPUs --------------------------------------------------------------------------- */
struct mb_cpu_wire {
    struct mb_cpu_wire *next;
    unsigned output, port, index;
    int cpu;
    struct mb_dev *target;
};

struct mb_vcpu_stats {
    uint64_t exits_link, exits_jump, exits_irq, exits_leave, slow_loads, slow_stores,
             mmio_reads, mmio_writes, faults, tlb_flushes, run_ns;
    int64_t run_since;     /* host ns when the present run began, 0 while it does not run */
};

struct mb_vcpu {
    struct mb_runtime *runtime;
    struct mb_cpu *cpu;
    const struct mb_core *core;
    bool interpreted;

    pthread_t thread;
    bool started;
    atomic_bool running, sleeping, powered;
    atomic_bool resync;         /* state was written from outside: look at the MMU again */
    bool starts_powered, parked;
    pthread_cond_t wake;

    jmp_buf unwind;
    bool in_code;               /* guest's MXCSR is live, host's is in host_mxcsr */
    uint32_t host_mxcsr;
    bool single, single_next;   /* running, or next to run, a one-instruction unit */
    int steps;                  /* mb_cpu_step: instructions to go, -1: free running */
    struct mb_block *current;   /* interpreted: the block that runs */
    uint64_t written_page;      /* code there was written, and is yet to drop; MB_NO_PAGE */
    unsigned written_offset;
    bool masked;                /* mb_cpu_step_masked: interrupts wait */
    uint64_t told_pc, told_insns;        /* where and when it stopped at a breakpoint last */

    struct mb_space spaces[MB_SPACES], *space;
    uint64_t touched[MB_TABLE_ENTRIES / 512 / 64];     /* in any space, since a full flush */
    uint64_t large[MB_TABLE_ENTRIES / 512 / 64];       /* likewise, by large pages */
    uint8_t hints[64];                   /* where a space of that hash was last found */
    unsigned mode;
    uint32_t last_epoch;
    uint64_t uses;
    struct mb_mapping mappings[MB_MAPPINGS];
    uint32_t (*writers)[MB_WRITERS];     /* by RAM page: virtual page + 1 */
    size_t writers_size;

    pthread_mutex_t flush_lock;
    struct mb_flush flushes[MB_FLUSHES];
    unsigned flush_count;
    _Atomic uint64_t flush_asked, flush_done;

    atomic_bool window_lock;    /* its windows' pages and bits, against other CPUs */
    bool window_missed;         /* the slow path under way began at a window */
    uint64_t slow_from;         /* while a slow path is under way: its return address */
    uint64_t samples_elsewhere; /* of its time, in C */
    struct mb_block *judged;    /* to be made again, after too many faults or samples */
    bool judged_user;           /* and found without privilege */
    bool sampling;
    timer_t sample_timer;
    unsigned window_pages, window_clears;

    struct mb_cpu_wire *wires;
    struct mb_vcpu_stats stats;
    struct mb_kvm_cpu *kvm;     /* NULL: translated or interpreted */
};

enum mb_windows { MB_WINDOWS_NONE, MB_WINDOWS_HOT, MB_WINDOWS_ALL };
enum mb_units { MB_UNITS_SHORT, MB_UNITS_HOT, MB_UNITS_LONG };  /* which follow branches */

#define MB_MAX_CPUS 64
#define MB_KICK_SIGNAL (SIGRTMIN + 7)   /* brings a CPU out of KVM_RUN */
#define MB_SAMPLE_SIGNAL (SIGRTMIN + 8) /* hot.c */

struct mb_runtime {
    struct mb_machine *machine;
    struct mb_kvm *kvm;         /* all its CPUs are KVM's, or none */
    struct mb_cache cache;
    struct mb_promoter *promoter;        /* the second tier's thread, once there was work */
    struct mb_vcpu *vcpus[MB_MAX_CPUS];
    unsigned count;
    bool prepared, was_reset;

    pthread_mutex_t lock;
    pthread_cond_t changed;     /* running, parked, exclusive, go */
    bool exclusive, quit;
    atomic_bool asleep, kicked; /* virtual clock: the one thread */
    atomic_bool go;             /* vCPUs may run */
    sem_t event;                /* wakes mb_machine_run */
    atomic_bool stop;           /* mb_machine_stop was called */
    atomic_bool forget_code;    /* flush the code cache before the next block */
    uint64_t *breakpoints;      /* sorted; changed while all CPUs are stopped */
    size_t breakpoint_count;
    atomic_int broken;          /* number + 1 of the CPU that stopped at one, in this run */

    atomic_int windows;         /* enum mb_windows: which new code uses them */
    enum mb_units units;
    bool virtual_clock;
    int shift;                  /* 2^shift ns an instruction */
    struct mb_vcpu *turn;       /* virtual clock: who runs */
    unsigned next;              /* who goes on with the round that a breakpoint ended */
    int64_t virtual_ns;         /* at the start of the slice */
    uint64_t slice_start;       /* turn's insns then */
};

/* threads.c */
void mb_vcpu_begin(struct mb_vcpu *vcpu);       /* become running; waits for exclusives */
void mb_vcpu_end(struct mb_vcpu *vcpu);
void mb_exclusive_begin(struct mb_vcpu *vcpu);  /* all others are outside their loops */
void mb_exclusive_end(struct mb_vcpu *vcpu);
void mb_runtime_join(struct mb_runtime *runtime);

/* vcpu.c */
bool mb_runtime_prepare(struct mb_runtime *runtime);

/* run.c: run until there is a reason to stop. */
enum mb_pause { MB_PAUSE_STOP, MB_PAUSE_HALT, MB_PAUSE_OFF, MB_PAUSE_DEADLINE, MB_PAUSE_STEP };
enum mb_pause mb_vcpu_run(struct mb_vcpu *vcpu);
void mb_finish_written(struct mb_vcpu *vcpu);
void mb_vcpu_leave_code(struct mb_vcpu *vcpu);  /* host's MXCSR again */
void mb_vcpu_enter_code(struct mb_vcpu *vcpu);

/* breakpoints.c */
bool mb_is_breakpoint(const struct mb_runtime *runtime, uint64_t pc);
bool mb_stops_here(struct mb_vcpu *vcpu);       /* at one: posts the event */
bool mb_stops_at(struct mb_vcpu *vcpu, uint64_t pc);

/* virtual.c */
void mb_virtual_loop(struct mb_runtime *runtime);

/* cache.c */
bool mb_cache_init(struct mb_cache *cache, uint64_t ram_pages);
void mb_cache_free(struct mb_cache *cache);
void mb_cache_flush(struct mb_runtime *runtime);         /* exclusive, lock held */
void mb_cache_renew(struct mb_vcpu *vcpu, uint32_t generation); /* unless flushed since */
void mb_cache_written(struct mb_runtime *runtime, uint64_t ram_page, unsigned offset,
                      unsigned size);
void mb_cpus_leave_units(struct mb_runtime *runtime);
void mb_cache_remark(struct mb_cache *cache, uint64_t ram_page);   /* lock held */
struct mb_block *mb_cache_lookup(struct mb_cache *cache, const struct mb_block *wanted);
/* Before a unit of the first tier is made: memory for it. */
void mb_cache_touch(struct mb_cache *cache);
void mb_cache_insert(struct mb_cache *cache, struct mb_block *block);   /* lock held */
uint64_t mb_block_chunks(const struct mb_block *block, uint64_t ram_page);
void mb_cache_remove(struct mb_runtime *runtime, struct mb_block *block);
struct mb_block *mb_cache_block_at(struct mb_cache *cache, const void *code);
static inline uint64_t mb_chunks(unsigned offset, unsigned size)
{
    unsigned first = offset >> 6, last = (offset + size - 1) >> 6;
    return (~0ull << first) & (~0ull >> (63 - last));
}

/* blocks.c: the block at cpu->pc; a fetch fault is raised and unwinds. */
struct mb_block *mb_block_find(struct mb_vcpu *vcpu);
void mb_block_link(struct mb_vcpu *vcpu, const void *unit, uint32_t index,
                   struct mb_block *to);

bool mb_jumps_init(struct mb_vcpu *vcpu);
void mb_jumps_forget(struct mb_vcpu *vcpu);

/* translate.c: NULL: the cache was flushed or must be, look again. */
struct mb_block *mb_translate(struct mb_vcpu *vcpu, const struct mb_block *name);
/* A hot block's code again, into the arena of hot units: by its second tier's thread. */
bool mb_translate_again(struct mb_vcpu *vcpu, struct mb_ir *ir, struct mb_arena *arena,
                        bool window, struct mb_block *block);
uint8_t *mb_code_host(struct mb_vcpu *vcpu, uint64_t va, uint64_t *ram_page,
                      uint32_t *fault);

/* spaces.c: the flat tables */
bool mb_spaces_init(struct mb_vcpu *vcpu);
void mb_spaces_free(struct mb_vcpu *vcpu);
void mb_space_set(struct mb_vcpu *vcpu, enum mb_table kind, unsigned mode, uint64_t va_page,
                  uint8_t *host, unsigned page_bits);
void mb_space_touch(struct mb_vcpu *vcpu, uint64_t va_page, unsigned page_bits);
static inline struct mb_mapping *mb_mapping_of(struct mb_vcpu *vcpu, uint64_t va_page,
                                               unsigned mode)
{
    return &vcpu->mappings[(va_page ^ mode << 7) % MB_MAPPINGS];
}
bool mb_space_drop_writers(struct mb_vcpu *vcpu, uint64_t ram_page);
void mb_space_add_writer(struct mb_vcpu *vcpu, uint64_t ram_page, uint64_t va_page);
void mb_spaces_flush(struct mb_vcpu *vcpu, struct mb_flush flush);

/* window.c */
void mb_window_install(void);
enum mb_windows mb_windows_wanted(void);        /* MB_WINDOWS=none, hot or all */
void mb_window_enter(struct mb_vcpu *vcpu);     /* by the thread that runs it from now on */
void mb_window_drop(struct mb_vcpu *vcpu, const uint64_t *tables, uint64_t va_page);
void mb_window_clear(struct mb_vcpu *vcpu, const uint64_t *tables);
void mb_window_missed(struct mb_vcpu *vcpu, uint64_t va, bool write, uint64_t retaddr);

/* hot.c */
bool mb_hot_is(struct mb_cache *cache, const struct mb_block *block);
bool mb_hot_needs_tables(struct mb_cache *cache, const struct mb_block *block);
enum mb_units mb_units_wanted(void);            /* MB_UNITS=short, hot or long */
void mb_hot_begin(struct mb_vcpu *vcpu);        /* by the thread of the CPU */
void mb_hot_end(struct mb_vcpu *vcpu);
void mb_hot_answer(struct mb_vcpu *vcpu);
bool mb_hot_wants_samples(const struct mb_runtime *runtime);
void mb_hot_fault(struct mb_vcpu *vcpu, struct mb_block *block);
void mb_hot_hopeless(struct mb_vcpu *vcpu, struct mb_block *block);

/* promote.c: hot units are made by a thread of their own. */
bool mb_promoter_init(struct mb_runtime *runtime);
void mb_promote(struct mb_runtime *runtime, uint64_t ram_page, unsigned first, unsigned size,
                bool user);
void mb_promoter_pause(struct mb_runtime *runtime);     /* while what it reads is changed */
void mb_promoter_resume(struct mb_runtime *runtime);
void mb_promoter_free(struct mb_runtime *runtime);

/* tlb.c */
void mb_flush_ask(struct mb_vcpu *target, struct mb_flush flush);
void mb_flush_answer(struct mb_vcpu *vcpu);

/* softmmu.c */
struct mb_mapping *mb_resolve(struct mb_vcpu *vcpu, uint64_t va, enum mb_access access,
                              unsigned mode, uint32_t *fault);
static inline uint64_t mb_va(const struct mb_vcpu *vcpu, uint64_t va)
{
    return vcpu->core->address_bits == 32 ? (uint32_t)va : va;
}
/* Where translated code stood when it called a slow path; NULL saved: state in memory. */
struct mb_site { const struct mb_saved *saved; uint64_t retaddr; };
_Noreturn void mb_raise(struct mb_vcpu *vcpu, const struct mb_site *site, uint64_t va,
                        enum mb_access access, uint32_t code);
void mb_restore(struct mb_vcpu *vcpu, const struct mb_site *site);

/* access.c: loads and stores that the flat tables do not answer */
void mb_access_load(struct mb_vcpu *vcpu, const struct mb_site *site, uint64_t va,
                    void *data, unsigned width, unsigned flags);
void mb_access_store(struct mb_vcpu *vcpu, const struct mb_site *site, uint64_t va,
                     const void *data, unsigned width, unsigned flags);

/* trace.c: MB_TRACE=blocks,exec,step,irq,mmu,unit,host and MB_TRACE_FILE */
enum { MB_TRACE_BLOCKS = 1, MB_TRACE_EXEC = 2, MB_TRACE_STEP = 4, MB_TRACE_IRQ = 8,
       MB_TRACE_MMU = 16, MB_TRACE_UNIT = 32, MB_TRACE_HOST = 64,
       MB_TRACE_PERF = 128 };
extern unsigned mb_trace;
void mb_trace_init(void);
void mb_trace_perf(const struct mb_block *block);
void mb_trace_block(struct mb_vcpu *vcpu, const struct mb_block *block);
void mb_trace_exec(struct mb_vcpu *vcpu);
void mb_trace_text(struct mb_vcpu *vcpu, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

int64_t mb_host_ns(void);

#endif
