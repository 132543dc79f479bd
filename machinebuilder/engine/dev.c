/* The engine's half of devices: parameters, child buses, host back ends, alarms.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dev.h"
#include "api.h"

/* ---- making ------------------------------------------------------------------------------ */
static struct mb_dev *new_dev(struct mb_machine *machine, const char *name)
{
    struct mb_dev *dev = calloc(1, sizeof *dev);
    if (!dev || !(dev->name = strdup(name))) {
        mb_set_error("%s: no memory", name);
        free(dev);
        return NULL;
    }
    pthread_mutex_init(&dev->host_lock, NULL);
    dev->machine = machine;
    dev->next = machine->devices;
    machine->devices = dev;
    return dev;
}

struct mb_dev *mb_dev_new_python(struct mb_machine *machine, const char *name, void *handle)
{
    struct mb_dev *dev = new_dev(machine, name);
    if (dev)
        dev->handle = handle;
    return dev;
}

int mb_dev_sit(struct mb_dev *dev, struct mb_dev *parent, const char *bus, int slot)
{
    if (mb_dev_child(parent, bus, (unsigned)slot)) {
        mb_set_error("%s: slot %d of %s is taken", dev->name, slot, parent->name);
        return -1;
    }
    dev->bus = strdup(bus);
    if (!dev->bus)
        return -1;
    dev->parent = parent;
    dev->slot = (unsigned)slot;
    dev->sibling = parent->children;
    parent->children = dev;
    return 0;
}

struct mb_dev *mb_dev_new_native(struct mb_machine *machine, const char *name,
                                 const void *chip_object)
{
    const struct mb_chip *chip = chip_object;
    if (chip->abi != MB_CHIP_ABI) {
        mb_set_error("%s: chip %s is built for another version (%u, not %u)", name,
                     chip->model, chip->abi, MB_CHIP_ABI);
        return NULL;
    }
    struct mb_dev *dev = new_dev(machine, name);
    if (!dev)
        return NULL;
    dev->chip = chip;
    dev->state = calloc(1, chip->state_size ? chip->state_size : 1);
    if (!dev->state) {
        mb_set_error("%s: no memory", name);
        return NULL;
    }
    return dev;
}

int mb_dev_create(struct mb_dev *dev)
{
    if (dev->created || !dev->chip)
        return 0;
    mb_set_error("%s: cannot be created", dev->name);
    dev->created = !dev->chip->create || dev->chip->create(dev->state, dev);
    return dev->created ? 0 : -1;
}

void mb_dev_set_big_endian(struct mb_dev *dev, int on)
{
    dev->big_endian = on;
}

uint64_t mb_dev_in_order(const struct mb_dev *dev, uint64_t value, unsigned size)
{
    return dev->big_endian ? __builtin_bswap64(value) >> (64 - 8 * size) : value;
}

void mb_dev_set_parent(struct mb_dev *dev, struct mb_dev *parent)
{
    dev->parent = parent;
}

void mb_dev_reset(struct mb_dev *dev)
{
    if (!dev->chip)
        mb_py_reset(dev->handle);
    else if (dev->chip->reset)
        dev->chip->reset(dev->state);
}

static void free_params(struct mb_dev *dev)
{
    for (struct mb_param *param = dev->params, *next; param; param = next) {
        next = param->next;
        free(param->name);
        free(param->text);
        free(param);
    }
}

void mb_dev_free(struct mb_dev *dev)
{
    if (dev->created && dev->chip->destroy)
        dev->chip->destroy(dev->state);
    for (int i = 0; i < dev->alarm_count; i++)
        free(dev->alarms[i]);
    free(dev->alarms);
    free_params(dev);
    mb_lines_free(dev);
    free(dev->windows);
    pthread_mutex_destroy(&dev->host_lock);
    free(dev->state);
    free(dev->bus);
    free(dev->name);
    free(dev);
}

/* ---- what chips ask -------------------------------------------------------------------------- */
const char *mb_dev_name(struct mb_dev *dev) { return dev->name; }
struct mb_machine *mb_dev_machine(struct mb_dev *dev) { return dev->machine; }
struct mb_dev *mb_dev_parent(struct mb_dev *dev) { return dev->parent; }
void *mb_dev_state(struct mb_dev *dev) { return dev->state; }
unsigned mb_dev_slot(struct mb_dev *dev) { return dev->slot; }
const struct mb_chip *mb_dev_chip(struct mb_dev *dev) { return dev->chip; }

unsigned mb_dev_cpu_count(struct mb_dev *dev)
{
    return mb_runtime_cpu_count(dev->machine->runtime);
}

