/* What a native chip provides, and what it may use. SPDX: Apache-2.0
 *
 * <chip>.c stands beside <chip>.py, which holds the declaration (registers, parameters,
 * ports); the build generates <chip>.h from it: register offsets and field masks, port and
 * region numbers in the order declared. The chip exports `const struct mb_chip
 * mb_chip_<kind>_<part>`.
 */
#ifndef MB_DEVICE_H
#define MB_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MB_CHIP_ABI 3

struct mb_dev;        /* the engine's half of a device; a chip gets it in create */
struct mb_machine;
struct mb_bus;

struct mb_chip {
    uint32_t abi;
    const char *model;                /* "intc.gicv2" */
    size_t state_size;                /* zeroed before create */

    /* False on failure, after mb_dev_error(dev, "..."). */
    bool (*create)(void *state, struct mb_dev *dev);
    void (*destroy)(void *state);     /* may be NULL; frees what create took */
    void (*reset)(void *state);

    /* Registers. `cpu` is the CPU that asks, -1 for the host or DMA. Size 1, 2, 4 or 8.
     * Called on vCPU threads without the GIL; the chip locks itself. */
    uint64_t (*read)(void *state, unsigned region, uint64_t offset, unsigned size, int cpu);
    void (*write)(void *state, unsigned region, uint64_t offset, uint64_t value,
                  unsigned size, int cpu);

    /* An input line changed. `cpu` is -1 unless the input is per CPU. Any thread. */
    void (*input)(void *state, unsigned port, unsigned index, int cpu, int level);

    /* Bytes from the host back end (console, net frame). Gives how many were taken: a
     * console may take fewer and call mb_dev_receive_ready later. Any thread. */
    size_t (*receive)(void *state, const uint8_t *data, size_t size);

    /* State as bytes for snapshots: NULL data asks for the size. */
    size_t (*save)(void *state, uint8_t *data, size_t size);
    bool (*restore)(void *state, const uint8_t *data, size_t size);

    /* For a chip on a bus that a native chip offers (virtio.blk on virtio.mmio): the
     * bus's own table of functions, as that bus's header defines. */
    const void *bus_ops;

    /* Where what sits on a bus of this chip finds memory: false if a DMA access to
     * `*address` of that bus reaches nothing. `*address` becomes the address on the bus
     * that the chip itself sits on; `*size` is lowered to what is contiguous there. NULL:
     * addresses are the same. Any thread, while other chips hold their locks. */
    bool (*translate)(void *state, uint64_t *address, size_t *size, bool write);

    /* An interrupt acknowledge cycle of `cpu`, or of the chip whose input this one drives:
     * gives the vector, and holds that interrupt as in service; -1: there is none. */
    int (*acknowledge)(void *state, int cpu);

    /* The screen as RGB, three bytes a pixel: gives the bytes it takes, writes them if there
     * is `room` for them, and says how large it is. 0: nothing is shown. Any thread. */
    size_t (*picture)(void *state, unsigned *width, unsigned *height, uint8_t *rgb,
                      size_t room);
};

