/* Doorbells: writes of the guest that KVM answers itself, with an eventfd (KVM_IOEVENTFD).
 * SPDX-License-Identifier: Apache-2.0
 *
 * One that KVM does not take, or not where it is now, is no error: the CPU comes out and
 * the chip is called. */
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "kvm.h"

struct mb_kvm_doorbell {
    struct mb_kvm_doorbell *next;
    struct mb_dev *dev;
    struct mb_doorbell what;
    int fd;
    bool armed, seen;
    uint64_t address, wanted;            /* where it is armed, and should be */
};

static bool assign(struct mb_kvm *kvm, const struct mb_kvm_doorbell *bell, bool on)
{
    struct kvm_ioeventfd event = {
        .addr = bell->address, .len = bell->what.size, .datamatch = bell->what.value,
        .fd = bell->fd,
        .flags = KVM_IOEVENTFD_FLAG_DATAMATCH | (on ? 0 : KVM_IOEVENTFD_FLAG_DEASSIGN),
    };
    return ioctl(kvm->vm, KVM_IOEVENTFD, &event) == 0;
}

static void disarm(struct mb_kvm *kvm, struct mb_kvm_doorbell *bell)
{
    if (bell->armed)
        assign(kvm, bell, false);
    bell->armed = false;
}

/* Does a CPU that writes to the bell in this window reach it, and not what lies over it? */
static bool answers(struct mb_region *window, const struct mb_doorbell *what,
                    uint64_t *address)
{
    struct mb_slice slice;
    uint64_t offset = what->offset - window->offset;
    if (window->index != what->region || offset >= window->size ||
        window->bus != window->machine->memory)
        return false;
    *address = window->start + offset;
    return mb_bus_find(window->bus, *address, &slice) && slice.region == window &&
           slice.offset == offset && slice.room >= what->size;
}

static void look(struct mb_kvm_doorbell *bell)
{
    bell->seen = false;
    for (unsigned i = 0; i < bell->dev->window_count && !bell->seen; i++)
        bell->seen = answers(bell->dev->windows[i], &bell->what, &bell->wanted);
}

/* First all that went, so that one may come to where another was. */
void mb_kvm_place_doorbells(struct mb_kvm *kvm)
{
    struct mb_kvm_doorbell *bell;
    for (bell = kvm->doorbells; bell; bell = bell->next) {
        look(bell);
        if (!bell->seen || bell->wanted != bell->address)
            disarm(kvm, bell);
    }
    for (bell = kvm->doorbells; bell; bell = bell->next)
        if (bell->seen && !bell->armed) {
            bell->address = bell->wanted;
            bell->armed = assign(kvm, bell, true);
        }
}

static struct mb_kvm *kvm_of(const struct mb_dev *dev)
{
    return dev->machine->runtime ? dev->machine->runtime->kvm : NULL;
}

int mb_dev_doorbell(struct mb_dev *dev, const struct mb_doorbell *what)
{
    struct mb_kvm *kvm = kvm_of(dev);
    struct mb_kvm_doorbell *bell = kvm && !dev->big_endian ? calloc(1, sizeof *bell) : NULL;
    int fd = bell ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
    if (fd < 0) {
        free(bell);
        return -1;
    }
    pthread_mutex_lock(&kvm->lock);
    *bell = (struct mb_kvm_doorbell){ kvm->doorbells, dev, *what, .fd = fd };
    kvm->doorbells = bell;
    mb_kvm_place_doorbells(kvm);
    pthread_mutex_unlock(&kvm->lock);
    return fd;
}

void mb_dev_doorbell_free(struct mb_dev *dev, int fd)
{
    struct mb_kvm *kvm = kvm_of(dev);
    if (!kvm || fd < 0)
        return;
    pthread_mutex_lock(&kvm->lock);
    struct mb_kvm_doorbell **at = &kvm->doorbells;
    while (*at && (*at)->fd != fd)
        at = &(*at)->next;
    struct mb_kvm_doorbell *bell = *at;
    if (bell) {
        *at = bell->next;
        disarm(kvm, bell);
        close(fd);
        free(bell);
    }
    pthread_mutex_unlock(&kvm->lock);
}
