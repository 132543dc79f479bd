/* Reset of what KVM keeps beside a CPU's state: model-specific registers, its own chips.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Their power-on values are those that KVM gives new ones: they are kept then, and put back
 * at each reset. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include "kvm_x86.h"

#define MSRS 512
#define MSR_TSC 0x10

/* One for the machine: of chips, and of the first CPU, whom the others are like. */
struct image {
    struct x86_kvm_levels levels;  /* first: kvm_chips.c */
    bool kept;
    struct kvm_irqchip chips[3];
    struct kvm_pit_state2 pit;
    uint32_t msr_count;
    struct kvm_msr_entry msrs[MSRS];
};

void *x86_kvm_new_image(void)
{
    struct image *image = calloc(1, sizeof *image);
    if (image)
        pthread_mutex_init(&image->levels.lock, NULL);
    return image;
}

/* ---- model-specific registers ------------------------------------------------------------------ */
static struct kvm_msr_list *list_msrs(int system)
{
    struct kvm_msr_list *list =
        calloc(1, sizeof *list + MSRS * sizeof list->indices[0]);
    if (!list)
        return NULL;
    list->nmsrs = MSRS;
    if (ioctl(system, KVM_GET_MSR_INDEX_LIST, list) == 0)
        return list;
    free(list);
    return NULL;
}

/* One at a time: KVM stops at the first that it does not have on this CPU. */
static int one_msr(int fd, unsigned long request, struct kvm_msr_entry *entry)
{
    struct { struct kvm_msrs head; struct kvm_msr_entry entry; } msr = {
        .head.nmsrs = 1, .entry = *entry,
    };
    int done = ioctl(fd, request, &msr);
    *entry = msr.entry;
    return done;
}

static void keep_msrs(struct mb_kvm_cpu *cpu, struct image *image)
{
    struct kvm_msr_list *list = list_msrs(cpu->kvm->system);
    for (uint32_t i = 0; list && i < list->nmsrs && image->msr_count < MSRS; i++) {
        struct kvm_msr_entry entry = {.index = list->indices[i]};
        if (entry.index != MSR_TSC && one_msr(cpu->fd, KVM_GET_MSRS, &entry) == 1)
            image->msrs[image->msr_count++] = entry;
    }
    free(list);
}

static void reset_msrs(struct mb_kvm_cpu *cpu, const struct image *image)
{
    for (uint32_t i = 0; i < image->msr_count; i++) {
        struct kvm_msr_entry now = {.index = image->msrs[i].index};
        struct kvm_msr_entry entry = image->msrs[i];
        if (one_msr(cpu->fd, KVM_GET_MSRS, &now) == 1 && now.data != entry.data)
            one_msr(cpu->fd, KVM_SET_MSRS, &entry);
    }
}

/* ---- chips ------------------------------------------------------------------------------------------ */
static void keep_chips(struct mb_kvm *kvm, struct image *image)
{
    for (uint32_t id = 0; id < 3; id++) {
        image->chips[id].chip_id = id;
        ioctl(kvm->vm, KVM_GET_IRQCHIP, &image->chips[id]);
    }
    ioctl(kvm->vm, KVM_GET_PIT2, &image->pit);
}

/* At the first reset, when CPUID is set and nothing has run. */
static void keep(struct mb_kvm_cpu *cpu, struct image *image)
{
    image->kept = true;
    keep_msrs(cpu, image);
    if (cpu->kvm->chips == MB_KVM_CHIPS_ON)
        keep_chips(cpu->kvm, image);
}

void x86_kvm_reset(struct mb_kvm *kvm)
{
    struct image *image = kvm->core_state;
    if (kvm->chips != MB_KVM_CHIPS_ON || !image->kept)
        return;
    for (uint32_t id = 0; id < 3; id++)
        ioctl(kvm->vm, KVM_SET_IRQCHIP, &image->chips[id]);
    ioctl(kvm->vm, KVM_SET_PIT2, &image->pit);
}

/* ---- a CPU -------------------------------------------------------------------------------------------- */
enum { APIC_ID = 0x20, APIC_VERSION = 0x30, APIC_DFR = 0xe0, APIC_SVR = 0xf0,
       APIC_LVT_TIMER = 0x320, APIC_LVT_LINT0 = 0x350, APIC_LVT_ERROR = 0x370,
       LVT_MASKED = 0x10000, LVT_EXTINT = 0x700 };

static void put32(struct kvm_lapic_state *apic, unsigned offset, uint32_t value)
{
    memcpy(apic->regs + offset, &value, sizeof value);
}

/* SDM 3A, section 10.4.7.1; but the first CPU has its PIC connected, as firmware would leave
 * it (virtual wire mode, MultiProcessor Specification 1.4, section 3.6.2.2). */
static void reset_apic(struct mb_kvm_cpu *cpu)
{
    struct kvm_lapic_state apic, fresh = {0};
    if (cpu->kvm->chips == MB_KVM_CHIPS_OFF || ioctl(cpu->fd, KVM_GET_LAPIC, &apic) < 0)
        return;
    memcpy(fresh.regs + APIC_VERSION, apic.regs + APIC_VERSION, 4);
    put32(&fresh, APIC_ID, (uint32_t)cpu->vcpu->cpu->index << 24);
    put32(&fresh, APIC_DFR, UINT32_MAX);
    put32(&fresh, APIC_SVR, 0xff);
    for (unsigned lvt = APIC_LVT_TIMER; lvt <= APIC_LVT_ERROR; lvt += 0x10)
        put32(&fresh, lvt, LVT_MASKED);
    if (cpu->vcpu->cpu->index == 0)
        put32(&fresh, APIC_LVT_LINT0, LVT_EXTINT);
    ioctl(cpu->fd, KVM_SET_LAPIC, &fresh);
}

static void reset_run_state(struct mb_kvm_cpu *cpu)
{
    bool first = cpu->vcpu->cpu->index == 0;
    struct kvm_mp_state mp = {
        .mp_state = first ? KVM_MP_STATE_RUNNABLE : KVM_MP_STATE_UNINITIALIZED,
    };
    struct kvm_vcpu_events events = {0};
    struct kvm_debugregs debug = {.dr6 = 0xffff0ff0, .dr7 = 0x400};
    ioctl(cpu->fd, KVM_SET_VCPU_EVENTS, &events);
    ioctl(cpu->fd, KVM_SET_DEBUGREGS, &debug);
    if (cpu->kvm->chips != MB_KVM_CHIPS_OFF)
        ioctl(cpu->fd, KVM_SET_MP_STATE, &mp);
}

void x86_kvm_reset_cpu(struct mb_kvm_cpu *cpu)
{
    struct image *image = cpu->kvm->core_state;
    if (!image->kept)
        keep(cpu, image);
    reset_apic(cpu);
    reset_run_state(cpu);
    reset_msrs(cpu, image);
}
