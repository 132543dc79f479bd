/* The engine as native chips see it, cut down to a bench: 16 MiB of RAM, parameters,
 * levels of lines, bytes sent. As a program it plays a script of operations from standard
 * input, for runs with sanitizers. SPDX-License-Identifier: Apache-2.0
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "bus.h"

enum { RAM_BASE = 0x40000000, RAM_SIZE = 16 << 20, PARAMS = 8, SENT = 1 << 20,
       PORTS = 4, LINES = 32, TIMERS = 32, WIRES = 32, LISTENERS = 4, MESSAGES = 1024,
       WINDOWS = 8, WINDOW_SIZE = 16 << 20 };

uint8_t bench_ram[RAM_SIZE] __attribute__((aligned(64)));   /* more: no red zone */
char bench_error[1024];

struct mb_dev {
    const char *name;
    const struct mb_chip *chip;
    void *state;
    struct mb_dev *parent;
    unsigned cpus, count;
    struct { const char *name, *text; uint64_t value; } params[PARAMS];
    int level[PORTS][LINES];
    struct wire { unsigned port, index; struct mb_dev *to; unsigned in, at; } wires[WIRES];
    unsigned wire_count;
    void *windows[WINDOWS];
    unsigned changes, logs, ready;
    const struct mb_host *host;
    void *host_opaque;
    uint8_t sent[SENT];
    size_t sent_size;
};

void bench_place(struct mb_dev *dev, unsigned slot);    /* native_pci.c */
void bench_bad_spot(uint64_t start, uint64_t end);      /* native_disk.c */

/* A chip may call from its threads: one lock for all that the bench keeps. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

uint64_t mb_dev_param(struct mb_dev *dev, const char *name)
{
    for (unsigned i = 0; i < dev->count; i++)
        if (!strcmp(dev->params[i].name, name))
            return dev->params[i].value;
    return 0;
}

const char *mb_dev_param_str(struct mb_dev *dev, const char *name)
{
    for (unsigned i = 0; i < dev->count; i++)
        if (!strcmp(dev->params[i].name, name))
            return dev->params[i].text;
    return NULL;
}

const char *mb_dev_name(struct mb_dev *dev) { return dev->name; }
unsigned mb_dev_cpu_count(struct mb_dev *dev) { return dev->cpus; }
void mb_cpu_pause(struct mb_dev *dev, unsigned cpu) {}
struct mb_dev *mb_dev_parent(struct mb_dev *dev) { return dev->parent; }
void *mb_dev_state(struct mb_dev *dev) { return dev->state; }
const struct mb_chip *mb_dev_chip(struct mb_dev *dev) { return dev->chip; }

void mb_set_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(bench_error, sizeof bench_error, format, arguments);
    va_end(arguments);
}

void mb_dev_error(struct mb_dev *dev, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(bench_error, sizeof bench_error, format, arguments);
    va_end(arguments);
}

void mb_dev_log(struct mb_dev *dev, const char *format, ...)
{
    pthread_mutex_lock(&lock);
    dev->logs++;
    pthread_mutex_unlock(&lock);
}

void mb_dev_out(struct mb_dev *dev, unsigned port, unsigned index, int level)
{
    pthread_mutex_lock(&lock);
    bool change = dev->level[port][index] != level;
    dev->changes += change;
    dev->level[port][index] = level;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    for (unsigned i = 0; change && i < dev->wire_count; i++) {
        struct wire *wire = &dev->wires[i];
        if (wire->port == port && wire->index == index)
            wire->to->chip->input(wire->to->state, wire->in, wire->at, -1, level);
    }
}

/* ---- wires and messages between chips ------------------------------------------------------ */
static struct mb_dev *devices[LISTENERS];   /* that were wired to another one */
static struct { const char *kind; uint64_t to, what; } messages[MESSAGES];
static unsigned message_count;
static void (*msi_sink)(void *opaque, uint64_t address, uint32_t data);
static void *msi_opaque;
static struct { void (*hear)(void *opaque, uint8_t vector); void *opaque; } eoi[LISTENERS];

static void note(const char *kind, uint64_t to, uint64_t what)
{
    pthread_mutex_lock(&lock);
    messages[message_count].kind = kind;
    messages[message_count].to = to;
    messages[message_count].what = what;
    message_count += message_count < MESSAGES - 1;
    pthread_mutex_unlock(&lock);
}

