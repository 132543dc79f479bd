/* Runs units of IR by the interpreter and as generated code, on a toy CPU with a toy
 * memory, for the tests here. SPDX-License-Identifier: Apache-2.0
 *
 * Guest memory: 16 pages at 0. Pages 0-7 are in the flat table, 8-11 only in the slow
 * path, 12-15 fault on any access.
 */
#include "codegen.h"
#include "ir.h"
#include "ir_table.h"

#include <immintrin.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGES = 16, FAST_PAGES = 8, GOOD_PAGES = 12, FIELDS = 64 };
struct toy {
    struct mb_cpu cpu;
    uint32_t r[16];
    uint8_t flag[8];
    uint64_t wide[8];
    uint16_t half[4];
    uint64_t vector[8];
    uint64_t calls;
};

static uint8_t memory[PAGES * 4096] __attribute__((aligned(4096)));
static uint64_t *tables;
static struct mb_jump jumps[1 << MB_JUMP_BITS];
static jmp_buf unwind;
static const struct mb_code *running;
static uint8_t *cache;
static size_t thunks_size;
static struct mb_ir *ir;
enum { CACHE = 1 << 20, ENDLESS = 3000 };

static uint64_t nan64(struct mb_cpu *cpu, int op, uint64_t a, uint64_t b, uint64_t c)
{
    return 0x7ff8000000000000u ^ (uint64_t)op ^ a << 1 ^ b << 2 ^ c << 3;
}

static uint32_t nan32(struct mb_cpu *cpu, int op, uint32_t a, uint32_t b, uint32_t c)
{
    return 0x7fc00000u ^ (uint32_t)op ^ a << 1 ^ b << 2 ^ c << 3;
}

static const struct mb_core core = {.address_bits = 32,
                                    .nan64 = nan64,
                                    .nan32 = nan32,
                                    .state_size = sizeof(struct toy)};

/* ---- what the engine would provide ---- */
static void check(struct mb_cpu *cpu, uint64_t va, unsigned width, unsigned flags,
                  const struct mb_saved *saved, uint64_t retaddr)
{
    bool aligned = va % mb_mem_alignment(width, flags) == 0;
    if (aligned && va + width <= GOOD_PAGES * 4096)
        return;
    if (saved)
        cpu->insns += mb_code_restore(
            cpu, running, (uint32_t)(retaddr - (uint64_t)cache - thunks_size), saved);
    longjmp(unwind, 1);
}

static void reverse(uint8_t *bytes, unsigned width)
{
    for (unsigned i = 0; i < width / 2; i++) {
        uint8_t t = bytes[i];
        bytes[i] = bytes[width - 1 - i];
        bytes[width - 1 - i] = t;
    }
}

static uint64_t load(struct mb_cpu *cpu, uint64_t va, unsigned width, unsigned flags,
                     const struct mb_saved *saved, uint64_t retaddr)
{
    uint64_t value = 0;
    check(cpu, va, width, flags, saved, retaddr);
    memcpy(&value, memory + va, width);
    if (flags & MB_MEM_SWAP)
        reverse((uint8_t *)&value, width);
    unsigned unused = 64 - 8 * width;
    return flags & MB_MEM_SIGNED ? (uint64_t)((int64_t)(value << unused) >> unused)
                                 : value;
}

static void store(struct mb_cpu *cpu, uint64_t va, uint64_t value, unsigned width,
                  unsigned flags, const struct mb_saved *saved, uint64_t retaddr)
{
    check(cpu, va, width, flags, saved, retaddr);
    if (flags & MB_MEM_SWAP)
        reverse((uint8_t *)&value, width);
    memcpy(memory + va, &value, width);
}

uint64_t mb_slow_load(struct mb_cpu *cpu, uint64_t va, uint32_t width_flags,
                      const struct mb_saved *saved, uint64_t retaddr)
{
    return load(cpu, va, width_flags & 0xff, width_flags >> 8, saved, retaddr);
}

void mb_slow_store(struct mb_cpu *cpu, uint64_t va, uint64_t value,
                   uint32_t width_flags, const struct mb_saved *saved, uint64_t retaddr)
{
    store(cpu, va, value, width_flags & 0xff, width_flags >> 8, saved, retaddr);
}

