/* A bare-metal PC guest that plays a script. SPDX-License-Identifier: Apache-2.0
 *
 * It is firmware: 64 KiB at the top of the first 4 GiB, below them the script, which
 * pc_guest.py writes. An entry is 16 bytes: operation, address, value, nothing. For each
 * the guest says at port 0xe9 the time before it (the low half of the TSC) and the value
 * that was read; after TAKE, the number of interrupts, and the vectors of these. */

#define SCRIPT      0xFFF80000
#define DEBUG       0xE9
#define EXIT        0x501
#define IDT         0x1000
#define STACK       0x8000
#define TAKEN       0x9000          /* count, and vectors */

    .code16
    .text
start:
    cli
    lgdtl   %cs:gdt_pointer - start
    movl    $1, %eax
    movl    %eax, %cr0
    ljmpl   $8, $protected

    .code32
protected:
    movw    $16, %ax
    movw    %ax, %ds
    movw    %ax, %es
    movw    %ax, %ss
    movl    $STACK, %esp
    movl    $IDT, %edi
    movl    $stubs, %eax
1:  movw    %ax, (%edi)             /* a gate for each vector */
    movl    $0x8E000008, 2(%edi)
    movb    $0, 4(%edi)
    movb    $0x8E, 5(%edi)
    movl    %eax, %edx
    shrl    $16, %edx
    movw    %dx, 6(%edi)
    addl    $8, %edi
    addl    $16, %eax
    cmpl    $IDT + 256 * 8, %edi
    jne     1b
    lidt    idt_pointer
    movl    $SCRIPT, %esi

next:
    movl    (%esi), %ebp
    movl    4(%esi), %edx
    movl    8(%esi), %ebx
    addl    $16, %esi
    movl    %edx, %edi
    rdtsc
    movl    %edi, %edx
    xchgl   %eax, %ebx              /* ebx: the time; eax: the value */
    jmp     *actions(, %ebp, 4)

say:                                /* ebx and eax, as bytes */
    movl    %eax, %edi
    movl    %ebx, %eax
    call    say_word
    movl    %edi, %eax
    call    say_word
    jmp     next

say_word:
    movl    $4, %ecx
1:  outb    %al, $DEBUG
    shrl    $8, %eax
    loop    1b
    ret

end:
    movw    $EXIT, %dx
    outb    %al, %dx
    hlt
out_byte:
    outb    %al, %dx
    jmp     say
in_byte:
    xorl    %eax, %eax
    inb     %dx, %al
    jmp     say
store:
    movl    %eax, (%edx)
    jmp     say
load:
    movl    (%edx), %eax
    jmp     say
delay:
    movl    %eax, %ecx
1:  decl    %ecx
    jnz     1b
    jmp     say
take:
    movl    $0, TAKEN
    sti
    nop
    nop
    cli
    movl    TAKEN, %eax
    movl    %eax, %edi
    movl    %ebx, %eax
    call    say_word
    movl    %edi, %eax
    call    say_word
    movl    $TAKEN + 4, %edx
1:  testl   %edi, %edi
    jz      next
    movl    (%edx), %eax
    call    say_word
    addl    $4, %edx
    decl    %edi
    jmp     1b

interrupt:
    pushl   %ecx
    movl    TAKEN, %ecx
    incl    TAKEN
    movl    4(%esp), %eax
    movl    %eax, TAKEN + 4(, %ecx, 4)
    popl    %ecx
    addl    $4, %esp
    iret

    .balign 16
stubs:                              /* 16 bytes each */
    .set    vector, 0
    .rept   256
    pushl   $vector
    jmp     interrupt
    .balign 16
    .set    vector, vector + 1
    .endr

    .balign 8
actions:
    .long   end, out_byte, in_byte, store, load, delay, take
gdt:
    .quad   0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF
gdt_pointer:
    .word   23
    .long   gdt
idt_pointer:
    .word   256 * 8 - 1
    .long   IDT

    .org    0xFFF0
    .code16
    jmp     start
    .org    0xFFFF
    .byte   0
