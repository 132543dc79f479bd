/* Debug registers and the trap flag, by KVM. SPDX-License-Identifier: Apache-2.0 */
#include <sys/ioctl.h>
#include "kvm_x86.h"

#define DR7_FIXED 0x400u
#define DR7_GLOBAL(n) (2u << 2 * (n))      /* SDM 3B, section 17.2.4; type 0: execution */

/* A step with interrupts held off, where KVM can do that. */
static bool can_mask(const struct mb_kvm_cpu *cpu)
{
    int flags = ioctl(cpu->kvm->vm, KVM_CHECK_EXTENSION, KVM_CAP_SET_GUEST_DEBUG2);
    return flags > 0 && flags & KVM_GUESTDBG_BLOCKIRQ;
}

bool x86_kvm_debug(struct mb_kvm_cpu *cpu, const struct mb_kvm_debug *wanted)
{
    struct kvm_guest_debug debug = {0};
    if (wanted->step) {
        debug.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
        if (wanted->masked && can_mask(cpu))
            debug.control |= KVM_GUESTDBG_BLOCKIRQ;
    } else if (wanted->count) {
        debug.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP;
        debug.arch.debugreg[7] = DR7_FIXED;
        for (unsigned i = 0; i < wanted->count && i < X86_BREAKPOINTS; i++) {
            debug.arch.debugreg[i] = wanted->breakpoints[i];
            debug.arch.debugreg[7] |= DR7_GLOBAL(i);
        }
    }
    return ioctl(cpu->fd, KVM_SET_GUEST_DEBUG, &debug) == 0 ||
           mb_kvm_fail("setting breakpoints");
}

uint64_t x86_kvm_stopped_at(const struct mb_kvm_cpu *cpu)
{
    return cpu->run->debug.arch.pc;
}
