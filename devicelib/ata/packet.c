/* The packet commands of a CD-ROM drive (SPC-2, T10/1236D; MMC-3, T10/1363D).
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>
#include "cdrom.h"

enum { LEAD_OUT = 0xAA, DATA_TRACK = 0x14, FRAMES = 75, SECONDS = 60, PREGAP = 150 };
enum { PROFILE_CD = 0x0008, PROFILE_DVD = 0x0010 };
enum { CD_BLOCKS_MAX = 80 * SECONDS * FRAMES };    /* more than that is a DVD */
enum { SPEED = 8 * 176 };                          /* kB/s, as mode pages tell it */

static const struct cd_sense
    NO_MEDIUM = { 0x02, 0x3A, 0x00 }, UNKNOWN_COMMAND = { 0x05, 0x20, 0x00 },
    OUT_OF_RANGE = { 0x05, 0x21, 0x00 }, WRONG_FIELD = { 0x05, 0x24, 0x00 },
    SAVING_NOT_SUPPORTED = { 0x05, 0x39, 0x00 }, LOCKED = { 0x05, 0x53, 0x02 },
    WAS_RESET = { 0x06, 0x29, 0x00 };

/* ---- numbers are big-endian ---- */

static uint32_t get(const uint8_t *at, unsigned size)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}

static void put(uint8_t *at, uint32_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> 8 * (size - 1 - i));
}

/* ---- how commands end ---- */

static bool fail(struct cdrom *cd, struct cd_sense sense)
{
    cd->sense = sense;
    return false;
}

/* Send bytes, as many as the command allows. */
static bool answer(struct cdrom *cd, const void *data, size_t size, uint32_t allowed)
{
    memcpy(cd->drive.data, data, size);
    cd->left = size < allowed ? size : allowed;
    return true;
}

static bool present(const struct cdrom *cd)
{
    return cd->blocks && !cd->ejected;
}

/* ---- blocks ---- */

static bool read_blocks(struct cdrom *cd, uint32_t block, uint32_t count)
{
    if (block > cd->blocks || count > cd->blocks - block)
        return fail(cd, OUT_OF_RANGE);
    cd->from_disc = true;
    cd->position = (uint64_t)block * CD_BLOCK;
    cd->left = (uint64_t)count * CD_BLOCK;
    return true;
}

static bool read_10(struct cdrom *cd, const uint8_t *packet)
{
    return read_blocks(cd, get(packet + 2, 4), get(packet + 7, 2));
}

static bool read_12(struct cdrom *cd, const uint8_t *packet)
{
    return read_blocks(cd, get(packet + 2, 4), get(packet + 6, 4));
}

/* READ CD of what is on a data track: the user data alone. */
static bool read_cd(struct cdrom *cd, const uint8_t *packet)
{
    enum { USER_DATA = 0x10, PARTS = 0xF8 };
    if ((packet[9] & PARTS) == 0)
        return true;
    if ((packet[9] & PARTS) != USER_DATA || packet[10] & 7)
        return fail(cd, WRONG_FIELD);
    return read_blocks(cd, get(packet + 2, 4), get(packet + 6, 3));
}

static bool seek(struct cdrom *cd, const uint8_t *packet)
{
    return get(packet + 2, 4) < cd->blocks || fail(cd, OUT_OF_RANGE);
}

static bool read_capacity(struct cdrom *cd, const uint8_t *packet)
{
    uint8_t data[8];
    put(data, cd->blocks - 1, 4);
    put(data + 4, CD_BLOCK, 4);
    return answer(cd, data, sizeof data, sizeof data);
}

/* ---- the drive ---- */

static bool nothing(struct cdrom *cd, const uint8_t *packet)
{
    return true;
}

static bool request_sense(struct cdrom *cd, const uint8_t *packet)
{
    uint8_t data[18] = { 0x70, 0, cd->sense.key, [7] = 10, [12] = cd->sense.code,
                         cd->sense.qualifier };
    cd->sense = (struct cd_sense){ 0 };
    return answer(cd, data, sizeof data, packet[4]);
}

