/* From IR to host code: the seam between the code generator and the run loop.
 *
 * The generator (x86_64/) knows nothing of blocks, caches or threads; the run loop
 * (run.c, blocks.c, softmmu.c) knows nothing of host instructions beyond what is here.
 */
#ifndef MB_CODEGEN_H
#define MB_CODEGEN_H

#include "core.h"

struct mb_ir;

/* A direct exit: `jmp rel32` that first goes to its stub, which stores pc and returns the
 * link to the run loop; the loop translates the target and points the jump at it. */
struct mb_link {
    uint64_t pc;               /* constant guest pc it leaves for */
    uint32_t patch;            /* offset in the unit's code of the rel32 */
    uint32_t stub;             /* offset of the stub: what an unlinked jump goes to */
    /* Of an indirect jump, which is linked to where it went first: the offset of its look-up,
     * for when it goes elsewhere. Else 0. */
    uint32_t look_up;
};

/* Precise state: rows sorted by `host`, the offset of the return address of the slow-path
 * call. From place `first` on, `count` of them say where each dirty field's value is. `pc` is
 * the instruction's distance from the unit's start. */
struct mb_row { uint32_t host, first; int32_t pc; uint16_t count, insn; };
/* MB_AT_CONST: `index` words follow, low one first. MB_AT_FLAGS: a compare not yet made; the
 * places of its operands follow, without offset and width. Of `index`, see x86_64/state.c. */
enum mb_place_kind { MB_AT_REG, MB_AT_XMM, MB_AT_SPILL, MB_AT_CONST, MB_AT_FLAGS };
union mb_place {
    struct { uint32_t offset : 16, kind : 4, width : 5, index : 7; };
    uint32_t word;
};
#define MB_PLACE_OFFSETS 0x10000u   /* state is smaller than this */

/* An access through the window, by the offset of its instruction: where its slow path is. */
struct mb_window_site { uint32_t host, cold; };

struct mb_code {               /* what the generator fills */
    uint32_t size;             /* bytes of host code */
    uint32_t table_size;       /* of these four */
    struct mb_link *links; uint32_t link_count;
    struct mb_row *rows; uint32_t row_count;
    union mb_place *places;
    struct mb_window_site *sites; uint32_t site_count;
    uint64_t start;            /* pc */
    uint32_t insn_count;       /* guest instructions in the unit */
};

/* Host registers as a slow path saved them on the translated code's stack frame. */
struct mb_saved { uint64_t reg[16]; uint8_t xmm[16][16]; uint64_t spill[]; };

/* Generate code for `ir` at `rw` (its executable alias is `rx`; capacity bytes, a multiple of
 * 8), and its tables at the end of the capacity, with none behind them. Options:
 * count instructions exactly and stop at a deadline (virtual clock); reach guest memory
 * through the window (window.c); link indirect jumps; the translation flags it is entered
 * with. False: it does not fit in `capacity`, or has more than the unit limits; the caller
 * flushes or splits. */
struct mb_codegen_options { bool count_deadline, window, link_jumps; uint32_t flags; };
bool mb_codegen_x86_64(struct mb_ir *ir, const struct mb_core *core,
                       const struct mb_codegen_options *options,
                       uint8_t *rw, const uint8_t *rx, size_t capacity, struct mb_code *out);

/* Shared thunks, generated once into the code cache: entering, leaving, slow paths.
 * Gives the bytes used; 0 on failure. */
size_t mb_codegen_thunks(uint8_t *rw, const uint8_t *rx, size_t capacity);

/* Run translated code at rx address `code` until it leaves. Gives the link that was left
 * through (as link index and the unit's rx base in *unit), or -1 when it left by `jump`
 * miss, `leave`, exit_request at a block's head: pc and key are then in state. */
int64_t mb_code_enter(struct mb_cpu *cpu, const void *code, const void **unit);

/* Point link `i` of the unit at `target` (rx), or back at its stub with NULL. Atomic with
 * respect to other threads that run the code. */
void mb_code_link(uint8_t *rw, const uint8_t *rx, const struct mb_link *link,
                  const void *target);

