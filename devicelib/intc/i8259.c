/* The 8259A pair of a PC; i8259.py declares it. SPDX-License-Identifier: Apache-2.0
 *
 * Names as in the data sheet: IRR, ISR, IMR, initialization and operation command words.
 */
#include <pthread.h>
#include <string.h>
#include "device.h"
#include "intc_i8259.h"

enum { CASCADE = 2, SPURIOUS = 7, NONE = -1 };
enum { ICW1 = 0x10, ICW1_IC4 = 0x01, ICW1_SNGL = 0x02 };
enum { ICW4_AEOI = 0x02, ICW4_SFNM = 0x10 };
enum { OCW3 = 0x08, OCW3_RIS = 0x01, OCW3_RR = 0x02, OCW3_POLL = 0x04, OCW3_SMM = 0x20,
       OCW3_ESMM = 0x40 };

/* Levels that PIIX3 lets be programmed; the others stay edges. */
static const uint8_t level_capable[2] = { 0xF8, 0xDE };

struct pic {                        /* one 8259A */
    uint8_t lines;                  /* levels of the inputs */
    uint8_t edges;                  /* rising edges since the last acknowledge */
    uint8_t elcr, imr, isr, base;
    uint8_t lowest;                 /* the input of lowest priority */
    uint8_t expect;                 /* the ICW to come: 2, 3, 4; 0: none */
    bool single, icw4;              /* of ICW1 */
    bool aeoi, sfnm, rotate_on_aeoi, special_mask;
    bool read_isr, poll;
};

struct i8259 {
    struct mb_dev *dev;
    pthread_mutex_t lock;
    struct pic pics[2];             /* by region: master, slave */
};

/* ---- priorities ---- */

static uint8_t irr(const struct pic *pic)
{
    return pic->lines & (pic->elcr | pic->edges);
}

/* Place in the order of priority, 0 the highest; 8 for NONE. */
static int rank(const struct pic *pic, int input)
{
    return input == NONE ? 8 : (input - pic->lowest - 1) & 7;
}

static int highest(const struct pic *pic, uint8_t inputs)
{
    for (unsigned i = 1; i <= 8; i++) {
        unsigned input = (pic->lowest + i) % 8;
        if (inputs >> input & 1)
            return (int)input;
    }
    return NONE;
}

/* In-service inputs that hold back others. In special mask mode a masked one does not. */
static uint8_t blocking(const struct pic *pic)
{
    return pic->special_mask ? pic->isr & ~pic->imr : pic->isr;
}

/* The input whose request goes to the output, or NONE. In the special fully nested mode a
 * slave in service may ask again. */
static int requested(const struct i8259 *chip, unsigned n)
{
    const struct pic *pic = &chip->pics[n];
    int input = highest(pic, irr(pic) & ~pic->imr);
    int served = highest(pic, blocking(pic));
    bool again = pic->sfnm && n == I8259_REGION_MASTER && input == CASCADE;
    if (input == NONE || rank(pic, input) >= rank(pic, served) + again)
        return NONE;
    return input;
}

/* ---- lines ---- */

static void set_line(struct pic *pic, unsigned input, bool level)
{
    uint8_t bit = (uint8_t)(1u << input);
    if (level) {
        pic->edges |= bit & ~pic->lines;
        pic->lines |= bit;
    } else {
        pic->edges &= ~bit;
        pic->lines &= ~bit;
    }
}

static void settle(struct i8259 *chip)
{
    struct pic *master = &chip->pics[I8259_REGION_MASTER];
    set_line(master, CASCADE, requested(chip, I8259_REGION_SLAVE) != NONE);
    bool level = requested(chip, I8259_REGION_MASTER) != NONE;
    mb_dev_out(chip->dev, I8259_PORT_INTR, 0, level);
}

/* ---- acknowledging and ending ---- */

static void end(struct pic *pic, int input, bool rotate)
{
    if (input == NONE)
        return;
    pic->isr &= ~(1u << input);
    if (rotate)
        pic->lowest = (uint8_t)input;
}

