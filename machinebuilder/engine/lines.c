/* Lines from devices to inputs of devices and CPUs. SPDX-License-Identifier: Apache-2.0
 *
 * Several lines may end at one input: it is high while any of them is. A line whose level
 * did not change costs nothing. What goes from native code to a Python chip is deferred,
 * for the sender may hold its lock. */
#include <stdlib.h>
#include "dev.h"
#include "vcpu.h"
#include "api.h"

/* One input that is wired: of `dev`, or else of `cpu_target`. */
struct mb_input {
    struct mb_input *next;
    struct mb_dev *dev;
    struct mb_cpu *cpu_target;
    unsigned port, index;
    int cpu;
    unsigned drivers, high;
    struct mb_dev *driver;              /* the first one */
    pthread_mutex_t lock;               /* taken if there is more than one driver */
};

struct mb_sink { struct mb_sink *next; struct mb_input *input; };
struct mb_line { bool level; struct mb_sink *sinks; };

static void deliver(struct mb_input *input, int level, bool from_python)
{
    struct mb_dev *dev = input->dev;
    if (!dev)
        input->cpu_target->core->input(input->cpu_target, input->port, level);
    else if (from_python && !dev->chip)
        mb_py_input(dev->handle, input->port, input->index, level);
    else
        mb_dev_input(dev, input->port, input->index, input->cpu, level);
}

static void change(struct mb_input *input, int level, bool from_python)
{
    if (input->drivers == 1) {
        deliver(input, level, from_python);
        return;
    }
    pthread_mutex_lock(&input->lock);
    bool before = input->high;
    input->high += level ? 1 : -1;
    if (before != (input->high != 0))
        deliver(input, level, false);    /* deferred: Python would run under our lock */
    pthread_mutex_unlock(&input->lock);
}

void mb_dev_input(struct mb_dev *dev, unsigned port, unsigned index, int cpu, int level)
{
    if (!dev->chip)
        mb_defer_input(dev, port, index, level);
    else if (dev->chip->input)
        dev->chip->input(dev->state, port, index, cpu, level);
}

static void set_line(struct mb_dev *dev, unsigned port, unsigned index, int level,
                     bool from_python)
{
    if (port >= dev->port_count || index >= dev->ports[port].count)
        return;                          /* not wired */
    struct mb_line *line = &dev->ports[port].lines[index];
    if (line->level == !!level)
        return;
    line->level = !!level;
    for (struct mb_sink *sink = line->sinks; sink; sink = sink->next)
        change(sink->input, !!level, from_python);
}

void mb_dev_out(struct mb_dev *dev, unsigned port, unsigned index, int level)
{
    set_line(dev, port, index, level, false);
}

void mb_dev_drive(struct mb_dev *dev, int port, int index, int level)
{
    set_line(dev, (unsigned)port, (unsigned)index, level, true);
}

/* ---- wiring, before the machine runs ------------------------------------------------------- */
#define MOST_PORTS 4096
#define MOST_LINES 65536

static void *grown(void *array, unsigned *count, unsigned wanted, size_t size)
{
    char *bigger = realloc(array, wanted * size);
    if (!bigger)
        return NULL;
    for (size_t byte = *count * size; byte < wanted * size; byte++)
        bigger[byte] = 0;
    *count = wanted;
    return bigger;
}

static struct mb_line *line_of(struct mb_dev *dev, int port, int index)
{
    if (port < 0 || port >= MOST_PORTS || index < 0 || index >= MOST_LINES)
        return NULL;
    if ((unsigned)port >= dev->port_count) {
        void *ports = grown(dev->ports, &dev->port_count, (unsigned)port + 1,
                            sizeof *dev->ports);
        if (!ports)
            return NULL;
        dev->ports = ports;
    }
    struct mb_port *lines = &dev->ports[port];
    if ((unsigned)index >= lines->count) {
        void *more = grown(lines->lines, &lines->count, (unsigned)index + 1,
                           sizeof *lines->lines);
        if (!more)
            return NULL;
        lines->lines = more;
    }
    return &lines->lines[index];
}

static struct mb_input *input_of(struct mb_dev *owner, struct mb_dev *driver,
                                 struct mb_input wanted)
{
    for (struct mb_input *input = owner->inputs; input; input = input->next)
        if (input->dev == wanted.dev && input->cpu_target == wanted.cpu_target &&
            input->port == wanted.port && input->index == wanted.index &&
            input->cpu == wanted.cpu)
            return input;
    struct mb_input *input = malloc(sizeof *input);
    if (!input)
        return NULL;
    *input = wanted;
    input->driver = driver;
    pthread_mutex_init(&input->lock, NULL);
    input->next = owner->inputs;
    owner->inputs = input;
    return input;
}

/* Inputs are kept by the device they belong to, those of CPUs by the one that drives. */
static int wire(struct mb_dev *dev, int port, int index, struct mb_input wanted)
{
    struct mb_dev *owner = wanted.dev ? wanted.dev : dev;
    struct mb_line *line = line_of(dev, port, index);
    struct mb_input *input = line ? input_of(owner, dev, wanted) : NULL;
    struct mb_sink *sink = input ? malloc(sizeof *sink) : NULL;
    if (!sink) {
        mb_set_error("%s: cannot wire port %d, line %d", dev->name, port, index);
        return -1;
    }
    *sink = (struct mb_sink){.next = line->sinks, .input = input};
    line->sinks = sink;
    input->drivers++;
    return 0;
}

int mb_dev_wire(struct mb_dev *dev, int port, int index, struct mb_dev *target,
                int target_port, int target_index, int target_cpu)
{
    return wire(dev, port, index, (struct mb_input){
        .dev = target, .port = (unsigned)target_port, .index = (unsigned)target_index,
        .cpu = target_cpu});
}

int mb_dev_wire_cpu(struct mb_dev *dev, int port, int index, struct mb_cpu *cpu, int input)
{
    return wire(dev, port, index, (struct mb_input){
        .cpu_target = cpu, .port = (unsigned)input, .cpu = -1});
}

/* ---- who drives an input ------------------------------------------------------------------- */
int mb_dev_acknowledge(struct mb_dev *dev, unsigned port, unsigned index)
{
    for (struct mb_input *input = dev->inputs; input; input = input->next) {
        struct mb_dev *driver = input->driver;
        if (input->dev == dev && input->port == port && input->index == index)
            return driver->chip && driver->chip->acknowledge
                ? driver->chip->acknowledge(driver->state, -1) : -1;
    }
    return -1;
}

struct mb_dev *mb_cpu_driver(struct mb_cpu *cpu, unsigned port)
{
    struct mb_machine *machine = cpu->vcpu->runtime->machine;
    for (struct mb_dev *dev = machine->devices; dev; dev = dev->next)
        for (struct mb_input *input = dev->inputs; input; input = input->next)
            if (input->cpu_target == cpu && input->port == port)
                return input->driver;
    return NULL;
}

void mb_lines_free(struct mb_dev *dev)
{
    for (unsigned port = 0; port < dev->port_count; port++) {
        for (unsigned index = 0; index < dev->ports[port].count; index++)
            for (struct mb_sink *sink = dev->ports[port].lines[index].sinks, *next; sink;
                 sink = next) {
                next = sink->next;
                free(sink);
            }
        free(dev->ports[port].lines);
    }
    free(dev->ports);
    for (struct mb_input *input = dev->inputs, *next; input; input = next) {
        next = input->next;
        pthread_mutex_destroy(&input->lock);
        free(input);
    }
}
