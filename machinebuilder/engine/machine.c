/* The machine: what is made first, and freed last. SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dev.h"
#include "api.h"

#define ADDRESS_BITS 64

static bool furnish(struct mb_machine *machine)
{
    machine->memory = mb_bus_new(machine, "mmio", ADDRESS_BITS);
    machine->clock = mb_clock_new(machine);
    machine->deferred = mb_deferred_new(machine);
    machine->runtime = mb_runtime_new(machine);
    return machine->memory && machine->clock && machine->deferred && machine->runtime;
}

struct mb_machine *mb_machine_new(int clock, int ns_per_insn_shift)
{
    struct mb_machine *machine = calloc(1, sizeof *machine);
    if (!machine)
        return NULL;
    machine->virtual_clock = clock == 1;
    machine->ns_per_insn_shift = ns_per_insn_shift;
    pthread_mutex_init(&machine->lock, NULL);
    mb_set_error("the host has no memory or threads for a machine");
    if (furnish(machine))
        return machine;
    mb_machine_free(machine);
    return NULL;
}

static void free_devices(struct mb_machine *machine)
{
    for (struct mb_dev *dev = machine->devices, *next; dev; dev = next) {
        next = dev->next;
        mb_dev_free(dev);
    }
    machine->devices = NULL;
}

/* No CPU runs any more. First what calls chips on its own ends, then the chips, whose
 * threads may still signal CPUs, then the CPUs, then memory. */
void mb_machine_free(struct mb_machine *machine)
{
    if (!machine)
        return;
    if (machine->clock)
        mb_clock_stop(machine->clock);
    mb_deferred_stop(machine->deferred);
    machine->deferred = NULL;
    free_devices(machine);
    if (machine->runtime)
        mb_runtime_free(machine->runtime);
    for (struct mb_bus *bus = machine->buses, *next; bus; bus = next) {
        next = mb_bus_next(bus);
        mb_bus_free(bus);
    }
    mb_clock_free(machine->clock);
    pthread_mutex_destroy(&machine->lock);
    free(machine);
}

struct mb_bus *mb_machine_memory(struct mb_machine *machine)
{
    return machine->memory;
}

void mb_machine_set_handle(struct mb_machine *machine, void *handle)
{
    machine->handle = handle;
}

const char *mb_machine_why(struct mb_machine *machine)
{
    return machine->why;
}

void mb_machine_post(struct mb_machine *machine, int event, const char *why)
{
    pthread_mutex_lock(&machine->lock);
    bool first = machine->event == MB_EVENT_NONE;
    if (first) {
        snprintf(machine->why, sizeof machine->why, "%s", why ? why : "");
        machine->event = event;
    }
    pthread_mutex_unlock(&machine->lock);
    if (first && machine->runtime)
        mb_runtime_kick_all(machine->runtime);
}

void mb_machine_reset(struct mb_machine *machine)
{
    machine->event = MB_EVENT_NONE;
    machine->why[0] = 0;
    for (struct mb_dev *dev = machine->devices; dev; dev = dev->next)
        mb_dev_reset(dev);
    mb_runtime_reset(machine->runtime);
}
