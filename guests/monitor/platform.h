/* What the monitor asks of the machine it runs on: platform-<isa>.c.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

/* `what` is what the boot protocol gave; false: there is no console. */
bool platform_start(const void *what);
void platform_put(char c);
int platform_get(void);
void platform_show_map(void);
uint32_t platform_ticks(void);              /* of a clock that wraps round */
uint32_t platform_ticks_per_us(void);
void platform_reset(void);
void platform_power_off(void);

/* monitor.c */
void print(const char *text);
void print_padded(const char *text, int width);
void print_hex(uint32_t value);

#endif
