/* Translates and disassembles random words under random flags: whatever a guest executes,
 * the translator must neither trap nor build a unit that is not well formed. */
#include "arm_insns.h"

#include <stdlib.h>
#include <string.h>

struct set {
    const char *name;
    enum mb_insn_result (*translate)(struct mb_tr *tr, uint32_t word);
    bool (*disassemble)(uint32_t, uint64_t, uint32_t, char *, size_t);
    uint32_t bits, mask;       /* what the frame has seen to before it asks this decoder */
};

#define SET(name, bits, mask) {#name, arm_translate_##name, arm_disassemble_##name, bits, mask}
static const struct set sets[] = {
    SET(a32, 0, 0), SET(a32_always, 0xf0000000, 0xf0000000),
    SET(t16, 0, 0xffff0000), SET(t32, 0xe8000000, 0xe0000000),
    SET(vfp, 0x0c000a00, 0x0c000e00), SET(neon, 0xf2000000, 0xfe000000),
    SET(neon, 0xf4000000, 0xff000000),
};

static struct arm_state state;

void arm_undefined(struct mb_tr *tr)
{
    static const struct mb_helper helper = {"undefined", NULL, MB_EXITS, MB_VOID};
    if (tr->ended)
        return;
    mb_ir_call(tr->ir, &helper, 0, NULL);
    tr->ended = true;
}

bool mb_tr_follows(struct mb_tr *tr, uint64_t target, bool conditional)
{
    (void)tr, (void)target, (void)conditional;
    return false;
}

bool mb_tr_foretells(struct mb_tr *tr, uint64_t *target, uint32_t *flags)
{
    (void)tr, (void)target, (void)flags;
    return false;
}

static uint32_t random32(void)
{
    return (uint32_t)random() ^ (uint32_t)random() << 16;
}

static bool is_good(struct mb_ir *ir, const struct set *set, uint32_t word, uint32_t flags)
{
    struct mb_tr tr = {.ir = ir, .cpu = &state.cpu, .pc = random32() & ~1u, .flags = flags};
    char text[8];
    memset(text, 'x', sizeof text);
    set->disassemble(word, tr.pc, flags, text, sizeof text - 1);
    mb_ir_reset(ir);
    mb_ir_insn(ir, tr.pc);
    if (set->translate(&tr, word) == MB_INSN_UNDEFINED)
        arm_undefined(&tr);
    mb_tr_branch(&tr, (uint32_t)(tr.pc + 4));
    return !mb_ir_verify(ir) && !ir->failed && text[sizeof text - 1] == 'x';
}

int main(int argc, char **argv)
{
    struct mb_ir *ir = mb_ir_new();
    long count = argc > 1 ? atol(argv[1]) : 1000;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        for (long n = 0; n < count; n++) {
            uint32_t word = (random32() & ~sets[i].mask) | sets[i].bits, flags = random32();
            state.features = random32();
            fprintf(stderr, "\r%s %08x flags %08x", sets[i].name, word, flags);
            if (!is_good(ir, &sets[i], word, flags))
                return 1;
        }
    }
    return 0;
}
