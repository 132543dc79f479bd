/* Between an ATAPI drive's protocol (cdrom.c) and its packet commands (packet.c).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MB_ATA_CDROM_H
#define MB_ATA_CDROM_H

#include "ata.h"

enum { CD_BLOCK = 2048, CD_PACKET = 12 };

struct cd_sense { uint8_t key, code, qualifier; };

struct cdrom {
    struct ata_drive drive;
    uint32_t blocks;              /* of the disc */
    bool ejected, locked;
    bool was_reset;               /* and nobody was told yet */
    struct cd_sense sense;

    uint8_t packet[CD_PACKET];
    bool by_dma;
    unsigned limit;               /* bytes that the host takes at once */
    bool from_disc;               /* or from the buffer */
    uint64_t position, left;      /* bytes: the next one of the disc, still to send */
    unsigned buffered;
};

/* Execute the packet: gives false if it failed, with the sense; else `left` bytes are to
 * be sent. */
bool mb_cd_execute(struct cdrom *cd);

#endif
