/* The state of one code generation, shared by the files here.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Registers: rbp is the state pointer + STATE_BIAS (so that short displacements reach
 * twice as far), rbx the flat table, rax rcx rdx and xmm15 are scratch within one
 * operation, the rest hold values. i32 values are kept zero-extended.
 *
 * Frame, from rsp: arguments of slow paths, struct mb_saved, spill slots (its tail).
 */
#ifndef MB_X86_GEN_H
#define MB_X86_GEN_H

#include "../codegen.h"
#include "../ir.h"
#include "../ir_table.h"
#include "asm.h"

enum { STATE_BIAS = 128, SPILLS = 96, SCRATCH_XMM = 15, DIRTY = 64, HINTS = 128, REGIONS = 256 };
enum { FRAME_ARGS = 32, FRAME_SAVED = FRAME_ARGS,
       FRAME_SPILL = FRAME_SAVED + (int)offsetof(struct mb_saved, spill),
       FRAME_SIZE = FRAME_SPILL + 8 * SPILLS + 8 };

#define GPR_POOL 0xffc0u        /* rsi rdi r8-r15 */
#define XMM_POOL 0x7fffu
#define CALLEE_SAVED 0xf000u    /* of the pool: r12-r15 */

/* Registers 0-15 are general, 16-31 are xmm0-15. */
#define XMM(n) (16u + (n))

/* A condition as host flags: of `cmp a, b`, `test a, a` or `add a, b`. */
enum flags_kind { FLAGS_NONE, FLAGS_CMP, FLAGS_TEST, FLAGS_ADD };
struct flags { uint8_t kind; bool wide; mb_v a, b; };
/* Of a place that is a compare. */
#define FLAGS_INDEX(cc, kind, wide) ((cc) | (unsigned)(kind) << 4 | (wide ? 0x40u : 0))
#define FLAGS_INDEX_CC(index) ((index) & 15)
#define FLAGS_INDEX_KIND(index) ((index) >> 4 & 3)
#define FLAGS_INDEX_WIDE(index) ((index) >> 6)
struct condition { struct flags flags; uint8_t cc; };

/* `last`: where it is last needed, be it only to be stored; `operand`: as an operand.
 * lazy: a compare that is made where it is used. */
struct value { uint8_t reg, spill; bool lazy; uint16_t uses; uint32_t last, operand; };

/* Accesses through one base value, near each other, whose page is looked up once: `reg`
 * holds the host address of base + low, or 0 if each access must find its own way. */
struct group {
    mb_v base;
    bool write;
    uint8_t reg, align, tested; /* tested: through a window, the alignment so far */
    int32_t low, high;
    uint32_t first, last, count;
};
enum { GROUPS = 128, OPEN_GROUPS = 4, GROUP_SPAN = 512, GROUP_AGE = 48 };

/* A field that memory does not have yet; `since`: the operation that wrote it. */
struct dirty { uint32_t offset; uint8_t width; mb_v v; uint32_t since; };
struct dirty_set { unsigned count; struct dirty field[DIRTY]; };

/* Most sets are nearly empty. */
static inline void copy_set(struct dirty_set *to, const struct dirty_set *from)
{
    to->count = from->count;
    memcpy(to->field, from->field, from->count * sizeof from->field[0]);
}

/* Where values are: by register (0-15 general, 16-31 xmm) and by slot; 0 is none. Slots from
 * `slots` on were never used. */
struct allocation { uint32_t reg[32]; unsigned slots; uint32_t slot[SPILLS]; };

static inline void set_slot(struct allocation *where, unsigned slot, uint32_t v)
{
    while (where->slots <= slot)
        where->slot[where->slots++] = 0;
    where->slot[slot] = v;
}

static inline void copy_allocation(struct allocation *to, const struct allocation *from)
{
    memcpy(to, from, offsetof(struct allocation, slot) + from->slots * sizeof from->slot[0]);
}

/* State that a loop keeps in registers, and the jumps back with its values there. */
enum { LOOP_GPRS = 7, LOOP_XMMS = 8, LOOP_EDGES = 4 };
struct loop_field { mb_v get; uint32_t offset; uint8_t width, type, reg; bool written; };
struct loop_edge { uint32_t at; mb_v current[LOOP_GPRS + LOOP_XMMS]; };
struct loop {
    unsigned count, edge_count;
    struct loop_field field[LOOP_GPRS + LOOP_XMMS];
    mb_v current[LOOP_GPRS + LOOP_XMMS];        /* while the liveness pass goes */
    struct loop_edge edge[LOOP_EDGES];
    uint8_t *label;
};

/* An `if`, found by the liveness pass; the rest is used while generating. */
struct region {
    uint32_t at_else, at_end;   /* at_else 0: none */
    bool then_ended, else_ended, flush_before;
    struct dirty_set dirty;                     /* at the if */
    struct dirty_set then_dirty;                /* at the end of the then arm */
    struct allocation before, merged;
    mb_v current[LOOP_GPRS + LOOP_XMMS], then_current[LOOP_GPRS + LOOP_XMMS];
    struct flags flags;
    uint8_t *to_else, *to_end;                  /* rel32s to patch, or NULL */
    unsigned flushed_insns;
};

