// SPDX-License-Identifier: Apache-2.0
// The guest's init, and its only program: runs the workloads that the kernel's command line
// names behind `--` (names, groups, or `all`), says what each made and took, powers off.
#include "workloads.h"

char *program = "/workloads";

struct workload {
    const char *group, *name;
    workload_fn *run;
    uint32_t rounds;
};

// Where register windows spill, deep calls take so much longer that fewer will do.
#ifdef __sparc__
enum { DEEP = 30 };
#else
enum { DEEP = 1 };
#endif

static const struct workload WORKLOADS[] = {
    {"integer", "interpreter", interpreter, 1200},
    {"integer", "state_machine", state_machine, 1000},
    {"integer", "parser", parser, 60000},
    {"integer", "sieve", sieve, 200},
    {"integer", "multiply", multiply, 30000},
    {"integer", "modular", modular, 300000},
    {"integer", "sha256", sha256, 800},
    {"integer", "crc32", crc32, 1500},
    {"integer", "lz_compress", lz_compress, 250},
    {"integer", "matmul_int", matmul_int, 150},
    {"pointer", "list", list, 8000},
    {"pointer", "tree", tree, 100},
    {"pointer", "sort", sort, 250},
    {"pointer", "merge_sort", merge_sort, 100},
    {"indirect", "indirect", indirect, 8000},
    {"indirect", "virtual_calls", virtual_calls, 30000},
    {"indirect", "recursion", recursion, 2400 / DEEP},
    {"double", "matmul_double", matmul_double, 100},
    {"double", "nbody", nbody, 300000},
    {"double", "newton", newton, 300000},
    {"memory", "copy_16", copy_16, 5000},
    {"memory", "copy_256", copy_256, 3000},
    {"memory", "copy_4k", copy_4k, 2000},
    {"memory", "copy_1m", copy_1m, 400},
    {"memory", "fill_16", fill_16, 6000},
    {"memory", "fill_4k", fill_4k, 2500},
    {"memory", "fill_1m", fill_1m, 400},
    {"system", "system_calls", system_calls, 2000},
    {"system", "fork_exec", fork_exec, 60},
    {"system", "pipes", pipes, 400},
    {"system", "signals", signals, 700},
    {"system", "map_churn", map_churn, 300},
    {"system", "page_faults", page_faults, 60},
    {"fresh", "fresh_code", fresh_code, 10},
    {"block", "block_write", block_write, 4},
    {"block", "block_read", block_read, 8},
#ifdef GUEST_THREADS
    {"threads", "one_thread", one_thread, 100000},
    {"threads", "two_threads", two_threads, 100000},
#endif
};

static char line[128];
static unsigned length;

static void put(const char *text)
{
    size_t size = strlen(text);
    memcpy(line + length, text, size);
    length += size;
}

static void put_number(uint32_t value, uint32_t base)
{
    char digits[12], *at = digits + sizeof digits;
    *--at = 0;
    do
        *--at = "0123456789abcdef"[value % base];
    while (value /= base);
    put(at);
}

static void put_line(const char *text)
{
    put(text);
    put("\n");
    write(1, line, length);
    length = 0;
}

static uint32_t microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)now.tv_sec * 1000000u + (uint32_t)now.tv_nsec / 1000u;
}

static void measure(const struct workload *workload)
{
    uint32_t start = microseconds();
    uint32_t sum = workload->run(workload->rounds);
    uint32_t taken = microseconds() - start;
    put("WORKLOAD ");
    put(workload->group);
    put(" ");
    put(workload->name);
    put(" sum=");
    put_number(sum, 16);
    put(" us=");
    put_number(taken, 10);
    put_line("");
}

static int wanted(const struct workload *workload, char **words)
{
    for (; *words; words++)
        if (!strcmp(*words, workload->name) || !strcmp(*words, workload->group)
            || (!strcmp(*words, "all") && strcmp(workload->group, "threads")))
            return 1;
    return 0;
}

#ifdef SYS_finit_module
static void load_module(const char *path)
{
    int file = open(path, O_RDONLY);
    if (file < 0)
        return;
    syscall(SYS_finit_module, file, "", 0);
    close(file);
}

// Debian's kernel has the drivers of its disk as modules.
static void load_drivers(void)
{
    load_module("/lib/modules/virtio.ko");
    load_module("/lib/modules/virtio_ring.ko");
    load_module("/lib/modules/virtio_mmio.ko");
    load_module("/lib/modules/virtio_blk.ko");
}
#else
static void load_drivers(void) {}
#endif

int main(int count, char **words)
{
    if (getpid() != 1)
        return count > 1 ? 0 : 1;
    mount("dev", "/dev", "devtmpfs", 0, NULL);
    load_drivers();
    put_line("WORKLOADS-READY");
    for (unsigned i = 0; i < LENGTH(WORKLOADS); i++)
        if (wanted(&WORKLOADS[i], words + 1))
            measure(&WORKLOADS[i]);
    put_line("WORKLOADS-DONE");
    reboot(RB_POWER_OFF);
    return 0;
}
