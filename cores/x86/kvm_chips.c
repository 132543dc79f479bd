/* Interrupts of x86 on KVM: its own chips and their routing, or those of the board.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include "kvm_x86.h"

#define PIC_LINES 16
#define TIMER_LINE 0
#define TIMER_PIN 2                /* of the I/O APIC: as on every PC */
#define MSI_LEVEL 0x8000u          /* SDM 3A, section 10.11.2 */
#define TPR 0x80                   /* of a local APIC: SDM 3A, table 10-1 */

/* ---- numbers: 0 to 15 are the lines of the 8259s, then come the pins of the I/O APIC -------------- */
int x86_kvm_gsi(const char *role, unsigned index)
{
    if (!strcmp(role, "pic") && index < PIC_LINES)
        return (int)index;
    if (!strcmp(role, "ioapic") && index < X86_IOAPIC_PINS)
        return (int)(PIC_LINES + index);
    return -1;
}

static void route(struct kvm_irq_routing *table, unsigned gsi, unsigned chip, unsigned pin)
{
    table->entries[table->nr++] = (struct kvm_irq_routing_entry){
        .gsi = gsi, .type = KVM_IRQ_ROUTING_IRQCHIP,
        .u.irqchip = {.irqchip = chip, .pin = pin},
    };
}

static bool set_routes(struct mb_kvm *kvm)
{
    size_t size = sizeof(struct kvm_irq_routing) +
                  (PIC_LINES + X86_IOAPIC_PINS + 1) * sizeof(struct kvm_irq_routing_entry);
    struct kvm_irq_routing *table = calloc(1, size);
    if (!table)
        return false;
    for (unsigned line = 0; line < PIC_LINES; line++)
        route(table, line, line < 8 ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE,
              line & 7);
    for (unsigned pin = 0; pin < X86_IOAPIC_PINS; pin++)
        route(table, PIC_LINES + pin, KVM_IRQCHIP_IOAPIC, pin);
    /* KVM's timer drives its line itself: for the I/O APIC too. */
    route(table, TIMER_LINE, KVM_IRQCHIP_IOAPIC, TIMER_PIN);
    bool good = ioctl(kvm->vm, KVM_SET_GSI_ROUTING, table) == 0 ||
                mb_kvm_fail("routing interrupts");
    free(table);
    return good;
}

static void send(struct mb_kvm *kvm, const struct kvm_msi *message)
{
    struct kvm_msi msi = *message;
    ioctl(kvm->vm, KVM_SIGNAL_MSI, &msi);
}

static struct kvm_msi message_of(uint64_t address, uint32_t data)
{
    return (struct kvm_msi){
        .address_lo = (uint32_t)address, .address_hi = (uint32_t)(address >> 32),
        .data = data,
    };
}

static void send_message(void *opaque, uint64_t address, uint32_t data)
{
    struct kvm_msi message = message_of(address, data);
    send(opaque, &message);
}

/* ---- levels, where the I/O APIC is the board's: KVM reports the end of an interrupt if the
 * table of routes has a level-triggered message like it ------------------------------------------ */
static void route_levels(struct mb_kvm *kvm, const struct x86_kvm_levels *levels)
{
    struct { struct kvm_irq_routing head; struct kvm_irq_routing_entry rows[X86_IOAPIC_PINS]; }
        table = {.head.nr = levels->count};
    for (unsigned i = 0; i < levels->count; i++)
        table.rows[i] = (struct kvm_irq_routing_entry){
            .gsi = i, .type = KVM_IRQ_ROUTING_MSI,
            .u.msi = {.address_lo = levels->known[i].address_lo,
                      .address_hi = levels->known[i].address_hi,
                      .data = levels->known[i].data},
        };
    ioctl(kvm->vm, KVM_SET_GSI_ROUTING, &table);
}

static bool is_known(const struct x86_kvm_levels *levels, const struct kvm_msi *message)
{
    for (unsigned i = 0; i < levels->count; i++)
        if (!memcmp(&levels->known[i], message, sizeof *message))
            return true;
    return false;
}

static void send_or_learn(void *opaque, uint64_t address, uint32_t data)
{
    struct mb_kvm *kvm = opaque;
    struct x86_kvm_levels *levels = kvm->core_state;
    struct kvm_msi message = message_of(address, data);
    pthread_mutex_lock(&levels->lock);
    if (data & MSI_LEVEL && !is_known(levels, &message)) {
        levels->known[levels->next] = message;
        levels->count += levels->count == levels->next;
        levels->next = (levels->next + 1) % X86_IOAPIC_PINS;
        route_levels(kvm, levels);
    }
    pthread_mutex_unlock(&levels->lock);
    send(kvm, &message);
}

static bool open_all(struct mb_kvm *kvm)
{
    struct kvm_pit_config timer = {.flags = KVM_PIT_SPEAKER_DUMMY};
    if (ioctl(kvm->vm, KVM_CREATE_IRQCHIP, 0) < 0)
        return mb_kvm_fail("making interrupt chips");
    if (ioctl(kvm->vm, KVM_CREATE_PIT2, &timer) < 0)
        return mb_kvm_fail("making a timer");
    return set_routes(kvm);
}