enum cold_kind { COLD_LOAD, COLD_STORE, COLD_ATOMIC, COLD_NAN, COLD_EXIT, COLD_JUMP, COLD_HEAD };
struct cold {
    uint8_t kind, width, flags, address, value, b, c;
    uint8_t group;              /* register of the group that this access opens, or 0 */
    uint8_t alignment;          /* demanded, in bytes */
    bool xmm, fixed;            /* fixed: the address is `disp` */
    uint16_t code;              /* NAN: the operation; EXIT: link */
    int32_t disp;               /* of the address, where it is not in a register yet */
    uint8_t *slow, *unaligned, *back;   /* rel32s in the hot code; where to go on */
    uint8_t *crossing, *unaligned_back;
    uint8_t *window;            /* the instruction that reaches through the window */
    uint32_t row;
};

struct gen {
    struct code code;
    struct mb_ir *ir;
    const struct mb_core *core;
    const uint8_t *rx;
    uint32_t at;                /* operation being generated */
    struct value *values;
    uint32_t value_capacity;

    struct allocation where;
    uint32_t bound, reserved;   /* registers with a value; of groups */
    uint32_t next_end;          /* no value in a register ends before that operation */
    uint32_t locked;            /* registers of the operation under way */
    struct flags flags;         /* what the host flags show now */

    struct dirty_set dirty;
    uint8_t hints[HINTS];       /* by offset: where in the set a field was */
    uint32_t seen;              /* in the liveness pass: the last that may see every field */
    bool storing;               /* a field: the dirty set must stay as it is */
    struct region *regions, *open[64];
    unsigned region_count, depth;
    struct loop loop;
    struct group groups[GROUPS];
    unsigned group_count, open_groups[OPEN_GROUPS];
    unsigned insn, flushed_insns;       /* begun; already added to mb_cpu.insns */
    uint64_t pc;                                /* of the instruction under way */

    struct cold *cold; uint32_t cold_count, cold_capacity;
    struct mb_row *rows; uint32_t row_count, row_capacity;
    union mb_place *places; uint32_t place_count, place_capacity;
    struct mb_link *links; uint32_t link_count, link_capacity;
    struct mb_window_site *sites; uint32_t site_count, site_capacity;
    uint32_t flags_now;         /* translation flags at the unit's start */
    bool window;                /* memory is reached through the window */
    bool link_jumps;            /* indirect ones too */
    bool failed;                /* beyond a limit */
};

/* Entry points of the shared thunks (rx addresses); thunks.c. */
struct thunks {
    const uint8_t *enter, *miss, *leave, *leave_link;
    const uint8_t *load, *store, *load128, *store128, *atomic, *nan64, *nan32;
};
extern struct thunks mb_x86_thunks;

/* An add's flags: which operand is a shift that it does itself. */
enum { SCALED_FIRST = 1, SCALED_SECOND = 2 };

/* live.c: last uses, regions; false if beyond a limit. */
bool mb_x86_live(struct gen *gen);
void mb_dirty_put(struct dirty_set *set, struct dirty field);
bool mb_dirty_overlaps(const struct dirty *x, uint32_t offset, unsigned width);
/* The field that `op` reads or writes, in just that shape, if it is dirty: then no other
 * overlaps it. */
struct dirty *mb_x86_dirty(struct gen *gen, const struct mb_op *op);
bool mb_dirty_has(const struct dirty_set *set, const struct dirty *field);
/* Is the field written again directly after the endif at `at_end`? */
bool mb_x86_killed(const struct gen *gen, uint32_t at_end, const struct dirty *field);

/* loop.c */
void mb_x86_find_loop(struct gen *gen);
void mb_x86_loop_start(struct gen *gen);
bool mb_x86_is_loop_get(const struct gen *gen, mb_v v);
void mb_x86_loop_put(struct gen *gen, const struct mb_op *op);
void mb_x86_loop_forget(struct gen *gen);
void mb_x86_loop_merge(struct gen *gen, const mb_v *other);
bool mb_x86_loop_edge(struct gen *gen, const struct mb_op *op);
void mb_x86_enter_loop(struct gen *gen);
const struct loop_edge *mb_x86_edge_at(const struct gen *gen, uint32_t at);
void mb_x86_go_round(struct gen *gen, const struct loop_edge *edge);

/* memory.c: the zero flag is set if `reg` is a multiple of `width`, a power of two. */
void mb_x86_test_low_bits(struct gen *gen, unsigned reg, unsigned width);

/* group.c */
void mb_x86_join_group(struct gen *gen, struct mb_op *op);
void mb_x86_close_groups(struct gen *gen);

