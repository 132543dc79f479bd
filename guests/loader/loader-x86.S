/* An option ROM that starts a kernel on a PC with a BIOS: it reads the file START_FILE of the
 * firmware configuration device, puts what is in it where it says, asks the BIOS for the
 * memory map, and jumps. machinebuilder/boot/x86/firmware.py makes the file.
 *
 * BIOS Boot Specification 1.01, section 3.3 (bootstrap entry vector); Plug and Play BIOS
 * Specification 1.0a, section 3.2 (expansion header); qemu/docs/specs/fw_cfg.rst (DMA).
 * SPDX-License-Identifier: Apache-2.0 */
    .code16
    .text

    /* Work area: its segment, and what is at which offset. */
    .set WORK, 0x0800
    .set WORK_BYTE_SWAPPED, 0x00800000
    .set CONTROL, 0x00              /* of a transfer; then length, address high, address low */
    .set COUNT, 0x10                /* of files */
    .set FILE, 0x20                 /* a row of the directory, 64 bytes */
    .set GDT_POINTER, 0x68
    .set FAR_POINTER, 0x70
    .set HEADER, 0x80
    .set GDT, 0xc0
    .set ROWS, 0x100
    /* The header: */
    .set PIECES, HEADER + 0
    .set ENTRY, HEADER + 4
    .set EAX, HEADER + 8
    .set EBX, HEADER + 12
    .set MAP, HEADER + 16
    .set MAP_SKIP, HEADER + 20
    .set MAP_ROOM, HEADER + 24
    .set MAP_COUNT, HEADER + 28
    .set MAP_UNIT, HEADER + 32
    .set RSDP, HEADER + 36
    .set REAL, HEADER + 40
    .set HEADER_SIZE, 48
    .set MAP_STRIDE, 24
    .set MOST_PIECES, 32

    .set DMA_PORT, 0x514
    .set DEBUG_PORT, 0x402
    .set READ, 2
    .set SELECT_READ, 0x0a
    .set DIRECTORY, 0x19
    .set SMAP, 0x534d4150

rom:
    .byte   0x55, 0xaa, 0           /* the size is written by finish.py */
    xorw    %ax, %ax                /* initialisation: nothing to do */
    lret
    .org    0x1a
    .word   pnp
    .balign 16
pnp:
    .ascii  "$PnP"
    .byte   1, 2
    .word   0
    .byte   0, 0                    /* the checksum too */
    .long   0
    .word   maker, product
    .byte   0, 0, 0, 0x64           /* not needed otherwise; an IPL device */
    .word   0, 0, boot, 0, 0
maker:
    .asciz  "machinebuilder"
product:
    .asciz  "Kernel given to mb"
name:
    .asciz  "opt/machinebuilder/start"
    .set    NAME_SIZE, . - name
missing:
    .asciz  "machinebuilder loader: there is no kernel\r\n"
gdt:
    .quad   0, 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
    .set    GDT_SIZE, . - gdt

boot:
    cli
    cld
    xorw    %ax, %ax
    movw    %ax, %ss
    movl    $0x7c00, %esp
    movw    %cs, %ax
    movw    %ax, %ds
    movw    $WORK, %ax
    movw    %ax, %es
    call    find_file
    call    load_pieces
    sti
    call    get_map
    cli
    call    find_rsdp
    cmpl    $0, %es:REAL
    jne     enter_real
    jmp     enter_protected

/* Transfer %ecx bytes to linear address %edx by command %eax. */
transfer:
    bswap   %eax
    bswap   %ecx
    bswap   %edx
    movl    %ecx, %es:CONTROL + 4
    movl    $0, %es:CONTROL + 8
    movl    %edx, %es:CONTROL + 12
    movl    %eax, %es:CONTROL
    movw    $DMA_PORT, %dx
    xorl    %eax, %eax
    outl    %eax, %dx
    addw    $4, %dx
    movl    $WORK_BYTE_SWAPPED, %eax
    outl    %eax, %dx
1:  movl    %es:CONTROL, %eax
    testl   %eax, %eax
    jz      2f
    testl   $0x01000000, %eax       /* an error, byte-swapped */
    jnz     fail
    jmp     1b
2:  ret

/* Select the file, and read its header. */
find_file:
    movl    $DIRECTORY << 16 | SELECT_READ, %eax
    movl    $4, %ecx
    movl    $(WORK << 4) + COUNT, %edx
    call    transfer
    movl    %es:COUNT, %ebp
    bswap   %ebp
