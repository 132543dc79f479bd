/* The timer's registers, for the table of cp15.c. SPDX-License-Identifier: Apache-2.0 */
#ifndef TIMER_ARM_H
#define TIMER_ARM_H

#include "core_arm.h"

/* What CNTKCTL grants to User mode. */
enum arm_timer_right { ARM_TIMER_FREQUENCY, ARM_TIMER_PHYSICAL_COUNTER,
                       ARM_TIMER_VIRTUAL_COUNTER, ARM_TIMER_PHYSICAL, ARM_TIMER_VIRTUAL };
bool arm_timer_user_may(const struct arm_state *s, enum arm_timer_right right);

uint64_t arm_read_cntp_ctl(struct arm_state *s);
uint64_t arm_read_cntp_tval(struct arm_state *s);
void arm_write_cntp_ctl(struct arm_state *s, uint64_t value);
void arm_write_cntp_tval(struct arm_state *s, uint64_t value);
void arm_write_cntp_cval(struct arm_state *s, uint64_t value);
uint64_t arm_read_cntv_ctl(struct arm_state *s);
uint64_t arm_read_cntv_tval(struct arm_state *s);
void arm_write_cntv_ctl(struct arm_state *s, uint64_t value);
void arm_write_cntv_tval(struct arm_state *s, uint64_t value);
void arm_write_cntv_cval(struct arm_state *s, uint64_t value);

#endif