void mb_slow_load128(struct mb_cpu *cpu, uint64_t va, uint32_t width_flags,
                     const struct mb_saved *saved, uint64_t retaddr, void *data)
{
    check(cpu, va, 16, width_flags >> 8, saved, retaddr);
    memcpy(data, memory + va, 16);
}

void mb_slow_store128(struct mb_cpu *cpu, uint64_t va, uint32_t width_flags,
                      const struct mb_saved *saved, uint64_t retaddr, const void *data)
{
    check(cpu, va, 16, width_flags >> 8, saved, retaddr);
    memcpy(memory + va, data, 16);
}

void *mb_slow_atomic(struct mb_cpu *cpu, uint64_t va, uint32_t width_flags,
                     const struct mb_saved *saved, uint64_t retaddr)
{
    check(cpu, va, width_flags & 0xff, MB_MEM_ALIGNED, saved, retaddr);
    return memory + va;
}

uint64_t mb_cpu_load(struct mb_cpu *cpu, uint64_t va, unsigned width, unsigned flags)
{
    return load(cpu, va, width, flags, NULL, 0);
}

void mb_cpu_store(struct mb_cpu *cpu, uint64_t va, uint64_t value, unsigned width,
                  unsigned flags)
{
    store(cpu, va, value, width, flags, NULL, 0);
}

