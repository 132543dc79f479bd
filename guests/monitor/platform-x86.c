/* The monitor on a PC: the serial port at 0x3f8, whose interrupt wakes the CPU, the 8259s, the
 * time stamp counter measured by the 8254. The memory map is the text of the first multiboot
 * module, or the multiboot map. SPDX-License-Identifier: Apache-2.0 */
#include "platform.h"

enum { SERIAL = 0x3f8, DATA = 0, ENABLE = 1, FIFO = 2, LINE = 3, MODEM = 4, STATUS = 5 };
enum { RX_READY = 1, TX_EMPTY = 0x20, LINE_8N1 = 3, LATCH = 0x80, FIFOS = 7, OUT2_RTS_DTR = 0x0b };
enum { PIC0 = 0x20, PIC1 = 0xa0, MASK = 1, END_OF_INTERRUPT = 0x20 };
enum { SERIAL_LINE = 4, FIRST_VECTOR = 0x20, VECTORS = 0x30, CODE_SEGMENT = 0x08 };
enum { TIMER2 = 0x42, TIMER_MODE = 0x43, SPEAKER = 0x61, GATE2 = 1, OUT2 = 0x20 };
enum { TIMER_KHZ = 1193, MEASURED_MS = 5, PATIENCE = 1000000 };
#define LOCAL_APIC ((volatile uint32_t *)0xfee00000)
enum { SPURIOUS = 0xf0 / 4, LINT0 = 0x350 / 4, APIC_ON = 0x1ff, EXTERNAL = 0x700 };
enum { HAS_LINE = 4, HAS_MODULES = 8, HAS_MAP = 64 };

struct information {                       /* Multiboot Specification 0.6.96, section 3.3 */
    uint32_t flags, lower, upper, boot_device, line, modules, module_list, symbols[4];
    uint32_t map_size, map;
};
struct module { uint32_t start, end, text, reserved; };
struct row { uint32_t size, start, start_high, length, length_high, kind; };
struct gate { uint16_t low, selector, kind, high; };

void wait_for_interrupt(void);
void woken(void);
void load_idt(const void *pointer);

static const struct information *told;
static struct gate gates[VECTORS];
static bool interrupts;
static uint32_t megahertz = 1000;

