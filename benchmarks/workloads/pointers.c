// SPDX-License-Identifier: Apache-2.0
// Data that points to data, and data put in order.
#include "workloads.h"

struct node {
    struct node *next;
    uint32_t value;
};

enum { NODES = 4096 };

// One cycle through all the nodes, in an order that no prefetcher guesses.
static void shuffle(struct node *nodes)
{
    static uint16_t order[NODES];
    uint32_t seed = 11;
    for (unsigned i = 0; i < NODES; i++)
        order[i] = (uint16_t)i;
    for (unsigned i = NODES - 1; i > 0; i--) {
        unsigned j = next_random(&seed) % (i + 1);
        uint16_t other = order[j];
        order[j] = order[i];
        order[i] = other;
    }
    for (unsigned i = 0; i < NODES; i++) {
        nodes[order[i]].next = &nodes[order[(i + 1) % NODES]];
        nodes[order[i]].value = i;
    }
}

uint32_t list(uint32_t rounds)
{
    static struct node nodes[NODES];
    shuffle(nodes);
    struct node *node = nodes;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < rounds * NODES; i++) {
        sum += node->value ^ i;
        node = node->next;
    }
    return sum;
}

struct branch {
    struct branch *child[2];
    uint32_t key;
};

static void insert(struct branch **place, struct branch *fresh)
{
    while (*place)
        place = &(*place)->child[fresh->key > (*place)->key];
    *place = fresh;
}

static unsigned find(const struct branch *at, uint32_t key)
{
    unsigned depth = 0;
    while (at && at->key != key) {
        at = at->child[key > at->key];
        depth++;
    }
    return depth;
}

uint32_t tree(uint32_t rounds)
{
    static struct branch branches[NODES];
    uint32_t sum = 0;
    while (rounds--) {
        struct branch *root = NULL;
        uint32_t seed = 3 + rounds;
        memset(branches, 0, sizeof branches);
        for (unsigned i = 0; i < NODES; i++) {
            branches[i].key = next_random(&seed);
            insert(&root, &branches[i]);
        }
        for (unsigned i = 0; i < NODES; i++)
            sum += find(root, branches[i].key);
    }
    return sum;
}

static void quick(uint32_t *low, uint32_t *high)
{
    while (low < high) {
        uint32_t pivot = low[(high - low) / 2], *i = low, *j = high;
        while (i <= j) {
            while (*i < pivot) i++;
            while (*j > pivot) j--;
            if (i <= j) {
                uint32_t other = *i;
                *i++ = *j;
                *j-- = other;
            }
        }
        quick(low, j);
        low = i;
    }
}

uint32_t sort(uint32_t rounds)
{
    static uint32_t numbers[NODES];
    uint32_t seed = 17, sum = 0;
    while (rounds--) {
        for (unsigned i = 0; i < NODES; i++)
            numbers[i] = next_random(&seed);
        quick(numbers, numbers + NODES - 1);
        for (unsigned i = 0; i < NODES; i += 64)
            sum = mix(sum, numbers[i]);
    }
    return sum;
}

static struct node *merge(struct node *a, struct node *b)
{
    struct node *head, **tail = &head;
    while (a && b) {
        struct node **least = a->value <= b->value ? &a : &b;
        *tail = *least;
        tail = &(*least)->next;
        *least = *tail;
    }
    *tail = a ? a : b;
    return head;
}

static struct node *sorted(struct node *head)
{
    if (!head || !head->next)
        return head;
    struct node *slow = head, *fast = head->next;
    while (fast && fast->next) {
        slow = slow->next;
        fast = fast->next->next;
    }
    struct node *rest = slow->next;
    slow->next = NULL;
    return merge(sorted(head), sorted(rest));
}

uint32_t merge_sort(uint32_t rounds)
{
    static struct node nodes[NODES];
    uint32_t seed = 23, sum = 0;
    while (rounds--) {
        for (unsigned i = 0; i < NODES; i++) {
            nodes[i].value = next_random(&seed);
            nodes[i].next = i + 1 < NODES ? &nodes[i + 1] : NULL;
        }
        for (struct node *n = sorted(nodes); n; n = n->next)
            sum = mix(sum, n->value);
    }
    return sum;
}
