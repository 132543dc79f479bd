/* PSCI 1.0: the firmware's power functions, called by HVC or SMC (ARM DEN 0022D).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Omitted: migration (there is no trusted OS), power states other than standby.
 */
#include "core_arm.h"

enum {
    PSCI_VERSION = 0, CPU_SUSPEND = 1, CPU_OFF = 2, CPU_ON = 3, AFFINITY_INFO = 4,
    MIGRATE_INFO_TYPE = 6, SYSTEM_OFF = 8, SYSTEM_RESET = 9, PSCI_FEATURES = 10,
};
enum { SUCCESS = 0, NOT_SUPPORTED = -1, INVALID_PARAMETERS = -2, ALREADY_ON = -4,
       ON_PENDING = -5 };
enum { AFFINITY_ON = 0, AFFINITY_OFF = 1, AFFINITY_ON_PENDING = 2 };
enum { NO_TRUSTED_OS = 2 };

#define FUNCTION_BASE 0x84000000u
#define VERSION_1_0 0x00010000
#define AFFINITY_MASK 0x00ffffffu

static struct arm_state *cpu_by_affinity(struct arm_state *s, uint32_t affinity)
{
    for (unsigned i = 0; i < mb_cpu_count(&s->cpu); i++) {
        struct arm_state *peer = (struct arm_state *)mb_cpu_peer(&s->cpu, i);
        if (peer && (arm_mpidr(peer) & AFFINITY_MASK) == affinity)
            return peer;
    }
    return NULL;
}

static int32_t cpu_on(struct arm_state *s, uint32_t affinity, uint32_t entry,
                      uint32_t context)
{
    struct arm_state *target = cpu_by_affinity(s, affinity);
    if (!target)
        return INVALID_PARAMETERS;
    struct arm_start *start = &arm_private(target)->start;
    bool idle = false;
    if (!mb_cpu_is_off(&target->cpu))
        return ALREADY_ON;
    pthread_mutex_lock(&arm_private(target)->lock);
    if (!atomic_load(&start->pending)) {
        start->entry = entry;
        start->context = context;
        atomic_store(&start->pending, true);
        idle = true;
    }
    pthread_mutex_unlock(&arm_private(target)->lock);
    if (!idle)
        return ON_PENDING;
    mb_cpu_power_on(&target->cpu);
    return SUCCESS;
}

/* On the thread of the CPU that starts. */
void arm_psci_start(struct arm_state *s)
{
    struct arm_start start = arm_private(s)->start;
    arm_reset(&s->cpu);
    s->r[0] = start.context;
    s->cpu.pc = start.entry & (start.entry & 1 ? ~1u : ~3u);
    if (start.entry & 1)
        mb_cpu_set_flags(&s->cpu, arm_flags(s) | ARM_FLAG_THUMB_MASK);
}

static int32_t affinity_info(struct arm_state *s, uint32_t affinity, uint32_t level)
{
    struct arm_state *target = cpu_by_affinity(s, affinity);
    if (!target || level != 0)
        return INVALID_PARAMETERS;
    if (atomic_load(&arm_private(target)->start.pending))
        return AFFINITY_ON_PENDING;
    return mb_cpu_is_off(&target->cpu) ? AFFINITY_OFF : AFFINITY_ON;
}

static int32_t features(uint32_t function)
{
    switch (function - FUNCTION_BASE) {
    case PSCI_VERSION: case CPU_SUSPEND: case CPU_OFF: case CPU_ON: case AFFINITY_INFO:
    case MIGRATE_INFO_TYPE: case SYSTEM_OFF: case SYSTEM_RESET: case PSCI_FEATURES:
        return SUCCESS;
    default:
        return NOT_SUPPORTED;
    }
}

static int32_t call(struct arm_state *s)
{
    switch (s->r[0] - FUNCTION_BASE) {
    case PSCI_VERSION:
        return VERSION_1_0;
    case CPU_SUSPEND:
        s->cpu.halted = 1;
        return SUCCESS;
    case CPU_OFF:
        mb_cpu_power_off(&s->cpu);
        return SUCCESS;
    case CPU_ON:
        return cpu_on(s, s->r[1], s->r[2], s->r[3]);
    case AFFINITY_INFO:
        return affinity_info(s, s->r[1], s->r[2]);
    case MIGRATE_INFO_TYPE:
        return NO_TRUSTED_OS;
    case SYSTEM_OFF:
        mb_cpu_machine_event(&s->cpu, MB_EVENT_POWEROFF, "PSCI SYSTEM_OFF");
        return SUCCESS;
    case SYSTEM_RESET:
        mb_cpu_machine_event(&s->cpu, MB_EVENT_RESET, "PSCI SYSTEM_RESET");
        return SUCCESS;
    case PSCI_FEATURES:
        return features(s->r[1]);
    default:
        return NOT_SUPPORTED;
    }
}

bool arm_psci_call(struct arm_state *s, enum arm_conduit conduit)
{
    if (s->psci == ARM_CONDUIT_NONE || s->psci != (uint32_t)conduit)
        return false;
    s->r[0] = (uint32_t)call(s);
    return true;
}
