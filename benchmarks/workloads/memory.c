// SPDX-License-Identifier: Apache-2.0
// The C library's memcpy and memset, at sizes from a cache line's quarter to a large buffer.
#include "workloads.h"

enum { LARGE = 1 << 20 };

static uint8_t from[LARGE + 64], to[LARGE + 64];

static uint32_t copy(unsigned size, uint32_t times)
{
    for (unsigned i = 0; i < size; i++)
        from[i] = (uint8_t)(i * 7);
    for (uint32_t i = 0; i < times; i++) {
        memcpy(to + (i & 3) * 8, from + (i >> 2 & 3) * 8, size);
        __asm__ volatile("" ::: "memory");
    }
    uint32_t sum = 0;
    for (unsigned i = 0; i < size; i += size / 16)
        sum = mix(sum, to[i]);
    return sum;
}

static uint32_t set(unsigned size, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        memset(to + (i & 3) * 8, (int)i, size);
        __asm__ volatile("" ::: "memory");
    }
    return to[0] + to[size - 1];
}

uint32_t copy_16(uint32_t rounds) { return copy(16, rounds * 1024); }
uint32_t copy_256(uint32_t rounds) { return copy(256, rounds * 512); }
uint32_t copy_4k(uint32_t rounds) { return copy(4096, rounds * 64); }
uint32_t copy_1m(uint32_t rounds) { return copy(LARGE, rounds); }
uint32_t fill_16(uint32_t rounds) { return set(16, rounds * 1024); }
uint32_t fill_4k(uint32_t rounds) { return set(4096, rounds * 64); }
uint32_t fill_1m(uint32_t rounds) { return set(LARGE, rounds); }
