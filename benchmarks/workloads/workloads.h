// SPDX-License-Identifier: Apache-2.0
// What every workload is: some work, done `rounds` times, and a checksum of what it made.
// Checksums do not depend on byte order, so all guests print the same ones.
#ifndef WORKLOADS_H
#define WORKLOADS_H

#include "guest.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

typedef uint32_t workload_fn(uint32_t rounds);

// integer.c
workload_fn interpreter, state_machine, parser, sieve, multiply, modular, matmul_int;
// coding.c
workload_fn sha256, crc32, lz_compress;
// pointers.c
workload_fn list, tree, sort, merge_sort;
// calls.c
workload_fn indirect, virtual_calls, recursion;
// floating.c
workload_fn matmul_double, nbody, newton;
// memory.c
workload_fn copy_16, copy_256, copy_4k, copy_1m, fill_16, fill_4k, fill_1m;
// system.c
workload_fn system_calls, fork_exec, pipes, signals, map_churn, page_faults;
// fresh.c
workload_fn fresh_code;
// block.c
workload_fn block_write, block_read;
// threads.c
workload_fn one_thread, two_threads;

// A fixed sequence of numbers that look random.
static inline uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static inline uint32_t mix(uint32_t sum, uint32_t value)
{
    return (sum ^ value) * 16777619u;
}

#endif
