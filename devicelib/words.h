/* Accesses of other sizes to a big-endian chip that has 32-bit registers.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MB_WORDS_H
#define MB_WORDS_H

#include <stdint.h>

/* An access to part of a word: what it sees of the word's value. */
static inline uint64_t word_part(uint32_t word, uint64_t offset, unsigned size)
{
    if (size >= 4)
        return word;
    return word >> 8 * (4 - (offset & 3) - size) & ((1u << 8 * size) - 1);
}

/* A write to part of a word: the word with the other bytes zero. */
static inline uint32_t word_from(uint64_t value, uint64_t offset, unsigned size)
{
    return size >= 4 ? (uint32_t)value : (uint32_t)value << 8 * (4 - (offset & 3) - size);
}

#endif