static bool inquiry(struct cdrom *cd, const uint8_t *packet)
{
    uint8_t data[36] = { 5, 0x80, 0, 0x21, 31 };   /* CD-ROM, removable, ATAPI */
    if (packet[1] & 1 || packet[2])
        return fail(cd, WRONG_FIELD);
    memcpy(data + 8, "MB      " "DVD-ROM         " "1.0 ", 28);
    return answer(cd, data, sizeof data, get(packet + 3, 2));
}

/* LoEj with Start loads the disc, LoEj alone ejects it. */
static bool start_stop(struct cdrom *cd, const uint8_t *packet)
{
    enum { START = 1, LOAD_EJECT = 2 };
    bool ejects = !(packet[4] & START);
    if (!(packet[4] & LOAD_EJECT))
        return true;
    if (ejects && cd->locked)
        return fail(cd, LOCKED);
    cd->ejected = ejects;
    return true;
}

static bool prevent_removal(struct cdrom *cd, const uint8_t *packet)
{
    cd->locked = packet[4] & 1;
    return true;
}

static bool mechanism_status(struct cdrom *cd, const uint8_t *packet)
{
    uint8_t data[8] = { 0, cd->ejected ? 0x10 : 0 };   /* the door is open */
    return answer(cd, data, sizeof data, get(packet + 8, 2));
}

/* Media events are polled: class 4 (MMC-3 5.10). */
static bool event_status(struct cdrom *cd, const uint8_t *packet)
{
    enum { POLLED = 1, MEDIA_CLASS = 1 << 4 };
    uint8_t data[8] = { 0, 6, 4, MEDIA_CLASS, 0,
                        (uint8_t)((cd->ejected ? 1 : 0) | (present(cd) ? 2 : 0)) };
    if (!(packet[1] & POLLED))
        return fail(cd, WRONG_FIELD);
    if (packet[4] & MEDIA_CLASS)
        return answer(cd, data, sizeof data, get(packet + 7, 2));
    uint8_t none[4] = { 0, 2, 0x80, MEDIA_CLASS };
    return answer(cd, none, sizeof none, get(packet + 7, 2));
}

/* ---- configuration (MMC-3 5.2, 6.6) ---- */

static unsigned profile(const struct cdrom *cd)
{
    if (!present(cd))
        return 0;
    return cd->blocks > CD_BLOCKS_MAX ? PROFILE_DVD : PROFILE_CD;
}

struct features { uint8_t data[80]; unsigned size, first; bool only_one; };

static void add_feature(struct features *to, unsigned code, unsigned flags,
                        const uint8_t *data, unsigned size)
{
    if (code < to->first || (to->only_one && code != to->first))
        return;
    uint8_t *at = to->data + to->size;
    put(at, code, 2);
    at[2] = (uint8_t)flags;
    at[3] = (uint8_t)size;
    memcpy(at + 4, data, size);
    to->size += 4 + size;
}

/* Profiles, core, removable medium, random reading, and what reads which discs. */
static bool configuration(struct cdrom *cd, const uint8_t *packet)
{
    enum { PERSISTENT = 1, CURRENT = 1, ONE = 2 };
    unsigned now = profile(cd);
    const uint8_t profiles[8] = { 0, PROFILE_DVD, now == PROFILE_DVD, 0,
                                  0, PROFILE_CD, now == PROFILE_CD, 0 };
    const uint8_t reading[8] = { 0, 0, CD_BLOCK >> 8, 0, 0, 16, 0, 0 };
    struct features to = { .size = 8, .first = get(packet + 2, 2),
                           .only_one = (packet[1] & 3) == ONE };
    add_feature(&to, 0x0000, 2 | PERSISTENT << 1 | CURRENT, profiles, 8);
    add_feature(&to, 0x0001, PERSISTENT << 1 | CURRENT, (uint8_t[]){ 0, 0, 0, 2 }, 4);
    add_feature(&to, 0x0003, PERSISTENT << 1 | CURRENT, (uint8_t[]){ 0x29, 0, 0, 0 }, 4);
    add_feature(&to, 0x0010, now != 0, reading, 8);
    add_feature(&to, 0x001E, now == PROFILE_CD, (uint8_t[]){ 0, 0, 0, 0 }, 4);
    add_feature(&to, 0x001F, now == PROFILE_DVD, reading, 0);
    put(to.data, to.size - 4, 4);
    put(to.data + 6, now, 2);
    return answer(cd, to.data, to.size, get(packet + 7, 2));
}

