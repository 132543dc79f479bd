/* Passes over a finished unit, one file each. SPDX-License-Identifier: Apache-2.0 */
#ifndef MB_PASSES_H
#define MB_PASSES_H

#include "../ir.h"
#include "../ir_table.h"

void mb_pass_dead(struct mb_ir *ir);

#endif