/* ---- running a unit ---- */
static bool prepare(void)
{
    if (cache)
        return true;
    size_t size = 2ull * MB_TABLE_ENTRIES * sizeof *tables;
    tables = mmap(NULL, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (unsigned page = 0; page < FAST_PAGES; page++)
        tables[page] = tables[MB_TABLE_WRITE + page] = (uint64_t)memory;
    cache = mmap(NULL, CACHE, PROT_READ | PROT_WRITE | PROT_EXEC,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    thunks_size = mb_codegen_thunks(cache, cache, CACHE);
    thunks_size = (thunks_size + 63) & ~63ul;
    ir = mb_ir_new();
    return ir && thunks_size;
}

/* One run on `toy`; 1000 added to the way out if it faulted. */
static int64_t run_interpreter(struct toy *toy)
{
    if (setjmp(unwind))
        return 1000;
    for (unsigned rounds = 0; rounds < 20; rounds++) {
        int64_t way = mb_interpret(ir, &toy->cpu);
        if (way < 0 || toy->cpu.pc != ir->start)
            return way;
    }
    return ENDLESS;
}

static int64_t run_code(struct toy *toy, const struct mb_code *code)
{
    const void *unit = NULL;
    running = code;
    if (setjmp(unwind))
        return 1000;
    for (unsigned rounds = 0; rounds < 20; rounds++) {
        int64_t way = mb_code_enter(&toy->cpu, cache + thunks_size, &unit);
        if (way >= 0 && unit != cache + thunks_size)
            return 2000;
        if (way < 0 || toy->cpu.pc != ir->start)
            return way;
    }
    return ENDLESS;
}

static bool generate(struct mb_code *code)
{
    struct mb_codegen_options options = {false};
    return mb_codegen_x86_64(ir, &core, &options, cache + thunks_size,
                             cache + thunks_size, CACHE - thunks_size, code);
}

static void connect(struct toy *toy)
{
    toy->cpu.tables = tables;
    toy->cpu.jumps = jumps;
    toy->cpu.core = &core;
    toy->cpu.exit_request = 0;
    toy->cpu.key = 1;
}

/* ---- one operation ---- */
/* Operands are read from toy.vector[0..5] (two words each), the result goes to [6..7].
 */
static unsigned width_of(unsigned type)
{
    return type == MB_I32 || type == MB_F32 ? 4 : type == MB_V128 ? 16 : 8;
}

static unsigned operand_type(const struct mb_op_info *info, unsigned i, unsigned type)
{
    unsigned kind = info->in[i];
    return kind == MB_K_T || kind == MB_K_F || kind == MB_K_ANY ? type : kind;
}

/* code, type of its T/F/any, immediate; vector holds the operands. 0: ok. */
int harness_op(unsigned code, unsigned type, uint64_t imm, uint64_t vector[8],
               int compiled, uint32_t *mxcsr)
{
    static struct toy toy;
    if (!prepare())
        return -1;
    memset(&toy, 0, sizeof toy);
    connect(&toy);
    memcpy(toy.vector, vector, sizeof toy.vector);
    const struct mb_op_info *info = &mb_ir_table[code];
    struct mb_op op = {.code = (uint16_t)code, .imm = imm};
    mb_ir_reset(ir);
    mb_ir_insn(ir, 0x1000);
    for (unsigned i = 0; i < info->inputs; i++) {
        enum mb_type t = operand_type(info, i, type);
        op.in[i] = mb_ir_get(ir, t, (uint32_t)(offsetof(struct toy, vector) + 16 * i),
                             width_of(t));
    }
    if (info->out == MB_K_T || info->out == MB_K_F || info->out == MB_K_ANY)
        op.type = (uint8_t)type;
    mb_v result = mb_ir_emit(ir, &op);
    mb_ir_put(ir, offsetof(struct toy, vector) + 48, width_of(mb_ir_type(ir, result)),
              result);
    mb_ir_exit(ir, 0x1004);
    struct mb_code out = {0};
    if (compiled && !generate(&out))
        return -2;
    uint32_t host = _mm_getcsr();
    _mm_setcsr(*mxcsr);
    int64_t way = compiled ? run_code(&toy, &out) : run_interpreter(&toy);
    *mxcsr = _mm_getcsr();
    _mm_setcsr(host);
    memcpy(vector, toy.vector, sizeof toy.vector);
    return way == 0 && toy.cpu.pc == 0x1004 && toy.cpu.insns == 1 ? 0 : -3;
}

/* ---- decisions ---- */
/* i N: if r[N], e: else, n: endif, + N: r[8] is its triple and N, x N: leave for N. */
static void decide(const uint8_t *tokens, unsigned count)
{
    uint32_t sum = offsetof(struct toy, r) + 4 * 8;
    for (unsigned at = 0; at < count;) {
        uint8_t token = tokens[at++];
        if (token == 'i')
            mb_ir_if(ir, mb_ir_get(ir, MB_I32, offsetof(struct toy, r) + 4 * tokens[at++], 4));
        else if (token == 'e')
            mb_ir_else(ir);
        else if (token == 'n')
            mb_ir_endif(ir);
        else if (token == 'x')
            mb_ir_exit(ir, 0x2000 + tokens[at++]);
        else {
            mb_v old = mb_ir_get(ir, MB_I32, sum, 4);
            mb_v three = mb_ir_mul(ir, old, mb_ir_const(ir, MB_I32, 3));
            mb_ir_put(ir, sum, 4, mb_ir_add(ir, three, mb_ir_const(ir, MB_I32, tokens[at++])));
        }
    }
}

/* Gives r[8], and in `left` what was left for; ENDLESS: no unit. */
uint32_t harness_decisions(const uint8_t *tokens, unsigned count, const uint32_t r[4],
                           int compiled, uint32_t *left)
{
    static struct toy toy;
    struct mb_code out;
    if (!prepare())
        return ENDLESS;
    memset(&toy, 0, sizeof toy);
    connect(&toy);
    memcpy(toy.r, r, 4 * sizeof *r);
    mb_ir_reset(ir);
    mb_ir_insn(ir, 0x1000);
    decide(tokens, count);
    mb_ir_exit(ir, 0x2000);
    if (mb_ir_verify(ir) || (compiled && !generate(&out)))
        return ENDLESS;
    if (compiled)
        run_code(&toy, &out);
    else
        run_interpreter(&toy);
    *left = (uint32_t)toy.cpu.pc - 0x2000;
    return toy.r[8];
}

/* ---- random units ---- */
static uint64_t random_state;
static uint32_t pick(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 20) % below;
}

static uint64_t random_word(void)
{
    static const uint64_t edges[] = {0, 1, 2, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000,
                                     0xffffffff, 0x7fffffffffffffff, 0x8000000000000000,
                                     0xffffffffffffffff, 31, 32, 0x3ff0000000000000};
    uint64_t word =
        (uint64_t)pick(1u << 31) << 33 ^ (uint64_t)pick(1u << 31) << 11 ^ pick(4096);
    return pick(3) ? word : edges[pick(sizeof edges / sizeof edges[0])];
}

static mb_v values[6][64];
static unsigned counts[6];

static void keep(mb_v v)
{
    unsigned type = mb_ir_type(ir, v);
    if (v && type)
        values[type][counts[type]++ % 64] = v;
}

static void random_field(unsigned type, uint32_t *offset, unsigned *width)
{
    switch (type) {
    case MB_I32:
        if (pick(3) == 0) {
            *offset = offsetof(struct toy, flag) + pick(8);
            *width = 1;
        } else if (pick(6) == 0) {
            *offset = offsetof(struct toy, half) + 2 * pick(4);
            *width = 2;
        } else {
            *offset = (pick(8) ? offsetof(struct toy, r) : offsetof(struct toy, wide)) +
                      4 * pick(16);
            *width = 4;
        }
        return;
    case MB_F32:
        *offset = offsetof(struct toy, wide) + 4 * pick(16);
        *width = 4;
        return;
    case MB_V128:
        *width = pick(2) ? 8 : 16;
        *offset = offsetof(struct toy, vector) + 8 * pick(*width == 16 ? 7 : 8);
        return;
    default:
        *offset =
            (pick(2) ? offsetof(struct toy, wide) : offsetof(struct toy, vector)) +
            8 * pick(8);
        *width = 8;
    }
}

static mb_v some(unsigned type)
{
    unsigned count = counts[type] < 64 ? counts[type] : 64;
    uint32_t offset;
    unsigned width;
    if (count && pick(4))
        return values[type][pick(count)];
    if (pick(3) == 0 && type <= MB_I64)
        return mb_ir_const(ir, type, random_word());
    if (pick(8) == 0 && (type == MB_F32 || type == MB_F64))
        return mb_ir_fconst(ir, type, random_word());
    random_field(type, &offset, &width);
    mb_v v = mb_ir_get(ir, type, offset, width);
    keep(v);
    return v;
}

static mb_v some_address(void)
{
    uint32_t limit = pick(12) ? pick(6) ? FAST_PAGES : GOOD_PAGES : PAGES;
    mb_v masked = mb_ir_and(ir, some(MB_I32), mb_ir_const(ir, MB_I32, 0xffff));
    if (pick(3))
        masked = mb_ir_and(ir, masked, mb_ir_const(ir, MB_I32, 0xfff8));
    mb_v page = mb_ir_const(ir, MB_I32, (limit == FAST_PAGES ? 0x7fff : 0xffff));
    return mb_ir_add(ir, mb_ir_and(ir, masked, page),
                     mb_ir_const(ir, MB_I32, pick(32)));
}

static uint64_t pure_helper(struct mb_cpu *cpu, uint64_t a, double f, uint32_t b)
{
    uint64_t bits;
    memcpy(&bits, &f, 8);
    return a * 3 + bits + b;
}

static void writing_helper(struct mb_cpu *cpu, uint32_t a)
{
    struct toy *toy = (struct toy *)cpu;
    toy->calls += cpu->insns * 7 + cpu->pc;
    for (unsigned i = 0; i < 16; i++)
        toy->calls = toy->calls * 31 + toy->r[i] + toy->flag[i & 7] + toy->wide[i & 7];
    toy->r[a & 15] ^= a;
    toy->flag[a & 7] ^= 1;
}

static uint32_t reading_helper(struct mb_cpu *cpu)
{
    struct toy *toy = (struct toy *)cpu;
    return toy->r[3] + toy->flag[2] + (uint32_t)toy->vector[5];
}

static void exiting_helper(struct mb_cpu *cpu, uint64_t a)
{
    writing_helper(cpu, (uint32_t)a);
    cpu->pc = a;
}

static const struct mb_helper helpers[] = {
    {"pure", (void *)pure_helper, MB_PURE, MB_I64},
    {"writing", (void *)writing_helper, MB_WRITES, MB_VOID},
    {"reading", (void *)reading_helper, MB_READS, MB_I32},
    {"exiting", (void *)exiting_helper, MB_EXITS, MB_VOID},
};

static void random_call(void)
{
    mb_v args[3];
    switch (pick(3)) {
    case 0:
        args[0] = some(MB_I64);
        args[1] = some(MB_F64);
        args[2] = some(MB_I32);
        keep(mb_ir_call(ir, &helpers[0], 3, args));
        break;
    case 1:
        args[0] = some(MB_I32);
        mb_ir_call(ir, &helpers[1], 1, args);
        break;
    default: keep(mb_ir_call(ir, &helpers[2], 0, NULL));
    }
}

static void random_memory(void)
{
    static const uint8_t widths[] = {1, 2, 4, 4, 4, 8};
    unsigned type = MB_I32 + pick(5), width = widths[pick(6)];
    unsigned flags = pick(3) ? 0 : MB_MEM_SIGNED;
    if (type == MB_I32 && width == 8)
        width = 4;
    if (type == MB_F32)
        width = 4;
    if (type == MB_F64)
        width = 8;
    if (type == MB_V128)
        width = pick(2) ? 8 : 16;
    if (type > MB_I64)
        flags = 0;
    if (pick(10) == 0)
        flags |= MB_MEM_ALIGNED;
    if (width == 8 && pick(4) == 0)
        flags |= MB_MEM_WORD_ALIGNED;
    if (pick(10) == 0 && type <= MB_I64)
        flags |= MB_MEM_SWAP;
    mb_v address = some_address();
    switch (pick(type <= MB_I64 ? 8 : 6)) {
    case 0: case 1: case 2:
        keep(mb_ir_load(ir, type, address, width, flags, (int)pick(64) - 32)); break;
    case 3: case 4: case 5:
        mb_ir_store(ir, address, some(type), width, flags & ~1u, (int)pick(64) - 32);
        break;
    case 6:
        keep(mb_ir_cas(ir, address, some(type), some(type), width, flags & 4, 0));
        break;
    default:
        keep(mb_ir_swap(ir, address, some(type), width, flags & 4, 0));
    }
}

/* A register list or the like: several accesses near one address. */
static void random_burst(void)
{
    mb_v base = some_address();
    int disp = (int)pick(64) - 32;
    unsigned flags = pick(3) ? 0 : MB_MEM_ALIGNED;
    for (unsigned i = 2 + pick(5); i > 0; i--, disp += pick(5) ? 4 : -4) {
        if (pick(2))
            keep(mb_ir_load(ir, MB_I32, base, pick(4) ? 4 : 2, flags, disp));
        else
            mb_ir_store(ir, base, some(MB_I32), pick(4) ? 4 : 1, flags, disp);
        if (pick(3) == 0)
            mb_ir_put(ir, offsetof(struct toy, r) + 4 * pick(16), 4, some(MB_I32));
    }
}

static bool is_plain(unsigned code)
{
    const struct mb_op_info *info = &mb_ir_table[code];
    return (info->effect == MB_E_NONE || info->effect == MB_E_FP) && code != MB_IR_NOP;
}

static void random_op(void)
{
    unsigned code;
    do {
        code = pick(3) ? MB_IR_ADD + pick(MB_IR_SELECT - MB_IR_ADD + 1)
                       : pick(MB_IR_COUNT);
    } while (!is_plain(code));
    const struct mb_op_info *info = &mb_ir_table[code];
    unsigned type = info->out == MB_K_F || (info->inputs && info->in[0] == MB_K_F)
                        ? MB_F32 + pick(2)
                    : info->out == MB_K_ANY ? MB_I32 + pick(5)
                                            : MB_I32 + (pick(4) == 0);
    struct mb_op op = {.code = (uint16_t)code, .imm = pick(18)};
    if (code == MB_IR_CONST || code == MB_IR_FCONST)
        op.imm = random_word();
    for (unsigned i = 0; i < info->inputs; i++)
        op.in[i] = some(operand_type(info, i, type));
    if (code == MB_IR_ADDC || code == MB_IR_CARRY || code == MB_IR_OVERFLOW)
        op.in[2] = pick(2) ? mb_ir_const(ir, MB_I32, pick(2))
                           : mb_ir_ltu(ir, some(MB_I32), some(MB_I32));
    if (info->out >= MB_K_T)
        op.type = (uint8_t)type;
    keep(mb_ir_emit(ir, &op));
}

static void random_flags(void)
{
    mb_v a = some(MB_I32), b = some(MB_I32);
    mb_v n = mb_ir_not(ir, b), one = mb_ir_const(ir, MB_I32, 1);
    bool add = pick(2);
    mb_v c = add ? mb_ir_const(ir, MB_I32, 0) : one, y = add ? b : n;
    mb_v sum = mb_ir_addc(ir, a, y, c);
    keep(sum);
    uint32_t flag = offsetof(struct toy, flag);
    mb_ir_put(ir, flag, 1, mb_ir_shr(ir, sum, mb_ir_const(ir, MB_I32, 31)));
    mb_ir_put(ir, flag + 1, 1, mb_ir_eq(ir, sum, mb_ir_const(ir, MB_I32, 0)));
    mb_ir_put(ir, flag + 2, 1, mb_ir_carry(ir, a, y, c));
    mb_ir_put(ir, flag + 3, 1, mb_ir_overflow(ir, a, y, c));
}

static mb_v arm_condition(void)
{
    uint32_t flag = offsetof(struct toy, flag);
    mb_v n = mb_ir_get(ir, MB_I32, flag, 1), z = mb_ir_get(ir, MB_I32, flag + 1, 1);
    mb_v c = mb_ir_get(ir, MB_I32, flag + 2, 1), v = mb_ir_get(ir, MB_I32, flag + 3, 1);
    mb_v one = mb_ir_const(ir, MB_I32, 1);
    switch (pick(8)) {
    case 0: return z;
    case 1: return c;
    case 2: return mb_ir_xor(ir, z, one);
    case 3: return mb_ir_and(ir, c, mb_ir_xor(ir, z, one));
    case 4: return mb_ir_eq(ir, n, v);
    case 5: return mb_ir_ne(ir, n, v);
    case 6: return mb_ir_and(ir, mb_ir_xor(ir, z, one), mb_ir_eq(ir, n, v));
    default: return mb_ir_or(ir, z, mb_ir_ne(ir, n, v));
    }
}

static void random_put(void)
{
    unsigned type = pick(2) ? MB_I32 : MB_I32 + pick(5), width;
    uint32_t offset;
    random_field(type, &offset, &width);
    mb_ir_put(ir, offset, width, some(type));
}

/* A jump back to the start, three times of four: generated code loops by itself. */
static void random_loop(void)
{
    uint32_t counter = offsetof(struct toy, r) + 4 * 15;
    mb_v count = mb_ir_get(ir, MB_I32, counter, 4);
    mb_v next = mb_ir_sub(ir, count, mb_ir_const(ir, MB_I32, 1));
    mb_ir_put(ir, counter, 4, next);
    mb_ir_if(ir, mb_ir_and(ir, next, mb_ir_const(ir, MB_I32, 3)));
    mb_ir_exit(ir, ir->start);
    mb_ir_endif(ir);
}

static void random_exit(void)
{
    switch (pick(8)) {
    case 0: mb_ir_jump(ir, mb_ir_zext32(ir, some(MB_I32))); break;
    case 1: mb_ir_put(ir, 0, 8, mb_ir_zext32(ir, some(MB_I32))); mb_ir_leave(ir); break;
    case 2: {
        mb_v arg = some(MB_I64);
        mb_ir_call(ir, &helpers[3], 1, &arg);
        break;
    }
    default: mb_ir_exit(ir, 0x2000 + pick(64) * 4);
    }
}

static void random_body(unsigned size, unsigned depth);

static void random_if(unsigned depth)
{
    unsigned saved[6];
    mb_v saved_values[6][64], phi_a, phi_b;
    mb_v condition = pick(4) ? arm_condition() : some(MB_I32);
    unsigned type = MB_I32 + (pick(3) ? 0 : pick(5));
    memcpy(saved, counts, sizeof counts);
    memcpy(saved_values, values, sizeof values);
    phi_b = some(type);
    mb_ir_if(ir, condition);
    random_body(pick(4), depth + 1);
    phi_a = some(type);
    if (pick(4) == 0)
        random_exit();
    memcpy(counts, saved, sizeof counts);
    memcpy(values, saved_values, sizeof values);
    if (pick(3) == 0) {
        mb_ir_else(ir);
        random_body(pick(4), depth + 1);
        phi_b = some(type);
        if (pick(6) == 0)
            random_exit();
        memcpy(counts, saved, sizeof counts);
        memcpy(values, saved_values, sizeof values);
    }
    mb_ir_endif(ir);
    if (pick(2))
        keep(mb_ir_phi(ir, phi_a, phi_b));
}

static void random_body(unsigned size, unsigned depth)
{
    for (unsigned i = 0; i < size; i++) {
        if (depth == 0 && pick(3) == 0)
            mb_ir_insn(ir, 0x1000 + 4 * ir->insns);
        switch (pick(16)) {
        case 0: random_memory(); break;
        case 1: random_burst(); break;
        case 2: case 3: case 4: random_put(); break;
        case 5: if (pick(3) == 0) random_call(); break;
        case 6: case 7: if (depth < 3) random_if(depth); break;
        case 8: random_flags(); break;
        case 9: if (pick(4)) random_flags(); else random_loop(); break;
        default: random_op();
        }
    }
}

static void fill(void *data, size_t size)
{
    uint64_t *words = data;
    for (size_t i = 0; i < size / 8; i++)
        words[i] = random_word();
}

static bool same(const struct toy *x, const struct toy *y)
{
    return x->cpu.pc == y->cpu.pc && x->cpu.insns == y->cpu.insns &&
           memcmp(&x->r, &y->r, sizeof *x - offsetof(struct toy, r)) == 0;
}

/* 0: both agree; else what differs. With `verbose` the unit is printed. */
int harness_random(uint64_t seed, unsigned size, int verbose)
{
    static struct toy start, a, b;
    static uint8_t memory_before[sizeof memory], memory_a[sizeof memory];
    if (!prepare())
        return -1;
    random_state = seed * 0x9e3779b97f4a7c15u + 88172645463325252u;
    for (unsigned i = 0; i < 8; i++)
        pick(2);
    memset(counts, 0, sizeof counts);
    fill(&start, sizeof start);
    start.cpu.insns = 5;
    start.cpu.pc = 0x1000;
    for (unsigned i = 0; i < 4; i++)
        start.flag[i] &= 1;
    connect(&start);
    fill(memory, sizeof memory);
    memcpy(memory_before, memory, sizeof memory);
    mb_ir_reset(ir);
    mb_ir_insn(ir, 0x1000);
    random_body(size, 0);
    if (!mb_ir_ended(ir))
        random_exit();
    const char *why = NULL;
    if (ir->failed)
        return 1;
    mb_ir_optimize(ir);
    why = mb_ir_verify(ir);
    if (verbose)
        mb_ir_print(ir, stderr);
    if (why) {
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)seed, why);
        return 2;
    }
    struct mb_code code;
    a = b = start;
    uint32_t host = _mm_getcsr(), mxcsr_a, mxcsr_b;
    _mm_setcsr(0x1f80);
    int64_t way_a = run_interpreter(&a);
    mxcsr_a = _mm_getcsr();
    _mm_setcsr(host);
    if (way_a == ENDLESS)
        return 0;
    memcpy(memory_a, memory, sizeof memory);
    memcpy(memory, memory_before, sizeof memory);
    _mm_setcsr(0x1f80);
    if (!generate(&code))
        return 3;
    if (verbose) {
        FILE *out = fopen("/tmp/unit.bin", "wb");
        if (out) {
            fwrite(cache + thunks_size, 1, code.size, out);
            fclose(out);
        }
    }
    int64_t way_b = run_code(&b, &code);
    mxcsr_b = _mm_getcsr();
    _mm_setcsr(host);
    if (verbose && !same(&a, &b)) {
        const uint8_t *x = (uint8_t *)&a, *y = (uint8_t *)&b;
        for (unsigned i = 0; i < sizeof a; i++)
            if (x[i] != y[i])
                fprintf(stderr, "offset %u: interpreter %02x code %02x\n", i, x[i],
                        y[i]);
    }
    return way_a != way_b                            ? 4
           : !same(&a, &b)                           ? 5
           : memcmp(memory, memory_a, sizeof memory) ? 6
           : (mxcsr_a ^ mxcsr_b) & 0x3d              ? 7
                                                     : 0;
}

#ifdef MAIN
int main(int argc, char **argv)
{
    uint64_t from = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
    uint64_t to = argc > 2 ? strtoull(argv[2], NULL, 0) : from + 1;
    unsigned size = argc > 3 ? (unsigned)atoi(argv[3]) : 20, bad = 0;
    for (uint64_t seed = from; seed < to && bad < 10; seed++) {
        int result = harness_random(seed, size, to == from + 1);
        if (result) {
            printf("seed %llu: %d\n", (unsigned long long)seed, result);
            fflush(stdout);
            bad++;
        }
    }
    return bad != 0;
}
#endif
