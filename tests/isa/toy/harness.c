/* Runs one toy word through the generated translator and the IR interpreter. */
#include "codegen.h"
#include "toy_insns.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY = 0x2000, UNDEFINED = 1, FAULT = 2, MISTAKE = 3 };

static uint8_t memory[MEMORY];
static struct toy_state state;
static jmp_buf fault;
static const struct mb_core core = {.address_bits = 32};

/* ---- what the engine would give ------------------------------------------------------- */
static void *at(uint64_t va, unsigned width)
{
    if (va + width > MEMORY)
        longjmp(fault, 1);
    return memory + va;
}

uint64_t mb_cpu_load(struct mb_cpu *cpu, uint64_t va, unsigned width, unsigned flags)
{
    uint64_t value = 0;
    if (va % mb_mem_alignment(width, flags))
        longjmp(fault, 1);
    memcpy(&value, at(va, width), width);
    if (flags & MB_MEM_SWAP)
        value = __builtin_bswap64(value) >> (64 - 8 * width);
    if (flags & MB_MEM_SIGNED)
        value = (uint64_t)((int64_t)(value << (64 - 8 * width)) >> (64 - 8 * width));
    return value;
}

void mb_cpu_store(struct mb_cpu *cpu, uint64_t va, uint64_t value, unsigned width,
                  unsigned flags)
{
    if (va % mb_mem_alignment(width, flags))
        longjmp(fault, 1);
    if (flags & MB_MEM_SWAP)
        value = __builtin_bswap64(value) >> (64 - 8 * width);
    memcpy(at(va, width), &value, width);
}

static void turn(uint8_t *bytes, uint32_t width_flags)
{
    if (!((width_flags >> 8 | width_flags) & MB_MEM_SWAP))
        return;
    for (unsigned i = 0; i < 8; i++) {
        uint8_t byte = bytes[i];
        bytes[i] = bytes[15 - i];
        bytes[15 - i] = byte;
    }
}

void mb_slow_load128(struct mb_cpu *cpu, uint64_t va, uint32_t width_flags,
                     const struct mb_saved *saved, uint64_t retaddr, void *data)
{
    memcpy(data, at(va, 16), 16);
    turn(data, width_flags & ~0xffu);
}

void mb_slow_store128(struct mb_cpu *cpu, uint64_t va, uint32_t width_flags,
                      const struct mb_saved *saved, uint64_t retaddr, const void *data)
{
    memcpy(at(va, 16), data, 16);
    turn(at(va, 16), width_flags & ~0xffu);
}

void *mb_slow_atomic(struct mb_cpu *cpu, uint64_t va, uint32_t width_flags,
                     const struct mb_saved *saved, uint64_t retaddr)
{
    return at(va, 8);
}

/* ---- what a core writes by hand ---------------------------------------------------------- */
static void raise_undefined(struct toy_state *cpu)
{
    cpu->cpu.pc = 0xdead;
}

void toy_undefined(struct mb_tr *tr)
{
    static const struct mb_helper helper = {
        "undefined", (void *)raise_undefined, MB_EXITS, MB_VOID};
    mb_ir_call(tr->ir, &helper, 0, NULL);
    tr->ended = true;
}

uint64_t toy_mix(struct toy_state *cpu, uint32_t a, uint32_t b, uint64_t c)
{
    return (uint64_t)a * 3 + (uint64_t)b * 5 + c;
}

void toy_scramble(struct toy_state *cpu, uint32_t a)
{
    cpu->r[3] = cpu->r[4] + a;
    cpu->n = 1;
}

void toy_trap(struct toy_state *cpu, uint32_t number)
{
    cpu->r[14] = (uint32_t)cpu->cpu.pc;
    cpu->cpu.pc = number * 8;
}

/* ---- what the test calls -------------------------------------------------------------------- */
#define EXPORT __attribute__((visibility("default")))
EXPORT void *harness_state(void) { return &state; }
EXPORT void *harness_memory(void) { return memory; }

EXPORT int harness_field(const char *name)
{
    for (const struct mb_field *field = toy_fields; field->name; field++)
        if (!strcmp(field->name, name))
            return (int)field->offset;
    return -1;
}

EXPORT int harness_step(int half, uint32_t word)
{
    static struct mb_ir *ir;
    struct mb_tr tr = {.cpu = &state.cpu, .pc = state.cpu.pc,
                       .flags = (uint32_t)state.cpu.key};
    state.cpu.core = &core;
    if (!ir)
        ir = mb_ir_new();
    mb_ir_reset(ir);
    tr.ir = ir;
    mb_ir_insn(ir, tr.pc);
    enum mb_insn_result result = half ? toy_translate_h16(&tr, word)
                                      : toy_translate_w32(&tr, word);
    if (result == MB_INSN_UNDEFINED)
        return UNDEFINED;
    mb_tr_branch(&tr, (uint32_t)(tr.pc + (half ? 2 : 4)));
    const char *mistake = mb_ir_verify(ir);
    if (mistake || ir->failed) {
        fprintf(stderr, "%08x: %s\n", word, mistake ? mistake : "failed");
        mb_ir_print(ir, stderr);
        return MISTAKE;
    }
    if (setjmp(fault))
        return FAULT;
    mb_interpret(ir, &state.cpu);
    return 0;
}

EXPORT int harness_text(int half, uint32_t word, uint64_t pc, uint32_t flags, char *text)
{
    return half ? toy_disassemble_h16(word, pc, flags, text, 128)
                : toy_disassemble_w32(word, pc, flags, text, 128);
}
