/* The state of a CPU, between KVM and struct x86_state. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/ioctl.h>
#include "kvm_x86.h"

#define MANTISSA 8                 /* bytes of st(n) before its sign and exponent */

static void registers_to(const struct x86_state *s, struct kvm_regs *regs)
{
    *regs = (struct kvm_regs){
        .rax = s->r[RAX], .rcx = s->r[RCX], .rdx = s->r[RDX], .rbx = s->r[RBX],
        .rsp = s->r[RSP], .rbp = s->r[RBP], .rsi = s->r[RSI], .rdi = s->r[RDI],
        .r8 = s->r[8], .r9 = s->r[9], .r10 = s->r[10], .r11 = s->r[11],
        .r12 = s->r[12], .r13 = s->r[13], .r14 = s->r[14], .r15 = s->r[15],
        .rip = s->cpu.pc, .rflags = s->rflags,
    };
}

static void registers_from(struct x86_state *s, const struct kvm_regs *regs)
{
    const uint64_t values[16] = {
        regs->rax, regs->rcx, regs->rdx, regs->rbx, regs->rsp, regs->rbp, regs->rsi,
        regs->rdi, regs->r8, regs->r9, regs->r10, regs->r11, regs->r12, regs->r13,
        regs->r14, regs->r15,
    };
    memcpy(s->r, values, sizeof values);
    s->cpu.pc = regs->rip;
    s->rflags = regs->rflags;
}

static void segment_to(const struct x86_state *s, enum x86_segment number,
                       struct kvm_segment *segment)
{
    uint32_t flags = s->seg_flags[number];
    *segment = (struct kvm_segment){
        .base = s->seg_base[number], .limit = s->seg_limit[number],
        .selector = s->seg_selector[number], .type = flags & 15, .s = flags >> 4 & 1,
        .dpl = flags >> 5 & 3, .present = flags >> 7 & 1, .avl = flags >> 12 & 1,
        .l = flags >> 13 & 1, .db = flags >> 14 & 1, .g = flags >> 15 & 1,
        .unusable = !(flags >> 7 & 1),
    };
}

static void segment_from(struct x86_state *s, enum x86_segment number,
                         const struct kvm_segment *segment)
{
    s->seg_base[number] = segment->base;
    s->seg_limit[number] = segment->limit;
    s->seg_selector[number] = segment->selector;
    s->seg_flags[number] = segment->unusable ? 0 :
        (uint32_t)segment->type | (uint32_t)segment->s << 4 | (uint32_t)segment->dpl << 5 |
        (uint32_t)segment->present << 7 | (uint32_t)segment->avl << 12 |
        (uint32_t)segment->l << 13 | (uint32_t)segment->db << 14 | (uint32_t)segment->g << 15;
}

static struct kvm_segment *segment_of(struct kvm_sregs *sregs, enum x86_segment number)
{
    struct kvm_segment *const segments[X86_SEGMENTS] = {
        &sregs->es, &sregs->cs, &sregs->ss, &sregs->ds, &sregs->fs, &sregs->gs,
        &sregs->ldt, &sregs->tr,
    };
    return segments[number];
}

static void system_to(const struct x86_state *s, struct kvm_sregs *sregs)
{
    for (enum x86_segment number = ES; number < X86_SEGMENTS; number++)
        segment_to(s, number, segment_of(sregs, number));
    sregs->gdt.base = s->gdt_base;
    sregs->gdt.limit = (uint16_t)s->gdt_limit;
    sregs->idt.base = s->idt_base;
    sregs->idt.limit = (uint16_t)s->idt_limit;
    sregs->cr0 = s->cr0;
    sregs->cr2 = s->cr2;
    sregs->cr3 = s->cr3;
    sregs->cr4 = s->cr4;
    sregs->cr8 = s->cr8;
    sregs->efer = s->efer;
    sregs->apic_base = s->apic_base;
}

static void system_from(struct x86_state *s, struct kvm_sregs *sregs)
{
    for (enum x86_segment number = ES; number < X86_SEGMENTS; number++)
        segment_from(s, number, segment_of(sregs, number));
    s->gdt_base = sregs->gdt.base;
    s->gdt_limit = sregs->gdt.limit;
    s->idt_base = sregs->idt.base;
    s->idt_limit = sregs->idt.limit;
    s->cr0 = sregs->cr0;
    s->cr2 = sregs->cr2;
    s->cr3 = sregs->cr3;
    s->cr4 = sregs->cr4;
    s->cr8 = sregs->cr8;
    s->efer = sregs->efer;
    s->apic_base = sregs->apic_base;
}

static void floating_to(const struct x86_state *s, struct kvm_fpu *fpu)
{
    memset(fpu, 0, sizeof *fpu);
    for (unsigned i = 0; i < 8; i++) {
        memcpy(fpu->fpr[i], &s->st[2 * i], MANTISSA);
        memcpy(fpu->fpr[i] + MANTISSA, &s->st[2 * i + 1], 2);
    }
    memcpy(fpu->xmm, s->xmm, sizeof fpu->xmm);
    fpu->fcw = s->fcw;
    fpu->fsw = s->fsw;
    fpu->ftwx = (uint8_t)s->ftw;
    fpu->mxcsr = s->mxcsr_guest;
}

