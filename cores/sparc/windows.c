/* Register windows (SPARC V8 manual, 4.1, B.20).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Registers of the current window are in r[8..31]. Window w's locals and ins are kept in
 * windows[16 * w]; its outs are the ins of window w - 1. Translated code so finds every
 * register at a fixed place, and SAVE and RESTORE move 40 words.
 */
#include <string.h>
#include "core_sparc.h"
#include "sparc_insns.h"

#define EIGHT (8 * sizeof(uint32_t))

static uint32_t around(uint32_t window)
{
    return window & (SPARC_WINDOWS - 1);
}

static uint32_t *locals_of(struct sparc_state *s, uint32_t window)
{
    return &s->windows[16 * around(window)];
}

static uint32_t *ins_of(struct sparc_state *s, uint32_t window)
{
    return locals_of(s, window) + 8;
}

void sparc_enter_next_window(struct sparc_state *s)
{
    uint32_t window = s->cwp;
    memcpy(locals_of(s, window), &s->r[SPARC_LOCAL0], 2 * EIGHT);
    for (unsigned i = 0; i < 8; i++)       /* one by one: they were just written so */
        s->r[SPARC_IN0 + i] = s->r[SPARC_OUT0 + i];
    memcpy(&s->r[SPARC_LOCAL0], locals_of(s, window - 1), EIGHT);
    memcpy(&s->r[SPARC_OUT0], ins_of(s, window - 2), EIGHT);
    s->cwp = around(window - 1);
}

static void enter_window_before(struct sparc_state *s)
{
    uint32_t window = s->cwp;
    memcpy(locals_of(s, window), &s->r[SPARC_LOCAL0], EIGHT);
    memcpy(ins_of(s, window - 1), &s->r[SPARC_OUT0], EIGHT);
    for (unsigned i = 0; i < 8; i++)
        s->r[SPARC_OUT0 + i] = s->r[SPARC_IN0 + i];
    memcpy(&s->r[SPARC_LOCAL0], locals_of(s, window + 1), 2 * EIGHT);
    s->cwp = around(window + 1);
}

void sparc_switch_window(struct sparc_state *s, uint32_t window)
{
    if (window == s->cwp)
        return;
    memcpy(locals_of(s, s->cwp), &s->r[SPARC_LOCAL0], 2 * EIGHT);
    memcpy(ins_of(s, s->cwp - 1), &s->r[SPARC_OUT0], EIGHT);
    memcpy(&s->r[SPARC_LOCAL0], locals_of(s, window), 2 * EIGHT);
    memcpy(&s->r[SPARC_OUT0], ins_of(s, window - 1), EIGHT);
    s->cwp = window;
}

void sparc_save_window(struct sparc_state *s)
{
    if (s->wim >> around(s->cwp - 1) & 1)
        sparc_raise(s, SPARC_WINDOW_OVERFLOW);
    sparc_enter_next_window(s);
}

void sparc_restore_window(struct sparc_state *s)
{
    if (s->wim >> around(s->cwp + 1) & 1)
        sparc_raise(s, SPARC_WINDOW_UNDERFLOW);
    enter_window_before(s);
}

/* B.26: the traps in the manual's order; all of them are fatal, since ET is 0. */
void sparc_return_from_trap(struct sparc_state *s, uint32_t target)
{
    uint32_t next = sparc_npc(s), number = 0;
    if (s->et)
        number = SPARC_FLAG(s, SUPERVISOR) ? SPARC_ILLEGAL_INSTRUCTION
                                           : SPARC_PRIVILEGED_INSTRUCTION;
    else if (!SPARC_FLAG(s, SUPERVISOR))
        number = SPARC_PRIVILEGED_INSTRUCTION;
    else if (s->wim >> around(s->cwp + 1) & 1)
        number = SPARC_WINDOW_UNDERFLOW;
    else if (target & 3)
        number = SPARC_NOT_ALIGNED;
    if (number) {
        sparc_enter_trap(s, number);
        return;
    }
    enter_window_before(s);
    s->et = 1;
    sparc_continue_at(s, next, target);
    sparc_set_supervisor(s, s->ps);
    sparc_look_for_interrupts(s);
}
