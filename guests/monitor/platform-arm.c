/* The monitor on 32-bit ARM: a PL011 found in the device tree (/chosen stdout-path), a GIC whose
 * interrupt of it wakes the CPU, PSCI by HVC, the generic timer.
 * SPDX-License-Identifier: Apache-2.0 */
#include "platform.h"
#include "tree.h"

enum { UART_DATA = 0x00, UART_FLAGS = 0x18, UART_LINE = 0x2c, UART_CONTROL = 0x30, UART_MASK = 0x38 };
enum { UART_TX_FULL = 0x20, UART_RX_EMPTY = 0x10 };
enum { UART_8N1 = 0x60, UART_ENABLE_TX_RX = 0x301, UART_RECEIVED = 0x10 };
enum { GIC_ENABLE = 0x000, GIC_SET_ENABLE = 0x100, GIC_TARGETS = 0x800, GIC_PRIORITY_MASK = 0x004 };
enum { FIRST_SHARED = 32, LOWEST_PRIORITY = 0xff };
#define PSCI_POWER_OFF 0x84000008u
#define PSCI_RESET 0x84000009u

unsigned psci(unsigned function);

static volatile uint32_t *uart, *distributor, *cpu_interface;
static uint32_t uart_interrupt;
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
        if (distributor && uart_interrupt)
            __asm__ volatile("wfi");
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
    if (!same(node->name, with) || !node->reg)
        return;
    uart = (volatile uint32_t *)tree_word(node->reg + 4);
    if (node->interrupts)
        uart_interrupt = FIRST_SHARED + tree_word(node->interrupts + 4);
}

static void find_gic(const struct node *node, void *with)
{
    (void)with;
    if (node->compatible && same(node->compatible, "arm,cortex-a15-gic") && node->reg_size >= 32) {
        distributor = (volatile uint32_t *)tree_word(node->reg + 4);
        cpu_interface = (volatile uint32_t *)tree_word(node->reg + 20);
    }
}

/* Interrupts stay masked in the CPU: one that is pending ends its wait all the same, and is over
 * when the byte has been read. */
static void let_uart_wake(void)
{
    if (!distributor || !uart_interrupt)
        return;
    ((volatile uint8_t *)distributor)[GIC_TARGETS + uart_interrupt] = 1;
    distributor[GIC_SET_ENABLE / 4 + uart_interrupt / 32] = 1u << uart_interrupt % 32;
    distributor[GIC_ENABLE / 4] = 1;
    cpu_interface[GIC_PRIORITY_MASK / 4] = LOWEST_PRIORITY;
    cpu_interface[GIC_ENABLE / 4] = 1;
    uart[UART_MASK / 4] = UART_RECEIVED;
}

bool platform_start(const void *blob)
{
    const char *console;
    if (!tree_open(&tree, blob) || !(console = tree_property(&tree, "chosen", "stdout-path")))
        return false;
    tree_visit(&tree, find_uart, (void *)(console + 1));
    if (!uart)
        return false;
    tree_visit(&tree, find_gic, 0);
    uart[UART_LINE / 4] = UART_8N1;        /* no FIFOs: each byte interrupts */
    uart[UART_CONTROL / 4] = UART_ENABLE_TX_RX;
    let_uart_wake();
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
