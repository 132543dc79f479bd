/* Buses, regions and the machine, for the engine's own C files. SPDX: Apache-2.0 */
#ifndef MB_BUS_H
#define MB_BUS_H

#include <pthread.h>
#include "device.h"
#include "core.h"

/* Where windows lie over each other, the higher layer is seen. */
enum mb_layer { MB_LAYER_MOVING, MB_LAYER_FIXED, MB_LAYER_OVER };

/* One window on a bus. RAM and ROM have `host`; all else goes to its device or stub. A
 * window may move or vanish at run time; what answers at an address is in the bus's view. */
struct mb_region {
    uint64_t start, size;      /* changed with the view's lock held */
    const char *name;
    uint8_t *host;             /* reads go straight there: RAM, ROM, flash at times */
    bool writable;             /* stores go straight to host */
    uint8_t *memory;           /* of a window that is real memory, whoever is asked now */
    uint64_t mapped;           /* bytes from `memory` on, of the first window of its region */
    uint64_t ram_page;         /* number of its first 4 KiB page among all RAM and ROM, for
                                  the engine's per-page tables (code, mapped) */
    struct mb_dev *dev;        /* NULL for RAM, ROM, stubs */
    unsigned index;            /* the device's region number */
    bool stub;
    uint64_t value, offset;    /* a stub's value; start of this window in the device region */
    uint64_t touches;          /* stubs: accesses so far (first one is logged) */
    struct mb_machine *machine;
    struct mb_bus *bus;
    enum mb_layer layer;
    bool placed, shown;        /* it answers if both */
};

/* What answers at an address: `offset` in the window, and for how many bytes from there. */
struct mb_slice {
    struct mb_region *region;
    uint64_t offset, room;
};

const char *mb_bus_name(const struct mb_bus *bus);
/* False: nothing is there. Lock-free; regions live as long as the machine. */
bool mb_bus_find(struct mb_bus *bus, uint64_t address, struct mb_slice *slice);
/* What a window that answers at `address` lies over; false if nothing. */
bool mb_bus_beneath(struct mb_region *region, uint64_t address, struct mb_slice *slice);
/* Calls `visit` for what is seen, in order, while nothing can change. */
void mb_bus_each(struct mb_bus *bus, void (*visit)(void *opaque, uint64_t start,
                                                   const struct mb_slice *slice),
                 void *opaque);

/* One access of a CPU: size 1, 2, 4, 8. Where windows meet inside it, byte by byte. False:
 * nothing answers at `address`. */
bool mb_bus_load(struct mb_bus *bus, uint64_t address, unsigned size, int cpu,
                 uint64_t *value);
bool mb_bus_store(struct mb_bus *bus, uint64_t address, uint64_t value, unsigned size,
                  int cpu);

/* Access a region that has no `host` (or a ROM that is written): size 1, 2, 4, 8 within
 * the region. False: the device refused (bus error). Stops the machine on a device error. */
bool mb_region_read(struct mb_region *region, uint64_t offset, unsigned size, int cpu,
                    uint64_t *value);
bool mb_region_write(struct mb_region *region, uint64_t offset, uint64_t value,
                     unsigned size, int cpu);

/* Called by dma and bus writes from outside translated code, after writing RAM. */
void mb_code_written(struct mb_machine *machine, uint64_t ram_page, uint64_t pages);

struct mb_deferred;

#define MB_EOI_LISTENERS 8

struct mb_machine {
    bool virtual_clock;                /* of mb_machine_new, there for mb_runtime_new */
    int ns_per_insn_shift;
    struct mb_bus *memory;             /* what CPUs see */
    uint64_t ram_pages;                /* count handed out so far */
    struct mb_runtime *runtime;        /* vCPUs, code cache: vcpu.h */
    struct mb_clock *clock;            /* clock.c */
    pthread_mutex_t lock;              /* event, why */
    int event;                         /* enum mb_event, 0 while running */
    char why[2048];
    struct mb_dev *devices;            /* newest first */
    struct mb_bus *buses;
    struct mb_deferred *deferred;      /* deferred.c */
    void *handle;                      /* Python's machine */
    void (*msi_sink)(void *opaque, uint64_t address, uint32_t data);
    void *msi_opaque;
    struct mb_eoi_listener { void (*listener)(void *, uint8_t); void *opaque; }
        eoi[MB_EOI_LISTENERS];
    unsigned eoi_count;
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
