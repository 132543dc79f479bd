/* Entry of the monitor on x86: a multiboot kernel with address fields, 32-bit protected mode,
 * %ebx is the multiboot information. SPDX-License-Identifier: Apache-2.0 */
    .code32
    .set MAGIC, 0x1badb002
    .set FLAGS, 0x00010002          /* wants memory information; has addresses */
    .section .text.start, "ax"
    .global _start
_start:
    jmp     1f
    .balign 4
header:
    .long   MAGIC, FLAGS, -(MAGIC + FLAGS)
    .long   header, _start, 0, stack_top, _start
1:  cli
    cld
    movl    $stack_top, %esp
    lgdt    gdt_pointer
    ljmp    $0x08, $2f
2:  movl    $0x10, %eax
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %ss
    pushl   %ebx
    call    monitor
3:  cli
    hlt
    jmp     3b

/* void wait_for_interrupt(void): interrupts are on only while the CPU is halted, so one
 * that comes is always here; woken drops its frame and goes on. */
    .global wait_for_interrupt, woken
wait_for_interrupt:
    sti
    hlt
    cli
    ret
woken:
    popl    %eax
    addl    $8, %esp
    jmp     *%eax

    .global load_idt
load_idt:
    movl    4(%esp), %eax
    lidt    (%eax)
    ret

    .balign 8
gdt:
    .quad   0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
    .word   . - gdt - 1
    .long   gdt
