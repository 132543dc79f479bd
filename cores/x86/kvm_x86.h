/* x86 on KVM: what its C files share. SPDX-License-Identifier: Apache-2.0 */
#ifndef KVM_X86_H
#define KVM_X86_H

#include "core_x86.h"
#include "kvm/kvm.h"

/* kvm_state.c */
bool x86_kvm_load(struct mb_kvm_cpu *cpu);
bool x86_kvm_save(struct mb_kvm_cpu *cpu);

/* kvm_reset.c: what KVM keeps beside the state, as it is at power-on. */
void *x86_kvm_new_image(void);
void x86_kvm_reset(struct mb_kvm *kvm);
void x86_kvm_reset_cpu(struct mb_kvm_cpu *cpu);

/* kvm_chips.c */
#define X86_IOAPIC_PINS 24

/* With local APICs of KVM and an I/O APIC of the board: the level-triggered messages whose
 * ends KVM reports, as they are in its routing table. */
struct x86_kvm_levels {
    pthread_mutex_t lock;
    unsigned count, next;
    struct kvm_msi known[X86_IOAPIC_PINS];
};

bool x86_kvm_open_chips(struct mb_kvm *kvm);
int x86_kvm_gsi(const char *role, unsigned index);
void x86_kvm_enter(struct mb_kvm_cpu *cpu);
void x86_kvm_leave(struct mb_kvm_cpu *cpu);

/* kvm_debug.c */
#define X86_BREAKPOINTS 4
bool x86_kvm_debug(struct mb_kvm_cpu *cpu, const struct mb_kvm_debug *wanted);
uint64_t x86_kvm_stopped_at(const struct mb_kvm_cpu *cpu);

#endif
