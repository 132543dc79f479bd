/* The PC that all boards have: serial port, 8259s, local APIC.
 * SPDX-License-Identifier: Apache-2.0 */
#include "disks.h"

enum { SERIAL = 0x3f8, LINE_STATUS = 5, TX_EMPTY = 0x20 };
enum { PIC0 = 0x20, PIC1 = 0xa0, MASK = 1, END_OF_INTERRUPT = 0x20 };
enum { FIRST_VECTOR = 0x20, VECTORS = 0x30, CODE_SEGMENT = 0x08, INTERRUPT_GATE = 0x8e00 };
#define LOCAL_APIC ((volatile uint32_t *)0xfee00000)
enum { END = 0xb0 / 4, SPURIOUS = 0xf0 / 4, LINT0 = 0x350 / 4, APIC_ON = 0x1ff,
       EXTERNAL = 0x700 };

void wait_for_interrupt(void);             /* start-x86.S of the monitor */
void woken(void);
void load_idt(const void *pointer);

static struct { uint16_t low, selector, kind, high; } gates[VECTORS];

static void put(char c)
{
    while (!(in8(SERIAL + LINE_STATUS) & TX_EMPTY))
        ;
    out8(SERIAL, (uint8_t)c);
}

void print(const char *text)
{
    for (; *text; text++)
        put(*text);
}

void print_number(uint32_t value)
{
    char digits[11], *at = digits + 10;
    *at = 0;
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    print(at);
}

static void start_pic(uint16_t port, uint8_t vector, uint8_t wired, uint8_t mask)
{
    out8(port, 0x11);
    out8(port + MASK, vector);
    out8(port + MASK, wired);
    out8(port + MASK, 1);
    out8(port + MASK, mask);
}

/* Every vector wakes: nothing else is asked of an interrupt. */
void start_machine(void)
{
    uint32_t handler = (uint32_t)woken;
    struct { uint16_t limit; uint32_t base; } __attribute__((packed)) pointer = {
        sizeof gates - 1, (uint32_t)gates };
    for (unsigned i = FIRST_VECTOR; i < VECTORS; i++) {
        gates[i].low = (uint16_t)handler;
        gates[i].selector = CODE_SEGMENT;
        gates[i].kind = INTERRUPT_GATE;
        gates[i].high = (uint16_t)(handler >> 16);
    }
    load_idt(&pointer);
    start_pic(PIC0, FIRST_VECTOR, 4, 0xfb);
    start_pic(PIC1, FIRST_VECTOR + 8, 2, 0xff);
    LOCAL_APIC[SPURIOUS] = APIC_ON;
    LOCAL_APIC[LINT0] = EXTERNAL;
}

void listen(unsigned line)
{
    uint16_t port = (line < 8 ? PIC0 : PIC1) + MASK;
    out8(port, in8(port) & (uint8_t)~(1u << (line & 7)));
}

void sleep(void)
{
    wait_for_interrupt();
    LOCAL_APIC[END] = 0;
    out8(PIC1, END_OF_INTERRUPT);
    out8(PIC0, END_OF_INTERRUPT);
}

/* ---- words of the command line ---- */

static bool begins(const char *text, const char *wanted)
{
    while (*wanted && *text == *wanted)
        text++, wanted++;
    return !*wanted;
}

const char *word(const char *line, const char *name)
{
    size_t length = 0;
    while (name[length])
        length++;
    for (; *line; line++)
        if (begins(line, name) && line[length] == '=')
            return line + length + 1;
    return NULL;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

uint32_t number(const char **text)
{
    uint32_t base = begins(*text, "0x") ? 16 : 10, value = 0;
    *text += base == 16 ? 2 : 0;
    for (int next; (next = digit(**text)) < (int)base; ++*text)
        value = value * base + (uint32_t)next;
    return value;
}