/* ---- the disc ---- */

static uint8_t *put_place(uint8_t *at, uint32_t block, bool in_time)
{
    uint32_t frames = block + PREGAP, minutes = frames / FRAMES / SECONDS;
    put(at, block, 4);
    if (in_time) {
        put(at, minutes < 255 ? minutes : 255, 2);
        at[2] = (uint8_t)(frames / FRAMES % SECONDS);
        at[3] = (uint8_t)(frames % FRAMES);
    }
    return at + 4;
}

static uint8_t *put_track(uint8_t *at, unsigned track, uint32_t block, bool in_time)
{
    const uint8_t head[4] = { 0, DATA_TRACK, (uint8_t)track, 0 };
    memcpy(at, head, 4);
    return put_place(at + 4, block, in_time);
}

/* Format 2, as it is in the lead-in: first and last track, lead-out, track 1. */
static uint8_t *put_lead_in(const struct cdrom *cd, uint8_t *at)
{
    const uint32_t points[4] = { 0xA0, 0xA1, 0xA2, 1 };
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t head[7] = { 1, DATA_TRACK, 0, (uint8_t)points[i] };
        uint8_t place[4] = { 0, 1, 0, 0 };         /* track 1, a CD-ROM */
        if (points[i] == 0xA2)
            put_place(place, cd->blocks, true);
        else if (points[i] == 1)
            put_place(place, 0, true);
        memcpy(at, head, 7);
        memcpy(at + 7, place, 4);
        at += 11;
    }
    return at;
}

static bool read_toc(struct cdrom *cd, const uint8_t *packet)
{
    uint8_t data[64] = { 0, 0, 1, 1 }, *at = data + 4;
    bool in_time = packet[1] & 2;
    unsigned first = packet[6], form = packet[2] & 0x0F ? packet[2] & 0x0F : packet[9] >> 6;
    if (form > 2 || (form == 0 && first > 1 && first != LEAD_OUT))
        return fail(cd, WRONG_FIELD);
    if (form == 2)
        at = put_lead_in(cd, at);
    if (form == 1 || (form == 0 && first != LEAD_OUT))
        at = put_track(at, 1, 0, in_time);
    if (form == 0)
        at = put_track(at, LEAD_OUT, cd->blocks, in_time);
    put(data, (uint32_t)(at - data - 2), 2);
    return answer(cd, data, (size_t)(at - data), get(packet + 7, 2));
}

static bool disc_information(struct cdrom *cd, const uint8_t *packet)
{
    const uint8_t data[34] = { 0, 32, 0x0E, 1, 1, 1, 1 };   /* finished, one session */
    return answer(cd, data, sizeof data, get(packet + 7, 2));
}

/* ---- mode pages (MMC-3 6.3) ---- */

enum { ALL_PAGES = 0x3F, CHANGEABLE = 1, SAVED = 3 };

static unsigned put_page(uint8_t *at, const uint8_t *page, bool zero)
{
    unsigned size = 2u + page[1];
    memset(at, 0, size);
    memcpy(at, page, zero ? 2 : size);
    return size;
}