/* ---- parameters (checked and typed by the board language) ---- */
uint64_t mb_dev_param(struct mb_dev *dev, const char *name);            /* int, size, bool */
const char *mb_dev_param_str(struct mb_dev *dev, const char *name);     /* NULL if unset */
const char *mb_dev_name(struct mb_dev *dev);
void mb_dev_error(struct mb_dev *dev, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void mb_dev_log(struct mb_dev *dev, const char *format, ...)            /* guest errors */
    __attribute__((format(printf, 2, 3)));
struct mb_machine *mb_dev_machine(struct mb_dev *dev);
unsigned mb_dev_cpu_count(struct mb_dev *dev);
/* Halt a CPU until its next interrupt; from the access in which it asks for that. */
void mb_cpu_pause(struct mb_dev *dev, unsigned cpu);

/* ---- the machine: any thread ---- */
void mb_dev_shutdown(struct mb_dev *dev, const char *why);              /* power off */
void mb_dev_restart(struct mb_dev *dev, const char *why);               /* reset */

/* ---- interrupts as messages: MSI, I/O APIC and IPI are writes to 0xfee0_0000-0xfeef_ffff.
 * The sender may hold its lock; the sink is a local APIC, or a hypervisor's ---- */
void mb_msi(struct mb_machine *machine, uint64_t address, uint32_t data);
void mb_msi_sink(struct mb_machine *machine,
                 void (*sink)(void *opaque, uint64_t address, uint32_t data), void *opaque);
/* A CPU ended a level-triggered interrupt: all listeners are told. Without a lock held. */
void mb_eoi(struct mb_machine *machine, uint8_t vector);
bool mb_eoi_listen(struct mb_machine *machine, void (*listener)(void *opaque, uint8_t vector),
                   void *opaque);
/* Ask the chip that drives this input of `dev` to acknowledge; -1: nobody, or nothing. */
int mb_dev_acknowledge(struct mb_dev *dev, unsigned port, unsigned index);
enum mb_cpu_message_kind { MB_CPU_INIT, MB_CPU_STARTUP, MB_CPU_NMI, MB_CPU_SMI };
void mb_cpu_message(struct mb_dev *dev, unsigned cpu, enum mb_cpu_message_kind kind,
                    unsigned vector);

/* ---- lines: idempotent; a level that did not change costs nothing ---- */
void mb_dev_out(struct mb_dev *dev, unsigned port, unsigned index, int level);

/* ---- the child bus: who sits on `bus` of dev at key value `slot`; NULL if nobody ---- */
struct mb_dev *mb_dev_child(struct mb_dev *dev, const char *bus, unsigned slot);
struct mb_dev *mb_dev_parent(struct mb_dev *dev);
unsigned mb_dev_slot(struct mb_dev *dev);      /* where it sits: all its keys as one number */
void *mb_dev_state(struct mb_dev *dev);
/* A register of another device, as that one's bridge reaches it: chips in C or Python. */
uint64_t mb_dev_access_read(struct mb_dev *dev, unsigned region, uint64_t offset,
                            unsigned size, int cpu);
void mb_dev_access_write(struct mb_dev *dev, unsigned region, uint64_t offset,
                         uint64_t value, unsigned size, int cpu);
const struct mb_chip *mb_dev_chip(struct mb_dev *dev);

/* ---- time: guest nanoseconds since power-on (real or virtual, as the board says) ---- */
struct mb_timer {
    struct mb_machine *machine;
    void (*ring)(void *opaque);
    void *opaque;
    int64_t deadline;      /* ns; INT64_MAX when not armed; engine's */
    size_t position;       /* in the heap; engine's */
};
int64_t mb_clock_ns(struct mb_machine *machine);
void mb_timer_init(struct mb_timer *timer, struct mb_machine *machine,
                   void (*ring)(void *opaque), void *opaque);
void mb_timer_set(struct mb_timer *timer, int64_t deadline_ns);   /* rings on its thread */
void mb_timer_cancel(struct mb_timer *timer);   /* does not wait for a ring under way */

/* ---- DMA: guest physical memory as this device's bus sees it; false: nothing there ---- */
bool mb_dma_read(struct mb_dev *dev, uint64_t address, void *data, size_t size);
bool mb_dma_write(struct mb_dev *dev, uint64_t address, const void *data, size_t size);
/* RAM in place: up to *size bytes, *size lowered to what is contiguous; NULL if not RAM.
 * After writing through it, mb_dma_wrote drops translations of code that was there. */
void *mb_dma_map(struct mb_dev *dev, uint64_t address, size_t *size);
void mb_dma_wrote(struct mb_dev *dev, uint64_t address, size_t size);

/* ---- RAM-like windows: flash that is sometimes memory (see mem.h of the engine) ---- */
/* Make region `region` read from `host` directly (ROM), or trap again with host NULL. */
void mb_dev_region_rom(struct mb_dev *dev, unsigned region, const void *host);

/* Windows whose place the guest chooses. Any thread; the chip may hold its lock. */
void mb_dev_region_place(struct mb_dev *dev, unsigned region, uint64_t address, bool visible);
/* The memory of a window that is real memory, for as long as the chip exists. */
void *mb_dev_region_memory(struct mb_dev *dev, unsigned region);
/* Which accesses to part of it reach the memory; others come to read and write. Nothing:
 * the window is not there, and what it lies over is seen. Whole pieces (Region.step). */
enum { MB_SHOW_READ = 1, MB_SHOW_WRITE = 2, MB_SHOW_CALLS = 4 };
void mb_dev_region_show(struct mb_dev *dev, unsigned region, uint64_t offset, uint64_t size,
                        unsigned how);
/* Read what a window lies over. */
bool mb_dev_beneath(struct mb_dev *dev, unsigned region, uint64_t offset, unsigned size,
                    uint64_t *value);

/* ---- doorbells: writes that only wake the chip's thread. Where CPUs run on KVM, a CPU that
 * writes `value` with `size` bytes there signals an eventfd (not blocking, to be read), and
 * the chip is not called; all other writes call it as ever. It follows its window. ---- */
struct mb_doorbell { unsigned region; uint64_t offset; unsigned size; uint64_t value; };
int mb_dev_doorbell(struct mb_dev *dev, const struct mb_doorbell *what);   /* -1: none */
/* By destroy at the latest; nobody waits on it any more. */
void mb_dev_doorbell_free(struct mb_dev *dev, int fd);

/* ---- host back end (console, net): bytes out; in comes by mb_chip.receive ---- */
void mb_dev_send(struct mb_dev *dev, const void *data, size_t size);
void mb_dev_receive_ready(struct mb_dev *dev);

/* For back ends in C (machinebuilder/host): what the two functions above call for `dev`,
 * on the chip's thread; NULL takes it away. A back end gives bytes by mb_dev_give. */
struct mb_host {
    void (*send)(void *opaque, const void *data, size_t size);
    void (*ready)(void *opaque);      /* may be NULL */
};
void mb_dev_set_host(struct mb_dev *dev, const struct mb_host *host, void *opaque);
size_t mb_dev_give(struct mb_dev *dev, const void *data, size_t size);

#endif