static void out(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

void platform_put(char c)
{
    while (!(in(SERIAL + STATUS) & TX_EMPTY))
        ;
    out(SERIAL + DATA, (uint8_t)c);
}

/* What woke it is ended here; the serial port is looked at again. */
static void sleep(void)
{
    wait_for_interrupt();
    out(PIC1, END_OF_INTERRUPT);
    out(PIC0, END_OF_INTERRUPT);
}

int platform_get(void)
{
    while (!(in(SERIAL + STATUS) & RX_READY))
        if (interrupts)
            sleep();
    return in(SERIAL + DATA);
}

static void start_serial(void)
{
    out(SERIAL + LINE, LATCH);
    out(SERIAL + DATA, 1);                 /* 115200 baud */
    out(SERIAL + ENABLE, 0);
    out(SERIAL + LINE, LINE_8N1);
    out(SERIAL + FIFO, FIFOS);
    out(SERIAL + MODEM, OUT2_RTS_DTR);
    out(SERIAL + ENABLE, 1);
}

static void start_pic(uint16_t port, uint8_t vector, uint8_t wired, uint8_t mask)
{
    out(port, 0x11);
    out(port + MASK, vector);
    out(port + MASK, wired);
    out(port + MASK, 1);
    out(port + MASK, mask);
}

static bool has_local_apic(void)
{
    uint32_t a = 1, b, c, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    return d >> 9 & 1;
}

/* All vectors lead to woken: nothing else is asked of an interrupt. */
static void start_interrupts(void)
{
    uint32_t handler = (uint32_t)woken;
    struct { uint16_t limit; uint32_t base; } __attribute__((packed)) pointer = {
        sizeof gates - 1, (uint32_t)gates
    };
    for (unsigned i = FIRST_VECTOR; i < VECTORS; i++)
        gates[i] = (struct gate){(uint16_t)handler, CODE_SEGMENT, 0x8e00,
                                 (uint16_t)(handler >> 16)};
    load_idt(&pointer);
    start_pic(PIC0, FIRST_VECTOR, 4, (uint8_t)~(1u << SERIAL_LINE));
    start_pic(PIC1, FIRST_VECTOR + 8, 2, 0xff);
    if (has_local_apic()) {
        LOCAL_APIC[SPURIOUS] = APIC_ON;
        LOCAL_APIC[LINT0] = EXTERNAL;
    }
    interrupts = in(PIC0 + MASK) == (uint8_t)~(1u << SERIAL_LINE);
}

static uint64_t counter(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* Lets counter 2 of the 8254 run down once (mode 0), with the speaker off. */
static void measure_counter(void)
{
    uint32_t count = TIMER_KHZ * MEASURED_MS, patience = PATIENCE;
    out(SPEAKER, GATE2);
    out(TIMER_MODE, 0xb0);
    out(TIMER2, (uint8_t)count);
    out(TIMER2, (uint8_t)(count >> 8));
    uint64_t start = counter();
    while (!(in(SPEAKER) & OUT2) && --patience)
        ;
    uint32_t passed = (uint32_t)(counter() - start) / (1000 * MEASURED_MS);
    if (patience && passed)
        megahertz = passed;
}

bool platform_start(const void *information)
{
    told = information;
    start_serial();
    start_interrupts();
    measure_counter();
    return true;
}

static void show_rows(void)
{
    uint32_t at = told->map, end = at + told->map_size;
    while (told->flags & HAS_MAP && at < end) {
        const struct row *row = (const void *)at;
        if (!row->start_high && !row->length_high && row->length) {
            print("  0x");
            print_hex(row->start);
            print("-0x");
            print_hex(row->start + row->length - 1);
            print(row->kind == 1 ? "  RAM\n" : "  reserved\n");
        }
        at += row->size + 4;
    }
}

void platform_show_map(void)
{
    if (told->flags & HAS_MODULES && told->modules)
        print((const char *)((const struct module *)told->module_list)->start);
    else
        show_rows();
}

/* Microseconds: a division of 64 bits by 32, whose high part is not wanted. */
uint32_t platform_ticks(void)
{
    uint64_t now = counter();
    uint32_t high = (uint32_t)(now >> 32) % megahertz, low = (uint32_t)now;
    __asm__("divl %2" : "+a"(low), "+d"(high) : "r"(megahertz));
    return low;
}

uint32_t platform_ticks_per_us(void)
{
    return 1;
}

static uint32_t hexadecimal(const char **text)
{
    uint32_t value = 0;
    for (*text += 2;; ++*text) {
        char c = **text;
        if (c >= '0' && c <= '9')
            value = value << 4 | (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint32_t)(c - 'a' + 10);
        else
            return value;
    }
}

static bool begins(const char *text, const char *word)
{
    while (*word && *text == *word)
        text++, word++;
    return !*word;
}

/* A word of the command line, NAME0xPORT,0xVALUE: writes the value to the port. */
static void obey_word(const char *name, unsigned length, bool wide)
{
    const char *at = (const char *)told->line;
    while (told->flags & HAS_LINE && *at && !begins(at, name))
        at++;
    if (!(told->flags & HAS_LINE) || !*at)
        return;
    at += length;
    uint32_t port = hexadecimal(&at);
    at++;
    uint32_t value = hexadecimal(&at);
    if (wide)
        __asm__ volatile("outw %w0, %w1" : : "a"(value), "Nd"((uint16_t)port));
    else
        out((uint16_t)port, (uint8_t)value);
}

void platform_power_off(void)
{
    obey_word("poweroff=", 9, true);
    print("this board has no power switch\n");
}

/* The reset register, the keyboard controller, and a fault with no way to handle it. */
void platform_reset(void)
{
    static const uint8_t nothing[6];
    obey_word("reset=", 6, false);
    out(0x64, 0xfe);
    load_idt(nothing);
    __asm__ volatile("ud2");
}

/* The compiler may call these whatever it is told. */
void *memset(void *to, int value, unsigned size)
{
    for (volatile uint8_t *at = to; size; size--)
        *at++ = (uint8_t)value;
    return to;
}

void *memcpy(void *to, const void *from, unsigned size)
{
    volatile uint8_t *out_bytes = to;
    for (const uint8_t *in_bytes = from; size; size--)
        *out_bytes++ = *in_bytes++;
    return to;
}
