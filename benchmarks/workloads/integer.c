// SPDX-License-Identifier: Apache-2.0
// Integer control flow and arithmetic: an interpreter, a state machine, a parser, a sieve,
// products of 32 by 32 bits, powers modulo a prime, a matrix product.
#include "workloads.h"

enum { PUSH, ADD, MUL, XOR, DUP, SWAP, LOAD, STORE, LOOP, HALT };

// counts variable 0 down from 1000; variable 1 gathers
static const uint8_t PROGRAM[] = {
    LOAD, 1, LOAD, 0, MUL, PUSH, 17, ADD, DUP, LOAD, 2, XOR, STORE, 2,
    LOAD, 2, SWAP, ADD, STORE, 1, LOOP, 0, HALT,
};

static uint32_t interpret(uint32_t *variables)
{
    uint32_t stack[16], *top = stack;
    const uint8_t *at = PROGRAM;
    for (;;) {
        switch (*at++) {
        case PUSH: *top++ = *at++; break;
        case ADD: top--; top[-1] += *top; break;
        case MUL: top--; top[-1] *= *top; break;
        case XOR: top--; top[-1] ^= *top; break;
        case DUP: *top = top[-1]; top++; break;
        case SWAP: { uint32_t a = top[-1]; top[-1] = top[-2]; top[-2] = a; break; }
        case LOAD: *top++ = variables[*at++]; break;
        case STORE: variables[*at++] = *--top; break;
        case LOOP: at = --variables[0] ? PROGRAM + *at : at + 1; break;
        default: return variables[1];
        }
    }
}

uint32_t interpreter(uint32_t rounds)
{
    uint32_t variables[4] = {0, 1, 2, 3}, sum = 0;
    while (rounds--) {
        variables[0] = 1000;
        sum = mix(sum, interpret(variables));
    }
    return sum;
}

static void fill_text(char *text, unsigned length)
{
    static const char LETTERS[] = "ab1 \n/*\"x.;-+=(7";
    uint32_t seed = 42;
    for (unsigned i = 0; i < length; i++)
        text[i] = LETTERS[next_random(&seed) & 15];
}

// Counts words, numbers, strings and comments of a text, a character at a time.
static uint32_t scan(const char *text, unsigned length, uint32_t counts[4])
{
    enum { OUTSIDE, WORD, NUMBER, STRING, COMMENT } state = OUTSIDE;
    for (unsigned i = 0; i < length; i++) {
        char c = text[i];
        switch (state) {
        case OUTSIDE:
            if (c >= 'a' && c <= 'z') state = WORD;
            else if (c >= '0' && c <= '9') state = NUMBER;
            else if (c == '"') state = STRING;
            else if (c == '/') state = COMMENT;
            break;
        case WORD:
            if (c < 'a' || c > 'z') counts[0]++, state = OUTSIDE;
            break;
        case NUMBER:
            if (c < '0' || c > '9') counts[1]++, state = c == '.' ? NUMBER : OUTSIDE;
            break;
        case STRING:
            if (c == '"') counts[2]++, state = OUTSIDE;
            break;
        case COMMENT:
            if (c == '\n') counts[3]++, state = OUTSIDE;
            break;
        }
    }
    return state;
}

uint32_t state_machine(uint32_t rounds)
{
    static char text[16384];
    uint32_t counts[4] = {0}, sum = 0;
    fill_text(text, sizeof text);
    while (rounds--)
        sum = mix(sum, scan(text, sizeof text, counts));
    for (int i = 0; i < 4; i++)
        sum = mix(sum, counts[i]);
    return sum;
}

static const char *at;

static uint32_t expression(void);

static uint32_t factor(void)
{
    uint32_t value = 0;
    if (*at == '(') {
        at++;
        value = expression();
        at++;
        return value;
    }
    while (*at >= '0' && *at <= '9')
        value = value * 10 + (uint32_t)(*at++ - '0');
    return value;
}

static uint32_t term(void)
{
    uint32_t value = factor();
    while (*at == '*') {
        at++;
        value *= factor();
    }
    return value;
}

static uint32_t expression(void)
{
    uint32_t value = term();
    while (*at == '+' || *at == '-') {
        char sign = *at++;
        value = sign == '+' ? value + term() : value - term();
    }
    return value;
}

uint32_t parser(uint32_t rounds)
{
    static const char TEXT[] =
        "12+34*(56-7*(8+901)*2)-33*44*(1+2+3*(4+5*(6+7)-8)*9)+1234567*89-(1-(2-(3-(4-5))))"
        "*77+65536*255-4294967*(100+200*(300-400)*500+600)+7*7*7*7*7*7-1";
    uint32_t sum = 0;
    while (rounds--) {
        at = TEXT;
        sum = mix(sum, expression() + rounds);
    }
    return sum;
}

uint32_t sieve(uint32_t rounds)
{
    static uint8_t composite[65536];
    uint32_t primes = 0;
    while (rounds--) {
        memset(composite, 0, sizeof composite);
        for (unsigned i = 2; i < sizeof composite; i++) {
            if (composite[i])
                continue;
            primes++;
            for (unsigned j = i + i; j < sizeof composite; j += i)
                composite[j] = 1;
        }
    }
    return primes;
}

uint32_t multiply(uint32_t rounds)
{
    uint64_t state = 0x853c49e6748fea9bu, sum = 0;
    for (uint32_t i = 0; i < rounds * 1000; i++) {
        uint64_t product = (uint64_t)(uint32_t)state * (uint32_t)(state >> 32);
        state = product + 0x9e3779b97f4a7c15u + i;
        sum += product >> 32;
    }
    return (uint32_t)(sum ^ state);
}

// Montgomery's product modulo a prime under 2^31.
static uint32_t reduce(uint64_t value, uint32_t prime, uint32_t inverse)
{
    uint32_t q = (uint32_t)value * inverse;
    uint32_t r = (uint32_t)((value + (uint64_t)q * prime) >> 32);
    return r >= prime ? r - prime : r;
}

static uint32_t power(uint32_t base, uint32_t exponent, uint32_t prime, uint32_t inverse)
{
    uint32_t result = base;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1)
            result = reduce((uint64_t)result * base, prime, inverse);
        base = reduce((uint64_t)base * base, prime, inverse);
    }
    return result;
}

uint32_t modular(uint32_t rounds)
{
    const uint32_t prime = 2013265921u, inverse = 2013265919u;
    uint32_t sum = 1;
    for (uint32_t i = 1; i <= rounds; i++) {
        sum = power(sum % prime, 0x7fffffedu - i, prime, inverse) + i;
        sum += i * 2654435761u % 1000003u / (i % 97 + 3);
    }
    return sum;
}

enum { SIDE = 64 };

uint32_t matmul_int(uint32_t rounds)
{
    static int32_t a[SIDE * SIDE], b[SIDE * SIDE], c[SIDE * SIDE];
    uint32_t seed = 7, sum = 0;
    for (int i = 0; i < SIDE * SIDE; i++) {
        a[i] = (int32_t)next_random(&seed) % 1000;
        b[i] = (int32_t)next_random(&seed) % 1000;
    }
    while (rounds--)
        for (int i = 0; i < SIDE; i++)
            for (int j = 0; j < SIDE; j++) {
                int32_t total = c[i * SIDE + j];
                for (int k = 0; k < SIDE; k++)
                    total += a[i * SIDE + k] * b[k * SIDE + j];
                c[i * SIDE + j] = total;
            }
    for (int i = 0; i < SIDE * SIDE; i++)
        sum = mix(sum, (uint32_t)c[i]);
    return sum;
}
