// SPDX-License-Identifier: Apache-2.0
// Calls: through tables, through objects, and deep.
#include "workloads.h"

static uint32_t increase(uint32_t x) { return x + 1; }
static uint32_t twice(uint32_t x) { return x * 2; }
static uint32_t turn(uint32_t x) { return x << 7 | x >> 25; }
static uint32_t invert(uint32_t x) { return ~x; }
static uint32_t thrice(uint32_t x) { return x * 3; }
static uint32_t fold(uint32_t x) { return x ^ x >> 13; }
static uint32_t decrease(uint32_t x) { return x - 1; }
static uint32_t same(uint32_t x) { return x; }

static uint32_t (*const volatile TABLE[8])(uint32_t) = {
    increase, twice, turn, invert, thrice, fold, decrease, same,
};

uint32_t indirect(uint32_t rounds)
{
    uint32_t x = 1, seed = 1;
    for (uint32_t i = 0; i < rounds * 1000; i++)
        x = TABLE[next_random(&seed) & 7](x) + i;
    return x;
}

struct shape;
struct methods {
    uint32_t (*area)(const struct shape *);
    void (*grow)(struct shape *, uint32_t);
};
struct shape {
    const struct methods *methods;
    uint32_t width, height;
};

static uint32_t square_area(const struct shape *s) { return s->width * s->width; }
static uint32_t box_area(const struct shape *s) { return s->width * s->height; }
static uint32_t roof_area(const struct shape *s) { return s->width * s->height / 2; }
static void grow_width(struct shape *s, uint32_t by) { s->width += by; }
static void grow_height(struct shape *s, uint32_t by) { s->height += by; }

static const struct methods KINDS[] = {
    {square_area, grow_width}, {box_area, grow_height},
    {roof_area, grow_height}, {box_area, grow_width},
};

uint32_t virtual_calls(uint32_t rounds)
{
    static struct shape shapes[256];
    uint32_t seed = 8, sum = 0;
    for (unsigned i = 0; i < LENGTH(shapes); i++)
        shapes[i] = (struct shape){&KINDS[next_random(&seed) & 3], i, i + 1};
    while (rounds--)
        for (unsigned i = 0; i < LENGTH(shapes); i++) {
            struct shape *shape = &shapes[i];
            shape->methods->grow(shape, i & 3);
            sum += shape->methods->area(shape);
        }
    return sum;
}

static uint32_t __attribute__((noinline)) fibonacci(uint32_t n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

// Ackermann's function: some hundred frames deep.
static uint32_t __attribute__((noinline)) ackermann(uint32_t m, uint32_t n)
{
    if (m == 0)
        return n + 1;
    if (n == 0)
        return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

uint32_t recursion(uint32_t rounds)
{
    uint32_t sum = 0;
    while (rounds--)
        sum = mix(sum, fibonacci(16) + ackermann(2, 60));
    return sum;
}
