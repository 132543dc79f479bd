/* The monitor on 32-bit ARM: a PL011 found in the device tree (/chosen stdout-path), PSCI by
 * HVC, the generic timer. SPDX-License-Identifier: Apache-2.0 */
#include "platform.h"
#include "tree.h"

enum { UART_DATA = 0x00, UART_FLAGS = 0x18, UART_LINE = 0x2c, UART_CONTROL = 0x30 };
enum { UART_TX_FULL = 0x20, UART_RX_EMPTY = 0x10 };
enum { UART_8N1_FIFOS = 0x70, UART_ENABLE_TX_RX = 0x301 };
#define PSCI_POWER_OFF 0x84000008u
#define PSCI_RESET 0x84000009u

unsigned psci(unsigned function);

static volatile uint32_t *uart;
static struct tree tree;

void platform_put(char c)
{
    while (uart[UART_FLAGS / 4] & UART_TX_FULL)
        ;
    uart[UART_DATA / 4] = (uint8_t)c;
}

int platform_get(void)
{
    while (uart[UART_FLAGS / 4] & UART_RX_EMPTY)
        ;
    return uart[UART_DATA / 4] & 0xff;
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

void platform_show_map(void)
{
    tree_visit(&tree, show_node, 0);
}

static void find_uart(const struct node *node, void *with)
{
    if (same(node->name, with) && node->reg)
        uart = (volatile uint32_t *)tree_word(node->reg + 4);
}

bool platform_start(const void *blob)
{
    const char *console;
    if (!tree_open(&tree, blob) || !(console = tree_property(&tree, "chosen", "stdout-path")))
        return false;
    tree_visit(&tree, find_uart, (void *)(console + 1));
    if (!uart)
        return false;
    uart[UART_LINE / 4] = UART_8N1_FIFOS;
    uart[UART_CONTROL / 4] = UART_ENABLE_TX_RX;
    return true;
}

uint32_t platform_ticks(void)
{
    uint32_t low, high;
    __asm__ volatile("isb\n\tmrrc p15, 0, %0, %1, c14" : "=r"(low), "=r"(high));
    return low;
}

uint32_t platform_ticks_per_us(void)
{
    uint32_t frequency;
    __asm__ volatile("mrc p15, 0, %0, c14, c0, 0" : "=r"(frequency));
    return frequency >= 1000000 ? frequency / 1000000 : 1;
}

void platform_reset(void)
{
    psci(PSCI_RESET);
}

void platform_power_off(void)
{
    psci(PSCI_POWER_OFF);
}
