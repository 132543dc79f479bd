/* The order of the passes. SPDX-License-Identifier: Apache-2.0 */
#include "passes.h"
#include "../ir_builder.h"

#include <stdlib.h>

static void verify(struct mb_ir *ir)
{
    static int wanted = -1;
    if (wanted < 0)
        wanted = getenv("MB_IR_VERIFY") != NULL;
    if (!wanted)
        return;
    const char *why = mb_ir_verify(ir);
    if (why) {
        mb_ir_print(ir, stderr);
        fprintf(stderr, "IR is not well formed: %s\n", why);
        ir->failed = true;
    }
}

/* Cut off what follows the end of the last path; there must be one. */
static void finish(struct mb_ir *ir)
{
    struct mb_builder *builder = ir->builder;
    if (builder->depth || !builder->dropped)
        ir->failed = true;
    else
        ir->count = builder->dropped;
}

void mb_ir_optimize(struct mb_ir *ir)
{
    if (ir->optimized)
        return;
    ir->optimized = true;
    finish(ir);
    if (ir->failed)
        return;
    verify(ir);
    mb_pass_dead(ir);
    verify(ir);
}
