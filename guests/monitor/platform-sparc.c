/* The monitor on sun4m: serial port A of the board's first Z8530 and its counter, at the
 * addresses of a SPARCstation 5; the memory map is a text from the boot protocol.
 * SPDX-License-Identifier: Apache-2.0 */
#include "platform.h"

#define SERIAL_CONTROL ((volatile uint8_t *)0x71100004)
#define SERIAL_DATA ((volatile uint8_t *)0x71100006)
#define COUNTER ((volatile uint32_t *)0x71d00000)
#define COUNTER_CONFIG ((volatile uint32_t *)0x71d10010)
#define POWER ((volatile uint8_t *)0x71910000)
#define RESET ((volatile uint32_t *)0x71f00000)
enum { RX_AVAILABLE = 1, TX_EMPTY = 4, RX_ENABLE_8 = 0xc1, TX_ENABLE_8 = 0x68 };
enum { HIGH = 0, LOW = 1, CONTROL = 3, TICKS_SHIFT = 9 };

static const char *map;

static void set(uint8_t number, uint8_t value)
{
    *SERIAL_CONTROL = number;
    *SERIAL_CONTROL = value;
}

bool platform_start(const void *text)
{
    map = text;
    set(3, RX_ENABLE_8);
    set(5, TX_ENABLE_8);
    *COUNTER_CONFIG = 1;
    COUNTER[CONTROL] = 1;
    return true;
}

void platform_put(char c)
{
    while (!(*SERIAL_CONTROL & TX_EMPTY))
        ;
    *SERIAL_DATA = (uint8_t)c;
}

int platform_get(void)
{
    while (!(*SERIAL_CONTROL & RX_AVAILABLE))
        ;
    return *SERIAL_DATA;
}

void platform_show_map(void)
{
    print(map);
}

/* Of 500 ns, from bit 9 on; the high word is read twice, lest it change between. */
uint32_t platform_ticks(void)
{
    uint32_t high, low;
    do {
        high = COUNTER[HIGH];
        low = COUNTER[LOW];
    } while (high != COUNTER[HIGH]);
    return high << (32 - TICKS_SHIFT) | low >> TICKS_SHIFT;
}

uint32_t platform_ticks_per_us(void)
{
    return 2;
}

void platform_reset(void)
{
    *RESET = 1;
    for (;;)
        ;
}

void platform_power_off(void)
{
    *POWER = 1;
    for (;;)
        ;
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
    volatile uint8_t *out = to;
    for (const uint8_t *in = from; size; size--)
        *out++ = *in++;
    return to;
}
