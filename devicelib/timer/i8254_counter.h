/* One counter of the 8254, in ticks of its clock. SPDX-License-Identifier: Apache-2.0
 *
 * Nothing is counted: where a counter is follows from the tick at which it was loaded. */
#ifndef MB_I8254_COUNTER_H
#define MB_I8254_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

/* STOPPED: it was not loaded, or the gate is low in mode 2 or 3. PAUSED: the gate is low in
 * mode 0 or 4. */
enum i8254_phase { STOPPED, PAUSED, RUNNING };

struct i8254_counter {
    uint8_t mode, bcd, phase, gate, held_out;
    uint8_t fresh;              /* what is loaded at `start` was written for that */
    uint32_t initial;           /* what was loaded: 1 to 0x10000; 0: nothing */
    uint32_t next;              /* what will be loaded; 0: nothing */
    int64_t written;            /* the tick of writing that */
    int64_t start;              /* RUNNING: tick of loading. PAUSED: minus the ticks since */
    uint16_t held;              /* count before that, or while STOPPED; so is held_out */
    uint64_t rises;             /* rising edges of the output before `start` */
};

void mb_i8254_program(struct i8254_counter *counter, unsigned mode, bool bcd, int64_t now);
/* The first of two bytes is written: mode 0 stops there. */
void mb_i8254_half_written(struct i8254_counter *counter, int64_t now);
void mb_i8254_write(struct i8254_counter *counter, uint16_t count, int64_t now);
void mb_i8254_set_gate(struct i8254_counter *counter, bool gate, int64_t now);
/* Load what became due. To be called before the functions below, which only look. */
void mb_i8254_advance(struct i8254_counter *counter, int64_t now);
uint16_t mb_i8254_count(const struct i8254_counter *counter, int64_t now);
bool mb_i8254_out(const struct i8254_counter *counter, int64_t now);
bool mb_i8254_null(const struct i8254_counter *counter, int64_t now);
/* Rising edges of the output since it was programmed. */
uint64_t mb_i8254_rises(const struct i8254_counter *counter, int64_t now);
/* The tick of the next change of the output, INT64_MAX if there is none. A low pulse of
 * one tick is over at its end. */
int64_t mb_i8254_next_change(const struct i8254_counter *counter, int64_t now);
/* Whatever was restored, leave a state that the functions above can rely on. */
void mb_i8254_sanitize(struct i8254_counter *counter, int64_t now);

#endif
