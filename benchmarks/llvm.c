/* A guest's function on a flat memory, unit by unit, and one of its units timed.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Units are translated by the engine's own frame (translate.c, as hot units are) and core, and
 * run as the engine's own x86-64 code through the window; what is left out is everything a
 * function that calls no system needs not: faults, devices, interrupts, links. */
#include "translate.c"

#include <stdio.h>
#include <sys/mman.h>
#include "arm_state.h"
#include "codegen.h"
#include "ir_table.h"
#include "sparc_state.h"

enum { UNITS = 4096, CACHE = 8 << 20, STATE = 16384, LIMIT = 200000000 };
#define EVERYTHING (MB_WINDOW + MB_WINDOW_SIZE + MB_WINDOW_GUARD)

struct unit { uint64_t pc, insns, longest, longest_entry, entries; uint32_t flags;
              const uint8_t *code; struct mb_code side; };

static struct unit units[UNITS];
static unsigned unit_count;
static _Alignas(64) uint8_t state[STATE], saved[STATE];
static struct mb_cpu *const cpu = (struct mb_cpu *)state;
static struct mb_jump jumps[1 << MB_JUMP_BITS];
static struct mb_runtime runtime;
static struct mb_vcpu vcpu = {.runtime = &runtime, .cpu = (struct mb_cpu *)state};
static struct mb_ir *ir;
static uint8_t *cache, *everything;
static size_t cache_used, cache_end;
unsigned mb_trace;

extern const struct mb_core mb_core_arm, mb_core_sparc;

/* ---- what the engine would provide ---- */
static _Noreturn void give_up(const char *why)
{
    fprintf(stderr, "benchmarks.llvm: %s at pc %#llx\n", why, (unsigned long long)cpu->pc);
    abort();
}

bool mb_is_breakpoint(const struct mb_runtime *of, uint64_t pc)
{
    return false;
}

struct mb_mapping *mb_resolve(struct mb_vcpu *of, uint64_t va, enum mb_access access,
                              unsigned mode, uint32_t *fault)
{
    static struct mb_mapping mapping;
    mapping.host = everything + MB_WINDOW + ((uint32_t)va & ~(uint32_t)MB_PAGE_MASK);
    mapping.ram_page = MB_NO_PAGE;          /* nobody watches it */
    return &mapping;
}

uint64_t mb_slow_load(struct mb_cpu *of, uint64_t va, uint32_t width_flags,
                      const struct mb_saved *at, uint64_t retaddr)
{
    give_up("a load that faults");
}

void mb_slow_store(struct mb_cpu *of, uint64_t va, uint64_t value, uint32_t width_flags,
                   const struct mb_saved *at, uint64_t retaddr)
{
    give_up("a store that faults");
}

void mb_slow_load128(struct mb_cpu *of, uint64_t va, uint32_t width_flags,
                     const struct mb_saved *at, uint64_t retaddr, void *data)
{
    give_up("a load that faults");
}

void mb_slow_store128(struct mb_cpu *of, uint64_t va, uint32_t width_flags,
                      const struct mb_saved *at, uint64_t retaddr, const void *data)
{
    give_up("a store that faults");
}

void *mb_slow_atomic(struct mb_cpu *of, uint64_t va, uint32_t width_flags,
                     const struct mb_saved *at, uint64_t retaddr)
{
    return everything + MB_WINDOW + (uint32_t)va;
}

/* ---- units ---- */
static bool build(uint64_t pc, uint32_t flags)
{
    struct mb_block block = {.pc = pc, .flags = flags};
    struct fetch fetch = {.vcpu = &vcpu, .block = &block, .long_unit = true,
                          .first_page = pc >> MB_PAGE_BITS};
    fetch.host[0] = everything + MB_WINDOW + (fetch.first_page << MB_PAGE_BITS);
    build_ir(&fetch, ir, MB_LONG_UNIT_INSNS);
    return !ir->failed && ir->insns;
}

static bool generate_at(uint8_t *to, uint32_t flags, struct mb_code *side)
{
    struct mb_codegen_options options = {.window = true, .flags = flags};
    return mb_codegen_x86_64(ir, vcpu.core, &options, to, to, (size_t)(cache + cache_end - to),
                             side);
}

/* Where the code does not go round by itself. */
static void link_to_itself(const struct unit *unit)
{
    uint8_t *code = (uint8_t *)(uintptr_t)unit->code;
    for (uint32_t i = 0; i < unit->side.link_count; i++)
        if (unit->side.links[i].pc == unit->pc)
            mb_code_link(code, code, &unit->side.links[i], code);
}

static struct unit *unit_at(uint64_t pc, uint32_t flags)
{
    for (unsigned i = 0; i < unit_count; i++)
        if (units[i].pc == pc && units[i].flags == flags)
            return &units[i];
    struct unit *unit = &units[unit_count++];
    *unit = (struct unit){.pc = pc, .flags = flags, .code = cache + cache_used};
    if (unit_count == UNITS || !build(pc, flags) ||
        !generate_at(cache + cache_used, flags, &unit->side))
        give_up("no unit");
    cache_used += (unit->side.size + 63) & ~63u;
    cache_end -= unit->side.table_size;
    link_to_itself(unit);
    return unit;
}

