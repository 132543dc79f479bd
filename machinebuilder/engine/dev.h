/* The engine's half of a device, for dev.c, lines.c, bus.c and deferred.c.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MB_DEV_H
#define MB_DEV_H

#include "bus.h"

struct mb_line;
struct mb_input;

struct mb_param { struct mb_param *next; char *name, *text; uint64_t value; };

/* Lines that a device drives: by port and index. */
struct mb_port { struct mb_line *lines; unsigned count; };

struct mb_alarm { struct mb_timer timer; struct mb_dev *dev; int number; };

struct mb_dev {
    struct mb_machine *machine;
    char *name;
    struct mb_dev *next;                 /* of the machine */
    const struct mb_chip *chip;          /* NULL: a Python chip */
    void *state;
    bool created, big_endian;
    _Atomic(void *) handle;              /* Python's */
    pthread_mutex_t host_lock;           /* of the two below, and while they are called */
    const struct mb_host *host;
    void *host_opaque;

    struct mb_dev *parent, *children, *sibling;
    char *bus;                           /* of the parent */
    unsigned slot;

    struct mb_param *params;
    struct mb_port *ports;
    unsigned port_count;
    struct mb_input *inputs;             /* that are wired */
    struct mb_alarm **alarms;
    int alarm_count;
    struct mb_region **windows;
    unsigned window_count;
    uint64_t reads, writes;              /* by CPUs, so far */
};

/* Python, through cffi: callbacks.h. */
uint64_t mb_py_read(void *handle, unsigned region, uint64_t offset, unsigned size);
void mb_py_write(void *handle, unsigned region, uint64_t offset, uint64_t value,
                 unsigned size);
void mb_py_input(void *handle, unsigned port, unsigned index, int level);
void mb_py_ring(void *handle, int alarm);
void mb_py_reset(void *handle);
void mb_py_send(void *handle, const char *data, size_t size);
void mb_py_ready(void *handle);
size_t mb_py_receive(void *handle, const char *data, size_t size);
void mb_py_log(void *handle, const char *name, const char *text);

/* lines.c */
void mb_lines_free(struct mb_dev *dev);

/* lines.c: the chip that drives that input of a CPU; NULL if none does. */
struct mb_dev *mb_cpu_driver(struct mb_cpu *cpu, unsigned input);

/* bus.c */
void mb_bus_free(struct mb_bus *bus);
struct mb_bus *mb_bus_next(struct mb_bus *bus);
bool mb_dev_add_window(struct mb_dev *dev, struct mb_region *region);

/* dev.c */
void mb_dev_free(struct mb_dev *dev);
/* Between the lanes of the bus, where the byte at the lowest address comes first, and a
 * register of the chip, which may be big-endian. */
uint64_t mb_dev_in_order(const struct mb_dev *dev, uint64_t value, unsigned size);
void mb_dev_reset(struct mb_dev *dev);

/* clock.c */
struct mb_clock *mb_clock_new(struct mb_machine *machine);
void mb_clock_stop(struct mb_clock *clock);       /* nothing rings any more */
void mb_clock_free(struct mb_clock *clock);

/* deferred.c: work for Python that came up under a chip's lock, done in order by a thread
 * of its own. Data is copied. */
enum mb_deferred_kind { MB_DEFER_INPUT, MB_DEFER_SEND, MB_DEFER_READY, MB_DEFER_LOG };
struct mb_deferred *mb_deferred_new(struct mb_machine *machine);
void mb_deferred_stop(struct mb_deferred *deferred);     /* what waits is still done */
void mb_deferred_drain(struct mb_deferred *deferred);    /* return when it is, or in a second */
void mb_defer_input(struct mb_dev *dev, unsigned port, unsigned index, int level);
void mb_defer_send(struct mb_dev *dev, const void *data, size_t size);
void mb_defer_ready(struct mb_dev *dev);
void mb_defer_log(struct mb_machine *machine, const char *name, const char *text);

/* Log what a guest did wrong, once for each (name, site). */
void mb_log_once(struct mb_machine *machine, const char *name, const void *site,
                 const char *text);

#endif
