/* Interrupt chips that KVM has itself: what stands on the board in their place passes its
 * inputs on. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/ioctl.h>
#include "kvm.h"
#include "api.h"

struct proxy { struct mb_dev *dev; struct mb_kvm *kvm; const char *role; };

void mb_kvm_line(struct mb_kvm *kvm, int gsi, int level)
{
    struct kvm_irq_level line = {.irq = (uint32_t)gsi, .level = level ? 1 : 0};
    if (gsi >= 0)
        ioctl(kvm->vm, KVM_IRQ_LINE, &line);
}

static bool create(void *state, struct mb_dev *dev)
{
    struct proxy *proxy = state;
    proxy->dev = dev;
    proxy->kvm = dev->machine->runtime->kvm;
    proxy->role = mb_dev_param_str(dev, "in_kernel");
    if (proxy->kvm && proxy->role)
        return true;
    mb_dev_error(dev, "KVM has no such chip");
    return false;
}

/* A local APIC's first input is for another interrupt controller, whose request goes
 * through it to the CPU. */
static void input(void *state, unsigned port, unsigned index, int cpu, int level)
{
    struct proxy *proxy = state;
    int gsi = port == 0 ? proxy->kvm->core->gsi(proxy->role, index) : -1;
    if (gsi >= 0)
        mb_kvm_line(proxy->kvm, gsi, level);
    else if (port == 0)
        mb_dev_out(proxy->dev, 0, 0, level);
}

static int acknowledge(void *state, int cpu)
{
    return mb_dev_acknowledge(((struct proxy *)state)->dev, 0, 0);
}

static const struct mb_chip proxy_chip = {
    .abi = MB_CHIP_ABI, .model = "kvm", .state_size = sizeof(struct proxy),
    .create = create, .input = input, .acknowledge = acknowledge,
};

const void *mb_kvm_proxy(void)
{
    return &proxy_chip;
}