static void enter(struct unit *unit)
{
    const void *left;
    uint64_t before = cpu->insns;
    mb_code_enter(cpu, unit->code, &left);
    uint64_t insns = cpu->insns - before;
    unit->insns += insns;
    unit->entries++;
    if (insns > unit->longest) {
        unit->longest = insns;
        unit->longest_entry = unit->entries;
    }
}

/* ---- for Python ---- */
/* Where a field named so begins in the state; -1: there is none. */
int64_t llvm_field(const char *name)
{
    for (const struct mb_field *field = vcpu.core->fields; field && field->name; field++)
        if (!strcmp(field->name, name))
            return field->offset;
    return -1;
}

/* Floating point is allowed, on either machine. */
static void allow_float(void)
{
    static const char *const names[] = {"vfp", "neon", "fpu"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (llvm_field(names[i]) >= 0)
            state[llvm_field(names[i])] = 1;
}

/* A machine anew, of 4 GiB of zeros; gives its memory, NULL if that cannot be. */
uint8_t *llvm_reset(const char *isa)
{
    bool arm = !strcmp(isa, "arm");
    if (everything)
        munmap(everything, EVERYTHING);
    everything = mmap(NULL, EVERYTHING, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!cache)
        cache = mmap(NULL, CACHE, PROT_READ | PROT_WRITE | PROT_EXEC,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ir = ir ? ir : mb_ir_new();
    if (everything == MAP_FAILED || cache == MAP_FAILED || !ir)
        return NULL;
    vcpu.core = arm ? &mb_core_arm : &mb_core_sparc;
    memset(state, 0, sizeof state);
    memset(jumps, 0xff, sizeof jumps);      /* no pc that is there */
    cpu->tables = (uint64_t *)everything;
    cpu->jumps = jumps;
    cpu->core = vcpu.core;
    cpu->mxcsr = 0x1f80;
    cpu->key = arm ? ARM_FLAG_THUMB_MASK : 0;
    allow_float();
    unit_count = 0;
    cache_used = (mb_codegen_thunks(cache, cache, CACHE) + 63) & ~63u;
    cache_end = CACHE;
    return everything + MB_WINDOW;
}

uint8_t *llvm_state(void) { return state; }
uint32_t llvm_state_size(void) { return vcpu.core->state_size; }

/* The same for what all CPUs have. */
uint32_t llvm_head(const char *name)
{
    return !strcmp(name, "pc")    ? offsetof(struct mb_cpu, pc) :
           !strcmp(name, "insns") ? offsetof(struct mb_cpu, insns) :
                                    offsetof(struct mb_cpu, exit_request);
}

/* Run until pc is `end` or much was run, or `entry` times into the unit at `pc`. True: it is there. */
bool llvm_run(uint64_t end, uint64_t pc, uint32_t flags, uint64_t entry)
{
    while (cpu->pc != end && cpu->insns < LIMIT) {
        struct unit *unit = unit_at(cpu->pc, (uint32_t)cpu->key);
        if (unit->pc == pc && unit->flags == flags && unit->entries + 1 == entry)
            return true;
        enter(unit);
    }
    return false;
}

/* The unit that goes round by itself where most instructions were run. */
bool llvm_hottest(uint64_t *pc, uint32_t *flags, uint64_t *entry)
{
    const struct unit *best = NULL;
    for (unsigned i = 0; i < unit_count; i++)
        if (units[i].longest > 2 * MB_LONG_UNIT_INSNS &&
            (!best || units[i].insns > best->insns))
            best = &units[i];
    if (!best)
        return false;
    *pc = best->pc;
    *flags = best->flags;
    *entry = best->longest_entry;
    return true;
}

/* Its IR, optimised; what the builder refused fails. */
const struct mb_op *llvm_ir(uint64_t pc, uint32_t flags, uint32_t *count)
{
    if (!build(pc, flags))
        return NULL;
    mb_ir_optimize(ir);
    *count = ir->count;
    return ir->ops;
}

static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* Our code generator's time, passes included, for IR that has been built; and its bytes. */
int64_t llvm_generate(uint64_t pc, uint32_t flags, uint32_t *bytes)
{
    struct mb_code side;
    if (!build(pc, flags))
        return -1;
    int64_t began = cpu_ns();
    bool good = generate_at(cache + cache_used, flags, &side);
    int64_t taken = cpu_ns() - began;
    if (!good)
        return -1;
    *bytes = side.size;
    return taken;
}

void llvm_save(void) { memcpy(saved, state, vcpu.core->state_size); }

typedef int64_t other_fn(struct mb_cpu *cpu, uint8_t *window);

/* What the measurement itself takes. */
int64_t llvm_nothing(struct mb_cpu *of, uint8_t *window) { return 0; }

/* `times` from the saved state on, by `other` or, if NULL, our code for the unit; the way out
 * in *way. Gives nanoseconds. */
int64_t llvm_time(uint64_t pc, uint32_t flags, other_fn *other, unsigned times, int64_t *way)
{
    const struct unit *unit = unit_at(pc, flags);
    uint8_t *window = everything + MB_WINDOW;
    size_t size = vcpu.core->state_size;
    const void *left;
    int64_t began = cpu_ns();
    for (unsigned i = 0; i < times; i++) {
        memcpy(state, saved, size);
        *way = other ? other(cpu, window) : mb_code_enter(cpu, unit->code, &left);
    }
    return cpu_ns() - began;
}