void mb_cpu_pause(struct mb_dev *dev, unsigned number)
{
    struct mb_runtime *runtime = dev->machine->runtime;
    if (number >= mb_runtime_cpu_count(runtime))
        return;
    struct mb_cpu *cpu = mb_runtime_cpu(runtime, number);
    cpu->halted = 1;
    mb_cpu_kick(cpu);
}

struct mb_dev *mb_dev_child(struct mb_dev *dev, const char *bus, unsigned slot)
{
    for (struct mb_dev *child = dev->children; child; child = child->sibling)
        if (child->slot == slot && !strcmp(child->bus, bus))
            return child;
    return NULL;
}

void mb_dev_error(struct mb_dev *dev, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mb_set_error("%s: %s", dev->name, text);
}

void mb_dev_log(struct mb_dev *dev, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mb_log_once(dev->machine, dev->name, format, text);
}

/* ---- parameters ------------------------------------------------------------------------------- */
static struct mb_param *param(struct mb_dev *dev, const char *name)
{
    for (struct mb_param *param = dev->params; param; param = param->next)
        if (!strcmp(param->name, name))
            return param;
    return NULL;
}

static int set_param(struct mb_dev *dev, const char *name, const char *text, uint64_t value)
{
    struct mb_param *made = calloc(1, sizeof *made);
    if (!made || !(made->name = strdup(name)) || (text && !(made->text = strdup(text)))) {
        mb_set_error("%s: no memory", dev->name);
        if (made)
            free(made->name);
        free(made);
        return -1;
    }
    made->value = value;
    made->next = dev->params;           /* the newest of a name counts */
    dev->params = made;
    return 0;
}

int mb_dev_set_param(struct mb_dev *dev, const char *name, uint64_t value)
{
    return set_param(dev, name, NULL, value);
}

int mb_dev_set_param_str(struct mb_dev *dev, const char *name, const char *value)
{
    return set_param(dev, name, value, 0);
}

uint64_t mb_dev_param(struct mb_dev *dev, const char *name)
{
    struct mb_param *found = param(dev, name);
    return found ? found->value : 0;
}

const char *mb_dev_param_str(struct mb_dev *dev, const char *name)
{
    struct mb_param *found = param(dev, name);
    return found ? found->text : NULL;
}

uint64_t mb_dev_access_read(struct mb_dev *dev, unsigned region, uint64_t offset,
                            unsigned size, int cpu)
{
    if (!dev->chip)
        return mb_py_read(dev->handle, region, offset, size);
    return dev->chip->read ? dev->chip->read(dev->state, region, offset, size, cpu) : 0;
}

void mb_dev_access_write(struct mb_dev *dev, unsigned region, uint64_t offset,
                         uint64_t value, unsigned size, int cpu)
{
    if (!dev->chip)
        mb_py_write(dev->handle, region, offset, value, size);
    else if (dev->chip->write)
        dev->chip->write(dev->state, region, offset, value, size, cpu);
}

/* ---- windows, from the host ------------------------------------------------------------------- */
bool mb_dev_add_window(struct mb_dev *dev, struct mb_region *region)
{
    size_t size = (dev->window_count + 1) * sizeof *dev->windows;
    struct mb_region **windows = realloc(dev->windows, size);
    if (!windows) {
        mb_set_error("%s: no memory", dev->name);
        return false;
    }
    dev->windows = windows;
    windows[dev->window_count++] = region;
    return true;
}

static struct mb_region *window(struct mb_dev *dev, int index, uint64_t offset, int size)
{
    for (unsigned i = 0; i < dev->window_count; i++) {
        struct mb_region *region = dev->windows[i];
        if (region->index == (unsigned)index && offset - region->offset < region->size &&
            (uint64_t)size <= region->size - (offset - region->offset))
            return region;
    }
    return NULL;
}

uint64_t mb_dev_peek(struct mb_dev *dev, int region, uint64_t offset, int size)
{
    struct mb_region *found = window(dev, region, offset, size);
    uint64_t value = 0;
    if (found)
        mb_region_read(found, offset - found->offset, (unsigned)size, -1, &value);
    return mb_dev_in_order(dev, value, (unsigned)size);
}

void mb_dev_poke(struct mb_dev *dev, int region, uint64_t offset, uint64_t value, int size)
{
    struct mb_region *found = window(dev, region, offset, size);
    value = mb_dev_in_order(dev, value, (unsigned)size);
    if (found)
        mb_region_write(found, offset - found->offset, value, (unsigned)size, -1);
}

int mb_dev_dma_read(struct mb_dev *dev, uint64_t address, void *data, size_t size)
{
    return mb_dma_read(dev, address, data, size) ? 0 : -1;
}

int mb_dev_dma_write(struct mb_dev *dev, uint64_t address, const void *data, size_t size)
{
    return mb_dma_write(dev, address, data, size) ? 0 : -1;
}

