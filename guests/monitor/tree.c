/* Reading a flattened device tree. SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

enum { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOP = 4, END = 9 };
enum { MAGIC = 0xd00dfeed };

uint32_t tree_word(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

bool same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static unsigned length(const char *text)
{
    unsigned n = 0;
    while (text[n])
        n++;
    return n;
}

bool tree_open(struct tree *tree, const void *blob)
{
    const uint8_t *at = blob;
    if (!blob || ((uintptr_t)blob & 3) || tree_word(at) != (uint32_t)MAGIC)
        return false;
    tree->start = at;
    tree->end = at + tree_word(at + 4);
    tree->words = at + tree_word(at + 8);
    tree->strings = at + tree_word(at + 12);
    return true;
}

/* One step through the structure block: what was met, where the next begins. */
struct step { uint32_t token; const char *name; const uint8_t *data; uint32_t size; };

static const uint8_t *next(const struct tree *tree, const uint8_t *at, struct step *step)
{
    step->token = tree_word(at);
    at += 4;
    if (step->token == BEGIN_NODE) {
        step->name = (const char *)at;
        return at + ((length(step->name) + 4) & ~3u);
    }
    if (step->token == PROPERTY) {
        step->size = tree_word(at);
        step->name = (const char *)tree->strings + tree_word(at + 4);
        step->data = at + 8;
        return at + 8 + ((step->size + 3) & ~3u);
    }
    return at;
}

static void note(struct node *node, const struct step *step)
{
    if (same(step->name, "compatible"))
        node->compatible = (const char *)step->data;
    else if (same(step->name, "device_type"))
        node->device_type = (const char *)step->data;
    else if (same(step->name, "interrupts"))
        node->interrupts = step->data;
    else if (same(step->name, "reg")) {
        node->reg = step->data;
        node->reg_size = step->size;
    }
}

void tree_visit(const struct tree *tree, void (*visit)(const struct node *, void *), void *with)
{
    struct node node = {0};
    struct step step;
    unsigned depth = 0;
    for (const uint8_t *at = tree->words; at < tree->end;) {
        at = next(tree, at, &step);
        if (step.token == BEGIN_NODE && ++depth == 2)
            node = (struct node){.name = step.name};
        else if (step.token == PROPERTY && depth == 2)
            note(&node, &step);
        else if (step.token == END_NODE && depth-- == 2)
            visit(&node, with);
        else if (step.token == END)
            return;
    }
}

const char *tree_property(const struct tree *tree, const char *name, const char *property)
{
    struct step step;
    unsigned depth = 0;
    bool inside = false;
    for (const uint8_t *at = tree->words; at < tree->end;) {
        at = next(tree, at, &step);
        if (step.token == BEGIN_NODE && ++depth == 2)
            inside = same(step.name, name);
        else if (step.token == PROPERTY && depth == 2 && inside && same(step.name, property))
            return (const char *)step.data;
        else if (step.token == END_NODE)
            depth--;
        else if (step.token == END)
            break;
    }
    return 0;
}

/* The compiler may call these whatever it is told. */
void *memset(void *to, int value, unsigned size)
{
    for (volatile uint8_t *at = to; size; size--)
        *at++ = (uint8_t)value;
    return to;
}

void *memcpy(void *to, const void *from, unsigned size)
{
    volatile uint8_t *out = to;
    for (const uint8_t *in = from; size; size--)
        *out++ = *in++;
    return to;
}
