/* A boot sector of a disk, a diskette or a CD (El Torito, no emulation): it says which drive it
 * came from, reads a sector of that drive by the BIOS and prints it, waits for a key, and
 * powers off (APM BIOS Interface Specification 1.2, section 4.6.8).
 *
 * Everything printed goes to the screen and to the debug port. Who makes the medium puts the
 * number of the sector at offset 4. SPDX-License-Identifier: Apache-2.0 */
    .code16
    .text
    .set DEBUG_PORT, 0x402
    .set BUFFER, 0x8000
    .set FIRST_DISK, 0x80
start:
    jmp     1f
    .org    4
sector:
    .long   1
1:  xorw    %ax, %ax
    movw    %ax, %ds
    movw    %ax, %es
    movw    %ax, %ss
    movw    $0x7c00, %sp
    ljmp    $0, $2f
2:  movb    %dl, drive
    movw    $hello, %si
    call    print
    movb    drive, %al
    call    print_byte
    movw    $newline, %si
    call    print
    movb    drive, %dl
    cmpb    $FIRST_DISK, %dl
    jae     read_block

/* A diskette is asked for head 0, track 0: its sectors count from 1. */
    movw    $0x0201, %ax
    movw    $BUFFER, %bx
    movb    sector, %cl
    incb    %cl
    movb    $0, %ch
    movb    $0, %dh
    int     $0x13
    jmp     done

read_block:
    movl    sector, %eax
    movl    %eax, packet + 8
    movw    $packet, %si
    movb    $0x42, %ah
    int     $0x13
done:
    movw    $BUFFER, %si
    jnc     3f
    movw    $failed, %si
3:  call    print
    movb    $0, %ah
    int     $0x16
    movw    $bye, %si
    call    print
    movw    $0x5307, %ax
    movw    $1, %bx
    movw    $3, %cx
    int     $0x15
4:  cli
    hlt
    jmp     4b

print:
    lodsb
    testb   %al, %al
    jz      5f
    call    put
    jmp     print
5:  ret

put:
    movw    $DEBUG_PORT, %dx
    outb    %al, %dx
    pushw   %si
    movb    $0x0e, %ah
    movw    $7, %bx
    int     $0x10
    popw    %si
    ret

print_byte:
    pushw   %ax
    shrb    $4, %al
    call    print_digit
    popw    %ax
    andb    $15, %al
print_digit:
    cmpb    $10, %al
    jb      6f
    addb    $'a' - '0' - 10, %al
6:  addb    $'0', %al
    jmp     put

hello:
    .asciz  "machinebuilder boot sector, drive "
newline:
    .asciz  "\r\n"
failed:
    .asciz  "the sector cannot be read\r\n"
bye:
    .asciz  "power off\r\n"
drive:
    .byte   0
    .balign 4
packet:
    .byte   16, 0
    .word   1, BUFFER, 0
    .long   0, 0
    .org    510
    .byte   0x55, 0xaa