/* ---- snapshots ---------------------------------------------------------------------------- */
size_t mb_dev_save(struct mb_dev *dev, void *data, size_t size)
{
    if (!dev->chip || !dev->chip->save)
        return 0;
    size_t needed = dev->chip->save(dev->state, NULL, 0);
    return needed <= size ? dev->chip->save(dev->state, data, size) : needed;
}

int mb_dev_restore(struct mb_dev *dev, const void *data, size_t size)
{
    if (!dev->chip || !dev->chip->restore)
        return size ? -1 : 0;
    mb_set_error("%s: this is not a state of %s", dev->name, dev->chip->model);
    return dev->chip->restore(dev->state, data, size) ? 0 : -1;
}

/* ---- the host back end -------------------------------------------------------------------------- */
void mb_dev_set_handle(struct mb_dev *dev, void *handle)
{
    dev->handle = handle;
}

/* After this, the back end that was there is not called any more. */
void mb_dev_set_host(struct mb_dev *dev, const struct mb_host *host, void *opaque)
{
    pthread_mutex_lock(&dev->host_lock);
    dev->host_opaque = opaque;
    dev->host = host;
    pthread_mutex_unlock(&dev->host_lock);
}

void mb_dev_send(struct mb_dev *dev, const void *data, size_t size)
{
    pthread_mutex_lock(&dev->host_lock);
    bool native = dev->host != NULL;
    if (native)
        dev->host->send(dev->host_opaque, data, size);
    pthread_mutex_unlock(&dev->host_lock);
    if (!native && dev->handle)
        mb_defer_send(dev, data, size);
}

void mb_dev_receive_ready(struct mb_dev *dev)
{
    pthread_mutex_lock(&dev->host_lock);
    bool native = dev->host != NULL;
    if (native && dev->host->ready)
        dev->host->ready(dev->host_opaque);
    pthread_mutex_unlock(&dev->host_lock);
    if (!native && dev->handle)
        mb_defer_ready(dev);
}

/* Of chips in Python, whose consoles are Python's: for back ends in C alone. */
void mb_dev_emit(struct mb_dev *dev, const void *frame, size_t size)
{
    pthread_mutex_lock(&dev->host_lock);
    if (dev->host)
        dev->host->send(dev->host_opaque, frame, size);
    pthread_mutex_unlock(&dev->host_lock);
}

void mb_dev_emit_ready(struct mb_dev *dev)
{
    pthread_mutex_lock(&dev->host_lock);
    if (dev->host && dev->host->ready)
        dev->host->ready(dev->host_opaque);
    pthread_mutex_unlock(&dev->host_lock);
}

size_t mb_dev_give(struct mb_dev *dev, const void *data, size_t size)
{
    if (!dev->chip && dev->handle)
        return mb_py_receive(dev->handle, data, size);
    return dev->chip && dev->chip->receive ? dev->chip->receive(dev->state, data, size) : 0;
}

size_t mb_dev_picture(struct mb_dev *dev, unsigned *width, unsigned *height, void *rgb,
                      size_t room)
{
    return dev->chip && dev->chip->picture
        ? dev->chip->picture(dev->state, width, height, rgb, room) : 0;
}

void mb_dev_accesses(struct mb_dev *dev, uint64_t *reads, uint64_t *writes)
{
    *reads = __atomic_load_n(&dev->reads, __ATOMIC_RELAXED);
    *writes = __atomic_load_n(&dev->writes, __ATOMIC_RELAXED);
}

void mb_dev_set_input(struct mb_dev *dev, int port, int index, int level)
{
    mb_dev_input(dev, (unsigned)port, (unsigned)index, -1, level);
}

/* ---- alarms of Python chips ------------------------------------------------------------------------ */
static void ring(void *opaque)
{
    struct mb_alarm *alarm = opaque;
    mb_py_ring(alarm->dev->handle, alarm->number);
}

int mb_dev_add_alarm(struct mb_dev *dev)
{
    size_t size = (size_t)(dev->alarm_count + 1) * sizeof *dev->alarms;
    struct mb_alarm **alarms = realloc(dev->alarms, size);
    struct mb_alarm *alarm = calloc(1, sizeof *alarm);
    if (alarms)
        dev->alarms = alarms;
    if (!alarms || !alarm) {
        free(alarm);
        mb_set_error("%s: no memory", dev->name);
        return -1;
    }
    alarm->dev = dev;
    alarm->number = dev->alarm_count;
    mb_timer_init(&alarm->timer, dev->machine, ring, alarm);
    alarms[dev->alarm_count++] = alarm;
    return alarm->number;
}

void mb_dev_arm(struct mb_dev *dev, int alarm, int64_t deadline_ns)
{
    if (alarm >= 0 && alarm < dev->alarm_count)
        mb_timer_set(&dev->alarms[alarm]->timer, deadline_ns);
}
