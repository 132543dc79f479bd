/* Memory slots: what the bus of memory shows, cut to pages. SPDX-License-Identifier: Apache-2.0
 *
 * A piece that changes is first taken away and then given anew. A CPU that looks there in
 * between comes out of KVM_RUN for an access to a device, and the bus answers that with
 * the memory. */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include "kvm.h"

#define PAGE 4096ull
/* Beyond what any processor addresses: windows there are never reached. */
#define END (1ull << 46)

struct wanted { struct mb_kvm *kvm; bool full; };

static struct mb_kvm_slot *room_for(struct mb_kvm *kvm)
{
    for (unsigned i = 0; i < kvm->slot_count; i++)
        if (!kvm->slots[i].used && !kvm->slots[i].wanted)
            return &kvm->slots[i];
    unsigned count = kvm->slot_count + 16;
    struct mb_kvm_slot *slots = realloc(kvm->slots, count * sizeof *slots);
    if (!slots)
        return NULL;
    kvm->slots = slots;
    for (unsigned i = kvm->slot_count; i < count; i++)
        slots[i] = (struct mb_kvm_slot){0};
    struct mb_kvm_slot *first = &slots[kvm->slot_count];
    kvm->slot_count = count;
    return first;
}

static bool same(const struct mb_kvm_slot *one, const struct mb_kvm_slot *two)
{
    return one->start == two->start && one->size == two->size && one->host == two->host &&
           one->writable == two->writable;
}

static void want(struct wanted *wanted, const struct mb_kvm_slot *slot)
{
    struct mb_kvm *kvm = wanted->kvm;
    for (unsigned i = 0; i < kvm->slot_count; i++)
        if (kvm->slots[i].used && same(&kvm->slots[i], slot)) {
            kvm->slots[i].wanted = true;
            return;
        }
    struct mb_kvm_slot *room = room_for(kvm);
    if (!room) {
        wanted->full = true;
        return;
    }
    *room = *slot;
    room->used = false;
    room->wanted = true;
}

static void visit(void *opaque, uint64_t start, const struct mb_slice *slice)
{
    const struct mb_region *region = slice->region;
    uint8_t *host = region->host;
    uint64_t skip = -start & (PAGE - 1), end = (start + slice->room) & ~(PAGE - 1);
    if (!host || !region->memory || start >= END || end <= start + skip)
        return;
    want(opaque, &(struct mb_kvm_slot){
        .start = start + skip, .size = end - (start + skip),
        .host = host + slice->offset + skip, .writable = region->writable,
    });
}

static bool set(struct mb_kvm *kvm, unsigned number, uint64_t size)
{
    const struct mb_kvm_slot *slot = &kvm->slots[number];
    struct kvm_userspace_memory_region region = {
        .slot = number, .flags = slot->writable ? 0 : KVM_MEM_READONLY,
        .guest_phys_addr = slot->start, .memory_size = size,
        .userspace_addr = (uint64_t)(uintptr_t)slot->host,
    };
    return ioctl(kvm->vm, KVM_SET_USER_MEMORY_REGION, &region) == 0 ||
           mb_kvm_fail("giving the guest memory");
}

static bool apply(struct mb_kvm *kvm)
{
    bool good = true;
    for (unsigned i = 0; i < kvm->slot_count; i++)
        if (kvm->slots[i].used && !kvm->slots[i].wanted) {
            good &= set(kvm, i, 0);
            kvm->slots[i] = (struct mb_kvm_slot){0};
        }
    for (unsigned i = 0; i < kvm->slot_count; i++)
        if (kvm->slots[i].wanted && !kvm->slots[i].used) {
            kvm->slots[i].used = set(kvm, i, kvm->slots[i].size);
            good &= kvm->slots[i].used;
        }
    return good;
}

bool mb_kvm_remap(struct mb_kvm *kvm)
{
    struct wanted wanted = {.kvm = kvm};
    pthread_mutex_lock(&kvm->lock);
    for (unsigned i = 0; i < kvm->slot_count; i++)
        kvm->slots[i].wanted = false;
    mb_bus_each(kvm->machine->memory, visit, &wanted);
    bool good = apply(kvm) && !wanted.full;
    mb_kvm_place_doorbells(kvm);
    pthread_mutex_unlock(&kvm->lock);
    return good;
}