static void floating_from(struct x86_state *s, const struct kvm_fpu *fpu)
{
    memset(s->st, 0, sizeof s->st);
    for (unsigned i = 0; i < 8; i++) {
        memcpy(&s->st[2 * i], fpu->fpr[i], MANTISSA);
        memcpy(&s->st[2 * i + 1], fpu->fpr[i] + MANTISSA, 2);
    }
    memcpy(s->xmm, fpu->xmm, sizeof s->xmm);
    s->fcw = fpu->fcw;
    s->fsw = fpu->fsw;
    s->ftw = fpu->ftwx;
    s->mxcsr_guest = fpu->mxcsr;
}

/* By the layout of XSAVE (SDM volume 1, section 13.4), which says that x87 and SSE registers
 * are in use: KVM_SET_FPU does not, and is forgotten by a CPU that has not used them yet. */
static bool set_floating(struct mb_kvm_cpu *cpu, struct kvm_fpu *fpu)
{
    enum { FCW = 0, FSW = 2, FTW = 4, MXCSR = 24, ST = 32, XMM = 160, IN_USE = 512 };
    struct kvm_xsave area;
    uint8_t *bytes = (uint8_t *)area.region;
    if (ioctl(cpu->fd, KVM_GET_XSAVE, &area) < 0)
        return ioctl(cpu->fd, KVM_SET_FPU, fpu) == 0;
    memcpy(bytes + FCW, &fpu->fcw, sizeof fpu->fcw);
    memcpy(bytes + FSW, &fpu->fsw, sizeof fpu->fsw);
    memcpy(bytes + FTW, &fpu->ftwx, sizeof fpu->ftwx);
    memcpy(bytes + MXCSR, &fpu->mxcsr, sizeof fpu->mxcsr);
    memcpy(bytes + ST, fpu->fpr, sizeof fpu->fpr);
    memcpy(bytes + XMM, fpu->xmm, sizeof fpu->xmm);
    bytes[IN_USE] |= 3;
    return ioctl(cpu->fd, KVM_SET_XSAVE, &area) == 0;
}

/* Whether it is halted, which KVM knows if the local APIC is its own. A CPU that waits to
 * be started by another one stays as it is. */
static void halt_to(struct mb_kvm_cpu *cpu)
{
    struct kvm_mp_state now, wanted = {
        .mp_state = cpu->vcpu->cpu->halted ? KVM_MP_STATE_HALTED : KVM_MP_STATE_RUNNABLE,
    };
    if (cpu->kvm->chips != MB_KVM_CHIPS_OFF && ioctl(cpu->fd, KVM_GET_MP_STATE, &now) == 0 &&
        now.mp_state != wanted.mp_state &&
        (now.mp_state == KVM_MP_STATE_HALTED || now.mp_state == KVM_MP_STATE_RUNNABLE))
        ioctl(cpu->fd, KVM_SET_MP_STATE, &wanted);
}

static void halt_from(struct mb_kvm_cpu *cpu)
{
    struct kvm_mp_state now;
    if (cpu->kvm->chips != MB_KVM_CHIPS_OFF && ioctl(cpu->fd, KVM_GET_MP_STATE, &now) == 0)
        cpu->vcpu->cpu->halted = now.mp_state != KVM_MP_STATE_RUNNABLE;
}

bool x86_kvm_load(struct mb_kvm_cpu *cpu)
{
    const struct x86_state *s = (const struct x86_state *)cpu->vcpu->cpu;
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    struct kvm_fpu fpu;
    if (ioctl(cpu->fd, KVM_GET_SREGS, &sregs) < 0)
        return mb_kvm_fail("reading the state of a CPU");
    registers_to(s, &regs);
    system_to(s, &sregs);
    floating_to(s, &fpu);
    if (ioctl(cpu->fd, KVM_SET_SREGS, &sregs) < 0 ||
        ioctl(cpu->fd, KVM_SET_REGS, &regs) < 0 || !set_floating(cpu, &fpu))
        return mb_kvm_fail("setting the state of a CPU");
    halt_to(cpu);
    return true;
}

bool x86_kvm_save(struct mb_kvm_cpu *cpu)
{
    struct x86_state *s = (struct x86_state *)cpu->vcpu->cpu;
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    struct kvm_fpu fpu;
    if (ioctl(cpu->fd, KVM_GET_REGS, &regs) < 0 ||
        ioctl(cpu->fd, KVM_GET_SREGS, &sregs) < 0 || ioctl(cpu->fd, KVM_GET_FPU, &fpu) < 0)
        return mb_kvm_fail("reading the state of a CPU");
    registers_from(s, &regs);
    system_from(s, &sregs);
    floating_from(s, &fpu);
    halt_from(cpu);
    return true;
}
