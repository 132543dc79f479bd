/* Entry of the monitor on SPARC V8: MMU and traps off, %o0 is the memory map as text.
 * Compiled without register windows, so that no trap table is needed.
 * SPDX-License-Identifier: Apache-2.0 */
    .section .text.start, "ax"
    .global _start
_start:
    set     stack_top - 96, %sp
    set     bss_start, %g1
    set     bss_end, %g2
1:  cmp     %g1, %g2
    bgeu    2f
     nop
    st      %g0, [%g1]
    ba      1b
     add    %g1, 4, %g1
2:  call    monitor
     nop
3:  ba      3b
     nop