void bench_wire(struct mb_dev *dev, unsigned port, unsigned index, struct mb_dev *to,
                unsigned in, unsigned at)
{
    if (dev->wire_count < WIRES)
        dev->wires[dev->wire_count++] = (struct wire){ port, index, to, in, at };
    for (unsigned i = 0; i < LISTENERS; i++)
        if (!devices[i] || devices[i] == dev) {
            devices[i] = dev;
            return;
        }
}

int bench_acknowledge(struct mb_dev *dev, int cpu)
{
    return dev->chip->acknowledge(dev->state, cpu);
}

int mb_dev_acknowledge(struct mb_dev *dev, unsigned port, unsigned index)
{
    for (unsigned i = 0; i < LISTENERS && devices[i]; i++)
        for (unsigned n = 0; n < devices[i]->wire_count; n++) {
            struct wire *wire = &devices[i]->wires[n];
            if (wire->to == dev && wire->in == port && wire->at == index)
                return bench_acknowledge(devices[i], -1);
        }
    return -1;
}

void mb_msi(struct mb_machine *machine, uint64_t address, uint32_t data)
{
    note("msi", address, data);
    if (msi_sink)
        msi_sink(msi_opaque, address, data);
}

void mb_msi_sink(struct mb_machine *machine,
                 void (*sink)(void *opaque, uint64_t address, uint32_t data), void *opaque)
{
    msi_sink = sink;
    msi_opaque = opaque;
}

void mb_eoi(struct mb_machine *machine, uint8_t vector)
{
    note("eoi", 0, vector);
    for (unsigned i = 0; i < LISTENERS && eoi[i].hear; i++)
        eoi[i].hear(eoi[i].opaque, vector);
}

bool mb_eoi_listen(struct mb_machine *machine, void (*listener)(void *opaque, uint8_t vector),
                   void *opaque)
{
    unsigned i = 0;
    while (i < LISTENERS && eoi[i].hear)
        i++;
    if (i == LISTENERS)
        return false;
    eoi[i].hear = listener;
    eoi[i].opaque = opaque;
    return true;
}

void mb_cpu_message(struct mb_dev *dev, unsigned cpu, enum mb_cpu_message_kind kind,
                    unsigned vector)
{
    static const char *const kinds[] = { "init", "startup", "nmi", "smi" };
    note(kinds[kind], cpu, vector);
}

/* Message `n` since the last call with a number past the end: NULL there. */
const char *bench_message(unsigned n, uint64_t *to, uint64_t *what)
{
    if (n >= message_count) {
        message_count = 0;
        return NULL;
    }
    *to = messages[n].to;
    *what = messages[n].what;
    return messages[n].kind;
}

static void forget_wires(void)
{
    memset(devices, 0, sizeof devices);
    memset(eoi, 0, sizeof eoi);
    msi_sink = NULL;
    message_count = 0;
}

void *mb_dma_map(struct mb_dev *dev, uint64_t address, size_t *size)
{
    if (address < RAM_BASE || address >= RAM_BASE + (uint64_t)RAM_SIZE)
        return NULL;
    size_t left = RAM_BASE + (uint64_t)RAM_SIZE - address;
    *size = *size < left ? *size : left;
    return bench_ram + (address - RAM_BASE);
}

void mb_dma_wrote(struct mb_dev *dev, uint64_t address, size_t size) {}

bool mb_dma_read(struct mb_dev *dev, uint64_t address, void *data, size_t size)
{
    size_t room = size;
    const void *from = mb_dma_map(dev, address, &room);
    if (!from || room < size)
        return false;
    memcpy(data, from, size);
    return true;
}

int mb_dev_doorbell(struct mb_dev *dev, const struct mb_doorbell *what)
{
    return -1;
}

void mb_dev_doorbell_free(struct mb_dev *dev, int fd)
{
}

/* Windows of real memory are all of one size. */
void *mb_dev_region_memory(struct mb_dev *dev, unsigned region)
{
    if (!dev->windows[region])
        dev->windows[region] = calloc(1, WINDOW_SIZE);
    return dev->windows[region];
}

bool bench_translate(struct mb_dev *dev, uint64_t *address, size_t *size, int write)
{
    return dev->chip->translate(dev->state, address, size, write);
}

/* ---- time stands still until told ---------------------------------------------------------- */
static int64_t now;
static struct mb_timer *timers[TIMERS];
static unsigned timer_count;

struct mb_machine *mb_dev_machine(struct mb_dev *dev) { return NULL; }
int64_t mb_clock_ns(struct mb_machine *machine) { return now; }

