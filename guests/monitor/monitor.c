/* The built-in monitor: what a board shows when it has nothing to boot.
 *
 * Prints the memory map, and takes commands. What depends on the processor and the board's
 * chips is in platform-<isa>.c. No static pointers: it may run where it was not linked.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "platform.h"

void print(const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            platform_put('\r');
        platform_put(*text);
    }
}

void print_padded(const char *text, int width)
{
    for (; *text; text++, width--)
        platform_put(*text);
    while (width-- > 0)
        platform_put(' ');
}

void print_hex(uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        platform_put("0123456789abcdef"[value >> shift & 15]);
}

static void print_number(uint32_t value)
{
    char text[11];
    int at = 10;
    text[at] = 0;
    do
        text[--at] = '0' + value % 10;
    while (value /= 10);
    print(text + at);
}

/* A line from the console, with echo and backspace; gives its length. */
static unsigned read_line(char *line, unsigned size)
{
    unsigned n = 0;
    for (;;) {
        int c = platform_get();
        if (c == '\r' || c == '\n')
            break;
        if ((c == 8 || c == 127) && n > 0) {
            n--;
            print("\b \b");
        } else if (c >= ' ' && c < 127 && n < size - 1) {
            line[n++] = (char)c;
            platform_put((char)c);
        }
    }
    line[n] = 0;
    print("\n");
    return n;
}

/* A number in C's notation; false, and nothing changed, if there is none at *text. */
static bool number(const char **text, uint32_t *value)
{
    const char *at = *text;
    uint32_t base = 10, digits = 0, found = 0;
    while (*at == ' ')
        at++;
    if (at[0] == '0' && (at[1] | 32) == 'x') {
        base = 16;
        at += 2;
    }
    for (;; at++, digits++) {
        uint32_t digit = *at >= '0' && *at <= '9' ? (uint32_t)(*at - '0')
                         : (*at | 32) >= 'a' && (*at | 32) <= 'f' ? (uint32_t)((*at | 32) - 'a' + 10)
                         : 99;
        if (digit >= base)
            break;
        found = found * base + digit;
    }
    if (digits == 0)
        return false;
    *text = at;
    *value = found;
    return true;
}

static void peek(const char *words)
{
    uint32_t address, count = 4;
    if (!number(&words, &address)) {
        print("usage: peek ADDRESS [WORDS]\n");
        return;
    }
    number(&words, &count);
    address &= ~3u;
    for (uint32_t i = 0; i < count && i < 1024; i++) {
        if (i % 4 == 0) {
            print(i ? "\n" : "");
            print_hex(address + 4 * i);
            print(":");
        }
        print(" ");
        print_hex(*(volatile uint32_t *)(address + 4 * i));
    }
    print("\n");
}

static void poke(const char *words)
{
    uint32_t address, value;
    if (!number(&words, &address) || !number(&words, &value)) {
        print("usage: poke ADDRESS VALUE\n");
        return;
    }
    *(volatile uint32_t *)(address & ~3u) = value;
}

/* Counts primes below a bound, over and over: loops, memory and branches. */
static uint32_t sieve(uint8_t *composite, uint32_t bound)
{
    uint32_t primes = 0;
    for (uint32_t i = 0; i < bound; i++)
        composite[i] = 0;
    for (uint32_t i = 2; i < bound; i++) {
        if (composite[i])
            continue;
        primes++;
        for (uint32_t j = i + i; j < bound; j += i)
            composite[j] = 1;
    }
    return primes;
}

static void bench(void)
{
    static uint8_t composite[65536];
    uint32_t start = platform_ticks(), primes = 0, runs = 200;
    for (uint32_t i = 0; i < runs; i++)
        primes = sieve(composite, sizeof composite);
    uint32_t passed = platform_ticks() - start;
    print_number(primes);
    print(" primes below 65536, ");
    print_number(runs);
    print(" times in ");
    print_number(passed / platform_ticks_per_us() / 1000);
    print(" ms\n");
}

/* How long a read of a device register takes. */
static void time_reads(const char *words)
{
    uint32_t address, count = 100000;
    if (!number(&words, &address)) {
        print("usage: time ADDRESS [COUNT]\n");
        return;
    }
    number(&words, &count);
    uint32_t start = platform_ticks();
    for (uint32_t i = 0; i < count; i++)
        (void)*(volatile uint32_t *)(address & ~3u);
    uint32_t passed = platform_ticks() - start;
    print_number(count);
    print(" reads in ");
    print_number(passed / platform_ticks_per_us());
    print(" us\n");
}

static bool command(const char *line, const char *name, const char **words)
{
    while (*name && *line == *name)
        line++, name++;
    *words = line;
    return !*name && (*line == ' ' || !*line);
}

static void obey(const char *line)
{
    const char *words;
    if (command(line, "help", &words))
        print("map                  memory and devices\n"
              "peek ADDRESS [WORDS] read memory\n"
              "poke ADDRESS VALUE   write a word\n"
              "bench                a small benchmark\n"
              "time ADDRESS [COUNT] how long reads of a word take\n"
              "reset, poweroff      end\n");
    else if (command(line, "map", &words))
        platform_show_map();
    else if (command(line, "peek", &words))
        peek(words);
    else if (command(line, "poke", &words))
        poke(words);
    else if (command(line, "bench", &words))
        bench();
    else if (command(line, "time", &words))
        time_reads(words);
    else if (command(line, "reset", &words))
        platform_reset();
    else if (command(line, "poweroff", &words))
        platform_power_off();
    else if (*line) {
        print("no such command: ");
        print(line);
        print("; `help` lists them\n");
    }
}

void monitor(const void *what)
{
    char line[80];
    if (!platform_start(what))
        return;
    print("\nmachinebuilder monitor: nothing to boot was given (--kernel FILE)\n");
    print("memory map:\n");
    platform_show_map();
    print("`help` lists the commands\n");
    for (;;) {
        print("mb> ");
        read_line(line, sizeof line);
        obey(line);
    }
}
