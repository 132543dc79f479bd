/* The built-in monitor: what a board shows when it has nothing to boot.
 *
 * Finds its console in the device tree (/chosen stdout-path; a PL011), prints the memory
 * map, and takes commands. Position-independent: no static pointers.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tree.h"

enum { UART_DATA = 0x00, UART_FLAGS = 0x18, UART_LINE = 0x2c, UART_CONTROL = 0x30 };
enum { UART_TX_FULL = 0x20, UART_RX_EMPTY = 0x10 };
enum { UART_8N1_FIFOS = 0x70, UART_ENABLE_TX_RX = 0x301 };
#define PSCI_POWER_OFF 0x84000008u
#define PSCI_RESET 0x84000009u

unsigned psci(unsigned function);

static volatile uint32_t *uart;

static void put(char c)
{
    while (uart[UART_FLAGS / 4] & UART_TX_FULL)
        ;
    uart[UART_DATA / 4] = (uint8_t)c;
}

static void print(const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            put('\r');
        put(*text);
    }
}

static void print_padded(const char *text, int width)
{
    for (; *text; text++, width--)
        put(*text);
    while (width-- > 0)
        put(' ');
}

static void print_hex(uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        put("0123456789abcdef"[value >> shift & 15]);
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

static int get(void)
{
    while (uart[UART_FLAGS / 4] & UART_RX_EMPTY)
        ;
    return uart[UART_DATA / 4] & 0xff;
}

/* A line from the console, with echo and backspace; gives its length. */
static unsigned read_line(char *line, unsigned size)
{
    unsigned n = 0;
    for (;;) {
        int c = get();
        if (c == '\r' || c == '\n')
            break;
        if ((c == 8 || c == 127) && n > 0) {
            n--;
            print("\b \b");
        } else if (c >= ' ' && c < 127 && n < size - 1) {
            line[n++] = (char)c;
            put((char)c);
        }
    }
    line[n] = 0;
    print("\n");
    return n;
}

static void show_node(const struct node *node, void *with)
{
    (void)with;
    for (uint32_t at = 0; node->reg && at + 16 <= node->reg_size; at += 16) {
        uint32_t start = tree_word(node->reg + at + 4), size = tree_word(node->reg + at + 12);
        print("  0x");
        print_hex(start);
        print("-0x");
        print_hex(start + size - 1);
        print("  ");
        print_padded(node->name, 28);
        print(node->device_type ? node->device_type : node->compatible ? node->compatible : "");
        print("\n");
    }
}

static void find_uart(const struct node *node, void *with)
{
    if (same(node->name, with) && node->reg)
        uart = (volatile uint32_t *)tree_word(node->reg + 4);
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

static uint32_t counter_frequency(void)
{
    uint32_t value;
    __asm__ volatile("mrc p15, 0, %0, c14, c0, 0" : "=r"(value));
    return value;
}

static uint64_t counter(void)
{
    uint32_t low, high;
    __asm__ volatile("isb\n\tmrrc p15, 0, %0, %1, c14" : "=r"(low), "=r"(high));
    return (uint64_t)high << 32 | low;
}

static void bench(void)
{
    static uint8_t composite[65536];
    uint64_t start = counter();
    uint32_t primes = 0, runs = 200;
    for (uint32_t i = 0; i < runs; i++)
        primes = sieve(composite, sizeof composite);
    uint32_t ticks = (uint32_t)(counter() - start), per_ms = counter_frequency() / 1000;
    print_number(primes);
    print(" primes below 65536, ");
    print_number(runs);
    print(" times in ");
    print_number(per_ms ? ticks / per_ms : 0);
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
    uint64_t start = counter();
    for (uint32_t i = 0; i < count; i++)
        (void)*(volatile uint32_t *)(address & ~3u);
    uint32_t ticks = (uint32_t)(counter() - start), per_us = counter_frequency() / 1000000;
    print_number(count);
    print(" reads in ");
    print_number(per_us ? ticks / per_us : 0);
    print(" us\n");
}

static bool command(const char *line, const char *name, const char **words)
{
    while (*name && *line == *name)
        line++, name++;
    *words = line;
    return !*name && (*line == ' ' || !*line);
}

static void obey(const struct tree *tree, const char *line)
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
        tree_visit(tree, show_node, 0);
    else if (command(line, "peek", &words))
        peek(words);
    else if (command(line, "poke", &words))
        poke(words);
    else if (command(line, "bench", &words))
        bench();
    else if (command(line, "time", &words))
        time_reads(words);
    else if (command(line, "reset", &words))
        psci(PSCI_RESET);
    else if (command(line, "poweroff", &words))
        psci(PSCI_POWER_OFF);
    else if (*line) {
        print("no such command: ");
        print(line);
        print("; `help` lists them\n");
    }
}

void monitor(const void *blob)
{
    struct tree tree;
    char line[80];
    const char *console;
    if (!tree_open(&tree, blob) || !(console = tree_property(&tree, "chosen", "stdout-path")))
        return;
    tree_visit(&tree, find_uart, (void *)(console + 1));
    if (!uart)
        return;
    uart[UART_LINE / 4] = UART_8N1_FIFOS;
    uart[UART_CONTROL / 4] = UART_ENABLE_TX_RX;
    print("\nmachinebuilder monitor: nothing to boot was given (--kernel FILE)\n");
    print("memory map:\n");
    tree_visit(&tree, show_node, 0);
    print("`help` lists the commands\n");
    for (;;) {
        print("mb> ");
        read_line(line, sizeof line);
        obey(&tree, line);
    }
}
