/* Reading a flattened device tree (Devicetree Specification v0.4, chapter 5).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TREE_H
#define TREE_H

#include <stdbool.h>
#include <stdint.h>

struct tree { const uint8_t *start, *words, *strings, *end; };

/* A node directly below the root, while it is visited. */
struct node {
    const char *name;
    const char *compatible, *device_type;   /* NULL if it has none */
    const uint8_t *reg, *interrupts;
    uint32_t reg_size;
};

bool tree_open(struct tree *tree, const void *blob);
uint32_t tree_word(const uint8_t *at);
/* Call `visit` for each child of the root. */
void tree_visit(const struct tree *tree, void (*visit)(const struct node *, void *), void *with);
/* A property of the child `name` of the root; NULL if it is not there. */
const char *tree_property(const struct tree *tree, const char *name, const char *property);

bool same(const char *a, const char *b);
#endif