/* The end of an acknowledge cycle. INT falls, so that the next request is an edge. */
static void serve(struct i8259 *chip, unsigned n, int input)
{
    struct pic *pic = &chip->pics[n];
    pic->edges &= ~(1u << input);
    pic->isr |= 1u << input;
    if (pic->aeoi)
        end(pic, input, pic->rotate_on_aeoi);
    if (n == I8259_REGION_SLAVE)
        set_line(&chip->pics[I8259_REGION_MASTER], CASCADE, false);
    else
        mb_dev_out(chip->dev, I8259_PORT_INTR, 0, 0);
}

/* One controller's part of an acknowledge cycle: the vector. */
static int vector_of(struct i8259 *chip, unsigned n)
{
    int input = requested(chip, n);
    if (input == NONE)
        return chip->pics[n].base + SPURIOUS;
    serve(chip, n, input);
    if (n == I8259_REGION_MASTER && input == CASCADE)
        return vector_of(chip, I8259_REGION_SLAVE);
    return chip->pics[n].base + input;
}

static int i8259_acknowledge(void *state, int cpu)
{
    struct i8259 *chip = state;
    pthread_mutex_lock(&chip->lock);
    int vector = vector_of(chip, I8259_REGION_MASTER);
    settle(chip);
    pthread_mutex_unlock(&chip->lock);
    return vector;
}

/* Poll command: the read is the acknowledge. */
static uint8_t poll(struct i8259 *chip, unsigned n)
{
    int input = requested(chip, n);
    chip->pics[n].poll = false;
    if (input == NONE)
        return 0;
    serve(chip, n, input);
    settle(chip);
    return (uint8_t)(0x80 | input);
}

/* ---- command words ---- */

/* ICW1 also resets the edge sense circuit: a line must rise again to be heard. The caller
 * lets the cascade fall, which rises again if the slave still asks. */
static void start_over(struct pic *pic, uint8_t icw1)
{
    struct pic fresh = { .lines = pic->lines, .elcr = pic->elcr, .lowest = 7, .expect = 2 };
    fresh.single = icw1 & ICW1_SNGL;
    fresh.icw4 = icw1 & ICW1_IC4;
    *pic = fresh;
}

static void write_ocw2(struct pic *pic, uint8_t value)
{
    int named = value & 7, served;
    switch (value >> 5) {
    case 0: pic->rotate_on_aeoi = false; break;
    case 4: pic->rotate_on_aeoi = true; break;
    case 1: case 5:                                 /* non-specific EOI */
        served = highest(pic, blocking(pic));
        end(pic, served, value & 0x80);
        break;
    case 3: case 7: end(pic, named, value & 0x80); break;
    case 6: pic->lowest = (uint8_t)named; break;
    }
}

static void write_ocw3(struct pic *pic, uint8_t value)
{
    if (value & OCW3_ESMM)
        pic->special_mask = value & OCW3_SMM;
    if (value & OCW3_RR)
        pic->read_isr = value & OCW3_RIS;
    if (value & OCW3_POLL)
        pic->poll = true;
}

static void write_command(struct i8259 *chip, unsigned n, uint8_t value)
{
    struct pic *pic = &chip->pics[n];
    if (value & ICW1) {
        start_over(pic, value);
        set_line(&chip->pics[I8259_REGION_MASTER], CASCADE, false);
    } else if (value & OCW3) {
        write_ocw3(pic, value);
    } else {
        write_ocw2(pic, value);
    }
}

/* The ICW after the `done`th. */
static uint8_t following(const struct pic *pic, unsigned done)
{
    if (done == 2 && !pic->single)
        return 3;
    return done < 4 && pic->icw4 ? 4 : 0;
}

static void write_data(struct pic *pic, uint8_t value)
{
    switch (pic->expect) {
    case 0: pic->imr = value; return;
    case 2: pic->base = value & 0xF8; break;
    case 4:
        pic->aeoi = value & ICW4_AEOI;
        pic->sfnm = value & ICW4_SFNM;
        break;
    }
    pic->expect = following(pic, pic->expect);
}

/* ---- ports ---- */

static uint8_t read_port(struct i8259 *chip, unsigned region, unsigned offset)
{
    if (region == I8259_REGION_ELCR)
        return chip->pics[offset].elcr;
    struct pic *pic = &chip->pics[region];
    if (pic->poll)
        return poll(chip, region);
    if (offset == I8259_MASTER_DATA)
        return pic->imr;
    return pic->read_isr ? pic->isr : irr(pic);
}

