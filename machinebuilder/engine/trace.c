/* Debugging aids: MB_TRACE=blocks,exec,step,irq,mmu,unit,host writes to MB_TRACE_FILE or stderr.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `exec` writes the registers before every block (and keeps blocks apart: no links, no
 * jump cache), `step` before every instruction.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "vcpu.h"

unsigned mb_trace;
static FILE *out, *perf_map;

/* MB_PERF_MAP=1: the host's `perf` finds translated code in /tmp/perf-PID.map. */
static void open_perf_map(void)
{
    const char *wanted = getenv("MB_PERF_MAP");
    char path[64];
    if (!wanted || *wanted == '0' || perf_map)
        return;
    snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)getpid());
    perf_map = fopen(path, "w");
    mb_trace |= perf_map ? MB_TRACE_PERF : 0;
}

static const char *const tiers[] = {"", ":hot", ":windows"};

void mb_trace_perf(const struct mb_block *block)
{
    if (block->code.size)
        fprintf(perf_map, "%llx %x guest:%08llx%s\n", (unsigned long long)block->entry,
                block->code.size, (unsigned long long)block->pc, tiers[mb_block_tier(block)]);
    fflush(perf_map);
}

void mb_trace_init(void)
{
    static const char *const names[] = {"blocks", "exec", "step", "irq", "mmu", "unit", "host"};
    const char *wanted = getenv("MB_TRACE"), *file = getenv("MB_TRACE_FILE");
    open_perf_map();
    if (!wanted || out)
        return;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (strstr(wanted, names[i]))
            mb_trace |= 1u << i;
    out = file ? fopen(file, "w") : stderr;
    if (!out)
        out = stderr;
}

static void put_registers(const struct mb_cpu *cpu)
{
    const struct mb_field *field = cpu->core->fields;
    uint32_t word;
    for (; field && field->name; field++) {
        if (field->width > 4 || (field->count == 1 && field->width > 1))
            continue;
        for (uint32_t i = 0; i < field->count; i++) {
            word = 0;
            memcpy(&word, (const uint8_t *)cpu + field->offset + i * field->width,
                   field->width);
            fprintf(out, " %s%.0u=%x", field->name, i, word);
        }
        if (field->count == 1 && field[1].width != 1)
            return;
    }
}

void mb_trace_exec(struct mb_vcpu *vcpu)
{
    const struct mb_cpu *cpu = vcpu->cpu;
    fprintf(out, "cpu%u pc=%08llx flags=%08x", cpu->index, (unsigned long long)cpu->pc,
            (uint32_t)cpu->key);
    put_registers(cpu);
    fputc('\n', out);
}

/* For a disassembler: one line of hexadecimal digits. */
static void put_host_code(const struct mb_block *block)
{
    fputs("  host ", out);
    for (uint32_t i = 0; i < block->code.size; i++)
        fprintf(out, "%02x", block->entry[i]);
    fputc('\n', out);
}

void mb_trace_block(struct mb_vcpu *vcpu, const struct mb_block *block)
{
    char text[128];
    fprintf(out, "cpu%u block pc=%08llx flags=%08x guest=%llu host=%u at=%p\n",
            vcpu->cpu->index, (unsigned long long)block->pc, block->flags,
            (unsigned long long)(block->high - block->low), block->code.size,
            (const void *)block->entry);
    uint64_t end = block->high;
    if (block->host2)
        end = (block->pc | MB_PAGE_MASK) + 1;
    for (uint64_t pc = block->pc; vcpu->core->disassemble && pc < end;) {
        unsigned size = vcpu->core->disassemble(vcpu->cpu, pc, block->host + (pc - block->pc),
                                                (unsigned)(end - pc), text, sizeof text);
        fprintf(out, "  %08llx  %s\n", (unsigned long long)pc, size ? text : "?");
        pc += size ? size : 4;
    }
    if (mb_trace & MB_TRACE_HOST)
        put_host_code(block);
}

void mb_trace_text(struct mb_vcpu *vcpu, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(out, "cpu%u pc=%08llx ", vcpu->cpu->index, (unsigned long long)vcpu->cpu->pc);
    vfprintf(out, format, args);
    fputc('\n', out);
    va_end(args);
}