/* A link to another page, that of an indirect jump, or the way into a block on two: code that
 * jumps to `target` (rx) if each entry of the current flat table is what is expected, and, if
 * `indirect`, pc and translation flags are, else to `miss` (NULL: where jumps go that find
 * nothing, with pc in rax). Gives the bytes used; 0: no room. */
#define MB_CHECKS 2
struct mb_check { uint32_t index; uint64_t expected; };
struct mb_guard {
    struct mb_check checks[MB_CHECKS];
    unsigned count;
    bool indirect;
    uint32_t pc, flags;
    const void *target, *miss;
};
size_t mb_codegen_guard(uint8_t *rw, const uint8_t *rx, size_t capacity,
                        const struct mb_guard *guard);

/* Apply the side table: store every dirty field of row `host` into state, and pc; gives
 * the index of the faulting instruction in the unit (for instruction counts). */
unsigned mb_code_restore(struct mb_cpu *cpu, const struct mb_code *code, uint32_t host,
                         const struct mb_saved *saved);

/* ---- what translated code calls; written by the run loop's side (softmmu.c, run.c) ------ */
/* Slow paths. `retaddr` is the host return address in translated code, `saved` the saved
 * registers. A fault restores state by the side table and does not return here: it
 * unwinds to the run loop (mb_cpu_unwind). v128 goes through `data`. */
#define MB_WIDTH_FLAGS(width, flags) ((uint32_t)(width) | (uint32_t)(flags) << 8)
uint64_t mb_slow_load(struct mb_cpu *cpu, uint64_t va, uint32_t width_flags,
                      const struct mb_saved *saved, uint64_t retaddr);
void mb_slow_store(struct mb_cpu *cpu, uint64_t va, uint64_t value, uint32_t width_flags,
                   const struct mb_saved *saved, uint64_t retaddr);
void mb_slow_load128(struct mb_cpu *cpu, uint64_t va, uint32_t width_flags,
                     const struct mb_saved *saved, uint64_t retaddr, void *data);
void mb_slow_store128(struct mb_cpu *cpu, uint64_t va, uint32_t width_flags,
                      const struct mb_saved *saved, uint64_t retaddr, const void *data);
/* Atomics resolve the host address (write access, aligned, else fault) for the inline
 * `lock cmpxchg`; NULL: not RAM, the operation was done by bus accesses, old in *old. */
void *mb_slow_atomic(struct mb_cpu *cpu, uint64_t va, uint32_t width_flags,
                     const struct mb_saved *saved, uint64_t retaddr);

/* Flat table of a 32-bit guest: table[va >> 12] is `host page - va page` as an addend, so
 * that host = entry + va; 0 is empty (slow path). Write entries follow the read entries. */
#define MB_TABLE_ENTRIES (1u << 20)
#define MB_TABLE_WRITE MB_TABLE_ENTRIES    /* index of the first write entry */
#define MB_TABLE_EXEC (2 * MB_TABLE_ENTRIES)    /* and of the fetch entries, for blocks */

/* At these distances from a flat table: the bits of window.c, and the window, between
 * guards as wide as a displacement that is left to the access may be. */
#define MB_WINDOW_BITS (3ull * MB_TABLE_ENTRIES * 8)
#define MB_WINDOW_GUARD (1ull << 20)
#define MB_WINDOW (MB_WINDOW_BITS + 2 * MB_WINDOW_GUARD)
#define MB_WINDOW_SIZE (1ull << 32)

/* The jump cache of a CPU (mb_cpu.jumps), direct-mapped by MB_JUMP_HASH. An entry is for
 * all address spaces: it is right where the fetch entry of pc's page is `page`, because then
 * the same bytes are mapped there. `owner`: the block's index, plus 1. */
struct mb_jump { uint64_t pc, page; const void *code; uint32_t flags, owner; };
#define MB_JUMP_BITS 14
#define MB_JUMP_HASH(pc, flags) \
    ((((pc) >> 1) ^ ((pc) >> 13) ^ (uint32_t)(flags)) & ((1u << MB_JUMP_BITS) - 1))

/* Interpreter: run `ir` on `cpu` directly; the same exits (link index, -1). Memory through
 * mb_cpu_load/mb_cpu_store: on a fault they unwind, state being always in memory. */
int64_t mb_interpret(struct mb_ir *ir, struct mb_cpu *cpu);

#endif
