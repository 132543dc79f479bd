// SPDX-License-Identifier: Apache-2.0
// Hashes and compression: SHA-256 (FIPS 180-4), CRC-32 by table, an LZ77 coder and decoder.
#include "workloads.h"

static uint32_t rotate(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint32_t root_fraction(uint32_t n, int cube);
static uint32_t constants[64];

static void sha_block(uint32_t state[8], const uint8_t *data)
{
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++, data += 4)
        w[i] = (uint32_t)data[0] << 24 | data[1] << 16 | data[2] << 8 | data[3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7]
             + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t a = s[0], e = s[4];
        uint32_t t1 = s[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25))
                    + ((e & s[5]) ^ (~e & s[6])) + constants[i] + w[i];
        uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22))
                    + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        for (int j = 7; j > 0; j--)
            s[j] = s[j - 1];
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        state[i] += s[i];
}

// The first 32 bits of the fraction of a prime's square or cube root.
static uint32_t root_fraction(uint32_t n, int cube)
{
    double low = 1, high = 32;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        double power = middle * middle * (cube ? middle : 1);
        if (power > n) high = middle; else low = middle;
    }
    return (uint32_t)((low - (uint32_t)low) * 4294967296.0);
}

static void sha_tables(uint32_t state[8])
{
    unsigned found = 0;
    for (uint32_t n = 2; found < 64; n++) {
        int prime = 1;
        for (uint32_t d = 2; d * d <= n; d++)
            prime &= n % d != 0;
        if (!prime)
            continue;
        if (found < 8)
            state[found] = root_fraction(n, 0);
        constants[found++] = root_fraction(n, 1);
    }
}

static void fill(uint8_t *data, unsigned length)
{
    uint32_t seed = 99;
    for (unsigned i = 0; i < length; i++)
        data[i] = (uint8_t)next_random(&seed);
}

uint32_t sha256(uint32_t rounds)
{
    static uint8_t data[4096];
    uint32_t state[8], sum = 0;
    sha_tables(state);
    fill(data, sizeof data);
    while (rounds--)
        for (unsigned i = 0; i < sizeof data; i += 64)
            sha_block(state, data + i);
    for (int i = 0; i < 8; i++)
        sum = mix(sum, state[i]);
    return sum;
}

static void crc_table(uint32_t table[256])
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
        table[i] = c;
    }
}

uint32_t crc32(uint32_t rounds)
{
    static uint8_t data[16384];
    uint32_t table[256], crc = ~0u;
    crc_table(table);
    fill(data, sizeof data);
    while (rounds--)
        for (unsigned i = 0; i < sizeof data; i++)
            crc = crc >> 8 ^ table[(crc ^ data[i]) & 255];
    return ~crc;
}

enum { TEXT = 32768, HASHES = 4096 };

static void words(uint8_t *text)
{
    static const char *const WORDS[] = {
        "the ", "machine ", "of ", "a ", "page ", "reads ", "and ", "writes ",
        "memory, ", "in ", "order. ", "Then ", "it ", "stops ", "for ", "lunch; ",
    };
    uint32_t seed = 5;
    unsigned length = 0;
    while (length < TEXT - 16) {
        const char *word = WORDS[next_random(&seed) & 15];
        unsigned size = (unsigned)strlen(word);
        memcpy(text + length, word, size);
        length += size;
    }
    memset(text + length, '.', TEXT - length);
}

static unsigned hash3(const uint8_t *p)
{
    return (p[0] * 506832829u + p[1] * 2654435761u + p[2] * 40503u) >> 20;
}

// Tokens: 0, literal; or length (3-255), distance high, distance low.
static unsigned compress(const uint8_t *in, uint8_t *out)
{
    static int32_t heads[HASHES];
    uint8_t *start = out;
    for (int i = 0; i < HASHES; i++)
        heads[i] = -1;
    for (int i = 0; i < TEXT;) {
        int length = 0, from = -1;
        if (i + 3 <= TEXT) {
            int32_t *head = &heads[hash3(in + i)];
            from = *head;
            *head = i;
        }
        if (from >= 0)
            while (length < 255 && i + length < TEXT && in[from + length] == in[i + length])
                length++;
        if (length >= 4) {
            *out++ = (uint8_t)length;
            *out++ = (uint8_t)((i - from) >> 8);
            *out++ = (uint8_t)(i - from);
            i += length;
        } else {
            *out++ = 0;
            *out++ = in[i++];
        }
    }
    return (unsigned)(out - start);
}

static unsigned expand(const uint8_t *in, unsigned length, uint8_t *out)
{
    uint8_t *start = out;
    for (const uint8_t *end = in + length; in < end;) {
        unsigned count = *in++;
        if (!count) {
            *out++ = *in++;
            continue;
        }
        const uint8_t *from = out - (in[0] << 8 | in[1]);
        in += 2;
        while (count--)
            *out++ = *from++;
    }
    return (unsigned)(out - start);
}

uint32_t lz_compress(uint32_t rounds)
{
    static uint8_t text[TEXT], packed[2 * TEXT], copy[TEXT + 256];
    uint32_t sum = 0;
    words(text);
    while (rounds--) {
        unsigned length = compress(text, packed);
        sum = mix(sum, length + expand(packed, length, copy));
        sum = mix(sum, (uint32_t)(memcmp(text, copy, TEXT) == 0));
        text[sum % TEXT] ^= 1;
    }
    return sum;
}
