/* Why a function of api.h failed, in words; and guest errors, logged once per site.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "dev.h"

static _Thread_local char text[512];

const char *mb_error(void)
{
    return text;
}

void mb_set_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
}

/* Sites seen: an open-addressed table of hashes. A full one stops logging, so that a guest
 * cannot flood the terminal. */
#define SITES 4096

static _Atomic uint64_t sites[SITES];

static uint64_t site_hash(const char *name, const void *site)
{
    uint64_t hash = 0xcbf29ce484222325ull ^ (uint64_t)(uintptr_t)site;
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 0x100000001b3ull;
    return hash | 1;
}

static bool first_time(uint64_t hash)
{
    for (unsigned probe = 0; probe < 16; probe++) {
        _Atomic uint64_t *slot = &sites[(hash + probe) % SITES];
        uint64_t seen = 0;
        if (__atomic_compare_exchange_n((uint64_t *)slot, &seen, hash, false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return true;
        if (seen == hash)
            return false;
    }
    return false;
}

void mb_log_once(struct mb_machine *machine, const char *name, const void *site,
                 const char *message)
{
    if (first_time(site_hash(name, (const char *)site + (uintptr_t)machine)))
        mb_defer_log(machine, name, message);
}
