/* Entry of the monitor on 32-bit ARM: r2 is the device tree, as for a Linux kernel.
 * Runs where it was loaded; SPDX-License-Identifier: Apache-2.0 */
    .syntax unified
    .arm
    .section .text.start, "ax"
    .global _start
_start:
    adr     r3, _start
    ldr     r4, =stack_top
    add     sp, r3, r4
    ldr     r4, =bss_start
    add     r4, r3, r4
    ldr     r5, =bss_end
    add     r5, r3, r5
    mov     r6, #0
1:  cmp     r4, r5
    strlo   r6, [r4], #4
    blo     1b
    mov     r0, r2
    bl      monitor
2:  wfi
    b       2b

/* unsigned psci(unsigned function): the power interface, by HVC (ARM DEN 0022). */
    .global psci
psci:
    hvc     #0
    bx      lr
    .ltorg