void mb_timer_init(struct mb_timer *timer, struct mb_machine *machine,
                   void (*ring)(void *opaque), void *opaque)
{
    *timer = (struct mb_timer){.ring = ring, .opaque = opaque, .deadline = INT64_MAX};
    timers[timer_count++ % TIMERS] = timer;
}

void mb_timer_set(struct mb_timer *timer, int64_t deadline) { timer->deadline = deadline; }
void mb_timer_cancel(struct mb_timer *timer) { timer->deadline = INT64_MAX; }

static struct mb_timer *next_timer(int64_t end)
{
    struct mb_timer *found = NULL;
    for (unsigned i = 0; i < TIMERS; i++)
        if (timers[i] && timers[i]->deadline <= end &&
            (!found || timers[i]->deadline < found->deadline))
            found = timers[i];
    return found;
}

static unsigned rings;

/* Time passes, and the timers' thread does not get to run. */
void bench_stall(int64_t ns) { now += ns; }
void bench_set_clock(int64_t ns) { now = ns; }
unsigned bench_rings(struct mb_dev *dev) { return rings; }

void bench_sleep(int64_t ns)
{
    int64_t end = now + ns;
    for (struct mb_timer *timer; (timer = next_timer(end));) {
        now = timer->deadline > now ? timer->deadline : now;
        timer->deadline = INT64_MAX;
        timer->ring(timer->opaque);
        rings++;
    }
    now = end;
}

/* Before a chip with timers or wires is freed. */
void bench_forget_timers(void)
{
    forget_wires();
    memset(timers, 0, sizeof timers);
    timer_count = 0;
}

void mb_dev_set_host(struct mb_dev *dev, const struct mb_host *host, void *opaque)
{
    pthread_mutex_lock(&lock);
    dev->host = host;
    dev->host_opaque = opaque;
    pthread_mutex_unlock(&lock);
}

static void record(struct mb_dev *dev, const void *data, size_t size)
{
    size_t room = SENT - dev->sent_size;
    memcpy(dev->sent + dev->sent_size, data, size < room ? size : room);
    dev->sent_size += size < room ? size : room;
    pthread_cond_broadcast(&changed);
}

void mb_dev_send(struct mb_dev *dev, const void *data, size_t size)
{
    pthread_mutex_lock(&lock);
    if (dev->host)
        dev->host->send(dev->host_opaque, data, size);
    record(dev, data, size);
    pthread_mutex_unlock(&lock);
}

void mb_dev_receive_ready(struct mb_dev *dev)
{
    pthread_mutex_lock(&lock);
    dev->ready++;
    if (dev->host && dev->host->ready)
        dev->host->ready(dev->host_opaque);
    pthread_mutex_unlock(&lock);
}

/* A chip that only keeps what it is given: the other end of a network under test. */
static size_t keep(void *state, const uint8_t *data, size_t size)
{
    pthread_mutex_lock(&lock);
    record(*(struct mb_dev **)state, data, size);
    pthread_mutex_unlock(&lock);
    return size;
}

static bool keeper_create(void *state, struct mb_dev *dev)
{
    *(struct mb_dev **)state = dev;
    return true;
}

const struct mb_chip mb_chip_bench_keeper = {
    .abi = MB_CHIP_ABI, .state_size = sizeof(struct mb_dev *), .create = keeper_create,
    .receive = keep,
};

size_t mb_dev_give(struct mb_dev *dev, const void *data, size_t size)
{
    return dev->chip->receive(dev->state, data, size);
}

/* ---- what tests call ---- */

struct mb_dev *bench_new(const struct mb_chip *chip, const char *name, unsigned cpus,
                         struct mb_dev *parent)
{
    struct mb_dev *dev = calloc(1, sizeof *dev);
    dev->name = strdup(name);
    dev->chip = chip;
    dev->cpus = cpus;
    dev->parent = parent;
    dev->state = calloc(1, chip->state_size);
    return dev;
}

void bench_param(struct mb_dev *dev, const char *name, uint64_t value, const char *text)
{
    dev->params[dev->count].name = strdup(name);
    dev->params[dev->count].value = value;
    dev->params[dev->count++].text = text ? strdup(text) : NULL;
}

int bench_create(struct mb_dev *dev)
{
    return dev->chip->create(dev->state, dev);
}

void bench_free(struct mb_dev *dev)
{
    if (dev->chip->destroy)
        dev->chip->destroy(dev->state);
    free(dev->state);
    for (unsigned i = 0; i < dev->count; i++) {
        free((void *)dev->params[i].name);
        free((void *)dev->params[i].text);
    }
    for (unsigned i = 0; i < WINDOWS; i++)
        free(dev->windows[i]);
    free((void *)dev->name);
    free(dev);
}

