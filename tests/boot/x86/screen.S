/* A boot sector that does on the screen what it is told by keys, through the video BIOS; it
 * says each key at the debug port when done, as <A>. SPDX-License-Identifier: Apache-2.0 */
    .code16
    .globl  start
    .set DEBUG_PORT, 0x402
    .set WINDOW, 0xa000
start:
    xorw    %ax, %ax
    movw    %ax, %ds
    movw    %ax, %ss
    movw    $0x7c00, %sp
    cld
    movw    $0x0003, %ax
    int     $0x10
    movb    $'!', %al
next:
    movw    $DEBUG_PORT, %dx
    movb    %al, %ah
    movb    $'<', %al
    outb    %al, %dx
    movb    %ah, %al
    outb    %al, %dx
    movb    $'>', %al
    outb    %al, %dx
    movb    $0, %ah
    int     $0x16
    pushw   %ax
    cmpb    $'1', %al
    je      bytes
    cmpb    $'2', %al
    je      pixels
    cmpb    $'3', %al
    je      vbe
    cmpb    $'0', %al
    je      text
    cmpb    $'a', %al
    jae     mode
    movb    $0x0e, %ah                  /* anything else is shown */
    movw    $7, %bx
    int     $0x10
done:
    popw    %ax
    jmp     next

mode:                                   /* a is mode 0, t mode 0x13: a word in it */
    subb    $'a', %al
    movb    $0, %ah
    int     $0x10
    movw    $word, %si
1:  lodsb
    testb   %al, %al
    jz      done
    movb    $0x0e, %ah
    movw    $3, %bx
    int     $0x10
    jmp     1b

text:
    movw    $0x0003, %ax
    int     $0x10
    jmp     done

bytes:                                  /* 320 x 200: byte n of the window is n */
    movw    $0x0013, %ax
    int     $0x10
    call    fill
    jmp     done

vbe:                                    /* 800 x 600 in 256 colours: the first bank likewise */
    movw    $0x4f02, %ax
    movw    $0x0103, %bx
    int     $0x10
    call    fill
    jmp     done

pixels:                                 /* 640 x 480: a diagonal of all 16 colours */
    movw    $0x0012, %ax
    int     $0x10
    movw    $400, %cx
1:  movw    %cx, %dx
    movb    %cl, %al
    andb    $15, %al
    movb    $0x0c, %ah
    movw    $0, %bx
    int     $0x10
    loop    1b
    jmp     done

fill:
    movw    $WINDOW, %ax
    movw    %ax, %es
    xorw    %di, %di
1:  movw    %di, %ax
    stosb
    testw   %di, %di
    jnz     1b
    ret

word:
    .asciz  "Whatever the mode: $@#~[]\r\n second\r\n  third line"

    .org    510
    .word   0xaa55