1:  testl   %ebp, %ebp
    jz      fail
    decl    %ebp
    movl    $READ, %eax
    movl    $64, %ecx
    movl    $(WORK << 4) + FILE, %edx
    call    transfer
    movw    $name, %si
    movw    $FILE + 8, %di
    movw    $NAME_SIZE, %cx
    repe    cmpsb
    jne     1b
    movzwl  %es:FILE + 4, %eax
    xchgb   %al, %ah
    shll    $16, %eax
    orb     $SELECT_READ, %al
    movl    $HEADER_SIZE, %ecx
    movl    $(WORK << 4) + HEADER, %edx
    jmp     transfer

/* The rows, and the bytes that follow them. */
load_pieces:
    movl    %es:PIECES, %ebp
    cmpl    $MOST_PIECES, %ebp
    ja      fail
    movl    $READ, %eax
    leal    (, %ebp, 8), %ecx
    movl    $(WORK << 4) + ROWS, %edx
    call    transfer
    movw    $ROWS, %bx
1:  testl   %ebp, %ebp
    jz      2f
    decl    %ebp
    movl    %es:(%bx), %edx
    movl    %es:4(%bx), %ecx
    movl    $READ, %eax
    call    transfer
    addw    $8, %bx
    jmp     1b
2:  ret

/* Store %eax at the linear address %edx below 1 MiB, if it is not zero. */
poke:
    testl   %edx, %edx
    jz      1f
    pushw   %es
    movw    %dx, %di
    andw    $15, %di
    shrl    $4, %edx
    movw    %dx, %es
    movl    %eax, %es:(%di)
    popw    %es
1:  ret

/* The rows of BIOS call E820h, and their number. */
get_map:
    movl    %es:MAP, %esi
    testl   %esi, %esi
    jz      3f
    addl    %es:MAP_SKIP, %esi
    xorl    %ebp, %ebp
    xorl    %ebx, %ebx
1:  cmpl    %es:MAP_ROOM, %ebp
    jae     2f
    pushw   %es
    movl    %esi, %eax
    movw    %ax, %di
    andw    $15, %di
    shrl    $4, %eax
    movw    %ax, %es
    movl    $0xe820, %eax
    movl    $20, %ecx
    movl    $SMAP, %edx
    int     $0x15
    popw    %es
    jc      2f
    incl    %ebp
    addl    $MAP_STRIDE, %esi
    testl   %ebx, %ebx
    jnz     1b
2:  movl    %ebp, %eax
    mull    %es:MAP_UNIT
    movl    %es:MAP_COUNT, %edx
    call    poke
3:  ret

/* The root of the ACPI tables is in the BIOS's memory, at a multiple of 16. */
find_rsdp:
    movl    $0xe000, %ebx
1:  movw    %bx, %fs
    cmpl    $0x20445352, %fs:0      /* "RSD PTR " */
    jne     2f
    cmpl    $0x20525450, %fs:4
    je      3f
2:  incl    %ebx
    cmpl    $0x10000, %ebx
    jb      1b
    ret
3:  movl    %ebx, %eax
    shll    $4, %eax
    movl    %es:RSDP, %edx
    jmp     poke

/* Linux's setup code: 32 bytes into the segment, which all registers hold. */
enter_real:
    movl    %es:ENTRY, %eax
    movw    %ax, %ss
    movl    $0xe000, %esp
    movw    %ax, %ds
    movw    %ax, %es
    movw    %ax, %fs
    movw    %ax, %gs
    addw    $0x20, %ax
    pushw   %ax
    pushw   $0
    lret

enter_protected:
    xorl    %eax, %eax
    movw    %cs, %ax
    shll    $4, %eax
    addl    $flat, %eax
    movl    %eax, %es:FAR_POINTER
    movw    $0x10, %es:FAR_POINTER + 4
    movw    $gdt, %si
    movw    $GDT, %di
    movw    $GDT_SIZE, %cx
    rep     movsb
    movw    $GDT_SIZE - 1, %es:GDT_POINTER
    movl    $(WORK << 4) + GDT, %es:GDT_POINTER + 2
    lgdtl   %es:GDT_POINTER
    movl    %cr0, %eax
    orb     $1, %al
    movl    %eax, %cr0
    ljmpl   *%es:FAR_POINTER
    .code32
flat:
    movl    $0x18, %eax
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %ss
    movl    %eax, %fs
    movl    %eax, %gs
    movl    (WORK << 4) + EAX, %eax
    movl    (WORK << 4) + EBX, %ebx
    jmp     *(WORK << 4) + ENTRY
    .code16

/* Say so, and let the BIOS try what else there is to boot. */
fail:
    movw    $missing, %si
1:  lodsb
    testb   %al, %al
    jz      2f
    movw    $DEBUG_PORT, %dx
    outb    %al, %dx
    movb    $0x0e, %ah
    movw    $7, %bx
    int     $0x10
    jmp     1b
2:  int     $0x18
