/* Integer operations that C has no operator for, in 32 and 64 bits; the names that
 * opcodes.py uses in its `c` column. SPDX-License-Identifier: Apache-2.0 */
#ifndef MB_IR_EVAL_H
#define MB_IR_EVAL_H

#include <stdint.h>

static inline uint32_t mulhu_32(uint32_t a, uint32_t b)
{
    return (uint32_t)(((uint64_t)a * b) >> 32);
}

static inline uint64_t mulhu_64(uint64_t a, uint64_t b)
{
    return (uint64_t)(((unsigned __int128)a * b) >> 64);
}

static inline uint32_t mulhs_32(uint32_t a, uint32_t b)
{
    return (uint32_t)(((int64_t)(int32_t)a * (int32_t)b) >> 32);
}

static inline uint64_t mulhs_64(uint64_t a, uint64_t b)
{
    return (uint64_t)(((__int128)(int64_t)a * (int64_t)b) >> 64);
}

static inline uint32_t divs_32(uint32_t a, uint32_t b)
{
    return b == UINT32_MAX ? 0 - a : b ? (uint32_t)((int32_t)a / (int32_t)b) : 0;
}

static inline uint64_t divs_64(uint64_t a, uint64_t b)
{
    return b == UINT64_MAX ? 0 - a : b ? (uint64_t)((int64_t)a / (int64_t)b) : 0;
}

static inline uint32_t rems_32(uint32_t a, uint32_t b)
{
    return b == UINT32_MAX ? 0 : b ? (uint32_t)((int32_t)a % (int32_t)b) : a;
}

static inline uint64_t rems_64(uint64_t a, uint64_t b)
{
    return b == UINT64_MAX ? 0 : b ? (uint64_t)((int64_t)a % (int64_t)b) : a;
}

static inline uint32_t clz_32(uint32_t a)
{
    return a ? (uint32_t)__builtin_clz(a) : 32;
}
static inline uint64_t clz_64(uint64_t a)
{
    return a ? (uint64_t)__builtin_clzll(a) : 64;
}
static inline uint32_t ctz_32(uint32_t a)
{
    return a ? (uint32_t)__builtin_ctz(a) : 32;
}
static inline uint64_t ctz_64(uint64_t a)
{
    return a ? (uint64_t)__builtin_ctzll(a) : 64;
}
static inline uint32_t popcount_32(uint32_t a)
{
    return (uint32_t)__builtin_popcount(a);
}
static inline uint64_t popcount_64(uint64_t a)
{
    return (uint64_t)__builtin_popcountll(a);
}
static inline uint32_t bswap_32(uint32_t a) { return __builtin_bswap32(a); }
static inline uint64_t bswap_64(uint64_t a) { return __builtin_bswap64(a); }

static inline uint64_t bitrev_64(uint64_t a)
{
    a = (a & 0x5555555555555555u) << 1 | (a >> 1 & 0x5555555555555555u);
    a = (a & 0x3333333333333333u) << 2 | (a >> 2 & 0x3333333333333333u);
    a = (a & 0x0f0f0f0f0f0f0f0fu) << 4 | (a >> 4 & 0x0f0f0f0f0f0f0f0fu);
    return bswap_64(a);
}

static inline uint32_t bitrev_32(uint32_t a) { return (uint32_t)(bitrev_64(a) >> 32); }

static inline uint32_t carry_32(uint32_t a, uint32_t b, uint32_t c)
{
    return (uint32_t)(((uint64_t)a + b + c) >> 32);
}

static inline uint32_t carry_64(uint64_t a, uint64_t b, uint32_t c)
{
    return (uint32_t)(((unsigned __int128)a + b + c) >> 64);
}

static inline uint32_t overflow_32(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t sum = a + b + c;
    return (~(a ^ b) & (a ^ sum)) >> 31;
}

static inline uint32_t overflow_64(uint64_t a, uint64_t b, uint32_t c)
{
    uint64_t sum = a + b + c;
    return (uint32_t)((~(a ^ b) & (a ^ sum)) >> 63);
}

#endif