/* regs.c: values in registers. */
static inline bool is_xmm_type(unsigned type) { return type >= MB_F32; }
static inline unsigned type_of(const struct gen *gen, mb_v v)
{
    return gen->ir->ops[v].type;
}
static inline bool is_wide(const struct gen *gen, mb_v v)
{
    return type_of(gen, v) == MB_I64;
}
bool mb_x86_const(const struct gen *gen, mb_v v, uint64_t *value);
bool mb_x86_dies(const struct gen *gen, mb_v v);
/* A register, locked until the operation is done: that holds v; that is fresh, for v;
 * that is old's if old dies here; the same, but not yet bound to v. */
unsigned mb_x86_use(struct gen *gen, mb_v v);
unsigned mb_x86_define(struct gen *gen, mb_v v);
unsigned mb_x86_redefine(struct gen *gen, mb_v v, mb_v old);
unsigned mb_x86_target(struct gen *gen, mb_v v, mb_v old);
unsigned mb_x86_temp(struct gen *gen, bool xmm);         /* locked, unnamed */
bool mb_x86_has_free_register(const struct gen *gen);           /* general, unlocked */
void mb_x86_load_value(struct gen *gen, unsigned reg, mb_v v); /* copy v into reg */
void mb_x86_bind(struct gen *gen, mb_v v, unsigned reg);
void mb_x86_unbind(struct gen *gen, unsigned reg);
void mb_x86_evict(struct gen *gen, unsigned reg);
void mb_x86_expire(struct gen *gen);                     /* after an operation */
struct mem mb_x86_slot(unsigned slot);
unsigned mb_x86_new_slot(struct gen *gen, mb_v v);
void mb_x86_spill(struct gen *gen, mb_v v);
void mb_x86_store_slot(struct gen *gen, unsigned type, unsigned reg, unsigned slot);
void mb_x86_load_slot(struct gen *gen, unsigned type, unsigned reg, unsigned slot);

/* moves.c: several values to their places at once. Registers 0-31, then slots. */
enum { PLACE_SLOT = 64, MOVES = 64 };
struct move { uint16_t to; mb_v v; };
void mb_x86_make_truths(struct gen *gen, const struct move *moves, unsigned count);
void mb_x86_moves(struct gen *gen, struct move *moves, unsigned count);
void mb_x86_restore(struct gen *gen, const struct allocation *where);

/* flags.c */
static inline bool mb_x86_is_compare(const struct mb_op *op)
{
    switch (op->code) {
    case MB_IR_EQ: case MB_IR_NE: case MB_IR_LTU: case MB_IR_LEU: case MB_IR_LTS:
    case MB_IR_LES: case MB_IR_OVERFLOW: case MB_IR_SUBOVERFLOW:
        return true;
    default:
        return false;
    }
}
bool mb_x86_condition(const struct mb_ir *ir, mb_v v, struct condition *out);
bool mb_x86_can_be_lazy(const struct mb_ir *ir, mb_v v);
static inline bool mb_x86_is_lazy(const struct gen *gen, mb_v v)
{
    return gen->values[v].lazy;
}
unsigned mb_x86_test(struct gen *gen, mb_v v);   /* sets host flags; gives the cc */
unsigned mb_x86_compare(struct gen *gen, mb_v v);        /* the same for one not lazy */
bool mb_x86_flags_match(const struct gen *gen, mb_v v, unsigned *cc);
static inline void flags_lost(struct gen *gen) { gen->flags.kind = FLAGS_NONE; }

/* state.c */
static inline struct mem state_at(uint64_t offset)
{
    return at(RBP, (int32_t)offset - STATE_BIAS);
}
#define CPU(member) state_at(offsetof(struct mb_cpu, member))
void mb_x86_get(struct gen *gen, const struct mb_op *op);
void mb_x86_load_field(struct gen *gen, const struct mb_op *get, unsigned reg);
void mb_x86_put(struct gen *gen, const struct mb_op *op);
void mb_x86_flush(struct gen *gen);              /* memory has it all */
void mb_x86_store_field(struct gen *gen, const struct dirty *field);
uint32_t mb_x86_row(struct gen *gen);                    /* a row for here; its index */
void mb_x86_store_pc(struct gen *gen, uint64_t pc);
void mb_x86_count_insns(struct gen *gen, unsigned total);

/* One per kind of operation; false: not theirs. */
bool mb_x86_integer(struct gen *gen, const struct mb_op *op);
bool mb_x86_memory(struct gen *gen, const struct mb_op *op);
bool mb_x86_float(struct gen *gen, const struct mb_op *op);
bool mb_x86_vector(struct gen *gen, const struct mb_op *op);
bool mb_x86_control(struct gen *gen, const struct mb_op *op);
void mb_x86_call(struct gen *gen, const struct mb_op *op);
struct cold *mb_x86_cold(struct gen *gen, enum cold_kind kind);
void mb_x86_emit_cold(struct gen *gen);
void mb_x86_add_link(struct gen *gen, uint64_t pc, uint32_t patch);
void mb_x86_jmp_thunk(struct gen *gen, const uint8_t *thunk, bool call);
void mb_x86_jcc_thunk(struct gen *gen, unsigned cc, const uint8_t *thunk);

#endif
