# SPDX-License-Identifier: Apache-2.0
"""x86 state: what one processor holds (Intel SDM volumes 1 and 3A; AMD APM volume 2).

`pc` is rip, an offset in the code segment. Segments are in the order of their encoding;
their flags are laid out as the access rights of SDM 3C, section 24.4.1.
"""

from __future__ import annotations

from machinebuilder.isa import Array, Field, State, u16, u32, u64

SEGMENTS = ("es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr")


class X86State(State):
    """The fields of `struct x86_state`."""

    r = Array(u64, 16, doc="rax rcx rdx rbx rsp rbp rsi rdi r8 to r15")
    rflags = Field(u64)

    cr0 = Field(u64)
    cr2 = Field(u64)
    cr3 = Field(u64)
    cr4 = Field(u64)
    cr8 = Field(u64)
    efer = Field(u64)
    apic_base = Field(u64)

    seg_selector = Array(u16, 8, doc="es cs ss ds fs gs ldtr tr")
    seg_base = Array(u64, 8)
    seg_limit = Array(u32, 8, doc="in bytes")
    seg_flags = Array(
        u32, 8, doc="type 3:0, s 4, dpl 6:5, p 7, avl 12, l 13, db 14, g 15"
    )
    gdt_base = Field(u64)
    gdt_limit = Field(u32)
    idt_base = Field(u64)
    idt_limit = Field(u32)

    xmm = Array(u64, 32, doc="xmm0 to xmm15, low half first")
    st = Array(u64, 16, doc="st(0) to st(7): mantissa, then sign and exponent")
    fcw = Field(u16)
    fsw = Field(u16)
    ftw = Field(u16, doc="one bit a register: 1 is in use")
    mxcsr_guest = Field(u32, doc="MXCSR")

    signature = Field(u32, doc="from the model: what rdx holds after reset")
    lines = Field(u32, doc="levels of the inputs; atomic")
    nmi = Field(u32, doc="a non-maskable interrupt is pending; atomic")
    startup = Field(u32, doc="a start-up message's vector + 1, to be taken; atomic")
    init = Field(u32, doc="an INIT is to be taken; atomic")
