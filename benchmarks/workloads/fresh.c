// SPDX-License-Identifier: Apache-2.0
// Code that is new and runs once, as when programs start: thousands of copies of a function,
// each called once. The function's bytes must run wherever they are, so it calls nothing.
#include "workloads.h"

enum { COPIES = 1000, BYTES = 32, WORDS = 16 };

// The linker makes these of the section's name.
extern const uint8_t __start_copied[], __stop_copied[];

// Some of what programs are made of: a scan of bytes, a table, branches, a nested loop.
__attribute__((section("copied"), noinline, noclone)) static uint32_t digest(
    const uint8_t *bytes, uint32_t *words, uint32_t count)
{
    uint32_t sum = count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t byte = bytes[i];
        if (byte >= 'a' && byte <= 'z')
            sum += byte - 'a';
        else if (byte & 0x80)
            sum ^= byte << 4;
        words[byte % WORDS] += sum;
        sum = (sum << 5 | sum >> 27) ^ words[(byte >> 4) % WORDS];
    }
    if (sum & 1)
        words[0] = sum;
    else if (sum > words[1])
        words[2] -= words[1];
    for (uint32_t i = 0; i < 2; i++)
        for (uint32_t j = i; j < 2; j++)
            sum += words[i] * words[j + 1];
    return sum;
}

static void flush(uint8_t *from, uint8_t *to)
{
#ifdef __sparc__
    for (; from < to; from += 8)
        __asm__ volatile("flush %0" : : "r"(from) : "memory");
#else
    __builtin___clear_cache((char *)from, (char *)to);
#endif
}

uint32_t fresh_code(uint32_t rounds)
{
    size_t size = (size_t)(__stop_copied - __start_copied);
    size_t step = (size + 7) & ~(size_t)7, all = step * COPIES * rounds;
    uintptr_t entry = (uintptr_t)digest - (uintptr_t)__start_copied;    // with Thumb's bit
    uint8_t bytes[BYTES], *copies = mmap(NULL, all, PROT_READ | PROT_WRITE | PROT_EXEC,
                                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint32_t words[WORDS] = {0}, random = 1, sum = 0;
    if (copies == MAP_FAILED)
        return 0;
    for (uint32_t i = 0; i < BYTES; i++)
        bytes[i] = (uint8_t)next_random(&random);
    for (uint32_t i = 0; i < COPIES * rounds; i++)
        memcpy(copies + i * step, __start_copied, size);
    flush(copies, copies + all);
    for (uint32_t i = 0; i < COPIES * rounds; i++) {
        uint32_t (*copy)(const uint8_t *, uint32_t *, uint32_t) =
            (uint32_t (*)(const uint8_t *, uint32_t *, uint32_t))(copies + i * step + entry);
        sum = mix(sum, copy(bytes + i % 16, words, 4));
    }
    munmap(copies, all);
    return sum;
}
