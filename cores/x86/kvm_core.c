/* x86 on KVM: the virtual machine, and the object that the engine is given.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include "kvm_x86.h"

/* Pages that KVM needs on processors without unrestricted guests: where firmware leaves a
 * gap below its ROM. */
#define IDENTITY_MAP 0xfeffc000ull
#define TSS 0xfeffd000ull

static const struct mb_kvm_need needs[] = {
    {KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP", "have interrupt chips"},
    {KVM_CAP_PIT2, "KVM_CAP_PIT2", "have a timer"},
    {KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID", "say what the processor is"},
    {KVM_CAP_SET_TSS_ADDR, "KVM_CAP_SET_TSS_ADDR", "run real-mode code"},
    {KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE", "reset a CPU"},
    {KVM_CAP_IRQ_ROUTING, "KVM_CAP_IRQ_ROUTING", "route interrupts"},
    {KVM_CAP_SIGNAL_MSI, "KVM_CAP_SIGNAL_MSI", "deliver interrupt messages"},
    {KVM_CAP_SET_GUEST_DEBUG, "KVM_CAP_SET_GUEST_DEBUG", "debug"},
    {KVM_CAP_DEBUGREGS, "KVM_CAP_DEBUGREGS", "reset a CPU"},
    {0},
};

static bool open_vm(struct mb_kvm *kvm)
{
    uint64_t identity = IDENTITY_MAP;
    kvm->core_state = x86_kvm_new_image();
    if (!kvm->core_state)
        return false;
    if (ioctl(kvm->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity) < 0 ||
        ioctl(kvm->vm, KVM_SET_TSS_ADDR, (unsigned long)TSS) < 0)
        return mb_kvm_fail("placing KVM's pages");
    return x86_kvm_open_chips(kvm);
}

static void describe(struct mb_cpu *cpu, char *text, size_t size)
{
    static const char *const names[16] = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11",
        "r12", "r13", "r14", "r15",
    };
    const struct x86_state *s = (const struct x86_state *)cpu;
    int used = 0;
    for (int i = 0; i < 16 && used >= 0 && (size_t)used < size; i++)
        used += snprintf(text + used, size - (size_t)used, "%s=%016" PRIx64 "%s", names[i],
                         s->r[i], i % 4 == 3 ? "\n" : " ");
    if (used >= 0 && (size_t)used < size)
        snprintf(text + used, size - (size_t)used,
                 "rip=%016" PRIx64 " rflags=%08" PRIx64 " cs=%04x base %08" PRIx64
                 " flags %04x\ncr0=%08" PRIx64 " cr2=%016" PRIx64 " cr3=%016" PRIx64
                 " cr4=%08" PRIx64 " efer=%" PRIx64 "\n",
                 cpu->pc, s->rflags, s->seg_selector[CS], s->seg_base[CS], s->seg_flags[CS],
                 s->cr0, s->cr2, s->cr3, s->cr4, s->efer);
}

const struct mb_kvm_core x86_kvm = {
    .needs = needs,
    .open = open_vm,
    .reset = x86_kvm_reset,
    .reset_cpu = x86_kvm_reset_cpu,
    .load = x86_kvm_load,
    .save = x86_kvm_save,
    .enter = x86_kvm_enter,
    .leave = x86_kvm_leave,
    .breakpoints = X86_BREAKPOINTS,
    .debug = x86_kvm_debug,
    .stopped_at = x86_kvm_stopped_at,
    .describe = describe,
    .gsi = x86_kvm_gsi,
};
