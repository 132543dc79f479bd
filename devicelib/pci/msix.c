/* MSI-X; msix.h says what for. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "msix.h"

enum { LOW, HIGH, DATA, CONTROL };         /* words of an entry */
enum { MASKED = 1 };                       /* in its control */
enum { ENABLE = 0x8000, MASK_ALL = 0x4000 };

void mb_msix_init(struct mb_msix *msix, struct mb_dev *dev)
{
    msix->dev = dev;
}

void mb_msix_reset(struct mb_msix *msix, unsigned count)
{
    msix->count = count < MSIX_VECTORS ? count : MSIX_VECTORS;
    msix->control = 0;
    msix->pending = 0;
    memset(msix->entries, 0, sizeof msix->entries);
    for (unsigned i = 0; i < MSIX_VECTORS; i++)
        msix->entries[i].words[CONTROL] = MASKED;
}

bool mb_msix_enabled(const struct mb_msix *msix)
{
    return msix->control & ENABLE;
}

static void send(struct mb_msix *msix, unsigned vector)
{
    const uint32_t *words = msix->entries[vector].words;
    uint64_t address = (uint64_t)words[HIGH] << 32 | (words[LOW] & ~3u);
    mb_msi(mb_dev_machine(msix->dev), address, words[DATA]);
}

void mb_msix_notify(struct mb_msix *msix, unsigned vector)
{
    if (vector >= msix->count || !mb_msix_enabled(msix))
        return;
    if (msix->control & MASK_ALL || msix->entries[vector].words[CONTROL] & MASKED)
        msix->pending |= 1u << vector;
    else
        send(msix, vector);
}

static void send_pending(struct mb_msix *msix)
{
    if (!mb_msix_enabled(msix) || msix->control & MASK_ALL)
        return;
    for (unsigned vector = 0; vector < msix->count; vector++)
        if (msix->pending & 1u << vector &&
            !(msix->entries[vector].words[CONTROL] & MASKED)) {
            msix->pending &= ~(1u << vector);
            send(msix, vector);
        }
}

/* ---- the capability ---- */

void mb_msix_capability(const struct mb_msix *msix, uint8_t *at, uint8_t next, unsigned bar)
{
    uint16_t control = (uint16_t)(msix->control | (msix->count - 1));
    const uint32_t words[3] = {
        MSIX_CAPABILITY | (uint32_t)next << 8 | (uint32_t)control << 16,
        bar, MSIX_PENDING | bar,
    };
    memcpy(at, words, sizeof words);
}

void mb_msix_write_control(struct mb_msix *msix, unsigned byte, uint8_t value)
{
    if (byte == 1)
        msix->control = (uint16_t)(value << 8) & (ENABLE | MASK_ALL);
    send_pending(msix);
}

/* ---- snapshots ---- */

void mb_msix_save(const struct mb_msix *msix, struct mb_msix_saved *saved)
{
    saved->control = msix->control;
    saved->pending = msix->pending;
    memcpy(saved->entries, msix->entries, sizeof saved->entries);
}

void mb_msix_restore(struct mb_msix *msix, const struct mb_msix_saved *saved)
{
    msix->control = saved->control & (ENABLE | MASK_ALL);
    msix->pending = saved->pending;
    memcpy(msix->entries, saved->entries, sizeof msix->entries);
}

/* ---- the window ---- */

static uint32_t read_word(const struct mb_msix *msix, uint64_t offset)
{
    if (offset / MSIX_ENTRY < msix->count)
        return msix->entries[offset / MSIX_ENTRY].words[offset % MSIX_ENTRY / 4];
    return offset == MSIX_PENDING ? msix->pending : 0;
}

uint64_t mb_msix_read(const struct mb_msix *msix, uint64_t offset, unsigned size)
{
    if (size < 4 || offset % 4)
        return 0;                          /* 6.8.2: undefined */
    uint64_t value = read_word(msix, offset);
    return size == 8 ? value | (uint64_t)read_word(msix, offset + 4) << 32 : value;
}

static void write_word(struct mb_msix *msix, uint64_t offset, uint32_t value)
{
    unsigned word = offset % MSIX_ENTRY / 4;
    if (offset / MSIX_ENTRY < msix->count)
        msix->entries[offset / MSIX_ENTRY].words[word] =
            word == CONTROL ? value & MASKED : value;
}

void mb_msix_write(struct mb_msix *msix, uint64_t offset, uint64_t value, unsigned size)
{
    if (size < 4 || offset % 4)
        return;
    write_word(msix, offset, (uint32_t)value);
    if (size == 8)
        write_word(msix, offset + 4, (uint32_t)(value >> 32));
    send_pending(msix);
}
