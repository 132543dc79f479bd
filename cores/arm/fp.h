/* What fp.c and fp_neon.c share. SPDX-License-Identifier: Apache-2.0 */
#ifndef ARM_FP_H
#define ARM_FP_H

#include "core_arm.h"
#include "softfloat.h"

/* FPSCR's arithmetic, and Advanced SIMD's: the standard value (DDI 0406C A2.7.7). */
struct mb_float_env arm_fp_vfp_env(const struct arm_state *s);
struct mb_float_env arm_fp_neon_env(const struct arm_state *s);

bool arm_fp_to_nearest(const struct arm_state *s);   /* FPSCR.RMode */

/* The flags that arithmetic raised become sticky. */
void arm_fp_accrue(struct arm_state *s, const struct mb_float_env *env);

/* struct mb_core's NaN hooks. */
uint64_t arm_nan64(struct mb_cpu *cpu, int op, uint64_t a, uint64_t b, uint64_t c);
uint32_t arm_nan32(struct mb_cpu *cpu, int op, uint32_t a, uint32_t b, uint32_t c);

#endif