uint64_t bench_read(struct mb_dev *dev, unsigned region, uint64_t offset, unsigned size,
                    int cpu)
{
    return dev->chip->read(dev->state, region, offset, size, cpu);
}

void bench_write(struct mb_dev *dev, unsigned region, uint64_t offset, uint64_t value,
                 unsigned size, int cpu)
{
    dev->chip->write(dev->state, region, offset, value, size, cpu);
}

void bench_input(struct mb_dev *dev, unsigned port, unsigned index, int cpu, int level)
{
    dev->chip->input(dev->state, port, index, cpu, level);
}

void bench_reset(struct mb_dev *dev)
{
    dev->chip->reset(dev->state);
}

size_t bench_save(struct mb_dev *dev, uint8_t *data, size_t size)
{
    return dev->chip->save(dev->state, data, size);
}

int bench_restore(struct mb_dev *dev, const uint8_t *data, size_t size)
{
    return dev->chip->restore(dev->state, data, size);
}

size_t bench_receive(struct mb_dev *dev, const uint8_t *data, size_t size)
{
    return dev->chip->receive(dev->state, data, size);
}

size_t bench_picture(struct mb_dev *dev, unsigned *width, unsigned *height, uint8_t *rgb,
                     size_t room)
{
    return dev->chip->picture(dev->state, width, height, rgb, room);
}

unsigned bench_logs(struct mb_dev *dev) { return dev->logs; }
unsigned bench_changes(struct mb_dev *dev) { return dev->changes; }
unsigned bench_ready(struct mb_dev *dev) { return dev->ready; }

size_t bench_sent(struct mb_dev *dev, uint8_t *data, size_t size)
{
    pthread_mutex_lock(&lock);
    size_t n = dev->sent_size < size ? dev->sent_size : size;
    memcpy(data, dev->sent, n);
    pthread_mutex_unlock(&lock);
    return n;
}

static struct timespec in_ms(unsigned ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (ms % 1000) * 1000000l;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return until;
}

/* Wait for a level of a line; gives the level at the end. */
int bench_level(struct mb_dev *dev, unsigned port, unsigned index, int wanted, unsigned ms)
{
    struct timespec until = in_ms(ms);
    int late = 0;
    pthread_mutex_lock(&lock);
    while (ms && !late && dev->level[port][index] != wanted)
        late = pthread_cond_timedwait(&changed, &lock, &until);
    int level = dev->level[port][index];
    pthread_mutex_unlock(&lock);
    return level;
}

