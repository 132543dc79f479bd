/* CPUs that run on the host's own, by Linux's KVM (Documentation/virt/kvm/api.rst).
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is the same for every architecture is here: the virtual machine, its memory, the
 * run loop, accesses to buses. A core brings the rest as a struct mb_kvm_core. */
#ifndef MB_KVM_H
#define MB_KVM_H

#include <linux/kvm.h>
#include "dev.h"
#include "vcpu.h"

/* Which interrupt chips are KVM's: none, the local APICs, or all it has. */
enum mb_kvm_chips { MB_KVM_CHIPS_OFF, MB_KVM_CHIPS_SPLIT, MB_KVM_CHIPS_ON };

struct mb_kvm_slot { uint64_t start, size; uint8_t *host; bool writable, used, wanted; };

struct mb_kvm {
    struct mb_machine *machine;
    const struct mb_kvm_core *core;
    int system, vm;                      /* file descriptors */
    size_t run_size;
    enum mb_kvm_chips chips;
    struct mb_bus *ports;                /* the bus "io", or NULL */
    pthread_mutex_t lock;                /* of the slots and doorbells */
    struct mb_kvm_slot *slots;
    unsigned slot_count;
    struct mb_kvm_doorbell *doorbells;   /* of devices, which free them */
    void *core_state;                    /* the core's own; freed with this */
};

struct mb_kvm_cpu {
    struct mb_kvm *kvm;
    struct mb_vcpu *vcpu;
    int fd;
    struct kvm_run *run;
    atomic_bool inside;                  /* in KVM_RUN, or about to be */
    pid_t thread;                        /* who runs it, while inside */
    bool loaded;                         /* KVM has the state, struct mb_cpu a stale copy */
    bool unfinished;                     /* an access to a device is yet to be completed */
    struct mb_dev *interrupts;           /* who drives the CPU's interrupt input */
    bool debugged, stepped, passing;     /* KVM stops for a debugger: at every instruction,
                                            to pass a breakpoint */
    bool debug_changed;
    uint64_t step_pc;                    /* linear, where the instruction began */
};

/* What KVM shall stop for: each instruction, else those at some linear addresses. */
struct mb_kvm_debug { bool step, masked; const uint64_t *breakpoints; size_t count; };

struct mb_kvm_need { int capability; const char *name, *why; };

/* What a core knows of KVM. Functions that can fail say why by mb_set_error. */
struct mb_kvm_core {
    const struct mb_kvm_need *needs;     /* ends with name NULL */
    bool (*open)(struct mb_kvm *kvm);    /* the VM is new and empty */
    void (*reset)(struct mb_kvm *kvm);   /* KVM's own chips to power-on */
    void (*reset_cpu)(struct mb_kvm_cpu *cpu);   /* what is not in the core's state */
    bool (*load)(struct mb_kvm_cpu *cpu);        /* struct mb_cpu -> KVM */
    bool (*save)(struct mb_kvm_cpu *cpu);        /* and back */
    void (*enter)(struct mb_kvm_cpu *cpu);       /* before KVM_RUN: interrupts of our chips */
    void (*leave)(struct mb_kvm_cpu *cpu);
    unsigned breakpoints;                /* how many `debug` can take */
    bool (*debug)(struct mb_kvm_cpu *cpu, const struct mb_kvm_debug *wanted);
    uint64_t (*stopped_at)(const struct mb_kvm_cpu *cpu);    /* after KVM_EXIT_DEBUG */
    void (*describe)(struct mb_cpu *cpu, char *text, size_t size);   /* registers */
    /* The number by which KVM_IRQ_LINE calls that input of its chip; -1: it has none. */
    int (*gsi)(const char *role, unsigned index);
};

/* vm.c */
bool mb_kvm_enable(struct mb_kvm *kvm, uint32_t capability, uint64_t argument);
bool mb_kvm_fail(const char *what);      /* mb_set_error from errno; false */
void mb_kvm_free(struct mb_kvm *kvm);
bool mb_kvm_add_cpu(struct mb_vcpu *vcpu);
void mb_kvm_free_cpu(struct mb_vcpu *vcpu);

/* slots.c: KVM's memory as the bus of memory shows it. */
bool mb_kvm_remap(struct mb_kvm *kvm);

/* doorbells.c: where the bus of memory shows them; with the lock. */
void mb_kvm_place_doorbells(struct mb_kvm *kvm);

/* run.c */
enum mb_pause mb_kvm_run(struct mb_vcpu *vcpu);
void mb_kvm_kick(struct mb_vcpu *vcpu);
void mb_kvm_finish(struct mb_kvm_cpu *cpu);      /* an access that is under way */
void mb_kvm_reset(struct mb_vcpu *vcpu);
bool mb_kvm_fetch(struct mb_vcpu *vcpu);         /* the state into struct mb_cpu */
bool mb_kvm_translate(struct mb_vcpu *vcpu, uint64_t va, uint64_t *pa);

/* exits.c: false: the CPU must pause. */
bool mb_kvm_exit(struct mb_kvm_cpu *cpu);

/* debug.c */
bool mb_kvm_debug_begin(struct mb_kvm_cpu *cpu);         /* false: at a breakpoint */
bool mb_kvm_debug_enter(struct mb_kvm_cpu *cpu);
bool mb_kvm_debug_exit(struct mb_kvm_cpu *cpu);          /* false: the CPU must pause */
bool mb_kvm_debug_access(struct mb_kvm_cpu *cpu);        /* likewise, after an access */

/* chips.c */
void mb_kvm_line(struct mb_kvm *kvm, int gsi, int level);

#endif