bool x86_kvm_open_chips(struct mb_kvm *kvm)
{
    if (kvm->chips == MB_KVM_CHIPS_OFF)
        return true;
    bool all = kvm->chips == MB_KVM_CHIPS_ON;
    mb_msi_sink(kvm->machine, all ? send_message : send_or_learn, kvm);
    return all ? open_all(kvm)
               : mb_kvm_enable(kvm, KVM_CAP_SPLIT_IRQCHIP, X86_IOAPIC_PINS);
}

/* ---- interrupts that do not come from KVM's chips --------------------------------------------------- */
static int acknowledge(struct mb_kvm_cpu *cpu)
{
    struct mb_dev *dev = cpu->interrupts;
    return dev && dev->chip && dev->chip->acknowledge
        ? dev->chip->acknowledge(dev->state, (int)cpu->vcpu->cpu->index) : -1;
}

static void inject_nmi(struct mb_kvm_cpu *cpu)
{
    struct x86_state *s = (struct x86_state *)cpu->vcpu->cpu;
    if (__atomic_exchange_n(&s->nmi, 0, __ATOMIC_SEQ_CST))
        ioctl(cpu->fd, KVM_NMI, 0);
}

/* The vector is asked for only when the CPU takes it: until then a higher one may come. */
static void inject_interrupt(struct mb_kvm_cpu *cpu)
{
    const struct x86_state *s = (const struct x86_state *)cpu->vcpu->cpu;
    struct kvm_run *run = cpu->run;
    bool pending = __atomic_load_n(&s->lines, __ATOMIC_SEQ_CST) & 1u << X86_LINE_INTR;
    run->request_interrupt_window = 0;
    if (!pending || cpu->vcpu->masked)
        return;
    if (!run->ready_for_interrupt_injection || !run->if_flag) {
        run->request_interrupt_window = 1;
        return;
    }
    int vector = acknowledge(cpu);
    if (vector < 0)
        return;
    ioctl(cpu->fd, KVM_INTERRUPT, &(struct kvm_interrupt){.irq = (uint32_t)vector});
    pending = __atomic_load_n(&s->lines, __ATOMIC_SEQ_CST) & 1u << X86_LINE_INTR;
    run->request_interrupt_window = pending;
}

/* ---- a local APIC of the board ------------------------------------------------------------------------ */
static bool has_priority(const struct mb_kvm_cpu *cpu)
{
    return cpu->kvm->chips == MB_KVM_CHIPS_OFF && cpu->interrupts && cpu->interrupts->chip;
}

static void give_priority(struct mb_kvm_cpu *cpu)
{
    struct mb_dev *apic = cpu->interrupts;
    int number = (int)cpu->vcpu->cpu->index;
    if (has_priority(cpu))
        cpu->run->cr8 = mb_dev_access_read(apic, 0, TPR, 4, number) >> 4 & 15;
}

static void take_priority(struct mb_kvm_cpu *cpu)
{
    struct mb_dev *apic = cpu->interrupts;
    int number = (int)cpu->vcpu->cpu->index;
    if (has_priority(cpu) &&
        cpu->run->cr8 != (mb_dev_access_read(apic, 0, TPR, 4, number) >> 4 & 15))
        mb_dev_access_write(apic, 0, TPR, cpu->run->cr8 << 4, 4, number);
}

/* INIT puts the CPU into wait; a start-up message starts it. Without a local APIC of KVM's,
 * it is this loop that does both. */
static void take_messages(struct mb_kvm_cpu *cpu)
{
    struct mb_vcpu *vcpu = cpu->vcpu;
    struct x86_state *s = (struct x86_state *)vcpu->cpu;
    if (__atomic_exchange_n(&s->init, 0, __ATOMIC_SEQ_CST)) {
        mb_kvm_fetch(vcpu);
        x86_reset(s, true);
        if (vcpu->cpu->index && !__atomic_load_n(&s->startup, __ATOMIC_SEQ_CST))
            mb_cpu_power_off(vcpu->cpu);
    }
    uint32_t startup = __atomic_exchange_n(&s->startup, 0, __ATOMIC_SEQ_CST);
    if (startup) {
        mb_kvm_fetch(vcpu);
        x86_start_at(s, startup - 1);
    }
    if (!cpu->loaded)
        cpu->loaded = x86_kvm_load(cpu);
}

void x86_kvm_enter(struct mb_kvm_cpu *cpu)
{
    if (cpu->kvm->chips == MB_KVM_CHIPS_ON)
        return;
    if (cpu->kvm->chips == MB_KVM_CHIPS_OFF)
        take_messages(cpu);
    inject_nmi(cpu);
    give_priority(cpu);
    inject_interrupt(cpu);
}

void x86_kvm_leave(struct mb_kvm_cpu *cpu)
{
    struct x86_state *s = (struct x86_state *)cpu->vcpu->cpu;
    if (cpu->kvm->chips != MB_KVM_CHIPS_OFF)
        return;
    take_priority(cpu);
    s->rflags = (s->rflags & ~(uint64_t)RFLAGS_IF) | (cpu->run->if_flag ? RFLAGS_IF : 0);
}