/* Acknowledge and end `count` times what `port` raises: the time of one round, in ns. */
double bench_gic_round(struct mb_dev *dev, unsigned count)
{
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (unsigned i = 0; i < count; i++) {
        bench_input(dev, 1, 1, -1, 1);
        uint64_t intid = bench_read(dev, 1, 0x0c, 4, 0);
        bench_input(dev, 1, 1, -1, 0);
        bench_write(dev, 1, 0x10, intid, 4, 0);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    return ((end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec)) / count;
}

#ifdef BENCH_MAIN

/* By its symbol: the layout is the list. */
static const struct mb_chip *find(const char *name)
{
    char symbol[80];
    snprintf(symbol, sizeof symbol, "mb_chip_%s", name);
    for (char *dot; (dot = strchr(symbol, '.'));)
        *dot = '_';
    const struct mb_chip *chip = dlsym(RTLD_DEFAULT, symbol);
    if (chip)
        return chip;
    fprintf(stderr, "no chip %s\n", name);
    exit(2);
}

/* In a buffer that is just as large. */
static void look(struct mb_dev *dev)
{
    unsigned width = 0, height = 0;
    size_t size = bench_picture(dev, &width, &height, NULL, 0);
    uint8_t *rgb = malloc(size ? size : 1);
    if (size != bench_picture(dev, &width, &height, rgb, size) || size != (size_t)width * height * 3)
        abort();
    free(rgb);
}

/* Save, change `count` bytes, restore. */
static void spoil(struct mb_dev *dev, uint64_t count, uint64_t step, uint64_t change)
{
    size_t size = bench_save(dev, NULL, 0);
    uint8_t *data = malloc(size);
    bench_save(dev, data, size);
    for (unsigned i = 0; i < count % 64; i++)
        data[(step * (i + 1)) % size] ^= (uint8_t)(change + i);
    bench_restore(dev, data, size);
    free(data);
}

static void play(FILE *script, struct mb_dev *dev, struct mb_dev *child)
{
    static const uint8_t frame[70000];
    char op;
    unsigned long long a, b, c, d, e;
    while (fscanf(script, " %c %llx %llx %llx %llx %llx", &op, &a, &b, &c, &d, &e) == 6) {
        if (op == 'w')
            bench_write(dev, a, b, c, d, e);
        else if (op == 'r')
            bench_read(dev, a, b, d, e);
        else if (op == 'i' && dev->chip->input)
            bench_input(dev, a, b, e, c);
        else if (op == 'm')
            memcpy(bench_ram + b % (RAM_SIZE - 7), &c, 8);
        else if (op == 'g' && child && child->chip->receive)
            bench_receive(child, frame, c % sizeof frame);
        else if (op == 'g' && !child && dev->chip->receive)
            bench_receive(dev, frame, c % sizeof frame);
        else if (op == 'z' && dev->chip->reset)
            bench_reset(dev);
        else if (op == 'a' && dev->chip->acknowledge)
            bench_acknowledge(dev, (int)e);
        else if (op == 'p')
            look(dev);
        else if (op == 't')
            bench_sleep((int64_t)c);
        else if (op == 'M')
            mb_msi(NULL, b, (uint32_t)c);
        else if (op == 'E')
            mb_eoi(NULL, (uint8_t)c);
        else if (op == 'y')
            nanosleep(&(struct timespec){ .tv_nsec = 300000 }, NULL);
        else if (op == 's' && dev->chip->save)
            spoil(dev, b, c, d);
        else if (op == 'S' && child && child->chip->save)
            spoil(child, b, c, d);
        else if (op == 'T' && dev->chip->translate)
            dev->chip->translate(dev->state, &(uint64_t){ b }, &(size_t){ d }, e & 1);
        else if (op == 'D')
            bench_bad_spot(b, c);
    }
    if (!feof(script)) {
        fprintf(stderr, "a line of the script is no operation\n");
        exit(2);
    }
}

struct player { FILE *script; struct mb_dev *dev, *child; };

static void *play_beside(void *opaque)
{
    struct player *player = opaque;
    play(player->script, player->dev, player->child);
    return NULL;
}

/* Standard input; at the same time, as another CPU would, the script that BENCH_BESIDE
 * names, if it does. */
static void play_all(struct mb_dev *dev, struct mb_dev *child)
{
    const char *name = getenv("BENCH_BESIDE");
    struct player beside = { name ? fopen(name, "r") : NULL, dev, child };
    pthread_t thread;
    if (beside.script)
        pthread_create(&thread, NULL, play_beside, &beside);
    play(stdin, dev, child);
    if (beside.script) {
        pthread_join(thread, NULL);
        fclose(beside.script);
    }
}

static void create(struct mb_dev *dev)
{
    if (bench_create(dev))
        return;
    fprintf(stderr, "%s\n", bench_error);
    exit(2);
}

/* MODEL@SLOT=IMAGE */
static struct mb_dev *add_child(struct mb_dev *parent, char *what)
{
    char *image = strchr(what, '='), *slot = strchr(what, '@');
    if (image)
        *image++ = 0;
    if (slot)
        *slot++ = 0;
    struct mb_dev *child = bench_new(find(what), "device", 4, parent);
    bench_place(child, slot ? (unsigned)atoi(slot) : 0);
    if (image)
        bench_param(child, "image", 0, image);
    create(child);
    return child;
}

/* usage: native_bench MODEL [CHILD[@SLOT][=IMAGE]]... < script */
int main(int argc, char **argv)
{
    enum { CHILDREN = 4 };
    struct mb_dev *children[CHILDREN] = { NULL }, *dev;
    int count = argc - 2 < CHILDREN ? argc - 2 : CHILDREN;
    dev = bench_new(find(argv[1]), "chip", 4, NULL);
    bench_param(dev, "spis", 256, NULL);
    bench_param(dev, "clock", 1843200, NULL);
    bench_param(dev, "legacy", 1, NULL);
    bench_param(dev, "version", 0x20, NULL);
    bench_param(dev, "routes", 0xF00000, NULL);
    bench_place(dev, 0);
    create(dev);
    for (int i = 0; i < count; i++)
        children[i] = add_child(dev, argv[2 + i]);
    if (dev->chip->reset)
        bench_reset(dev);
    play_all(dev, children[0]);
    for (int i = count; i-- > 0;)
        bench_free(children[i]);
    bench_free(dev);
    return 0;
}

#endif