static unsigned put_pages(const struct cdrom *cd, const uint8_t *packet, uint8_t *at)
{
    const uint8_t recovery[8] = { 0x01, 6, 0, 5 };
    const uint8_t capabilities[22] = {
        0x2A, 20, 0x3F, 0, 0x71, 0x60, (uint8_t)(0x29 | (cd->locked ? 2 : 0)), 0,
        SPEED >> 8, SPEED & 0xFF, 0, 2, 0x02, 0, SPEED >> 8, SPEED & 0xFF };
    unsigned wanted = packet[2] & ALL_PAGES, size = 0;
    bool zero = packet[2] >> 6 == CHANGEABLE;
    if (wanted == recovery[0] || wanted == ALL_PAGES)
        size += put_page(at + size, recovery, zero);
    if (wanted == capabilities[0] || wanted == ALL_PAGES)
        size += put_page(at + size, capabilities, zero);
    return size;
}

static uint8_t medium_type(const struct cdrom *cd)
{
    enum { DATA_DISC = 0x01, NO_DISC = 0x70, DOOR_OPEN = 0x71 };
    if (cd->ejected)
        return DOOR_OPEN;
    return present(cd) ? DATA_DISC : NO_DISC;
}

static bool mode_sense(struct cdrom *cd, const uint8_t *packet, unsigned header,
                       uint32_t allowed)
{
    uint8_t data[64] = { 0 };
    if (packet[2] >> 6 == SAVED)
        return fail(cd, SAVING_NOT_SUPPORTED);
    unsigned size = put_pages(cd, packet, data + header);
    if (!size)
        return fail(cd, WRONG_FIELD);
    unsigned counted = header == 8 ? 2 : 1;        /* bytes of the length */
    put(data, header + size - counted, counted);
    data[counted] = medium_type(cd);
    return answer(cd, data, header + size, allowed);
}

static bool mode_sense_6(struct cdrom *cd, const uint8_t *packet)
{
    return mode_sense(cd, packet, 4, packet[4]);
}

static bool mode_sense_10(struct cdrom *cd, const uint8_t *packet)
{
    return mode_sense(cd, packet, 8, get(packet + 7, 2));
}

/* ---- the table ---- */

struct command {
    bool (*execute)(struct cdrom *cd, const uint8_t *packet);
    enum { ALWAYS = 1, NEEDS_DISC = 2 } when;      /* also before the reset is reported */
};

static const struct command commands[256] = {
    [0x00] = { nothing, NEEDS_DISC },              /* TEST UNIT READY */
    [0x03] = { request_sense, ALWAYS },
    [0x12] = { inquiry, ALWAYS },
    [0x1A] = { mode_sense_6, 0 },
    [0x1B] = { start_stop, 0 },
    [0x1E] = { prevent_removal, 0 },
    [0x25] = { read_capacity, NEEDS_DISC },
    [0x28] = { read_10, NEEDS_DISC },
    [0x2B] = { seek, NEEDS_DISC },
    [0x43] = { read_toc, NEEDS_DISC },
    [0x46] = { configuration, ALWAYS },
    [0x4A] = { event_status, ALWAYS },
    [0x51] = { disc_information, NEEDS_DISC },
    [0x5A] = { mode_sense_10, 0 },
    [0xA8] = { read_12, NEEDS_DISC },
    [0xBB] = { nothing, 0 },                       /* SET CD SPEED */
    [0xBD] = { mechanism_status, 0 },
    [0xBE] = { read_cd, NEEDS_DISC },
};

/* The sense data is that of the last command, until REQUEST SENSE has it. */
bool mb_cd_execute(struct cdrom *cd)
{
    const struct command *command = &commands[cd->packet[0]];
    if (!command->execute)
        return fail(cd, UNKNOWN_COMMAND);
    if (command->execute == request_sense)
        return request_sense(cd, cd->packet);
    cd->sense = (struct cd_sense){ 0 };
    if (cd->was_reset && !(command->when & ALWAYS)) {
        cd->was_reset = false;
        return fail(cd, WAS_RESET);
    }
    if (command->when & NEEDS_DISC && !present(cd))
        return fail(cd, NO_MEDIUM);
    return command->execute(cd, cd->packet);
}
