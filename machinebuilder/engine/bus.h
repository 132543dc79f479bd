/* Buses, regions and the machine, for the engine's own C files. SPDX: Apache-2.0 */
#ifndef MB_BUS_H
#define MB_BUS_H

#include <pthread.h>
#include "device.h"
#include "core.h"

/* One window on a bus. RAM and ROM have `host`; all else goes to its device or stub. */
struct mb_region {
    uint64_t start, size;
    const char *name;
    uint8_t *host;             /* RAM/ROM; a device's region may have it at times (flash) */
    bool writable;             /* stores go straight to host */
    uint64_t ram_page;         /* number of its first 4 KiB page among all RAM and ROM, for
                                  the engine's per-page tables (code, mapped) */
    struct mb_dev *dev;        /* NULL for RAM, ROM, stubs */
    unsigned index;            /* the device's region number */
    bool stub;
    uint64_t value, offset;    /* a stub's value; start of this window in the device region */
    uint64_t touches;          /* stubs: accesses so far (first one is logged) */
    struct mb_machine *machine;
};

/* The region at `address`, or NULL. Lock-free; regions never move while CPUs run. */
struct mb_region *mb_bus_lookup(struct mb_bus *bus, uint64_t address);

/* Access a region that has no `host` (or a ROM that is written): size 1, 2, 4, 8 within
 * the region. False: the device refused (bus error). Stops the machine on a device error. */
bool mb_region_read(struct mb_region *region, uint64_t offset, unsigned size, int cpu,
                    uint64_t *value);
bool mb_region_write(struct mb_region *region, uint64_t offset, uint64_t value,
                     unsigned size, int cpu);

/* Called by dma and bus writes from outside translated code, after writing RAM. */
void mb_code_written(struct mb_machine *machine, uint64_t ram_page, uint64_t pages);

struct mb_deferred;

struct mb_machine {
    bool virtual_clock;                /* of mb_machine_new, there for mb_runtime_new */
    int ns_per_insn_shift;
    struct mb_bus *memory;             /* what CPUs see */
    uint64_t ram_pages;                /* count handed out so far */
    struct mb_runtime *runtime;        /* vCPUs, code cache: vcpu.h */
    struct mb_clock *clock;            /* clock.c */
    pthread_mutex_t lock;              /* event, why */
    int event;                         /* enum mb_event, 0 while running */
    char why[512];
    struct mb_dev *devices;            /* newest first */
    struct mb_bus *buses;
    struct mb_deferred *deferred;      /* deferred.c */
    void *handle;                      /* Python's machine */
};

/* First event wins; kicks all CPUs so that mb_machine_run returns. Any thread. */
void mb_machine_post(struct mb_machine *machine, int event, const char *why);

/* ---- runtime: implemented by vcpu.c ----------------------------------------------------- */
struct mb_runtime *mb_runtime_new(struct mb_machine *machine);
void mb_runtime_free(struct mb_runtime *runtime);      /* stops and joins the vCPU threads */
void mb_runtime_kick_all(struct mb_runtime *runtime);
void mb_runtime_reset(struct mb_runtime *runtime);     /* CPUs to power-on; while stopped */
unsigned mb_runtime_cpu_count(struct mb_runtime *runtime);
struct mb_cpu *mb_runtime_cpu(struct mb_runtime *runtime, unsigned index);
/* Regions changed what they are (flash became ROM): every CPU forgets its mappings and all
 * translations before it runs another block. Any thread. */
void mb_runtime_remapped(struct mb_runtime *runtime);
/* mb_machine_run and mb_machine_stop of api.h are vcpu.c's; they use machine->event. */

/* Virtual clock: time is the instruction count. clock.c's mb_clock_ns gives
 * mb_runtime_virtual_ns; setting or cancelling a timer calls mb_runtime_timer_changed, so
 * that the CPU that runs stops in time. The run loop calls mb_clock_next (deadline of the
 * first armed timer, INT64_MAX if none) and, between instructions, mb_clock_ring (rings
 * every timer that is due by then, on this thread). */
int64_t mb_runtime_virtual_ns(struct mb_runtime *runtime);
void mb_runtime_timer_changed(struct mb_runtime *runtime);
int64_t mb_clock_next(struct mb_machine *machine);
void mb_clock_ring(struct mb_machine *machine, int64_t now);
bool mb_clock_is_virtual(struct mb_machine *machine, int *ns_per_insn_shift);

/* A level on an input of a device, from outside (a CPU's output): dev.c. */
void mb_dev_input(struct mb_dev *dev, unsigned port, unsigned index, int cpu, int level);

void mb_set_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