static void write_port(struct i8259 *chip, unsigned region, unsigned offset, uint8_t value)
{
    if (region == I8259_REGION_ELCR)
        chip->pics[offset].elcr = value & level_capable[offset];
    else if (offset == I8259_MASTER_DATA)
        write_data(&chip->pics[region], value);
    else
        write_command(chip, region, value);
    settle(chip);
}

static uint64_t i8259_read(void *state, unsigned region, uint64_t offset, unsigned size,
                           int cpu)
{
    struct i8259 *chip = state;
    uint64_t value = 0;
    pthread_mutex_lock(&chip->lock);
    for (unsigned i = 0; i < size && offset + i < 2; i++)
        value |= (uint64_t)read_port(chip, region, (unsigned)offset + i) << 8 * i;
    pthread_mutex_unlock(&chip->lock);
    return value;
}

static void i8259_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                        unsigned size, int cpu)
{
    struct i8259 *chip = state;
    pthread_mutex_lock(&chip->lock);
    for (unsigned i = 0; i < size && offset + i < 2; i++)
        write_port(chip, region, (unsigned)offset + i, (uint8_t)(value >> 8 * i));
    pthread_mutex_unlock(&chip->lock);
}

static void i8259_input(void *state, unsigned port, unsigned index, int cpu, int level)
{
    struct i8259 *chip = state;
    if (index == CASCADE || index >= 16)
        return;
    pthread_mutex_lock(&chip->lock);
    set_line(&chip->pics[index / 8], index % 8, level);
    settle(chip);
    pthread_mutex_unlock(&chip->lock);
}

/* ---- the chip ---- */

static void i8259_reset(void *state)
{
    struct i8259 *chip = state;
    pthread_mutex_lock(&chip->lock);
    for (unsigned i = 0; i < 2; i++)   /* who drives a line keeps it */
        chip->pics[i] = (struct pic){ .lines = chip->pics[i].lines, .lowest = 7 };
    settle(chip);
    pthread_mutex_unlock(&chip->lock);
}

static bool i8259_create(void *state, struct mb_dev *dev)
{
    struct i8259 *chip = state;
    chip->dev = dev;
    return pthread_mutex_init(&chip->lock, NULL) == 0;
}

static void i8259_destroy(void *state)
{
    pthread_mutex_destroy(&((struct i8259 *)state)->lock);
}

static size_t i8259_save(void *state, uint8_t *data, size_t size)
{
    struct i8259 *chip = state;
    if (data && size >= sizeof chip->pics) {
        pthread_mutex_lock(&chip->lock);
        memcpy(data, chip->pics, sizeof chip->pics);
        pthread_mutex_unlock(&chip->lock);
    }
    return sizeof chip->pics;
}

/* Whatever the bytes say, leave a state that the rest of the code can rely on. */
static struct pic sanitized(const uint8_t *data, unsigned n)
{
    struct pic pic;
    uint8_t *bytes = (uint8_t *)&pic;
    memcpy(bytes, data, sizeof pic);
    for (size_t i = offsetof(struct pic, single); i < sizeof pic; i++)
        bytes[i] &= 1;
    pic.elcr &= level_capable[n];
    pic.base &= 0xF8;
    pic.lowest &= 7;
    pic.expect = pic.expect > 4 ? 0 : pic.expect;
    return pic;
}

static bool i8259_restore(void *state, const uint8_t *data, size_t size)
{
    struct i8259 *chip = state;
    if (size != sizeof chip->pics)
        return false;
    pthread_mutex_lock(&chip->lock);
    for (unsigned i = 0; i < 2; i++)
        chip->pics[i] = sanitized(data + i * sizeof chip->pics[i], i);
    settle(chip);
    pthread_mutex_unlock(&chip->lock);
    return true;
}

const struct mb_chip mb_chip_intc_i8259 = {
    .abi = MB_CHIP_ABI, .model = "intc.i8259", .state_size = sizeof(struct i8259),
    .create = i8259_create, .destroy = i8259_destroy, .reset = i8259_reset,
    .read = i8259_read, .write = i8259_write, .input = i8259_input,
    .acknowledge = i8259_acknowledge, .save = i8259_save, .restore = i8259_restore,
};
